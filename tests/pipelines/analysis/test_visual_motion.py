import numpy as np
import pytest

from pano_jobs.analysis.looks import Look, Seen
from pano_jobs.analysis.visual_motion import MotionMeter, weigh_by_motion

HEIGHT, WIDTH, DIM = 10, 20, 64
FLOAT_NOISE = 1e-4


def scene(rng: np.random.Generator) -> np.ndarray:
    visual = rng.standard_normal((DIM, HEIGHT, WIDTH))
    return np.asarray(visual / np.linalg.norm(visual, axis=0), np.float32)


def seen(time_s: float, visual: np.ndarray) -> Seen:
    look = Look(time_s, visual)
    return Seen(time_s, look, look, 1.0)


def test_only_the_cell_that_changes_moves() -> None:
    rng = np.random.default_rng(0)
    still = scene(rng)
    changed = still.copy()
    changed[:, 4, 7] = scene(rng)[:, 0, 0]
    meter = MotionMeter()
    assert meter.measure(seen(0.0, still)).max() < FLOAT_NOISE
    motion = meter.measure(seen(0.5, changed))
    assert motion[4, 7] == 1.0
    assert np.count_nonzero(motion > FLOAT_NOISE) == 1


def test_a_turning_camera_is_no_motion() -> None:
    rng = np.random.default_rng(0)
    meter = MotionMeter()
    meter.measure(seen(0.0, scene(rng)))
    # All cells change alike, up to chance.
    assert meter.measure(seen(0.5, scene(rng))).max() == 0.0


def test_flicker_of_compression_is_no_motion() -> None:
    rng = np.random.default_rng(0)
    still = scene(rng)
    noisy = still + 0.002 * rng.standard_normal(still.shape)
    flicker = np.asarray(noisy / np.linalg.norm(noisy, axis=0), np.float32)
    meter = MotionMeter()
    meter.measure(seen(0.0, still))
    assert meter.measure(seen(0.5, flicker)).max() < 0.02


def test_what_happened_before_the_lag_is_forgotten() -> None:
    rng = np.random.default_rng(0)
    first, second = scene(rng), scene(rng)
    meter = MotionMeter()
    meter.measure(seen(0.0, first))
    for time_s in (0.5, 1.0, 1.5):
        motion = meter.measure(seen(time_s, second))
    assert motion.max() < FLOAT_NOISE


def test_attention_goes_to_what_moves_as_far_as_confidence_lacks() -> None:
    attention = np.full((1, 4), 0.25, np.float32)
    motion = np.asarray([[0.0, 0.0, 0.0, 1.0]], np.float32)
    unsure = weigh_by_motion(attention, motion, confidence=0.0, gain=3.0)
    assert unsure[0] == pytest.approx([1 / 7, 1 / 7, 1 / 7, 4 / 7])
    half = weigh_by_motion(attention, motion, confidence=0.5, gain=3.0)
    assert half[0] == pytest.approx([1 / 5, 1 / 5, 1 / 5, 2 / 5])
    sure = weigh_by_motion(attention, motion, confidence=1.0, gain=3.0)
    assert sure[0] == pytest.approx(attention[0])


def test_without_gain_motion_counts_nothing() -> None:
    attention = np.asarray([[0.1, 0.9]], np.float32)
    motion = np.asarray([[1.0, 0.0]], np.float32)
    same = weigh_by_motion(attention, motion, confidence=0.0, gain=0.0)
    assert same[0] == pytest.approx(attention[0])
