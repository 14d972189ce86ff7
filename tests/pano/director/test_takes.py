import math

import numpy as np
import pytest

from pano.camera.lens import Lens
from pano.camera.path import CameraPath
from pano.director.operators import OPERATORS
from pano.director.plan import Brief, plan_takes
from pano.director.wishes import CutRules, NeverRegion, Pin, Wishes
from pano.equirect.layouts import SphereBounds
from pano.metrics.path_quality import angular_errors_deg
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction, great_circle_deg, grid_unit_vectors, unit_vectors

HEIGHT, WIDTH = 30, 60
RATE_HZ = 5.0
LEFT, RIGHT = Direction(-90.0, 0.0), Direction(90.0, 0.0)
DEAD_ZONE_DEG = OPERATORS["normal"].style.dead_zone_deg
NO_CUTS = CutRules(cost_s=math.inf)


def maps_of(*sources, n_maps=150) -> list[SaliencyMap]:
    """Maps of (direction at a time, loudness) sources in clutter."""
    rng = np.random.default_rng(0)
    units = grid_unit_vectors(HEIGHT, WIDTH)
    maps = []
    for k in range(n_maps):
        clutter = rng.random((HEIGHT, WIDTH))
        attention = 0.3 * clutter / clutter.sum()
        for where, loudness in sources:
            unit = where(k / RATE_HZ).unit()
            blob = np.exp((units @ unit - 1.0) / np.radians(8.0) ** 2)
            attention = attention + loudness * blob / blob.sum()
        maps.append(
            SaliencyMap.from_attention(
                attention,
                np.zeros((HEIGHT, WIDTH)),
                time_s=k / RATE_HZ,
                confidence=0.8,
                level_db=-20.0,
            )
        )
    return maps


def talk(time_s: float) -> Direction:
    return LEFT if time_s % 16.0 < 8.0 else RIGHT


def walk(time_s: float) -> Direction:
    return Direction(-120.0 + 8.0 * time_s, 0.0)


def planned(maps, **wanted) -> CameraPath:
    return plan_takes(maps, Brief(**wanted))[0]


def off_deg(path, direction) -> np.ndarray:
    axes = unit_vectors(path.yaw_deg, path.pitch_deg)
    return np.asarray(great_circle_deg(axes, direction.unit()))


def test_two_who_talk_behind_one_anothers_back_are_cut_between() -> None:
    path = planned(maps_of((talk, 1.0)))
    begins_s = path.time_s[path.cut]
    np.testing.assert_allclose(begins_s, [8.0, 16.0, 24.0], atol=0.2)
    truth = np.array([talk(t).unit() for t in path.time_s])
    errors_deg = angular_errors_deg(path, path.time_s, truth)
    assert np.mean(errors_deg < 10.0) > 0.97
    assert path.certificate().is_within(OPERATORS["normal"].limits)
    # The picture changes by half a turn, the yaw by the short way.
    assert np.abs(np.diff(path.yaw_deg)).max() <= 180.0 + 1e-6


def test_without_leave_the_camera_never_cuts() -> None:
    assert not planned(maps_of((talk, 1.0)), cuts=NO_CUTS).cut.any()


def test_a_turn_is_not_begun_long_before_there_is_something_to_turn_to() -> None:
    def one_then_other(time_s: float) -> Direction:
        return LEFT if time_s < 15.0 else RIGHT

    path = planned(maps_of((one_then_other, 1.0)), cuts=NO_CUTS)
    off = off_deg(path, LEFT)
    # Easing in takes most of a second, in which the source is still well in view.
    assert off[path.time_s < 14.0].max() < DEAD_ZONE_DEG
    assert off[path.time_s > 17.0].min() > DEAD_ZONE_DEG
    assert off_deg(path, RIGHT)[path.time_s > 21.0].max() < 2.0 * DEAD_ZONE_DEG


def test_what_moves_is_followed_and_not_cut_to() -> None:
    assert not planned(maps_of((walk, 1.0))).cut.any()


def test_the_cut_of_the_source_is_at_its_very_frame() -> None:
    rules = CutRules(cost_s=math.inf, source_cuts_s=(8.07, 100.0))
    path = planned(maps_of((talk, 1.0), n_maps=60), cuts=rules)
    assert list(np.flatnonzero(path.cut)) == [int(np.ceil(8.07 * 30.0))]
    assert off_deg(path, LEFT)[path.time_s < 8.0].max() < 5.0
    assert off_deg(path, RIGHT)[path.time_s > 8.1].max() < 5.0


