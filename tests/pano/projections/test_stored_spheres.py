"""Each projection against closed forms, and against FFmpeg's own where it has one."""

import subprocess

import cv2
import numpy as np
import pytest

from pano.camera.pose import CameraPose
from pano.equirect.planes import Planes
from pano.errors import SettingsError
from pano.media import ffmpeg_program, rgb_to_planes
from pano.projections.cube import gopro_strips
from pano.projections.kinds import ProjectionChoice, SourceProjection, stored_sphere
from pano.rendering.part_reading import EquirectReader
from pano.rendering.renderer import ViewportRenderer
from pano.sphere import grid_unit_vectors
from tests.stored_pictures import equirect, gopro

# 8 bits of a smooth picture that is read twice between its pixels.
ROUNDING_DB = 45.0


def drawn_sphere(height):
    return equirect(2 * height, height)


def psnr_db(a, b):
    error = np.mean((a.astype(np.float64) - b) ** 2)
    return 10.0 * np.log10(255.0**2 / max(error, 1e-9))


def stored_by_ffmpeg(sphere, kind, size, options=""):
    height, width = sphere.shape[:2]
    command = [
        *(str(ffmpeg_program()), "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-s", f"{width}x{height}", "-i", "-", "-frames:v", "1"),
        *("-vf", f"v360=e:{kind}:w={size[0]}:h={size[1]}:interp=cubic{options}"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-"),
    ]
    done = subprocess.run(
        command, input=sphere.tobytes(), stdout=subprocess.PIPE, check=True
    )
    return np.frombuffer(done.stdout, np.uint8).reshape(size[1], size[0], 3)


@pytest.mark.parametrize(
    ("projection", "kind", "size", "options"),
    [
        (SourceProjection.EAC, "eac", (720, 480), ""),
        # As YouTube stores it: wider faces that fill 16:9.
        (SourceProjection.EAC, "eac", (1280, 720), ""),
        (SourceProjection.CUBEMAP_3X2, "c3x2", (720, 480), ""),
        (SourceProjection.CUBEMAP_6X1, "c6x1", (1440, 240), ""),
        (SourceProjection.DUAL_FISHEYE, "dfisheye", (960, 480), ":h_fov=190:v_fov=190"),
    ],
)
def test_a_sphere_stored_by_ffmpeg_comes_back_and_is_filmed(
    projection, kind, size, options
):
    drawn = drawn_sphere(480)
    stored = stored_by_ffmpeg(drawn, kind, size, options)
    sphere = stored_sphere(projection, *size, fov_deg=190.0)
    assert psnr_db(EquirectReader(sphere).read(stored, 960, 480), drawn) > ROUNDING_DB
    pose = CameraPose(40.0, 30.0, 10.0, 90.0)
    view = ViewportRenderer(320, 180, sphere=sphere).render(stored, pose)
    assert psnr_db(view, ViewportRenderer(320, 180).render(drawn, pose)) > ROUNDING_DB


def test_one_lens_shows_its_half_and_black_behind():
    drawn = drawn_sphere(480)
    stored = stored_by_ffmpeg(drawn, "fisheye", (480, 480), ":h_fov=180:v_fov=180")
    sphere = stored_sphere(SourceProjection.FISHEYE, 480, 480, fov_deg=180.0)
    back = EquirectReader(sphere).read(stored, 960, 480)
    ahead = grid_unit_vectors(480, 960)[..., 2]
    assert psnr_db(back[ahead > 0.02], drawn[ahead > 0.02]) > ROUNDING_DB
    assert not back[ahead < -0.02].any()
    assert (sphere.bounds.left, sphere.bounds.right) == (0.25, 0.25)
    pose = CameraPose(180.0, 0.0)
    film = ViewportRenderer(64, 36, sphere=sphere)
    behind = film.render_planes(rgb_to_planes(stored), pose)
    assert set(behind.y.ravel().tolist()) == {16}
    assert set(behind.u.ravel().tolist()) == {128}


def test_a_half_sphere_shows_the_front_and_black_behind():
    drawn = drawn_sphere(480)
    half = np.ascontiguousarray(drawn[:, 240:720])
    sphere = stored_sphere(SourceProjection.HALF_EQUIRECTANGULAR, 480, 480)
    back = EquirectReader(sphere).read(half, 960, 480)
    assert psnr_db(back[:, 241:719], drawn[:, 241:719]) > ROUNDING_DB
    assert not back[:, :239].any()
    assert (sphere.bounds.left, sphere.bounds.right) == (0.25, 0.25)
    pose = CameraPose(20.0, 10.0, 0.0, 70.0)
    view = ViewportRenderer(320, 180, sphere=sphere).render(half, pose)
    assert psnr_db(view, ViewportRenderer(320, 180).render(drawn, pose)) > ROUNDING_DB


@pytest.mark.parametrize("size", [(2272, 736, 32), (1024, 336, 8)])
def test_the_strips_of_a_gopro_join_without_a_seam(size):
    width, height, overlap = size
    stored = gopro(width, height, overlap)
    assert stored.shape == (2 * height, width, 3)
    sphere = gopro_strips(width, 2 * height)
    back = EquirectReader(sphere).read(stored, 960, 480)
    drawn = drawn_sphere(480)
    assert psnr_db(back, drawn) > ROUNDING_DB
    # No place is worse than its neighbours: a seam would be.
    assert np.abs(back.astype(int) - drawn).max() <= 4


def test_lenses_are_blended_where_both_see():
    """A brighter lens fades into the other instead of ending at an edge."""
    stored = np.zeros((480, 960, 3), np.uint8)
    stored[:, 480:] = 200
    sphere = stored_sphere(SourceProjection.DUAL_FISHEYE, 960, 480, fov_deg=190.0)
    horizon = EquirectReader(sphere).read(stored, 1440, 720)[360, :, 0].astype(int)
    assert (horizon[720], horizon[0]) == (200, 0)
    assert np.abs(np.diff(horizon)).max() < 15
    assert abs(horizon[1080] - 100) < 8


def test_a_yaw_offset_makes_another_place_the_front():
    drawn = drawn_sphere(240)
    stored = stored_by_ffmpeg(drawn, "c3x2", (360, 240))
    sphere = stored_sphere(SourceProjection.CUBEMAP_3X2, 360, 240).turned(90.0)
    back = EquirectReader(sphere).read(stored, 480, 240)
    assert psnr_db(back, np.roll(drawn, -120, axis=1)) > ROUNDING_DB


def test_a_wide_view_of_parts_is_averaged_as_of_a_sphere():
    """Stripes finer than the view's pixels become grey instead of waves."""
    columns = np.arange(1920) // 2 % 2 * 255
    drawn = np.broadcast_to(columns[None, :, None], (960, 1920, 3)).astype(np.uint8)
    stored = stored_by_ffmpeg(np.ascontiguousarray(drawn), "c3x2", (1440, 960))
    sphere = stored_sphere(SourceProjection.CUBEMAP_3X2, 1440, 960)
    pose = CameraPose(0.0, 0.0, 0.0, 100.0)
    view = ViewportRenderer(64, 36, sphere=sphere).render(stored, pose)
    small = cv2.blur(view[8:28, 8:56], (3, 3))
    assert np.abs(small.astype(int) - 127).max() < 40


def test_a_view_of_parts_keeps_pixels_of_16_bits():
    stored = (stored_by_ffmpeg(drawn_sphere(240), "c3x2", (360, 240))).astype(np.uint16)
    sphere = stored_sphere(SourceProjection.CUBEMAP_3X2, 360, 240)
    back = EquirectReader(sphere).read(stored * 256, 480, 240)
    assert back.dtype == np.uint16
    assert back.max() > 50_000


def test_a_picture_of_another_shape_is_refused():
    with pytest.raises(SettingsError, match=r"eac picture is 1\.5 or 1\.78 times"):
        stored_sphere(SourceProjection.EAC, 1920, 960)
    with pytest.raises(SettingsError, match=r"half-equirectangular picture is 1 times"):
        stored_sphere(SourceProjection.HALF_EQUIRECTANGULAR, 960, 480)
    with pytest.raises(SettingsError, match="180 degrees or more"):
        stored_sphere(SourceProjection.DUAL_FISHEYE, 960, 480, fov_deg=170.0)
    with pytest.raises(SettingsError, match="--fov must be in 90"):
        ProjectionChoice(fov_deg=20.0)
    with pytest.raises(SettingsError, match="--yaw-offset"):
        ProjectionChoice(yaw_offset_deg=float("nan"))


def test_a_picture_that_is_all_padding_is_refused():
    with pytest.raises(SettingsError, match="6×4 pixels is too small for a eac"):
        stored_sphere(SourceProjection.EAC, 6, 4)


@pytest.mark.parametrize(
    ("projection", "size", "view", "pose"),
    [
        # A view whose border is that of a face.
        (SourceProjection.CUBEMAP_3X2, (960, 640), (160, 160), (0.0, 0.0, 0.0, 90.0)),
        (SourceProjection.CUBEMAP_6X1, (1920, 320), (160, 160), (0.0, 0.0, 0.0, 90.0)),
        # Views in which a corner of the cube lies between two nodes.
        (SourceProjection.EAC, (3840, 2560), (1280, 720), (113.7, 27.3, 1.0, 55.9)),
        (
            SourceProjection.GOPRO_MAX,
            (4096, 2688),
            (1280, 720),
            (113.7, 27.3, 1.0, 55.9),
        ),
    ],
)
def test_where_faces_meet_no_hole_is_left(projection, size, view, pose):
    width, height = size
    grey = np.full((height // 2, width // 2), 128, np.uint8)
    planes = Planes(np.full((height, width), 200, np.uint8), grey, grey)
    renderer = ViewportRenderer(*view, sphere=stored_sphere(projection, *size))
    luma = renderer.render_planes(planes, CameraPose(*pose)).y
    assert (luma.min(), luma.max()) == (200, 200)
