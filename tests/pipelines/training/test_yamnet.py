"""The teacher's front end is the published one."""

from pathlib import Path

import numpy as np
import pytest

from pano_jobs.training.yamnet import YamNet, log_mel_patches
from soundloc.data.pairs import SAMPLE_RATE_HZ
from soundloc.errors import CheckpointError


def naive_band(frequency_hz: float) -> int:
    """Find the mel band whose triangle is highest at a frequency."""

    def mel(hz: float) -> float:
        return 2595.0 * np.log10(1.0 + hz / 700.0)

    step = (mel(7500.0) - mel(125.0)) / 65
    return round((mel(frequency_hz) - mel(125.0)) / step) - 1


@pytest.mark.parametrize("frequency_hz", [300.0, 1000.0, 4000.0])
def test_a_tone_is_loudest_in_its_mel_band(frequency_hz: float) -> None:
    time_s = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    tone = np.asarray(0.5 * np.sin(2 * np.pi * frequency_hz * time_s), np.float32)
    patches = log_mel_patches(tone)
    assert patches.shape[1:] == (1, 96, 64)
    inner = patches[len(patches) // 2, 0, 48]
    assert abs(int(inner.argmax()) - naive_band(frequency_hz)) <= 1


def test_patches_follow_each_other_every_half_second_or_so() -> None:
    # 96 windows of 25 ms every 10 ms last 0.975 s; the next patch is 0.48 s later.
    for seconds, n in ((0.5, 1), (1.0, 1), (1.5, 2), (4.3, 7)):
        sound = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)
        assert len(log_mel_patches(sound)) == n


def test_silence_is_the_logarithm_of_the_offset() -> None:
    patches = log_mel_patches(np.zeros(SAMPLE_RATE_HZ, np.float32))
    np.testing.assert_allclose(patches, np.log(1e-3), rtol=1e-6)


def test_a_missing_teacher_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"teacher.*gone\.onnx"):
        YamNet(tmp_path / "gone.onnx")


def test_what_is_no_network_is_no_teacher(tmp_path: Path) -> None:
    path = tmp_path / "words.onnx"
    path.write_text("no network")
    with pytest.raises(CheckpointError, match="no ONNX network"):
        YamNet(path)
