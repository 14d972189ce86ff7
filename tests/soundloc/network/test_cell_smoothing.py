import pytest
import torch
from torch.nn import functional as F

from soundloc.architecture.config import LocalizerConfig
from soundloc.network.cell_smoothing import smooth_directions
from soundloc.network.model import SoundLocalizationNet

FLOAT_NOISE = 1e-5


def activation(b: int = 2, height: int = 8, width: int = 12) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(b, 6, height, width, generator=generator) * 3.0


def test_neighbours_become_alike():
    v = activation()
    smooth = smooth_directions(v, 1.0, wrap=False)
    before, after = F.normalize(v, dim=1), F.normalize(smooth, dim=1)
    likeness = [
        (x[..., 1:] * x[..., :-1]).sum(1).mean().item() for x in (before, after)
    ]
    assert likeness[0] < 0.1
    assert likeness[1] > 0.5


def test_an_even_picture_stays_as_it_is():
    v = torch.ones(1, 6, 5, 7) * torch.arange(1.0, 7.0)[:, None, None]
    torch.testing.assert_close(smooth_directions(v, 1.5, wrap=False), v)


def test_long_vectors_count_no_more_than_short_ones():
    v = activation()
    longer = v.clone()
    longer[..., 3, 5] *= 7.0
    found = smooth_directions(longer, 1.0, wrap=False)
    found[..., 3, 5] /= 7.0
    torch.testing.assert_close(found, smooth_directions(v, 1.0, wrap=False))


def test_the_weights_are_those_of_a_gaussian():
    # One cell points elsewhere, a little: to first order it is spread by the weights.
    v = torch.zeros(1, 2, 9, 9)
    v[:, 0] = 1.0
    v[:, 1, 4, 4] = 1e-3
    found = smooth_directions(v, 1.0, wrap=False)[0, 1] / 1e-3
    at = torch.arange(-3, 4, dtype=torch.float32)
    gaussian = torch.exp(-0.5 * at**2)
    gaussian = gaussian / gaussian.sum()
    torch.testing.assert_close(
        found[1:8, 1:8], gaussian[:, None] * gaussian, atol=1e-4, rtol=0.0
    )


def test_a_periodic_picture_has_no_seam():
    v = activation()
    rolled = smooth_directions(v.roll(5, -1), 1.0, wrap=True)
    expected = smooth_directions(v, 1.0, wrap=True).roll(5, -1)
    torch.testing.assert_close(rolled, expected, atol=FLOAT_NOISE, rtol=0.0)
    with_edges = smooth_directions(v, 1.0, wrap=False)
    assert (with_edges - smooth_directions(v, 1.0, wrap=True)).abs().max() > 0.1


def test_pictures_of_a_batch_may_differ_in_having_a_seam():
    v = activation()
    mixed = smooth_directions(v, 1.0, wrap=torch.tensor([True, False]))
    torch.testing.assert_close(mixed[:1], smooth_directions(v[:1], 1.0, wrap=True))
    torch.testing.assert_close(mixed[1:], smooth_directions(v[1:], 1.0, wrap=False))


@pytest.mark.parametrize("size", [(1, 1), (2, 3)])
def test_maps_smaller_than_the_filter(size):
    v = activation(1, *size)
    for wrap in (True, False):
        assert torch.isfinite(smooth_directions(v, 1.0, wrap=wrap)).all()


def test_a_network_smooths_what_its_neck_gives():
    torch.manual_seed(0)
    config = LocalizerConfig(visual_trunk="efficientnet_lite0", smoothing_cells=1.0)
    visual = SoundLocalizationNet(config).eval().visual
    features = torch.rand(1, 432, 4, 6)
    with torch.no_grad():
        found = visual.activate(features, wrap=True)
        expected = smooth_directions(visual.neck(features), 1.0, wrap=True)
    assert torch.equal(found, expected)
    assert not torch.equal(found, visual.neck(features))
