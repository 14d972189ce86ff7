"""A point of the world lands, by either file, on the pixel that sees it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pano.camera.pose import CameraPose
from pano.camera.rig.pose_files import (
    FilmedView,
    camera_to_world,
    colmap_cameras,
    colmap_images,
    transforms_json,
    world_to_camera_quaternion,
)
from pano.camera.rig.views import RigView, cube
from pano.camera.viewport import Viewport

WIDTH_PX, HEIGHT_PX = 64, 48
VIEWS = (
    RigView("ahead", CameraPose(0.0, 0.0, 0.0, 90.0)),
    RigView("askew", CameraPose(200.0, -35.0, 25.0, 70.0)),
)
FILMED = (FilmedView(0, "images/ahead/1.png", 11.4), FilmedView(1, "askew.mp4"))
SIZE = {"width_px": WIDTH_PX, "height_px": HEIGHT_PX}


def world_points(view: RigView) -> np.ndarray:
    """Return what each pixel sees, three away, x right, y up, the front along -z."""
    rays = Viewport(WIDTH_PX, HEIGHT_PX).rays(view.pose)
    return 3.0 * rays.reshape(-1, 3) * [1.0, 1.0, -1.0]


def pixel_centres() -> np.ndarray:
    rows, columns = np.indices((HEIGHT_PX, WIDTH_PX))
    return np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5


def test_a_camera_to_the_right_has_its_right_hand_behind():
    right = camera_to_world(CameraPose(90.0, 0.0))
    expected = [[0, 0, -1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(right, expected, atol=1e-12)
    np.testing.assert_allclose(camera_to_world(CameraPose(0.0, 0.0)), np.eye(4))


def test_colmap_turns_the_front_half_round_its_x_axis():
    turn = world_to_camera_quaternion(CameraPose(0.0, 0.0))
    np.testing.assert_allclose(turn, [0.0, 1.0, 0.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("index", [0, 1])
def test_a_point_lands_where_nerfstudios_file_says(index):
    document = json.loads(transforms_json(VIEWS, FILMED, **SIZE))
    frame = document["frames"][index]
    to_camera = np.linalg.inv(frame["transform_matrix"])[:3, :3]
    x, y, z = to_camera @ world_points(VIEWS[index]).T
    columns = frame["cx"] + frame["fl_x"] * x / -z
    rows = frame["cy"] - frame["fl_y"] * y / -z
    np.testing.assert_allclose(np.stack([columns, rows], 1), pixel_centres(), atol=1e-6)


@pytest.mark.parametrize("index", [0, 1])
def test_a_point_lands_where_colmaps_files_say(index):
    cameras = colmap_cameras(VIEWS, **SIZE).splitlines()[1:]
    images = colmap_images(VIEWS, FILMED).splitlines()[1::2]
    words = images[index].split()
    number, model, width, height, *lens = cameras[int(words[8]) - 1].split()
    assert (number, model) == (words[8], "PINHOLE")
    assert (int(width), int(height)) == (WIDTH_PX, HEIGHT_PX)
    w, *axis = map(float, words[1:5])
    points = world_points(VIEWS[index])
    doubled = 2.0 * np.cross(axis, points)  # v + 2w (q × v) + 2 q × (q × v)
    turned = points + w * doubled + np.cross(axis, doubled)
    assert words[5:8] == ["0", "0", "0"]
    fx, fy, cx, cy = map(float, lens)
    columns = cx + fx * turned[:, 0] / turned[:, 2]
    rows = cy + fy * turned[:, 1] / turned[:, 2]
    np.testing.assert_allclose(np.stack([columns, rows], 1), pixel_centres(), atol=1e-6)


def test_a_common_lens_stands_at_the_head_and_others_at_each_frame():
    filmed = [FilmedView(k, f"{view.name}.mp4") for k, view in enumerate(cube())]
    common = json.loads(transforms_json(cube(), filmed, width_px=64, height_px=64))
    assert common["camera_model"] == "OPENCV"
    assert [common[key] for key in ("w", "h", "cx", "cy")] == [64, 64, 32.0, 32.0]
    assert common["fl_x"] == common["fl_y"] == pytest.approx(32.0)
    assert set(common["frames"][0]) == {"file_path", "transform_matrix"}
    mixed = json.loads(transforms_json(VIEWS, FILMED, **SIZE))
    assert "fl_x" not in mixed
    assert mixed["frames"][0]["time_s"] == 11.4


def test_each_image_of_colmap_has_its_empty_line_of_points():
    lines = colmap_images(VIEWS, FILMED).split("\n")
    assert lines[2] == lines[4] == ""
    assert lines[1].endswith(" 1 images/ahead/1.png")
    assert lines[3].endswith(" 2 askew.mp4")
