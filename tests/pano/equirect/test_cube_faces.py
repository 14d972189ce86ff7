import numpy as np
import pytest

from pano.equirect.cube_faces import face_units, from_faces, pad_indices, to_faces
from pano.sphere import great_circle_deg, grid_unit_vectors


def smooth(units) -> np.ndarray:
    return (units @ np.array([0.3, -0.5, 0.8])).astype(np.float32)


def test_the_first_four_faces_go_round_to_the_right() -> None:
    middles = face_units(2).mean(axis=(1, 2))
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    expected = [[0, 0, 1], [1, 0, 0], [0, 0, -1], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]
    np.testing.assert_allclose(middles, expected, atol=1e-12)


@pytest.mark.parametrize("n", [4, 15])
def test_inside_a_face_padding_is_the_face(n) -> None:
    inner = pad_indices(n, 2, 1)[:, 2:-1, 2:-1]
    np.testing.assert_array_equal(inner.ravel(), np.arange(6 * n * n))


@pytest.mark.parametrize("n", [4, 15])
def test_beyond_every_edge_lies_the_pixel_that_is_next_on_the_sphere(n) -> None:
    units = face_units(n).reshape(-1, 3)
    padded = units[pad_indices(n, 1, 1)]
    inner = padded[:, 1:-1, 1:-1]
    beyond = {
        "left": (padded[:, 1:-1, 0], inner[:, :, 0]),
        "right": (padded[:, 1:-1, -1], inner[:, :, -1]),
        "above": (padded[:, 0, 1:-1], inner[:, 0]),
        "below": (padded[:, -1, 1:-1], inner[:, -1]),
    }
    for outside, inside in beyond.values():
        apart_deg = great_circle_deg(outside, inside)
        # Two pixels at an edge of the cube are nearer than two in a face's middle.
        assert apart_deg.max() <= 2.0 * np.degrees(np.arctan(1.0 / n)) + 1e-9


def test_two_rows_beyond_go_on_into_the_neighbour() -> None:
    n = 8
    values = np.arange(6 * n * n).reshape(6, n, n)
    padded = values.ravel()[pad_indices(n, 2, 2)]
    np.testing.assert_array_equal(padded[0, 2:-2, -2:], values[1, :, :2])
    np.testing.assert_array_equal(padded[0, 2:-2, :2], values[3, :, -2:])
    np.testing.assert_array_equal(padded[0, :2, 2:-2], values[4, -2:])
    np.testing.assert_array_equal(padded[0, -2:, 2:-2], values[5, :2])
    # Above the back face the upper face stands on its head.
    np.testing.assert_array_equal(padded[2, :2, 2:-2], values[4, 1::-1, ::-1])


def test_faces_of_a_picture_show_what_lies_there() -> None:
    values = (smooth(grid_unit_vectors(120, 240)) + 1.0) * 100.0
    image = np.repeat(values[..., None], 3, axis=-1).round().astype(np.uint8)
    expected = (smooth(face_units(60)) + 1.0) * 100.0
    np.testing.assert_allclose(to_faces(image, 60)[..., 0], expected, atol=1.6)


def test_values_on_faces_come_back_to_their_directions() -> None:
    found = from_faces(smooth(face_units(30)), 30, 60)
    np.testing.assert_allclose(found, smooth(grid_unit_vectors(30, 60)), atol=0.02)
