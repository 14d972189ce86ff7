import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pano.camera.lens import Lens
from pano.camera.path import CameraPose
from pano.saliency_maps.saliency_map import (
    SILENCE_DB,
    SaliencyMap,
    mean_direction,
    pool,
    view_coverage,
)
from pano.sphere import (
    Direction,
    angle_between_deg,
    cell_solid_angles_sr,
    grid_unit_vectors,
    wrap_deg,
)

HEIGHT, WIDTH = 30, 60
CELL_DEG = 360.0 / WIDTH
# Densities are stored in single precision.
SINGLE = 1e-5


def map_of(attention, **changes) -> SaliencyMap:
    values = {"time_s": 0.0, "confidence": 1.0, "level_db": -20.0} | changes
    attention = np.asarray(attention, dtype=float)
    return SaliencyMap.from_attention(attention, np.zeros(attention.shape), **values)


def blob(center: Direction, *, sigma_deg: float = 8.0) -> np.ndarray:
    cosine = grid_unit_vectors(HEIGHT, WIDTH) @ center.unit()
    return np.exp((cosine - 1.0) / np.radians(sigma_deg) ** 2)


attentions = hnp.arrays(
    np.float64, (6, 12), elements=st.floats(1e-6, 1.0, allow_subnormal=False)
)


@given(attentions)
def test_a_density_integrates_to_one(attention) -> None:
    found = map_of(attention)
    assert np.sum(found.masses()) == pytest.approx(1.0, abs=SINGLE)


@given(attentions)
def test_both_readings_of_a_softmax_give_one_map(attention) -> None:
    masses = attention * cell_solid_angles_sr(6, 12)
    weighted = map_of(masses / masses.sum(), counts_solid_angle=True)
    plain = map_of(attention / attention.sum())
    np.testing.assert_allclose(weighted.density, plain.density, rtol=SINGLE)


def test_polar_cells_weigh_as_little_as_they_are_large() -> None:
    masses = map_of(np.ones((HEIGHT, WIDTH))).masses()
    band_of_60_to_90 = masses[:5].sum()
    # A cap of 30° around the pole holds (1 - cos 30°)/2 of the sphere.
    assert band_of_60_to_90 == pytest.approx((1.0 - np.cos(np.pi / 6)) / 2, rel=SINGLE)


@given(
    yaw_deg=st.floats(-180.0, 180.0),
    pitch_deg=st.floats(-70.0, 70.0),
    n_cells=st.integers(0, WIDTH - 1),
)
def test_rolling_a_map_turns_its_centroid(yaw_deg, pitch_deg, n_cells) -> None:
    attention = blob(Direction(yaw_deg, pitch_deg))
    before, length_before = mean_direction(map_of(attention).masses())
    rolled = map_of(np.roll(attention, n_cells, axis=1))
    after, length_after = mean_direction(rolled.masses())
    turned = wrap_deg(after.yaw_deg - before.yaw_deg - n_cells * CELL_DEG)
    assert turned == pytest.approx(0.0, abs=1e-3)
    assert after.pitch_deg == pytest.approx(before.pitch_deg, abs=1e-3)
    assert length_after == pytest.approx(length_before, abs=SINGLE)


@given(
    yaw_deg=st.floats(-180.0, 180.0),
    pitch_deg=st.floats(-90.0, 90.0),
)
def test_the_centroid_of_a_blob_is_right_at_seam_and_poles(yaw_deg, pitch_deg) -> None:
    center = Direction(yaw_deg, pitch_deg)
    found, length = mean_direction(map_of(blob(center)).masses())
    assert angle_between_deg(found, center) < 1.0
    assert length > 0.95


def test_a_blob_on_the_seam_is_not_ahead() -> None:
    found, _ = mean_direction(map_of(blob(Direction(180.0, 0.0))).masses())
    assert abs(found.yaw_deg) == pytest.approx(180.0, abs=1e-3)


def test_a_uniform_map_agrees_on_nothing() -> None:
    _, length = mean_direction(map_of(np.ones((HEIGHT, WIDTH))).masses())
    assert length < 1e-6


