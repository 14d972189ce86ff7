import numpy as np
import pytest

from pano.ambisonics.harmonics import encode
from pano.ambisonics.rotation import rotation_matrix
from pano.camera.pose import CameraPose
from pano.sphere import Direction
from tests.pano.ambisonics.fields import any_direction

ORDERS = [1, 2, 3]
SIGNAL = np.array([1.0, -0.5, 0.25])


def any_pose(rng: np.random.Generator) -> CameraPose:
    direction = any_direction(rng)
    return CameraPose(
        direction.yaw_deg, direction.pitch_deg, float(rng.uniform(-180.0, 180.0))
    )


@pytest.mark.parametrize("order", ORDERS)
def test_a_rotation_is_orthogonal_and_keeps_degrees_apart(order: int) -> None:
    matrix = rotation_matrix(any_pose(np.random.default_rng(0)).axes(), order)
    degree = np.floor(np.sqrt(np.arange(len(matrix))))
    is_across = degree[:, None] != degree[None, :]
    np.testing.assert_allclose(matrix[is_across], 0.0, atol=1e-12)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
def test_rotations_follow_one_another(order: int) -> None:
    rng = np.random.default_rng(1)
    first, second = any_pose(rng).axes(), any_pose(rng).axes()
    found = rotation_matrix(second @ first, order)
    expected = rotation_matrix(second, order) @ rotation_matrix(first, order)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "direction",
    [
        Direction(37.0, -22.0),
        Direction(-180.0, 0.0),
        Direction(179.9, 45.0),
        Direction(20.0, 90.0),
        Direction(0.0, -90.0),
    ],
)
def test_what_a_camera_looks_at_sounds_ahead(direction: Direction, order: int) -> None:
    pose = CameraPose(direction.yaw_deg, direction.pitch_deg)
    found = rotation_matrix(pose.axes(), order) @ encode(SIGNAL, direction, order)
    expected = encode(SIGNAL, Direction(0.0, 0.0), order)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_camera_that_rolls_clockwise_hears_above_what_is_at_the_right() -> None:
    # A quarter turn: its up points to where right was.
    axes = CameraPose(0.0, 0.0, 90.0).axes()
    found = rotation_matrix(axes, 1) @ encode(SIGNAL, Direction(90.0, 0.0))
    expected = encode(SIGNAL, Direction(0.0, 90.0))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_many_rotations_are_made_at_once() -> None:
    rng = np.random.default_rng(2)
    axes = np.stack([any_pose(rng).axes() for _ in range(6)]).reshape(2, 3, 3, 3)
    found = rotation_matrix(axes, 2)
    assert found.shape == (2, 3, 9, 9)
    np.testing.assert_allclose(found[1, 2], rotation_matrix(axes[1, 2], 2))
