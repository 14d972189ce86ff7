from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pano.camera.pose import CameraPose
from pano.camera.stabilize import Shake, measure_shake, measure_turn
from pano.sphere import grid_unit_vectors

HEIGHT, WIDTH = 240, 480
UNITS = grid_unit_vectors(HEIGHT, WIDTH).copy()  # SciPy wants to be able to write


def sphere(turn: Rotation) -> np.ndarray:
    """Draw a textured sphere that was turned, grey (h, w)."""
    rng = np.random.default_rng(3)
    units = turn.inv().apply(UNITS.reshape(-1, 3)).reshape(UNITS.shape)
    image = np.full((HEIGHT, WIDTH), 127.0)
    for _ in range(40):
        wave = rng.normal(size=3)
        wave *= rng.uniform(8.0, 30.0) / np.linalg.norm(wave)
        image += 11.0 * np.sin(units @ wave + rng.uniform(0.0, 6.28))
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "degrees", [(0.0, 1.5, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.2), (0.6, -2.0, 0.9)]
)
def test_a_turn_between_two_pictures_is_measured(degrees):
    turn = Rotation.from_rotvec(degrees, degrees=True)
    measured = measure_turn(sphere(Rotation.identity()), sphere(turn))
    np.testing.assert_allclose(np.degrees(measured), degrees, atol=0.05)


def test_what_moves_by_itself_is_outvoted():
    before, after = sphere(Rotation.identity()), sphere(Rotation.identity())
    after[100:150, 200:280] = np.roll(after[100:150, 200:280], 4, axis=1)
    assert np.degrees(np.linalg.norm(measure_turn(before, after))) < 0.05


def test_a_sphere_without_texture_is_not_turned():
    plain = np.full((HEIGHT, WIDTH), 90, np.uint8)
    np.testing.assert_array_equal(measure_turn(plain, plain), np.zeros(3))


def rms_deg(shake: Shake) -> float:
    return float(np.degrees(np.sqrt(np.mean(np.sum(shake.turns**2, axis=1)))))


def test_shake_is_told_from_a_slow_turn():
    rng = np.random.default_rng(1)
    time_s = np.arange(45) / 15.0
    jitter_deg = rng.normal(0.0, 0.7, (45, 3))
    course_deg = np.outer(time_s, [0.0, 6.0, 0.0]) + jitter_deg
    frames = (
        (float(t), sphere(Rotation.from_rotvec(c, degrees=True)))
        for t, c in zip(time_s, course_deg, strict=True)
    )
    shake = measure_shake(frames)
    inner = slice(8, -8)  # at its ends the filter knows only one side
    off_deg = np.degrees(shake.turns)[inner] - jitter_deg[inner]
    # The filter takes a little of the slow part of the jitter for a meant turn.
    assert np.sqrt(np.mean(off_deg**2)) < 0.4 * jitter_deg.std()
    assert rms_deg(shake) == pytest.approx(np.sqrt(3) * 0.7, rel=0.4)


def test_a_stabilized_camera_sees_the_same_place_of_a_shaken_sphere():
    turn = Rotation.from_rotvec([1.0, -2.0, 3.0], degrees=True)
    shake = Shake(np.array([0.0, 1.0]), np.stack([turn.as_rotvec()] * 2))
    pose = CameraPose(170.0, 30.0, 10.0, 50.0)
    axes = shake.stabilized(pose, 0.5).axes()
    np.testing.assert_allclose(axes, turn.apply(pose.axes()), atol=1e-9)
    assert shake.stabilized(pose, 0.5).hfov_deg == 50.0


def test_a_sphere_at_rest_leaves_the_camera_alone():
    still = sphere(Rotation.identity())
    shake = measure_shake((k / 15.0, still) for k in range(5))
    assert rms_deg(shake) < 1e-3


def test_no_frames_are_no_shake():
    with pytest.raises(ValueError, match="no frame"):
        measure_shake([])
