from urllib.error import URLError

import pytest
import torch
from torch import Tensor
from torchvision.models import VGG16_Weights, vgg16

from soundloc.errors import CheckpointError
from soundloc.network.trunks.vgg16 import Vgg16Conv53, load_pretrained

FLOAT_NOISE = 1e-5


@pytest.fixture(scope="module")
def trunk() -> Vgg16Conv53:
    torch.manual_seed(0)
    return Vgg16Conv53().eval()


def picture(height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(1, 3, height, width, generator=generator) * 255


@torch.no_grad()
def see(trunk: Vgg16Conv53, pixels: Tensor, *, wrap: bool = False) -> Tensor:
    return trunk(pixels, wrap=wrap)


def test_it_is_torchvisions_vgg16_up_to_conv5_3(trunk):
    theirs = vgg16(weights=None, init_weights=False).features[:29].eval()
    theirs.load_state_dict(trunk.features.state_dict())
    pixels = picture(48, 64)
    normalise = VGG16_Weights.IMAGENET1K_V1.transforms()
    mean, std = (
        torch.tensor(x)[:, None, None] for x in (normalise.mean, normalise.std)
    )
    with torch.no_grad():
        expected = theirs((pixels / 255 - mean) / std)
    torch.testing.assert_close(
        see(trunk, pixels), expected, atol=FLOAT_NOISE, rtol=FLOAT_NOISE
    )
    assert expected.shape == (1, 512, 3, 4)


def test_the_activation_is_taken_before_the_relu_unless_asked(trunk):
    before = see(trunk, picture(32, 32))
    assert before.min() < 0
    after = Vgg16Conv53(post_relu=True)
    after.load_state_dict(trunk.state_dict())
    torch.testing.assert_close(see(after, picture(32, 32)), before.relu())


@pytest.mark.parametrize("cells", [1, 3])
def test_rolling_a_periodic_picture_rolls_the_features(trunk, cells):
    pixels = picture(32, 96)
    rolled = see(trunk, pixels.roll(16 * cells, -1), wrap=True)
    expected = see(trunk, pixels, wrap=True).roll(cells, -1)
    torch.testing.assert_close(rolled, expected, atol=FLOAT_NOISE, rtol=FLOAT_NOISE)
    apart = see(trunk, pixels, wrap=False) - see(trunk, pixels, wrap=True)
    assert apart.abs().max() > 100 * FLOAT_NOISE


def test_a_periodic_picture_of_uneven_width_is_refused(trunk):
    with pytest.raises(ValueError, match="multiple of 16 px wide, got 40"):
        trunk(picture(32, 40), wrap=True)


def test_without_internet_the_error_names_the_remedy(monkeypatch):
    def offline(self, *args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr(VGG16_Weights, "get_state_dict", offline)
    with pytest.raises(CheckpointError, match=r"no route to host.*vgg16.*checkpoints"):
        load_pretrained(Vgg16Conv53())


def test_published_weights_are_loaded_without_the_classifier(monkeypatch, trunk):
    published = {**trunk.state_dict(), "classifier.0.bias": torch.zeros(3)}
    asked = {}

    def stored(self, *args, **kwargs):
        asked.update(kwargs)
        return published

    monkeypatch.setattr(VGG16_Weights, "get_state_dict", stored)
    loaded = Vgg16Conv53()
    load_pretrained(loaded)
    assert asked["weights_only"] is True
    torch.testing.assert_close(loaded.features[0].bias, trunk.features[0].bias)
