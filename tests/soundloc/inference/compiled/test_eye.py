from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from soundloc.architecture.config import LocalizerConfig
from soundloc.checkpoint_file import StoredNetwork, read_checkpoint_file
from soundloc.inference.compiled.eye import CompiledEye, enlarged_picture
from soundloc.inference.torch_engine import TorchEngine, stored_of
from soundloc.network.model import SoundLocalizationNet
from soundloc.network.trunks.enlarging import enlarge

FLOAT_NOISE = 1e-4


def image(height: int = 64, width: int = 128) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def panorama() -> np.ndarray:
    """Draw soft blobs of colour and hard edges."""
    rng = np.random.default_rng(1)
    small = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    drawn = cv2.resize(small, (256, 192), interpolation=cv2.INTER_CUBIC)
    cv2.rectangle(drawn, (60, 70), (110, 140), (30, 60, 200), -1)
    cv2.circle(drawn, (180, 100), 30, (220, 210, 40), -1)
    return np.asarray(drawn, np.uint8)


@pytest.fixture(scope="module")
def stored(enliven) -> StoredNetwork:
    return stored_of(network(enliven))


def network(enliven, **changes) -> SoundLocalizationNet:
    torch.manual_seed(0)
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0",
        sound_features="log-mel",
        embedding_dim=64,
        **changes,
    )
    return enliven(SoundLocalizationNet(config)).eval()


@pytest.mark.parametrize("wrap", [True, False])
@pytest.mark.parametrize(
    "changes", [{}, {"n_heads": 3, "smoothing_cells": 0.8}, {"picture_scale": 2}]
)
def test_it_sees_what_torch_sees(enliven, changes, wrap, monkeypatch):
    net = network(enliven, **changes)
    stored = stored_of(net)
    # Both shall see the same bytes; how far those are from torch's is tested below.
    bytes_ = enlarged_picture(image(), 2, wrap=wrap)[:, :256]
    monkeypatch.setattr(
        "soundloc.network.trunks.efficientnet.enlarge",
        lambda *_, **__: torch.from_numpy(bytes_).permute(2, 0, 1)[None].float(),
    )
    expected = TorchEngine(net.visual).see(image(), wrap=wrap)
    seen = CompiledEye(stored.config, stored.tensors).see(image(), wrap=wrap)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen, expected, atol=FLOAT_NOISE)


@pytest.mark.parametrize("wrap", [True, False])
def test_a_picture_is_enlarged_as_in_training(wrap):
    pixels = torch.from_numpy(image()).permute(2, 0, 1)[None].float()
    expected = enlarge(pixels, 2, wrap=wrap)[0].permute(1, 2, 0).numpy()
    enlarged = enlarged_picture(image(), 2, wrap=wrap)
    if wrap:
        np.testing.assert_array_equal(enlarged[:, -1], enlarged[:, 0])
        enlarged = enlarged[:, :-1]
    np.testing.assert_allclose(enlarged, expected, atol=1.0)
    assert np.abs(enlarged - expected).mean() <= 0.3


@pytest.mark.parametrize("wrap", [True, False])
def test_bytes_keep_the_directions(wrap):
    stored = read_checkpoint_file()
    picture = np.ascontiguousarray(panorama()[40:168, :256])
    exact = CompiledEye(stored.config, stored.tensors).see(picture, wrap=wrap)
    eye = CompiledEye(stored.config, stored.tensors, precision="int8")
    seen = eye.see(picture, wrap=wrap)
    np.testing.assert_allclose(np.linalg.norm(seen, axis=0), 1.0, atol=1e-4)
    cosines = np.sum(seen * exact, axis=0)
    assert cosines.mean() >= 0.985
    # They are not the exact ones by another name.
    assert cosines.mean() <= 0.9999


def test_rolling_the_picture_rolls_what_is_seen(stored):
    config = replace(stored.config, picture_scale=2, smoothing_cells=0.8)
    eye = CompiledEye(config, stored.tensors)
    rolled = eye.see(np.roll(image(), 48, axis=1), wrap=True)
    expected = np.roll(eye.see(image(), wrap=True), 3, axis=2)
    np.testing.assert_allclose(rolled, expected, atol=FLOAT_NOISE)


def test_a_picture_of_any_size_and_memory_order_is_seen(enliven):
    net = network(enliven)
    stored = stored_of(net)
    view = image(80, 100)[::-1, 5:80]
    expected = TorchEngine(net.visual).see(view.copy(), wrap=False)
    seen = CompiledEye(stored.config, stored.tensors).see(view, wrap=False)
    assert expected.shape == (64, 5, 5)
    np.testing.assert_allclose(seen, expected, atol=FLOAT_NOISE)


def test_only_periodic_pictures_are_compiled_size_by_size(stored, monkeypatch):
    eye = CompiledEye(stored.config, stored.tensors)
    compiled = []

    def note(model, precision, *, many):
        compiled.append(many)
        return lambda _: np.zeros((1, 64, 2, 2), dtype=np.float32)

    monkeypatch.setattr("soundloc.inference.compiled.eye.compiled", note)
    for side, wrap in ((32, True), (48, False), (32, False), (32, True), (48, True)):
        eye.see(image(side, side), wrap=wrap)
    # The many small ones are those that are not periodic.
    assert compiled == [False, True, False]


def test_a_seam_within_a_cell_is_refused(stored):
    eye = CompiledEye(stored.config, stored.tensors)
    with pytest.raises(ValueError, match="multiple of 16"):
        eye.see(image(32, 40), wrap=True)


def test_another_trunk_is_refused(stored):
    config = LocalizerConfig()
    with pytest.raises(ValueError, match="vgg16"):
        CompiledEye(config, stored.tensors)
