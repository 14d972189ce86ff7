import numpy as np
import pytest

from pano.camera.horizon import Tilt
from pano.camera.path import CameraPath, CameraPose
from pano.sphere import unit_vectors

N = 73


def looking_round(pitch_deg=-10.0) -> CameraPath:
    zeros = np.zeros(N)
    return CameraPath(
        time_s=np.arange(N) / 30.0,
        yaw_deg=5.0 * np.arange(float(N)),
        pitch_deg=zeros + pitch_deg,
        roll_deg=zeros,
        hfov_deg=zeros + 65.0,
        cut=zeros > 0.0,
        trust=zeros,
        confidence=zeros,
    )


def test_every_view_of_a_tilted_camera_is_level() -> None:
    tilt = Tilt(roll_deg=12.0, pitch_deg=-7.0)
    # The axes of the tilted camera, in the world.
    in_world = CameraPose(0.0, -7.0, 12.0).axes()
    path = tilt.level(looking_round())
    for time_s in path.time_s:
        right, up, _ = path.at(float(time_s)).axes() @ in_world
        assert right[1] == pytest.approx(0.0, abs=1e-9)
        assert up[1] > 0.9


def test_ahead_the_roll_is_undone_and_behind_it_is_the_other_way() -> None:
    path = Tilt(roll_deg=8.0).level(looking_round(0.0))
    assert path.roll_deg[0] == pytest.approx(-8.0)
    assert path.roll_deg[36] == pytest.approx(8.0)
    assert np.abs(np.diff(path.roll_deg)).max() < 1.0


def test_where_the_camera_looks_stays() -> None:
    path, level = looking_round(), Tilt(20.0, 5.0).level(looking_round())
    np.testing.assert_array_equal(level.yaw_deg, path.yaw_deg)
    np.testing.assert_array_equal(level.pitch_deg, path.pitch_deg)


def test_an_upright_camera_changes_nothing() -> None:
    path = looking_round()
    assert Tilt().level(path) is path


def test_a_camera_that_stood_on_its_head_is_turned_over() -> None:
    path = Tilt(roll_deg=180.0).level(looking_round(0.0))
    np.testing.assert_allclose(np.abs(path.roll_deg), 180.0, atol=1e-9)
    up = path.at(0.0).axes()[1]
    np.testing.assert_allclose(up, -unit_vectors(0.0, 90.0), atol=1e-9)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="pitch_deg must be in"):
        Tilt(pitch_deg=120.0)


@pytest.mark.parametrize(("roll_deg", "pitch_deg"), [(12.0, -7.0), (-170.0, 60.0)])
def test_the_direction_of_up_tells_the_tilt(roll_deg: float, pitch_deg: float) -> None:
    up = CameraPose(0.0, pitch_deg, roll_deg).axes()[:, 1]
    found = Tilt.from_up((float(up[0]), float(up[1]), float(up[2])))
    assert found.roll_deg == pytest.approx(roll_deg)
    assert found.pitch_deg == pytest.approx(pitch_deg)


@pytest.mark.parametrize("pose_deg", [(0.0, 120.0), (float("nan"), 0.0)])
def test_nonsense_in_a_file_is_no_tilt(pose_deg: tuple[float, float]) -> None:
    assert Tilt.of_metadata(*pose_deg) == Tilt()


def test_the_words_of_a_tilt_have_no_negative_zero() -> None:
    assert Tilt(2.06, -0.04).words() == "roll 2.1°, pitch 0.0°"
