import numpy as np
import pytest

from pano.ambisonics.decoding import cardioid_pair
from pano.ambisonics.harmonics import encode
from pano.ambisonics.rotation import rotation_matrix
from pano.ambisonics.turning import KNOT_S, AxesAt, FieldTurner
from pano.camera.pose import CameraPose
from pano.sphere import Direction
from tests.pano.ambisonics.fields import any_direction

RATE_HZ = 8_000
N_KNOT = round(KNOT_S * RATE_HZ)
SOURCE = Direction(30.0, 20.0)
ONES = np.ones(RATE_HZ // 2)


def steady_turn(speed_deg_per_s: float) -> AxesAt:
    return lambda time_s: CameraPose(speed_deg_per_s * time_s, 0.0).axes()


def cut_at(at_s: float, yaw_deg: float) -> AxesAt:
    return lambda time_s: CameraPose(yaw_deg if time_s >= at_s else 0.0, 0.0).axes()


@pytest.mark.parametrize("rate_hz", [RATE_HZ, 11_025])
def test_pieces_are_turned_as_the_whole_is(rate_hz: int) -> None:
    rng = np.random.default_rng(0)
    field = rng.normal(size=(4, 3_000)).astype(np.float32)
    whole = FieldTurner(steady_turn(200.0), rate_hz).turn(field)
    turner = FieldTurner(steady_turn(200.0), rate_hz)
    cuts = [0, 1, 1, 79, 80, 81, 240, 1_001, 2_999]
    pieces = [turner.turn(piece) for piece in np.split(field, cuts, axis=1)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, atol=1e-5)


@pytest.mark.parametrize(("order", "speed_deg_per_s"), [(1, 180.0), (3, 60.0)])
def test_a_steady_turn_is_the_exact_rotation_of_each_sample(
    order: int, speed_deg_per_s: float
) -> None:
    field = encode(ONES, SOURCE, order)
    found = FieldTurner(steady_turn(speed_deg_per_s), RATE_HZ, order).turn(field)
    for k in range(0, len(ONES), 17):
        axes = steady_turn(speed_deg_per_s)(k / RATE_HZ)
        exact = rotation_matrix(axes, order) @ field[:, k]
        np.testing.assert_allclose(found[:, k], exact, atol=1e-3)


def test_a_camera_that_stays_makes_one_rotation() -> None:
    axes = CameraPose(70.0, -15.0, 5.0).axes()
    rng = np.random.default_rng(1)
    field = encode(rng.normal(size=1_000), any_direction(rng), 2)
    found = FieldTurner(lambda _: axes, RATE_HZ, 2).turn(field)
    np.testing.assert_allclose(found, rotation_matrix(axes, 2) @ field, atol=1e-5)


@pytest.mark.parametrize("at_s", [0.1, 0.1037, 0.25])
def test_a_cut_is_a_cross_fade_of_one_knot(at_s: float) -> None:
    field = encode(ONES, SOURCE)
    found = FieldTurner(cut_at(at_s, 150.0), RATE_HZ).turn(field)
    before, after = found[:, 0], found[:, -1]
    steps = np.abs(np.diff(found, axis=1))
    fair = np.abs(after - before) / N_KNOT
    assert np.all(steps <= fair[:, None] + 1e-5)
    is_moving = np.flatnonzero(steps.max(axis=0) > 1e-5)
    assert is_moving[-1] - is_moving[0] < N_KNOT
    assert abs(is_moving.mean() / RATE_HZ - at_s) < KNOT_S
    # Nothing is louder on the way.
    assert np.linalg.norm(found, axis=0).max() <= np.linalg.norm(before) + 1e-5


def test_a_full_turn_gives_the_field_back() -> None:
    field = np.random.default_rng(2).normal(size=(4, RATE_HZ)).astype(np.float32)
    found = FieldTurner(steady_turn(360.0), RATE_HZ).turn(np.tile(field, 2))
    np.testing.assert_allclose(found[:, RATE_HZ:], found[:, :RATE_HZ], atol=1e-4)
    knots = found[:, RATE_HZ::RATE_HZ]
    np.testing.assert_allclose(knots, field[:, :1], atol=1e-5)


def test_w_is_never_changed() -> None:
    field = np.random.default_rng(3).normal(size=(9, 2_000)).astype(np.float32)
    found = FieldTurner(steady_turn(-400.0), RATE_HZ, 2).turn(field)
    np.testing.assert_allclose(found[0], field[0], atol=1e-5)


def test_the_track_may_begin_later_than_the_camera() -> None:
    field = encode(ONES, SOURCE)
    late = FieldTurner(steady_turn(90.0), RATE_HZ, start_s=0.5).turn(field)
    twice = np.concatenate([field, field], axis=1)
    found = FieldTurner(steady_turn(90.0), RATE_HZ).turn(twice)
    np.testing.assert_allclose(late, found[:, -len(ONES) :], atol=1e-5)


def test_a_decoder_stands_behind_the_turn() -> None:
    field = np.random.default_rng(4).normal(size=(4, 1_000)).astype(np.float32)
    turned = FieldTurner(steady_turn(120.0), RATE_HZ).turn(field)
    pair = FieldTurner(steady_turn(120.0), RATE_HZ, decoder=cardioid_pair()).turn(field)
    np.testing.assert_allclose(pair, cardioid_pair() @ turned, atol=1e-5)


def test_no_samples_are_decoded_to_no_samples_of_the_pair() -> None:
    turner = FieldTurner(steady_turn(0.0), RATE_HZ, decoder=cardioid_pair())
    assert turner.turn(np.zeros((4, 0), np.float32)).shape == (2, 0)
