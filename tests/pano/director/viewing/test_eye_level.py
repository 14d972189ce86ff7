"""Weak evidence turns the camera, but not up or down."""

import dataclasses

import numpy as np
import pytest

from pano.director.evidence import STEP_S, gather
from pano.director.plan import Brief, plan_takes
from pano.director.viewing.eye_level import (
    leaning,
    near_eye_level,
    sureness,
    unsure_share,
)
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction, grid_unit_vectors

HEIGHT, WIDTH = 30, 60


def map_of(time_s, heights, *, confidence) -> SaliencyMap:
    """A map with peaks of these heights in these directions."""
    units = grid_unit_vectors(HEIGHT, WIDTH)
    attention = sum(
        height * np.exp((units @ place.unit() - 1.0) / np.radians(8.0) ** 2)
        for place, height in heights.items()
    )
    return SaliencyMap.from_attention(
        attention,
        np.zeros((HEIGHT, WIDTH)),
        time_s=time_s,
        confidence=confidence,
        level_db=-20.0,
    )


def path_over(heights, confidence, n=30):
    maps = [map_of(k * STEP_S, heights, confidence=confidence) for k in range(n)]
    return plan_takes(maps, Brief())[0]


ZENITH, BESIDE = Direction(30.0, 75.0), Direction(-90.0, 3.0)


@pytest.mark.parametrize("pitch_deg", [-88.0, -50.0, 35.0, 75.0])
def test_the_camera_stays_near_eye_level_where_nothing_is_sure(pitch_deg) -> None:
    path = path_over({Direction(60.0, pitch_deg): 1.0}, confidence=0.05)
    assert np.abs(path.pitch_deg).max() <= 20.0


def test_it_still_turns_to_what_is_likeliest_at_eye_level() -> None:
    path = path_over({ZENITH: 2.0, BESIDE: 1.0}, confidence=0.05)
    assert path.yaw_deg[-1] == pytest.approx(-90.0, abs=3.0)
    assert path.pitch_deg[-1] == pytest.approx(3.0, abs=4.0)


def test_what_is_sure_is_looked_at_however_high_it_is() -> None:
    path = path_over({ZENITH: 2.0, BESIDE: 1.0}, confidence=0.5)
    assert path.pitch_deg[-1] == pytest.approx(75.0, abs=4.0)


def test_a_sure_moment_between_silences_stays_sure() -> None:
    confidence, weight = np.zeros(21), np.zeros(21)
    confidence[10], weight[10] = 0.8, 1.0
    assert sureness(confidence, weight, step_s=STEP_S)[10] == 1.0


def test_sureness_of_one_moment_among_unsure_ones_is_theirs() -> None:
    confidence = np.full(40, 0.04)
    confidence[20] = 0.3  # once; a second before and after says otherwise
    found = sureness(confidence, np.ones(40), step_s=STEP_S)
    assert found.max() == 0.0


def test_sureness_rises_with_confidence() -> None:
    found = [
        float(sureness(np.full(9, level), np.ones(9), step_s=STEP_S)[4])
        for level in (0.0, 0.1, 0.175, 0.25, 1.0)
    ]
    assert found == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0])


def test_leaning_changes_nothing_that_is_sure() -> None:
    unsure, sure = leaning(HEIGHT, np.array([0.0, 1.0]))
    assert np.all(sure == 1.0)
    assert unsure.max() > 0.98
    assert np.all(np.diff(unsure[HEIGHT // 2 :, 0]) < 0.0)
    np.testing.assert_array_equal(unsure, unsure[::-1])


def test_pitches_are_clamped_as_far_as_sureness_lacks() -> None:
    pitch_deg = np.array([-60.0, 10.0, 60.0, 60.0])
    kept = near_eye_level(pitch_deg, np.array([0.0, 0.0, 0.5, 1.0]))
    np.testing.assert_allclose(kept, [-15.0, 10.0, 52.5, 60.0])


def test_unsure_is_told_of_what_counts_alone() -> None:
    path = path_over({BESIDE: 1.0}, confidence=0.05)
    confidence = np.where(np.arange(len(path.trust)) % 4 == 0, 0.05, 0.5)
    confidence[1::4] = np.nan  # paths of the first schema
    told = dataclasses.replace(path, confidence=confidence)
    assert unsure_share(told) == pytest.approx(0.25, abs=0.01)
    silent = dataclasses.replace(told, trust=np.zeros(len(path.trust)))
    assert unsure_share(silent) == 0.0


def test_other_directors_keep_to_no_eye_level() -> None:
    maps = [map_of(k * STEP_S, {BESIDE: 1.0}, confidence=0.05) for k in range(20)]
    assert unsure_share(plan_takes(maps, Brief(director="autocam"))[0]) == 0.0


def test_evidence_carries_its_sureness() -> None:
    maps = [map_of(k * STEP_S, {BESIDE: 1.0}, confidence=0.05) for k in range(5)]
    assert np.all(gather(maps, start=Direction(0.0, 0.0)).sureness == 0.0)
