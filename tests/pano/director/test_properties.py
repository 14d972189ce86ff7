"""What must hold for any evidence, with everything that a path can be asked for."""

import math

import numpy as np
import pytest

from pano.camera.motion_limits import MotionLimits
from pano.camera.path import CameraPath
from pano.director.plan import Brief, plan_takes
from pano.director.wishes import CutRules, NeverRegion, Pin, Wishes
from pano.saliency_maps.saliency_map import SILENCE_DB, SaliencyMap
from pano.sphere import Direction, grid_unit_vectors

RATE_HZ = 5.0
N_STREAMS = 200


def remade(attention, time_s, *, level_db=-20.0, confidence=0.8) -> SaliencyMap:
    return SaliencyMap.from_attention(
        attention,
        np.zeros(attention.shape),
        time_s=time_s,
        confidence=confidence,
        level_db=level_db,
    )


def random_stream(rng) -> list[SaliencyMap]:
    """Whatever: flat, peaky, jumping, silent and doubtful by turns."""
    n_maps, sharpness = int(rng.integers(1, 30)), int(rng.integers(1, 12))
    stays = rng.random()
    maps, attention = [], rng.random((8, 16)) ** sharpness
    for k in range(n_maps):
        if rng.random() > stays:
            attention = rng.random((8, 16)) ** sharpness
        maps.append(
            remade(
                attention,
                k / RATE_HZ,
                level_db=rng.uniform(-90.0, -10.0),
                confidence=rng.random(),
            )
        )
    return maps


def random_brief(rng) -> Brief:
    def direction() -> Direction:
        return Direction(rng.uniform(-180, 180), rng.uniform(-90, 90))

    wishes = Wishes(
        tuple(Pin(rng.uniform(0, 5), direction()) for _ in range(rng.integers(0, 3))),
        tuple(
            NeverRegion(direction(), rng.uniform(5, 60))
            for _ in range(rng.integers(0, 2))
        ),
    )
    cuts = CutRules(
        cost_s=float(rng.choice([0.0, 0.5, 2.0, math.inf])),
        min_shot_s=rng.uniform(0.0, 3.0),
        source_cuts_s=tuple(rng.uniform(0, 6, rng.integers(0, 3))),
    )
    return Brief(
        limits=MotionLimits(
            *np.exp(rng.uniform(np.log([2, 5, 10]), np.log([120, 300, 900]))).tolist()
        ),
        narrowest_hfov_deg=float(rng.choice([65.5, 40.0])),
        start=direction(),
        cuts=cuts,
        wishes=wishes,
        solver="quadratic" if rng.random() < 0.3 else "linear",
    )


@pytest.mark.parametrize("part", range(4))
def test_no_evidence_breaks_a_limit(part) -> None:
    for seed in range(part, N_STREAMS, 4):
        rng = np.random.default_rng(seed)
        maps, brief = random_stream(rng), random_brief(rng)
        for path in plan_takes(maps, brief, n_takes=1 + seed % 2):
            assert path.certificate().is_within(brief.kept_limits), seed
            assert np.all((path.hfov_deg > 39.9) & (path.hfov_deg < 65.6)), seed
            if math.isinf(brief.cuts.cost_s) and not brief.cuts.source_cuts_s:
                assert not path.cut.any(), seed


def two_talkers(n_maps=90, *, seed=0, level_db=-20.0) -> list[SaliencyMap]:
    """Turns of six seconds, 150° apart, one of them walking, in clutter."""
    rng = np.random.default_rng(seed)
    units = grid_unit_vectors(20, 40)
    maps = []
    for k in range(n_maps):
        time_s = k / RATE_HZ
        yaw_deg = 20.0 + 4.0 * time_s if time_s % 12.0 < 6.0 else 170.0
        where = Direction(yaw_deg, 10.0).unit()
        blob = np.exp((units @ where - 1.0) / np.radians(10.0) ** 2)
        clutter = rng.random(blob.shape)
        attention = 0.6 * blob / blob.sum() + 0.4 * clutter / clutter.sum()
        maps.append(remade(attention, time_s, level_db=level_db))
    return maps


CUTS = CutRules(cost_s=2.0, source_cuts_s=(15.0,))
CELL_DEG = 9.0


def asked(maps, start, pin_deg) -> CameraPath:
    wishes = Wishes(
        pins=(Pin(16.0, Direction(pin_deg, -20.0)),),
        never=(NeverRegion(Direction(pin_deg + 180.0, 60.0), 20.0),),
    )
    brief = Brief(narrowest_hfov_deg=45.0, start=start, cuts=CUTS, wishes=wishes)
    return plan_takes(maps, brief)[0]


def test_rolling_turns_the_path_by_the_same_angle_and_changes_nothing_else() -> None:
    maps = two_talkers()
    rolled = [remade(np.roll(item.density, 13, axis=1), item.time_s) for item in maps]
    turn_deg = 13 * CELL_DEG
    plain = asked(maps, Direction(5.0, 0.0), 100.0)
    turned = asked(rolled, Direction(5.0 + turn_deg, 0.0), 100.0 + turn_deg)
    apart_deg = (turned.yaw_deg - plain.yaw_deg - turn_deg + 180.0) % 360.0 - 180.0
    np.testing.assert_allclose(apart_deg, 0.0, atol=1e-6)
    np.testing.assert_allclose(turned.pitch_deg, plain.pitch_deg, atol=1e-6)
    np.testing.assert_allclose(turned.hfov_deg, plain.hfov_deg, atol=1e-6)
    np.testing.assert_array_equal(turned.cut, plain.cut)
    assert plain.cut.any()


def test_mirroring_mirrors_the_path_with_its_cuts_and_wishes() -> None:
    maps = two_talkers()
    mirrored = [remade(item.density[:, ::-1], item.time_s) for item in maps]
    plain = asked(maps, Direction(5.0, 0.0), 100.0)
    other = asked(mirrored, Direction(-5.0, 0.0), -100.0)
    apart_deg = (other.yaw_deg + plain.yaw_deg + 180.0) % 360.0 - 180.0
    np.testing.assert_allclose(apart_deg, 0.0, atol=1e-3)
    np.testing.assert_allclose(other.pitch_deg, plain.pitch_deg, atol=1e-3)
    np.testing.assert_allclose(other.hfov_deg, plain.hfov_deg, atol=1e-3)
    np.testing.assert_array_equal(other.cut, plain.cut)


def test_silence_holds_the_camera_and_its_lens() -> None:
    start = Direction(-130.0, 15.0)
    brief = Brief(
        start=start,
        cuts=CutRules(cost_s=0.0, min_shot_s=0.0, source_cuts_s=(7.0,)),
        narrowest_hfov_deg=40.0,
    )
    (path,) = plan_takes(two_talkers(level_db=SILENCE_DB), brief)
    np.testing.assert_allclose(path.yaw_deg, -130.0, atol=1e-6)
    np.testing.assert_allclose(path.pitch_deg, 15.0, atol=1e-6)
    np.testing.assert_array_equal(path.hfov_deg, path.hfov_deg[0])
    assert list(path.time_s[path.cut]) == [7.0]
