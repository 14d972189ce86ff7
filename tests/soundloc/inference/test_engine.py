import numpy as np
import pytest
import torch

from soundloc.architecture.config import LocalizerConfig
from soundloc.inference.torch_engine import ExportedEngine, TorchEngine, choose_engine
from soundloc.network.model import SoundLocalizationNet

FLOAT_NOISE = 1e-4


def image(height: int = 64, width: int = 128) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def visual(lite_net):
    return lite_net.visual


@pytest.fixture(scope="module")
def engines(visual):
    return {
        "torch": TorchEngine(visual),
        "exported": ExportedEngine(visual),
    }


@pytest.mark.parametrize("name", ["torch", "exported"])
def test_every_cell_is_a_unit_vector(engines, name):
    seen = engines[name].see(image(), wrap=True)
    assert seen.shape == (512, 4, 8)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(seen, axis=0), 1.0, atol=0.01)


def test_openvino_sees_what_torch_sees(engines):
    expected = engines["torch"].see(image(), wrap=True)
    seen = engines["exported"].see(image(), wrap=True)
    np.testing.assert_allclose(seen, expected, atol=FLOAT_NOISE)
    assert np.sum(seen * expected, axis=0).min() >= 0.999


@pytest.mark.parametrize("name", ["torch", "exported"])
def test_rolling_the_picture_rolls_what_is_seen(engines, name):
    rolled = engines[name].see(np.roll(image(), 48, axis=1), wrap=True)
    expected = np.roll(engines[name].see(image(), wrap=True), 3, axis=2)
    np.testing.assert_allclose(rolled, expected, atol=FLOAT_NOISE)


@pytest.mark.slow
def test_a_picture_of_any_size_and_memory_order_is_seen(engines):
    view = image(80, 100)[::-1, 5:80]
    expected = engines["torch"].see(view.copy(), wrap=False)
    assert expected.shape == (512, 5, 5)
    seen = engines["exported"].see(view, wrap=False)
    np.testing.assert_allclose(seen, expected, atol=FLOAT_NOISE)


def test_a_size_is_compiled_once(visual, monkeypatch):
    engine = ExportedEngine(visual)
    compiled = []

    def note(height, width, wrap):
        compiled.append((height, width, wrap))
        return lambda _: np.zeros((512, 2, 2), dtype=np.float32)

    monkeypatch.setattr(engine, "_compile", note)
    for wrap in (False, False, True, False):
        engine.see(image(32, 32), wrap=wrap)
    assert compiled == [(32, 32, False), (32, 32, True)]


@pytest.mark.slow
def test_vgg16_converts_too():
    torch.manual_seed(0)
    visual = SoundLocalizationNet(LocalizerConfig()).eval().visual
    expected = TorchEngine(visual).see(image(32, 48), wrap=True)
    seen = ExportedEngine(visual).see(image(32, 48), wrap=True)
    np.testing.assert_allclose(seen, expected, atol=FLOAT_NOISE)


def test_auto_prefers_openvino_where_there_is_no_gpu(visual, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert isinstance(choose_engine(visual), ExportedEngine)
    assert isinstance(choose_engine(visual, "torch"), TorchEngine)


@pytest.mark.gpu
def test_the_gpu_sees_what_the_processor_sees(visual):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    expected = TorchEngine(visual).see(image(), wrap=True)
    try:
        seen = TorchEngine(visual.to("cuda")).see(image(), wrap=True)
    finally:
        visual.to("cpu")
    assert np.sum(seen * expected, axis=0).min() >= 0.999
