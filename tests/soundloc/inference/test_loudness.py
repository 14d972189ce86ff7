import numpy as np
import pytest

from soundloc.inference.loudness import (
    MAX_GAIN_DB,
    REFERENCE_DBFS,
    MomentaryLevel,
    active_level_dbfs,
    at_reference_level,
)


def tone(level_dbfs: float, n: int = 44_100) -> np.ndarray:
    amplitude = np.sqrt(2.0) * 10.0 ** (level_dbfs / 20.0)
    return np.asarray(amplitude * np.sin(np.arange(n) * 0.1), np.float32)


def test_the_level_of_a_tone_is_its_rms() -> None:
    assert active_level_dbfs(tone(-12.0)) == pytest.approx(-12.0, abs=0.05)


def test_pauses_do_not_count() -> None:
    track = np.concatenate([tone(-12.0), np.zeros(200_000, np.float32)])
    assert active_level_dbfs(track) == pytest.approx(-12.0, abs=0.1)


@pytest.mark.parametrize("level_dbfs", [-50.0, -22.0, -3.0])
def test_tracks_come_to_the_reference_level(level_dbfs: float) -> None:
    levelled = at_reference_level(tone(level_dbfs))
    assert active_level_dbfs(levelled) == pytest.approx(REFERENCE_DBFS, abs=0.1)


def test_what_is_soft_in_a_track_stays_soft() -> None:
    track = np.concatenate([tone(-10.0), tone(-30.0)])
    levelled = at_reference_level(track)
    soft, loud = levelled[50_000:].std(), levelled[:40_000].std()
    assert 20.0 * np.log10(soft / loud) == pytest.approx(-20.0, abs=0.1)


def test_the_gain_is_bounded() -> None:
    levelled = at_reference_level(tone(-90.0))
    assert active_level_dbfs(levelled) == pytest.approx(-90.0 + MAX_GAIN_DB, abs=0.1)


def test_silence_stays_silence() -> None:
    silence = np.zeros(10, np.float32)
    assert not at_reference_level(silence).any()


def test_the_momentary_level_hears_silence_beyond_the_ends() -> None:
    level = MomentaryLevel.of(tone(-12.0), 22_050)
    assert level.level_dbfs(1.0) == pytest.approx(-12.0, abs=0.05)
    # Half of the second about the first sample lies before it.
    assert level.level_dbfs(0.0) == pytest.approx(-12.0 - 3.01, abs=0.05)
    assert level.level_dbfs(9.0) == -120.0


def test_the_momentary_level_keeps_time_in_a_long_track() -> None:
    """Ten milliseconds are no whole number of samples at 22,050 Hz."""
    silence = np.zeros(600 * 22_050, np.float32)
    level = MomentaryLevel.of(np.concatenate([silence, tone(-12.0)]), 22_050)
    assert level.level_dbfs(599.4) == -120.0
    assert level.level_dbfs(600.0) == pytest.approx(-12.0 - 3.01, abs=0.1)
    assert level.level_dbfs(601.0) == pytest.approx(-12.0, abs=0.05)
