"""Which cells move in time with the sound, and what the maps make of it."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from pano.media import Frame
from pano.saliency_maps.saliency_map import SaliencyMap, mean_direction
from pano.sphere import Direction, angle_between_deg, cell_solid_angles_sr
from pano_jobs.analysis.synchrony.correlation import synchrony
from pano_jobs.analysis.synchrony.evidence import SynchronyWitness
from pano_jobs.analysis.synchrony.strokes import Strokes

SHAPE = (30, 60)
SOUND_RATE_HZ = 22_050
RNG = np.random.default_rng(5)
# Ticks with a stroke, at no steady rate.
STROKES = np.sort(RNG.choice(np.arange(4, 146), 22, replace=False))
OTHER = np.sort(RNG.choice(np.arange(4, 146), 22, replace=False))
IN_TIME, OUT_OF_TIME = (14, 10), (15, 40)
IN_TIME_AT = Direction(-117.0, 3.0)


def course(ticks, *, late: int = 0, n: int = 64) -> np.ndarray:
    found = np.zeros(n)
    for tick in ticks:
        if 0 <= tick + late < n:
            found[tick + late] = 1.0
    return found


def motion(late: int) -> np.ndarray:
    """Motion of one cell that is in time, of one that is not, and noise."""
    found = RNG.normal(0.0, 0.02, (60, *SHAPE))
    found[:, *IN_TIME] += 2.0 * course(STROKES, late=late, n=60)
    found[:, *OUT_OF_TIME] += 2.0 * course(OTHER, n=60)
    return found


def sound() -> np.ndarray:
    """Courses that begin two ticks before the motion."""
    return 20.0 * np.stack([course(STROKES, late=2), course(STROKES, late=2)])


@pytest.mark.parametrize("late", [-2, 0, 2])
def test_what_moves_in_time_stands_out_a_little_late_or_early(late) -> None:
    found = synchrony(motion(late), sound())
    assert found.shape == SHAPE
    assert found[IN_TIME] == found.max()
    assert found[IN_TIME] > 0.8
    assert found[OUT_OF_TIME] < 0.4
    assert found.max() <= 1.0


def test_what_moves_much_later_is_not_in_time() -> None:
    assert synchrony(motion(7), sound())[IN_TIME] < 0.4


def test_a_steady_sound_is_in_time_with_nothing() -> None:
    assert not synchrony(motion(0), np.ones((2, 64))).any()


def test_a_sound_that_wavers_little_is_in_time_with_little() -> None:
    assert synchrony(motion(0), 0.02 * sound())[IN_TIME] < 0.3


def test_noise_is_in_time_with_nothing() -> None:
    found = synchrony(RNG.normal(0.0, 0.02, (60, *SHAPE)), sound())
    assert np.abs(found).max() < 0.2


def frames(n: int = 300) -> list[Frame]:
    """A second of 30 pictures: one patch changes with each stroke, one without."""
    images = []
    levels = {IN_TIME: 0.0, OUT_OF_TIME: 0.0}
    for k in range(n):
        tick, is_first = divmod(k, 2)
        for cell, strokes in ((IN_TIME, STROKES), (OUT_OF_TIME, OTHER)):
            if not is_first and tick in strokes:
                levels[cell] = 60.0 - levels[cell]
        image = np.full((480, 960, 3), 90.0)
        for (row, column), level in levels.items():
            rows = slice(16 * row - 16, 16 * row + 32)
            image[rows, 16 * column - 16 : 16 * column + 32] += level
        images.append(Frame(image.astype(np.uint8), k, Fraction(1, 30)))
    return images


def track(ticks) -> Strokes:
    samples = RNG.normal(0.0, 1e-4, 10 * SOUND_RATE_HZ)
    for tick in ticks:
        begin = round(tick / 15.0 * SOUND_RATE_HZ)
        samples[begin : begin + 1400] += RNG.normal(0.0, 0.3, 1400)
    return Strokes.of(samples.astype(np.float32), SOUND_RATE_HZ)


def uniform_map(time_s: float, confidence: float = 0.1) -> SaliencyMap:
    return SaliencyMap.from_attention(
        np.ones(SHAPE),
        np.zeros(SHAPE),
        time_s=time_s,
        confidence=confidence,
        level_db=-20.0,
    )


def weighed(strokes: Strokes, *, gain: float = 1.0, n: int = 300) -> list[SaliencyMap]:
    witness = SynchronyWitness(strokes, gain)
    maps = (uniform_map(one.time_s) for one in witness.passing(frames(n)))
    return list(witness.weighing(maps))


def test_maps_point_at_what_moves_in_time_and_are_surer() -> None:
    found = weighed(track(STROKES))
    assert [one.time_s for one in found] == [k / 30.0 for k in range(300)]
    for one in found[::15]:
        omega = cell_solid_angles_sr(*SHAPE)
        assert float(np.sum(one.density * omega)) == pytest.approx(1.0, abs=1e-3)
        excess = np.where(one.density > 0.3 * one.density.max(), one.masses(), 0.0)
        place, _ = mean_direction(excess)
        assert angle_between_deg(place, IN_TIME_AT) < 8.0
        assert one.confidence > 0.4


def test_a_foreign_sound_makes_nothing_surer() -> None:
    elsewhere = np.sort(RNG.choice(np.arange(4, 146), 22, replace=False))
    found = weighed(track(elsewhere))
    assert np.mean([one.confidence for one in found]) < 0.2


def test_a_steady_sound_changes_no_map() -> None:
    tone = np.sin(np.arange(10 * SOUND_RATE_HZ) * 0.1).astype(np.float32)
    for one in weighed(Strokes.of(tone, SOUND_RATE_HZ))[::30]:
        assert one.density.max() < 2.0 * one.density.min()
        assert one.confidence == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("n", [1, 2, 25])
def test_clips_too_short_to_tell_keep_their_maps(n) -> None:
    found = weighed(track(STROKES), n=n)
    assert len(found) == n
    assert all(one.confidence == 0.1 for one in found)


def test_no_more_maps_wait_than_a_window_is_long() -> None:
    witness = SynchronyWitness(track(STROKES), 1.0)
    taken = []

    def maps():
        for one in witness.passing(frames()):
            taken.append(one.time_s)
            yield uniform_map(one.time_s)

    waits = [taken[-1] - one.time_s for one in witness.weighing(maps())]
    assert max(waits) < 5.2
    # Behind the beginning a map waits for half of a window.
    assert max(waits[90:]) < 2.9


def test_a_sure_localizer_is_not_talked_out_of_it() -> None:
    witness = SynchronyWitness(track(STROKES), 1.0)
    maps = (uniform_map(one.time_s, 1.0) for one in witness.passing(frames(150)))
    for one in witness.weighing(maps):
        assert np.ptp(one.density) < 1e-6
        assert one.confidence == 1.0


def test_other_fields_of_a_map_are_kept() -> None:
    heard = Direction(3.0, 4.0)
    witness = SynchronyWitness(track(STROKES), 1.0)
    maps = (
        dataclasses.replace(uniform_map(one.time_s), field_share=0.5, heard_at=heard)
        for one in witness.passing(frames(60))
    )
    for one in witness.weighing(maps):
        assert (one.field_share, one.heard_at, one.level_db) == (0.5, heard, -20.0)