def test_two_opposite_blobs_agree_on_nothing() -> None:
    both = blob(Direction(40.0, 20.0)) + blob(Direction(-140.0, -20.0))
    _, length = mean_direction(map_of(both).masses())
    assert length < 1e-3


def mass_in_view(found: SaliencyMap, pose: CameraPose, *, aspect: float) -> float:
    coverage = view_coverage(
        found.density.shape, pose, aspect=aspect, lens=Lens.RECTILINEAR
    )
    return float(np.sum(found.masses() * coverage))


@pytest.mark.parametrize("yaw_deg", [0.0, 180.0])
@pytest.mark.parametrize("pitch_deg", [0.0, 60.0, -90.0])
def test_a_view_holds_as_much_as_its_solid_angle(yaw_deg, pitch_deg) -> None:
    pose = CameraPose(yaw_deg, pitch_deg, hfov_deg=90.0)
    mass = mass_in_view(map_of(np.ones((HEIGHT, WIDTH))), pose, aspect=1.0)
    assert mass == pytest.approx(1.0 / 6.0, rel=0.02)  # a face of the cube


def test_a_view_holds_the_blob_it_looks_at() -> None:
    found = map_of(blob(Direction(179.0, 10.0)))
    ahead = CameraPose(-179.0, 10.0)
    behind = CameraPose(0.0, 10.0)
    assert mass_in_view(found, ahead, aspect=4 / 3) > 0.95
    assert mass_in_view(found, behind, aspect=4 / 3) < 1e-6


def test_coverage_knows_roll_and_aspect() -> None:
    upright, rolled = (
        view_coverage(
            (60, 120),
            CameraPose(0.0, 0.0, roll_deg=roll_deg, hfov_deg=40.0),
            aspect=2.0,
            lens=Lens.RECTILINEAR,
        )
        for roll_deg in (0.0, 90.0)
    )
    assert np.ptp(np.nonzero(upright)[1]) > np.ptp(np.nonzero(upright)[0])
    assert np.ptp(np.nonzero(rolled)[1]) < np.ptp(np.nonzero(rolled)[0])


def test_a_clockwise_camera_has_its_right_side_down() -> None:
    right, up, forward = CameraPose(0.0, 0.0, roll_deg=90.0).axes()
    np.testing.assert_allclose(right, [0.0, -1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(up, [1.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(forward, [0.0, 0.0, 1.0], atol=1e-12)


def test_pooling_weighs_by_confidence() -> None:
    sure = map_of(blob(Direction(0.0, 0.0)), time_s=1.0, confidence=0.9)
    unsure = map_of(blob(Direction(90.0, 0.0)), time_s=2.0, confidence=0.0)
    pooled = pool([sure, unsure])
    np.testing.assert_allclose(pooled.density, sure.density, rtol=SINGLE)
    assert (pooled.time_s, pooled.confidence) == (1.5, 0.45)


def test_pooling_doubtful_maps_weighs_them_alike() -> None:
    one = map_of(blob(Direction(0.0, 0.0)), confidence=0.0, level_db=SILENCE_DB)
    other = map_of(blob(Direction(90.0, 0.0)), confidence=0.0, level_db=SILENCE_DB)
    pooled = pool([one, other])
    np.testing.assert_allclose(
        pooled.density, (one.density + other.density) / 2, rtol=SINGLE
    )
    assert pooled.level_db == pytest.approx(SILENCE_DB)


def test_pooling_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no map"):
        pool([])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"confidence": 1.5}, "confidence"),
        ({"time_s": float("nan")}, "time_s"),
        ({"level_db": float("nan")}, "level_db"),
    ],
)
def test_a_map_refuses_nonsense(changes, words) -> None:
    with pytest.raises(ValueError, match=words):
        map_of(np.ones((2, 4)), **changes)


def test_a_map_that_does_not_integrate_to_one_is_refused() -> None:
    ones = np.ones((2, 4), dtype=np.float32)
    with pytest.raises(ValueError, match="integrate to 1"):
        SaliencyMap(0.0, ones, ones, 1.0, -20.0)
