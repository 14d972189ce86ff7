import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pano.camera.motion_limits import MotionLimits
from pano.director.operators import OPERATORS
from pano.director.plan import plan_path
from pano.metrics.path_quality import angular_errors_deg, share_in_view
from pano.saliency_maps.saliency_map import SILENCE_DB, SaliencyMap
from pano.sphere import Direction, grid_unit_vectors, unit_vectors

HEIGHT, WIDTH = 30, 60
CELL_DEG = 360.0 / WIDTH
RATE_HZ = 10.0  # of the maps here: enough, and fast
ASPECT = 16.0 / 9.0
DIRECTORS = ["follow", "autocam"]


def scene(n_maps, *, seed=0, level_db=-20.0, confidence=0.8) -> list[SaliencyMap]:
    """A walker from 150° over the seam, in clutter."""
    rng = np.random.default_rng(seed)
    units = grid_unit_vectors(HEIGHT, WIDTH)
    maps = []
    for k in range(n_maps):
        center = Direction(150.0 + 0.5 * k, 10.0 * np.sin(k / 40.0))
        blob = np.exp((units @ center.unit() - 1.0) / np.radians(10.0) ** 2)
        clutter = rng.random((HEIGHT, WIDTH))
        attention = 0.5 * blob / blob.sum() + 0.5 * clutter / clutter.sum()
        maps.append(remade(attention, k / RATE_HZ, level_db, confidence))
    return maps


def remade(attention, time_s, level_db=-20.0, confidence=0.8) -> SaliencyMap:
    return SaliencyMap.from_attention(
        attention,
        np.zeros(attention.shape),
        time_s=time_s,
        confidence=confidence,
        level_db=level_db,
    )


def test_a_walker_over_the_seam_stays_in_view() -> None:
    path = plan_path(iter(scene(200)), aspect=ASPECT)
    truth = unit_vectors(
        150.0 + 0.5 * path.time_s * RATE_HZ,
        10.0 * np.sin(path.time_s * RATE_HZ / 40.0),
    )
    assert share_in_view(path, path.time_s, truth, aspect=ASPECT) == 1.0
    dead_zone_deg = OPERATORS["normal"].style.dead_zone_deg
    assert np.median(angular_errors_deg(path, path.time_s, truth)) < dead_zone_deg
    # Short way: it never turns back through 0.
    assert np.all((path.yaw_deg > 140.0) & (path.yaw_deg < 260.0))


@pytest.mark.parametrize("director", DIRECTORS)
def test_rolling_the_maps_turns_the_path_and_nothing_else(director) -> None:
    maps = scene(80)
    n_cells = 7
    rolled = [
        remade(np.roll(item.density, n_cells, axis=1), item.time_s) for item in maps
    ]
    start = Direction(20.0, 5.0)
    turned_start = Direction(20.0 + n_cells * CELL_DEG, 5.0)
    plain = plan_path(maps, director=director, start=start)
    turned = plan_path(rolled, director=director, start=turned_start)
    difference_deg = turned.yaw_deg - plain.yaw_deg
    np.testing.assert_allclose(
        difference_deg, round(difference_deg[0] / 6.0) * 6.0, atol=1e-6
    )
    assert difference_deg[0] % 360.0 == pytest.approx(n_cells * CELL_DEG)
    np.testing.assert_allclose(turned.pitch_deg, plain.pitch_deg, atol=1e-6)
    np.testing.assert_allclose(turned.trust, plain.trust, atol=1e-9)


@pytest.mark.parametrize("director", DIRECTORS)
def test_mirroring_the_maps_mirrors_the_path(director) -> None:
    maps = scene(80)
    mirrored = [remade(item.density[:, ::-1], item.time_s) for item in maps]
    plain = plan_path(maps, director=director, start=Direction(20.0, 0.0))
    other = plan_path(mirrored, director=director, start=Direction(-20.0, 0.0))
    # Sums over mirrored arrays round differently.
    np.testing.assert_allclose(
        (other.yaw_deg + plain.yaw_deg + 180.0) % 360.0, 180.0, atol=1e-3
    )
    np.testing.assert_allclose(other.pitch_deg, plain.pitch_deg, atol=1e-3)


@pytest.mark.parametrize("director", DIRECTORS)
def test_a_silent_clip_is_held_at_the_start(director) -> None:
    start = Direction(-130.0, 15.0)
    path = plan_path(scene(120, level_db=SILENCE_DB), director=director, start=start)
    np.testing.assert_allclose(path.yaw_deg, -130.0, atol=1e-6)
    np.testing.assert_allclose(path.pitch_deg, 15.0, atol=1e-6)
    assert np.all(path.trust == 0.0)


@pytest.mark.parametrize("director", DIRECTORS)
def test_a_path_tells_trust_and_the_confidence_of_the_localizer_apart(director) -> None:
    maps = scene(40, confidence=0.1) + scene(80, confidence=0.2)[40:]
    path = plan_path(maps, director=director)
    # Each moment pools two maps; the trust of the clip's best moments is almost full.
    np.testing.assert_allclose(path.confidence[path.time_s < 3.6], 0.1)
    np.testing.assert_allclose(path.confidence[path.time_s > 4.4], 0.2)
    assert np.all(path.trust > 2.0 * path.confidence)


@pytest.mark.parametrize("director", DIRECTORS)
@pytest.mark.parametrize("n_maps", [1, 2, 9, 40])
def test_clips_shorter_than_a_glimpse_have_a_path(director, n_maps) -> None:
    path = plan_path(scene(n_maps), director=director, start=Direction(150.0, 0.0))
    assert len(path) == 1 + (n_maps - 1) * 3
    assert path.time_s[-1] == pytest.approx((n_maps - 1) / RATE_HZ)
    assert np.all(np.abs(path.yaw_deg - 150.0) < 40.0)
    assert path.certificate().is_within(MotionLimits())


def test_the_path_lives_in_presentation_time() -> None:
    maps = [remade(item.density, item.time_s + 100.5) for item in scene(21)]
    path = plan_path(maps, rate_hz=50.0)
    assert path.time_s[0] == 100.5
    assert path.time_s[-1] == pytest.approx(102.5)
    assert len(path) == 101


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n_maps=st.integers(1, 60),
    director=st.sampled_from(DIRECTORS),
    limits=st.builds(
        MotionLimits,
        max_speed_deg_per_s=st.floats(2.0, 90.0),
        max_acceleration_deg_per_s2=st.floats(5.0, 200.0),
        max_jerk_deg_per_s3=st.floats(10.0, 800.0),
    ),
)
def test_limits_hold_for_any_scene(seed, n_maps, director, limits) -> None:
    rng = np.random.default_rng(seed)
    maps = [
        remade(
            rng.random((10, 20)) ** 8, k / RATE_HZ, rng.uniform(-90, -10), rng.random()
        )
        for k in range(n_maps)
    ]
    path = plan_path(maps, director=director, limits=limits)
    assert path.certificate().is_within(limits)
    assert path.limits == limits


def test_maps_are_consumed_as_they_come() -> None:
    taken = []

    def maps():
        for item in scene(5):
            taken.append(item.time_s)
            yield item

    assert len(plan_path(maps())) == 13
    assert len(taken) == 5


def test_no_maps_are_refused() -> None:
    with pytest.raises(ValueError, match="no map"):
        plan_path([])
