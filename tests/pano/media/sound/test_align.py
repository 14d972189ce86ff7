import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from pano.media.sound.align import ALIGN_RATE_HZ as RATE_HZ
from pano.media.sound.align import Alignment, SoundClock, align

FloatArray = NDArray[np.float32]

# The recorder may have begun so much earlier than the camera.
BEFORE_S = 5.0
# A stretch's lag is told to the sample; a reverb's first echoes are this late.
OFFSET_TOLERANCE_S = 0.001
ECHO_TOLERANCE_S = 0.01
DRIFT_TOLERANCE_PPM = 40.0


def speech(seed: int, duration_s: float) -> FloatArray:
    """Noise of a voice's band that comes and goes as often as syllables, (n,)."""
    rng = np.random.default_rng(seed)
    n = round(duration_s * RATE_HZ)
    voice = scipy.signal.butter(
        2, (200.0, 4_000.0), "bandpass", fs=RATE_HZ, output="sos"
    )
    ends = np.arange(0, n + RATE_HZ // 5, RATE_HZ // 5)
    level = np.interp(np.arange(n), ends, rng.random(len(ends)) ** 3)
    voiced = scipy.signal.sosfilt(voice, rng.standard_normal(n))
    return np.asarray(0.1 * level * voiced, dtype=np.float32)


def camera_of(stage: FloatArray, duration_s: float) -> FloatArray:
    """What a camera hears of a stage, on which it turns up after `BEFORE_S`."""
    return stage[round(BEFORE_S * RATE_HZ) :][: round(duration_s * RATE_HZ)]


def recorder_of(stage: FloatArray, clock: SoundClock, duration_s: float) -> FloatArray:
    """What a recorder of another clock hears of it."""
    own_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    stage_s = (own_s - clock.shift_s) / clock.rate + BEFORE_S
    at = stage_s * RATE_HZ
    heard = np.interp(at, np.arange(len(stage)), stage, left=0.0, right=0.0)
    return heard.astype(np.float32)


def noise_like(samples: FloatArray, *, snr_db: float, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    level = float(samples.std()) * 10.0 ** (-snr_db / 20.0)
    return (level * rng.standard_normal(len(samples))).astype(np.float32)


def reverberant(samples: FloatArray, seed: int) -> FloatArray:
    """Heard through a room of 0.3 s, 3 dB weaker than its direct sound."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(0.3 * RATE_HZ)) / RATE_HZ
    room = rng.standard_normal(len(time_s)) * 10.0 ** (-3.0 * time_s / 0.3)
    room *= 0.7 / np.linalg.norm(room)
    room[0] = 1.0
    return scipy.signal.fftconvolve(samples, room)[: len(samples)].astype(np.float32)


def aligned(camera: FloatArray, recorder: FloatArray) -> Alignment:
    found = align(camera, recorder)
    assert found is not None
    return found


def test_a_clock_tells_the_pictures_time_of_a_sounds_own() -> None:
    clock = SoundClock(shift_s=2.0, rate=1.25)
    assert clock.picture_time_s(2.0) == 0.0
    assert clock.picture_time_s(7.0) == 4.0
    assert SoundClock().picture_time_s(3.5) == 3.5


def test_a_drift_is_told_in_millionths() -> None:
    assert Alignment(SoundClock(0.0, 1.00005), 1.0).drift_ppm == pytest.approx(50.0)
    assert Alignment(SoundClock(0.0, 0.9999), 1.0).drift_ppm == pytest.approx(-100.0)


@pytest.mark.parametrize("shift_s", [1.3, -1.3, 0.0, 4.71, -6.2])
def test_a_recorder_that_began_earlier_or_later_is_aligned(shift_s: float) -> None:
    stage = speech(0, 26.0)
    recorder = recorder_of(stage, SoundClock(shift_s), 20.0)
    found = aligned(camera_of(stage, 15.0), recorder)
    assert found.clock.shift_s == pytest.approx(shift_s, abs=OFFSET_TOLERANCE_S)
    assert found.agreeing > 0.9


@pytest.mark.parametrize(("camera_s", "recorder_s"), [(4.0, 60.0), (60.0, 45.0)])
def test_one_may_be_much_longer_than_the_other(
    camera_s: float, recorder_s: float
) -> None:
    stage = speech(1, 70.0)
    recorder = recorder_of(stage, SoundClock(-2.5), recorder_s)
    found = aligned(camera_of(stage, camera_s), recorder)
    assert found.clock.shift_s == pytest.approx(-2.5, abs=OFFSET_TOLERANCE_S)


@pytest.mark.parametrize("drift_ppm", [100.0, -100.0])
def test_a_clock_that_drifts_is_followed(drift_ppm: float) -> None:
    stage, clock = speech(2, 132.0), SoundClock(1.3, 1.0 + 1e-6 * drift_ppm)
    found = aligned(camera_of(stage, 120.0), recorder_of(stage, clock, 125.0))
    assert found.drift_ppm == pytest.approx(drift_ppm, abs=DRIFT_TOLERANCE_PPM)
    for own_s in (1.3, 60.0, 121.3):
        assert found.clock.picture_time_s(own_s) == pytest.approx(
            clock.picture_time_s(own_s), abs=ECHO_TOLERANCE_S
        )


def test_over_a_short_time_no_drift_is_claimed() -> None:
    stage, clock = speech(3, 26.0), SoundClock(0.5, 1.0001)
    found = aligned(camera_of(stage, 15.0), recorder_of(stage, clock, 20.0))
    assert found.clock.rate == 1.0


@pytest.mark.parametrize("noisy", ["camera", "recorder"])
def test_noise_on_one_side_is_no_obstacle(noisy: str) -> None:
    stage = speech(4, 36.0)
    camera = camera_of(stage, 25.0)
    recorder = recorder_of(stage, SoundClock(1.3), 30.0)
    if noisy == "camera":
        camera = camera + noise_like(camera, snr_db=0.0, seed=5)
    else:
        recorder = recorder + noise_like(recorder, snr_db=0.0, seed=5)
    found = aligned(camera, recorder)
    assert found.clock.shift_s == pytest.approx(1.3, abs=OFFSET_TOLERANCE_S)


def test_other_microphones_elsewhere_in_the_room_are_no_obstacle() -> None:
    stage = speech(6, 36.0)
    recorder = 0.2 * reverberant(recorder_of(stage, SoundClock(-1.3), 30.0), 7)
    found = aligned(reverberant(camera_of(stage, 25.0), 8), recorder)
    assert found.clock.shift_s == pytest.approx(-1.3, abs=ECHO_TOLERANCE_S)


def test_what_only_one_of_them_heard_is_no_obstacle() -> None:
    stage = speech(9, 36.0)
    camera = camera_of(stage, 25.0).copy()
    camera[5 * RATE_HZ : 10 * RATE_HZ] = speech(10, 5.0)
    recorder = recorder_of(stage, SoundClock(2.0), 30.0)
    found = aligned(camera, recorder)
    assert found.clock.shift_s == pytest.approx(2.0, abs=OFFSET_TOLERANCE_S)


def test_unrelated_recordings_are_not_aligned() -> None:
    for seed in range(4):
        assert align(speech(seed, 20.0), speech(100 + seed, 25.0)) is None


def test_unrelated_recordings_of_a_second_are_not_aligned() -> None:
    found = [align(speech(k, 1.0), speech(100 + k, 10.0)) for k in range(30)]
    assert [k for k in range(30) if found[k]] == []


def test_unrelated_recordings_with_the_same_hum_are_not_aligned() -> None:
    def humming(seed: int, duration_s: float, phase: float) -> FloatArray:
        time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
        harmonics = np.arange(1, 41)[:, None]
        waves = np.sin(harmonics * (100.0 * np.pi * time_s + phase)) / harmonics
        hum = (0.02 * waves.sum(axis=0)).astype(np.float32)
        return 0.1 * speech(seed, duration_s) + hum

    assert align(humming(0, 20.0, 0.0), humming(1, 25.0, 1.1)) is None


@pytest.mark.parametrize("silent", [(True, True), (True, False), (False, True)])
def test_silence_is_not_aligned(silent: tuple[bool, bool]) -> None:
    heard = speech(0, 10.0)
    camera, recorder = (0.0 * heard if quiet else heard for quiet in silent)
    assert align(camera, recorder) is None


@pytest.mark.parametrize("n", [160, 319, 320])
def test_a_few_milliseconds_are_not_aligned(n: int) -> None:
    heard = speech(0, 10.0)
    assert align(heard[:n], heard) is None
    assert align(heard, heard[:n]) is None


@pytest.mark.parametrize("n", [0, 1, 159])
def test_hardly_any_samples_are_not_aligned(n: int) -> None:
    heard = speech(0, 10.0)
    assert align(heard[:n], heard) is None
    assert align(heard, heard[:n]) is None
