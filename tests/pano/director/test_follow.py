import math

import numpy as np
import pytest

from pano.camera.motion_limits import MotionLimits
from pano.director.evidence import STEP_S, gather
from pano.director.follow import Follower, Order
from pano.director.viewing.aim import Framing
from pano.director.wishes import CutRules
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction, angle_between_deg, grid_unit_vectors

HEIGHT, WIDTH = 30, 60
AHEAD = Direction(0.0, 0.0)
NORMAL = MotionLimits()
CENTRED = Framing(lead_s=0.0)


def map_of(time_s, *centers, confidence=0.8) -> SaliencyMap:
    units = grid_unit_vectors(HEIGHT, WIDTH)
    attention = sum(
        np.exp((units @ center.unit() - 1.0) / np.radians(8.0) ** 2)
        for center in centers
    )
    return SaliencyMap.from_attention(
        attention,
        np.zeros((HEIGHT, WIDTH)),
        time_s=time_s,
        confidence=confidence,
        level_db=-20.0,
    )


def targets_of(maps, limits=NORMAL):
    order = Order(
        hfov_deg=(65.5,),
        aspect=16 / 9,
        limits=limits,
        cuts=CutRules(cost_s=math.inf),
        framing=CENTRED,
    )
    (shot,) = Follower(gather(maps, start=AHEAD), order).choose().shots
    return shot.targets


def offsets_deg(targets, center) -> np.ndarray:
    return np.array(
        [
            angle_between_deg(Direction(yaw_deg, pitch_deg), center)
            for yaw_deg, pitch_deg in zip(
                targets.yaw_deg, targets.pitch_deg, strict=True
            )
        ]
    )


@pytest.mark.parametrize(
    "center",
    [
        Direction(37.0, 12.0),
        Direction(-179.0, -20.0),
        Direction(10.0, 70.0),
        Direction(0.0, -88.0),
    ],
)
def test_the_aim_is_the_source_within_a_cell(center) -> None:
    targets = targets_of([map_of(k * STEP_S, center) for k in range(10)])
    assert offsets_deg(targets, center).max() < 1.0


def test_of_two_sources_one_is_looked_at_not_the_gap_between() -> None:
    loud, faint = Direction(100.0, 0.0), Direction(-140.0, 0.0)
    targets = targets_of([map_of(k * STEP_S, loud, loud, faint) for k in range(20)])
    assert offsets_deg(targets, loud).max() < 2.0


def test_a_flash_elsewhere_is_not_followed() -> None:
    steady, flash = Direction(0.0, 0.0), Direction(120.0, 0.0)
    maps = [
        map_of(k * STEP_S, flash if 20 <= k < 23 else steady, confidence=0.9)
        for k in range(60)
    ]
    targets = targets_of(maps)
    weighs = targets.weight > 0.02
    assert offsets_deg(targets, steady)[weighs].max() < 2.0
    assert not np.any(weighs[20:23])


def test_what_lasts_is_followed_even_far_away() -> None:
    first, then = Direction(0.0, 0.0), Direction(150.0, 0.0)
    maps = [map_of(k * STEP_S, first if k < 40 else then) for k in range(120)]
    targets = targets_of(maps)
    assert offsets_deg(targets, first)[:20].max() < 2.0
    assert offsets_deg(targets, then)[-40:].max() < 2.0


def test_a_slow_camera_decides_in_longer_steps() -> None:
    first, then = Direction(0.0, 0.0), Direction(48.0, 0.0)
    maps = [map_of(k * STEP_S, first if k < 100 else then) for k in range(300)]
    slow = MotionLimits(max_speed_deg_per_s=2.0)
    targets = targets_of(maps, slow)
    assert offsets_deg(targets, then)[-1] < 2.0


def test_a_spread_map_is_worth_as_many_turns_as_a_sharp_one() -> None:
    first, then = Direction(0.0, 0.0), Direction(150.0, 0.0)
    clutter = np.random.default_rng(0).random((HEIGHT, WIDTH))
    maps = []
    for k in range(60):
        sharp = map_of(k * STEP_S, first if k < 30 else then).density
        maps.append(
            SaliencyMap.from_attention(
                sharp / sharp.sum() + 6.0 * clutter / clutter.sum(),
                clutter,
                time_s=k * STEP_S,
                confidence=0.8,
                level_db=-20.0,
            )
        )
    targets = targets_of(maps)
    assert offsets_deg(targets, first)[:10].max() < 5.0
    assert offsets_deg(targets, then)[-10:].max() < 5.0