def test_a_pin_is_looked_at_and_the_path_goes_on_from_there() -> None:
    wishes = Wishes(pins=(Pin(12.0, Direction(150.0, 30.0)),))
    path = planned(maps_of((lambda _: LEFT, 1.0)), wishes=wishes)
    at_pin = path.at(12.0).direction
    assert great_circle_deg(at_pin.unit(), Direction(150.0, 30.0).unit()) < 1.0
    far = (path.time_s < 5.0) | (path.time_s > 20.0)
    # On the way there it leaves the middle, but not yet the picture.
    assert off_deg(path, LEFT)[far].max() < 1.5 * DEAD_ZONE_DEG
    assert path.certificate().is_within(OPERATORS["normal"].limits)


def test_a_region_to_avoid_is_gone_around() -> None:
    region = NeverRegion(Direction(0.0, 0.0), 25.0)
    maps = maps_of((walk, 1.0))
    assert off_deg(planned(maps), region.direction).min() < 10.0
    path = planned(maps, wishes=Wishes(never=(region,)))
    assert off_deg(path, region.direction).min() > 25.0
    assert off_deg(path, walk(30.0))[-1] < 26.0  # in view again
    assert path.certificate().is_within(OPERATORS["normal"].limits)


def test_takes_show_different_sources() -> None:
    maps = maps_of((lambda _: LEFT, 1.0), (lambda _: RIGHT, 0.7))
    first, second, third = plan_takes(maps, Brief(), n_takes=3)
    assert off_deg(first, LEFT).max() < 10.0
    assert off_deg(second, RIGHT).max() < 10.0
    assert min(off_deg(third, LEFT).min(), off_deg(third, RIGHT).min()) < 30.0


def test_the_lens_zooms_in_on_one_and_out_for_two() -> None:
    def aside(time_s: float) -> Direction:
        return Direction(0.0 if time_s < 15.0 else 40.0, 0.0)

    maps = maps_of((lambda _: Direction(0.0, 0.0), 1.0), (aside, 1.0))
    path = planned(maps, hfov_deg=80.0, narrowest_hfov_deg=35.0)
    early, late = path.hfov_deg[path.time_s < 8.0], path.hfov_deg[path.time_s > 22.0]
    assert early.max() < 45.0
    assert late.min() > 55.0
    per_frame = np.diff(np.log(np.tan(np.radians(path.hfov_deg) / 2.0)))
    assert np.abs(per_frame).max() * 30.0 <= np.radians(20.0) + 1e-6


def test_a_little_planet_shows_both_talkers_and_need_not_turn() -> None:
    path = planned(
        maps_of((talk, 1.0)), hfov_deg=280.0, aspect=1.0, lens=Lens.STEREOGRAPHIC
    )
    assert path.source.lens is Lens.STEREOGRAPHIC
    assert not path.cut.any()
    turned_deg = np.abs(np.diff(path.yaw_deg)).sum()
    assert turned_deg < 90.0


def test_a_preview_goes_where_the_path_will_go() -> None:
    maps = maps_of((walk, 1.0))
    quick, calm = planned(maps, solver="quadratic"), planned(maps)
    assert quick.certificate().is_within(OPERATORS["normal"].limits)
    # Nearer than half a view: what the preview shows is in the picture.
    assert np.abs(quick.yaw_deg - calm.yaw_deg).max() < 20.0


def test_a_lens_wider_than_the_widest_is_refused() -> None:
    with pytest.raises(ValueError, match="narrowest_hfov_deg must be in"):
        Brief(hfov_deg=60.0, narrowest_hfov_deg=70.0)


def test_a_walker_has_more_room_before_him_than_behind() -> None:
    path = planned(maps_of((walk, 1.0)))
    ahead_deg = path.yaw_deg - np.array([walk(t).yaw_deg for t in path.time_s])
    assert np.median(ahead_deg[150:-150]) > 0.5


def test_operators_keep_their_own_limits() -> None:
    turned = []
    for name, operator in OPERATORS.items():
        path = planned(maps_of((talk, 1.0)), motion=name, cuts=NO_CUTS)
        found = path.certificate()
        assert found.is_within(operator.limits)
        assert path.limits == operator.limits
        turned.append(found.max_speed_deg_per_s)
    assert turned == sorted(turned)


def test_a_half_sphere_holds_a_camera_that_starts_aside() -> None:
    # Filmed from -90° to 90°; a source walks out of it to the right.
    bounds = SphereBounds(left=0.25, right=0.25)
    maps = maps_of((lambda t: Direction(4.0 * t, 0.0), 1.0))
    plain = planned(maps, bounds=bounds, cuts=NO_CUTS)
    aside = planned(maps, bounds=bounds, cuts=NO_CUTS, start=Direction(36.0, 0.0))
    for path in (plain, aside):
        assert path.yaw_deg[-1] == pytest.approx(90.0 - 65.5 / 2.0, abs=DEAD_ZONE_DEG)
        assert path.yaw_deg.max() < 90.0 - 65.5 / 2.0 + 1e-3
