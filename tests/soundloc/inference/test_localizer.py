import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from scipy.signal import resample_poly

from soundloc.architecture.config import LocalizerConfig
from soundloc.checkpoint_file import default_checkpoint_path
from soundloc.errors import CheckpointError
from soundloc.inference.localizer import SoundLocalizer
from soundloc.inference.loudness import at_reference_level
from soundloc.inference.torch_localizer import localizer_of
from soundloc.inference.track import at_network_rate
from soundloc.network.checkpoint import save_checkpoint
from soundloc.network.model import SoundLocalizationNet
from soundloc.network.trunks.soundnet import SAMPLE_RATE_HZ

FLOAT_NOISE = 1e-4


@pytest.fixture(scope="module")
def localizer(lite_net) -> SoundLocalizer:
    return localizer_of(lite_net)


def image(height: int = 48, width: int = 64) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def bell(seconds: float, rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    """Strike a bell of rising pitch every half second."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    pitch_hz = 300.0 + 150.0 * np.floor(t * 2)
    return (0.3 * np.sin(2 * np.pi * pitch_hz * t) * np.exp(-6 * (t % 0.5))).astype(
        np.float32
    )


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_an_answer_is_a_map_and_a_confidence(localizer):
    found = localizer.localize(image(), bell(1.0))
    assert found.attention.shape == found.response.shape == (3, 4)
    assert found.attention.dtype == found.response.dtype == np.float32
    assert found.attention.sum() == pytest.approx(1.0, abs=1e-5)
    assert np.abs(found.response).max() <= 1.0 + 1e-6
    assert 0.0 < found.confidence < 1.0


def test_the_answer_is_that_of_the_network(localizer, lite_net):
    pixels = torch.from_numpy(image()).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        sound = at_reference_level(bell(6.0))
        expected = lite_net(pixels, torch.from_numpy(sound)[None])
    found = localizer.localize(image(), bell(6.0))
    np.testing.assert_allclose(found.response, expected.response[0], atol=FLOAT_NOISE)
    np.testing.assert_allclose(found.attention, expected.attention[0], atol=FLOAT_NOISE)
    assert found.confidence == pytest.approx(float(expected.confidence), abs=1e-3)


def test_the_answer_depends_on_the_sound(localizer):
    rng = np.random.default_rng(0)
    hiss = (rng.standard_normal(60_000) * 0.1).astype(np.float32)
    a, b = (localizer.localize(image(), x).response for x in (bell(3.0), hiss))
    assert np.abs(a - b).max() > 10 * FLOAT_NOISE


@pytest.mark.parametrize("n_samples", [1, 7, 12_766, 30_000])
def test_any_length_of_sound_gives_a_finite_answer(localizer, n_samples):
    found = localizer.localize(image(), np.full(n_samples, 0.1, dtype=np.float32))
    assert np.isfinite(found.attention).all()
    assert np.isfinite(found.confidence)


@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_silence_is_nowhere_and_has_confidence_zero(localizer, level):
    rng = np.random.default_rng(0)
    quiet = (rng.standard_normal(50_000) * level).astype(np.float32)
    found = localizer.localize(image(), quiet)
    assert found.confidence == 0.0
    assert (found.response == 0.0).all()
    np.testing.assert_allclose(found.attention, 1 / 12)


def test_only_the_silent_windows_of_a_track_are_silent(localizer):
    track = np.concatenate([bell(2.0), np.zeros(2 * SAMPLE_RATE_HZ, np.float32)])
    heard = localizer.hear(track)
    rings, rests = heard.window(1.0, 2.0), heard.window(3.2, 1.0)
    assert np.linalg.norm(rings.h) == pytest.approx(1.0, abs=1e-5)
    assert rings.presence == pytest.approx(1.0, abs=1e-5)
    assert not rests.h.any()
    assert rests.presence == 0.0
    assert heard.level_dbfs(3.2, 1.0) == -120.0


def test_the_level_is_that_of_the_window(localizer):
    t = np.arange(4 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    loud = np.where(t < 2, 0.5, 0.05) * np.sin(2 * np.pi * 441 * t)
    heard = localizer.hear(loud.astype(np.float32))
    half_power_db = 10 * np.log10(0.5)
    assert heard.level_dbfs(1.0, 1.0) == pytest.approx(-6.02 + half_power_db, abs=0.1)
    assert heard.level_dbfs(3.0, 1.0) == pytest.approx(-26.02 + half_power_db, abs=0.1)


@pytest.mark.parametrize(
    "waveform",
    [
        np.zeros(0, np.float32),
        np.zeros((2, 9), np.float32),
        np.array([0.0, np.nan], np.float32),
    ],
)
def test_a_waveform_that_is_none_is_refused(localizer, waveform):
    with pytest.raises(ValueError, match="waveform"):
        localizer.hear(waveform)


def test_a_picture_that_is_none_is_refused(localizer):
    with pytest.raises(ValueError, match=r"\(h, w, 3\) RGB"):
        localizer.see(np.zeros((4, 4), np.uint8))


def test_other_sample_rates_are_resampled(localizer):
    at_48k = at_network_rate(bell(2.0, 48_000), sample_rate_hz=48_000)
    assert len(at_48k) == pytest.approx(2 * SAMPLE_RATE_HZ, abs=2)
    np.testing.assert_allclose(
        at_48k, resample_poly(bell(2.0, 48_000), 147, 320), atol=1e-6
    )
    a = localizer.hear(bell(8.0)).window(4.0, 6.0).h
    b = localizer.hear(bell(8.0, 44_100), sample_rate_hz=44_100).window(4.0, 6.0).h
    assert cosine(a, b) > 0.99


@pytest.mark.parametrize("sound_pooling", ["mean", "loudness"])
@pytest.mark.parametrize("sound_features", ["conv8", "conv5+conv7", "log-mel"])
def test_a_window_of_a_track_is_near_the_window_heard_alone(
    enliven, sound_features, sound_pooling
):
    torch.manual_seed(0)
    net = SoundLocalizationNet(
        LocalizerConfig(
            visual_trunk="efficientnet_lite0",
            sound_features=sound_features,
            sound_pooling=sound_pooling,
            sound_norm="standardise",
        )
    )
    localizer = localizer_of(enliven(net))
    track = bell(40.0)
    heard = localizer.hear(track)
    start, stop = 9 * SAMPLE_RATE_HZ, 29 * SAMPLE_RATE_HZ
    alone = localizer.hear(track[start:stop])
    assert cosine(heard.window(19.0, 20.0).h, alone.window(10.0, 20.0).h) > 0.98


def test_a_window_over_the_whole_track_is_the_trunks_own_pooling(lite_net):
    track = bell(7.0)
    with torch.no_grad():
        levelled = torch.from_numpy(at_reference_level(track))
        expected = lite_net.sound(levelled[None])[0]
    heard = localizer_of(lite_net).hear(track)
    np.testing.assert_allclose(heard.pooled(3.5, 7.0), expected, atol=FLOAT_NOISE)


def test_windows_over_the_ends_hear_what_there_is(localizer):
    heard = localizer.hear(bell(8.0))
    np.testing.assert_allclose(heard.pooled(0.0, 4.0), heard.pooled(1.0, 2.0))
    np.testing.assert_allclose(heard.pooled(8.0, 4.0), heard.pooled(7.0, 2.0))
    for center_s in (-5.0, 0.0, 8.0, 20.0):
        assert np.isfinite(heard.pooled(center_s, 1.0)).all()


@pytest.mark.parametrize(("center_s", "window_s"), [(1.0, 0.0), (float("nan"), 1.0)])
def test_a_window_that_is_none_is_refused(localizer, center_s, window_s):
    with pytest.raises(ValueError, match="a window needs"):
        localizer.hear(bell(1.0)).window(center_s, window_s)


def test_rolling_a_periodic_picture_rolls_what_is_seen(localizer):
    seen = localizer.see(image(32, 96), wrap=True)
    rolled = localizer.see(np.roll(image(32, 96), 32, axis=1), wrap=True)
    np.testing.assert_allclose(rolled, np.roll(seen, 2, axis=2), atol=FLOAT_NOISE)


def test_a_prior_multiplies_the_attention_and_leaves_the_response(localizer):
    seen = localizer.see(image())
    sound = localizer.hear(bell(1.0)).window(0.5, 1.0)
    plain = localizer.attend(seen, sound)
    prior = np.array([[1.0], [2.0], [4.0]])
    weighted = localizer.attend(seen, sound, log_prior=np.log(prior))
    np.testing.assert_array_equal(weighted.response, plain.response)
    expected = plain.attention * prior
    np.testing.assert_allclose(weighted.attention, expected / expected.sum(), rtol=1e-4)


def test_it_is_loaded_from_a_checkpoint(lite_net, tmp_path):
    path = tmp_path / "net.safetensors"
    save_checkpoint(path, lite_net, step=1, metrics={})
    loaded = SoundLocalizer.load(path, engine="torch")
    expected = localizer_of(lite_net).localize(image(), bell(1.0))
    found = loaded.localize(image(), bell(1.0))
    np.testing.assert_allclose(found.response, expected.response, atol=1e-6)
    with pytest.raises(CheckpointError):
        SoundLocalizer.load(tmp_path / "none.safetensors")


def test_a_soft_recording_is_heard_like_a_loud_one(localizer):
    soft, loud = localizer.hear(0.02 * bell(8.0)), localizer.hear(bell(8.0))
    np.testing.assert_allclose(
        soft.window(4.0, 4.0).h, loud.window(4.0, 4.0).h, atol=FLOAT_NOISE
    )
    assert soft.level_dbfs(4.0, 4.0) < loud.level_dbfs(4.0, 4.0) - 30.0


def test_the_default_network_answers_without_torch():
    code = """
import sys
import numpy as np
from soundloc import SoundLocalizer

localizer = SoundLocalizer.load(engine="openvino")
image = np.zeros((32, 64, 3), np.uint8)
found = localizer.localize(image, np.ones(9000, np.float32))
assert found.attention.shape == (2, 4)
print(sorted({"torch", "torchvision", "matplotlib"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("visual.trunk.blocks.3.expand.conv.weight", None),
        ("visual.neck.mix.weight", lambda tensor: tensor[:, :7]),
        ("sound.trunk.blocks.2.pointwise.weight", lambda tensor: tensor[:5]),
        ("sound.head.fc10.weight", None),
        ("sound.head.fc9.weight", lambda tensor: tensor[:, :9]),
        ("confidence_scale", None),
    ],
)
def test_tensors_that_do_not_fit_are_refused_at_once(tmp_path, name, change):
    tensors = load_file(default_checkpoint_path())
    tensor = tensors.pop(name)
    if change is not None:
        tensors[name] = np.ascontiguousarray(change(tensor))
    with safe_open(default_checkpoint_path(), framework="np") as file:
        metadata = file.metadata()
    path = tmp_path / "odd.safetensors"
    save_file(tensors, path, metadata)
    with pytest.raises(CheckpointError, match=r"odd\.safetensors does not fit"):
        SoundLocalizer.load(path, engine="openvino")
