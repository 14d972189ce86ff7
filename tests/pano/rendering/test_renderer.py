from __future__ import annotations

import cv2
import numpy as np
import py360convert
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pano.camera.lens import Lens
from pano.camera.path import CameraPose
from pano.camera.viewport import Viewport
from pano.draw.billboard import paint_billboard
from pano.equirect.planes import Planes
from pano.rendering.renderer import Interpolation, ViewportRenderer
from pano.sphere import (
    Direction,
    grid_unit_vectors,
    pixel_to_angles_deg,
    unit_vectors,
)

WIDTH, HEIGHT = 480, 240
# Colour as a polynomial of the direction is band-limited on the sphere. Eight bits
# round by up to half a level, OpenCV reads at 1/32 of a pixel: 50 dB and more remain.
SMOOTH_PSNR_DB = 50.0
# py360convert reads bilinearly, which costs it some of that.
PEER_PSNR_DB = 40.0


def scene(units):
    """Colour every direction smoothly; no symmetry hides a wrong sign."""
    x, y, z = np.moveaxis(np.asarray(units), -1, 0)
    red = 0.5 + 0.3 * x + 0.15 * y * z
    green = 0.5 + 0.3 * y + 0.15 * np.sin(4.0 * x)
    blue = 0.5 + 0.25 * z + 0.2 * np.sin(6.0 * y + 2.0 * x)
    return np.clip(np.stack([red, green, blue], axis=-1) * 255.0, 0, 255)


def psnr_db(a, b):
    error = np.mean((np.asarray(a, float) - np.asarray(b, float)) ** 2)
    return 10.0 * np.log10(255.0**2 / max(error, 1e-12))


@pytest.fixture(scope="module")
def smooth():
    return np.rint(scene(grid_unit_vectors(HEIGHT, WIDTH))).astype(np.uint8)


@pytest.fixture(scope="module")
def rough():
    return np.random.default_rng(4).integers(0, 256, (120, 240, 3), np.uint8)


POSES = (
    CameraPose(0.0, 0.0),
    CameraPose(180.0, 0.0),
    CameraPose(-97.0, 40.0, 0.0, 90.0),
    CameraPose(33.0, -20.0, 25.0, 75.0),
    CameraPose(10.0, 90.0, 0.0, 90.0),
    CameraPose(200.0, -88.0, -60.0, 110.0),
)


@pytest.mark.parametrize("pose", POSES, ids=str)
@pytest.mark.parametrize("interpolation", Interpolation)
def test_a_view_shows_what_its_rays_meet(smooth, pose, interpolation):
    renderer = ViewportRenderer(97, 64, interpolation=interpolation)
    truth = scene(Viewport(97, 64).rays(pose))
    # Linear reading bends curves: 1/8 of the second difference per pixel.
    floor = SMOOTH_PSNR_DB - (4.0 if interpolation is Interpolation.LINEAR else 0.0)
    assert psnr_db(renderer.render(smooth, pose), truth) > floor


@pytest.mark.parametrize("pose", POSES, ids=str)
def test_a_view_agrees_with_py360convert(smooth, pose):
    # Its yaw, pitch and roll are ours, but it puts the outer pixels' centres where we
    # put their edges: for the same picture it must be told a slightly smaller view.
    w, h = 160, 120
    shrink_x, shrink_y = (w - 1) / w, (h - 1) / h
    half_x = np.tan(np.radians(pose.hfov_deg / 2))
    half_y = half_x * h / w
    fov_deg = (
        float(np.degrees(2 * np.arctan(half_x * shrink_x))),
        float(np.degrees(2 * np.arctan(half_y * shrink_y))),
    )
    theirs = py360convert.e2p(
        smooth,
        fov_deg,
        float(pose.yaw_deg),
        float(pose.pitch_deg),
        out_hw=(h, w),
        in_rot_deg=pose.roll_deg,
    )
    ours = ViewportRenderer(w, h).render(smooth, pose)
    assert psnr_db(ours, theirs) > PEER_PSNR_DB


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 239), st.floats(-90, 90), st.floats(-180, 180), st.floats(20, 140)
)
def test_rolling_the_source_and_turning_the_camera_changes_no_bit(
    rough, shift, pitch_deg, roll_deg, hfov_deg
):
    renderer = ViewportRenderer(48, 27)
    here = CameraPose(7.7, pitch_deg, roll_deg, hfov_deg)
    there = CameraPose(7.7 + shift * 1.5, pitch_deg, roll_deg, hfov_deg)
    np.testing.assert_array_equal(
        renderer.render(rough, here),
        renderer.render(np.roll(rough, shift, axis=1), there),
    )


def test_a_yaw_of_a_full_turn_changes_nothing(rough):
    renderer = ViewportRenderer(40, 30)
    np.testing.assert_array_equal(
        renderer.render(rough, CameraPose(170.0, 10.0)),
        renderer.render(rough, CameraPose(170.0 - 720.0, 10.0)),
    )


@settings(max_examples=25, deadline=None)
@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))
def test_a_mirrored_source_gives_a_mirrored_view(rough, yaw_deg, pitch_deg, roll_deg):
    renderer = ViewportRenderer(33, 21, interpolation=Interpolation.LINEAR)
    view = renderer.render(rough, CameraPose(yaw_deg, pitch_deg, roll_deg))
    mirrored = np.ascontiguousarray(rough[:, ::-1])
    other = renderer.render(mirrored, CameraPose(-yaw_deg, pitch_deg, -roll_deg))
    # Positions are rounded to 1/32 pixel; mirrored, they may round the other way.
    assert np.mean(np.abs(view.astype(int) - other[:, ::-1])) < 2.0


@pytest.mark.parametrize("pitch_deg", [90.0, -90.0])
def test_the_pole_is_a_place_like_any_other(pitch_deg):
    # A disc centred on the pole must look round: no spokes, no hole, no seam.
    disc = np.zeros((200, 200, 4), np.uint8)
    cv2.circle(disc, (199, 199), 140, (255,) * 4, -1, cv2.LINE_AA, shift=1)
    picture = np.zeros((400, 800, 3), np.uint8)
    center = Direction(0.0, pitch_deg)
    paint_billboard(picture, disc, center=center, width_deg=60.0)
    pose = CameraPose(50.0, pitch_deg, 0.0, 60.0)
    view = ViewportRenderer(101, 101).render(picture, pose).astype(int)
    assert view[40:61, 40:61].min() == 255
    for turned in (view[::-1], view[:, ::-1], view.swapaxes(0, 1)):
        assert np.abs(view - turned).mean() < 1.5


def test_a_view_over_the_pole_goes_on_on_the_other_side(smooth):
    # Looking up at 80°, the upper half of the picture lies beyond the zenith.
    pose = CameraPose(0.0, 80.0, 0.0, 60.0)
    view = ViewportRenderer(60, 60).render(smooth, pose)
    assert psnr_db(view, scene(Viewport(60, 60).rays(pose))) > SMOOTH_PSNR_DB


@pytest.mark.parametrize("pitch_deg", [90.0, -90.0])
def test_reading_across_the_pole_meets_the_opposite_meridian(pitch_deg):
    # The right half of the sphere is white. Within the outermost row, 1.5° high, the
    # view must pass from black to white in small steps, not jump at the pole.
    picture = np.zeros((120, 240, 3), np.uint8)
    picture[:, 120:] = 255
    renderer = ViewportRenderer(
        41, 41, interpolation=Interpolation.LINEAR, antialias=False
    )
    view = renderer.render(picture, CameraPose(0.0, pitch_deg, 0.0, 1.4))
    across = view[20, :, 0].astype(int)
    assert across[0] < 20
    assert across[-1] > 235
    assert np.abs(np.diff(across)).max() < 20


@pytest.mark.parametrize(("pitch_deg", "row"), [(90.0, 0), (-90.0, -1)])
def test_the_row_beyond_the_pole_is_the_outermost_row_again(pitch_deg, row):
    picture = np.zeros((120, 240, 3), np.uint8)
    picture[row] = 200
    renderer = ViewportRenderer(
        15, 15, interpolation=Interpolation.LINEAR, antialias=False
    )
    view = renderer.render(picture, CameraPose(30.0, pitch_deg, 0.0, 0.8))
    assert view.min() == view.max() == 200


@pytest.mark.parametrize("hfov_deg", [65.0, 120.0])
@pytest.mark.parametrize("pitch_deg", [0.0, 35.0])
def test_a_minified_view_is_the_average_of_what_its_pixels_cover(hfov_deg, pitch_deg):
    source = np.random.default_rng(2).integers(0, 256, (320, 640, 3), np.uint8)
    pose = CameraPose(170.0, pitch_deg, 0.0, hfov_deg)
    n = 20  # rays per pixel and side in the brute-force reference
    view = ViewportRenderer(16, 12).render(source, pose)
    finest = ViewportRenderer(
        16 * n, 12 * n, interpolation=Interpolation.LINEAR, antialias=False
    ).render(source, pose)
    reference = finest.reshape(12, n, 16, n, 3).mean(axis=(1, 3))
    aliased = ViewportRenderer(16, 12, antialias=False).render(source, pose)
    assert psnr_db(view, reference) > 30.0
    assert psnr_db(aliased, reference) < 15.0


def test_detail_crowded_at_the_pole_is_averaged(rough):
    # Noise per pixel has no meaning at the pole: 240 columns show a few pixels.
    pose = CameraPose(0.0, 90.0, 0.0, 30.0)
    calm = ViewportRenderer(40, 40).render(rough, pose)
    wild = ViewportRenderer(40, 40, antialias=False).render(rough, pose)
    assert calm.std() < 0.75 * wild.std()


def test_strips_join_without_a_trace(smooth, monkeypatch):
    pose = CameraPose(150.0, 50.0, 15.0, 130.0)
    whole = ViewportRenderer(30, 41).render(smooth, pose)
    monkeypatch.setattr("pano.rendering.view_map._BLOCK_SAMPLES", 500)
    np.testing.assert_array_equal(ViewportRenderer(30, 41).render(smooth, pose), whole)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (33, 17), (17, 33)])
@pytest.mark.parametrize("source", [(2, 4), (5, 11), (90, 180)])
def test_any_size_renders_from_any_source(size, source):
    picture = np.full((*source, 3), 77, np.uint8)
    for pose in POSES:
        view = ViewportRenderer(*size).render(picture, pose)
        assert view.shape == (size[1], size[0], 3)
        assert np.all(view == 77)


def test_the_source_is_left_alone(rough):
    before = rough.copy()
    locked = rough.copy()
    locked.setflags(write=False)
    ViewportRenderer(40, 30).render(locked, CameraPose(180.0, 89.0, 0.0, 100.0))
    np.testing.assert_array_equal(locked, before)


def test_a_rolled_camera_turns_the_scene_counter_clockwise():
    picture = np.zeros((180, 360, 3), np.uint8)
    picture[90:] = 255  # the ground is white
    view = ViewportRenderer(41, 41).render(picture, CameraPose(0.0, 0.0, 45.0, 60.0))
    assert view[20, 38].min() == 255  # the ground rises at the right
    assert view[20, 2].max() == 0


def test_a_picture_that_is_not_rgb_is_refused():
    with pytest.raises(ValueError, match="equirectangular"):
        ViewportRenderer(4, 4).render(np.zeros((4, 8), np.uint8), CameraPose(0.0, 0.0))


# --- planes ----------------------------------------------------------------------

# A coloured band-limited scene, seen at the exact places of the samples. Rounding to
# 8 bits twice leaves 50 dB; chroma a quarter of a sample off would leave 43.
PLANES_PSNR_DB = 48.0


def rays_of_planes(viewport, pose):
    """Return the rays of luma samples and of the chroma samples at their left."""
    fine = Viewport(2 * viewport.width_px, 2 * viewport.height_px, viewport.lens)
    rays = fine.rays(pose)
    # Half-pixel 4k + 0.5 from the left is where chroma k lies; rows lie in the middle.
    lefts = 0.5 * (rays[:, 0::4] + rays[:, 1::4])
    rows = 0.5 * (lefts[1::4] + lefts[2::4])
    return viewport.rays(pose), rows


@pytest.mark.parametrize("pose", POSES, ids=str)
def test_planes_show_what_their_samples_meet_with_chroma_where_it_is_sited(pose):
    width, height = 2 * WIDTH, 2 * HEIGHT
    x, y = np.arange(width), np.arange(height)
    sphere = unit_vectors(*angles_of(x, y[:, None], width, height))
    sited = unit_vectors(*angles_of(x[::2], y[::2, None] + 0.5, width, height))
    luma, chroma = (np.rint(scene(p)).astype(np.uint8) for p in (sphere, sited))
    source = Planes(luma[..., 0], chroma[..., 1], chroma[..., 2], matrix=9)
    view = ViewportRenderer(192, 108).render_planes(source, pose)
    at_y, at_uv = rays_of_planes(Viewport(192, 108), pose)
    assert psnr_db(view.y, scene(at_y)[..., 0]) > PLANES_PSNR_DB
    assert psnr_db(view.u, scene(at_uv)[..., 1]) > PLANES_PSNR_DB
    assert psnr_db(view.v, scene(at_uv)[..., 2]) > PLANES_PSNR_DB
    assert view.matrix == 9


def angles_of(x, y, width, height):
    yaw_deg, pitch_deg = pixel_to_angles_deg(x, y, width, height)
    return np.broadcast_arrays(yaw_deg, pitch_deg)


def test_planes_of_odd_sides_are_refused():
    with pytest.raises(ValueError, match="even"):
        Planes(
            np.zeros((5, 8), np.uint8),
            np.zeros((2, 4), np.uint8),
            np.zeros((2, 4), np.uint8),
        )


def random_planes(most: int, dtype: type[np.unsignedinteger]) -> Planes:
    rng = np.random.default_rng(4)
    sizes = ((HEIGHT, WIDTH), *[(HEIGHT // 2, WIDTH // 2)] * 2)
    y, u, v = (rng.integers(0, most + 1, size).astype(dtype) for size in sizes)
    return Planes(y, u, v)


def scaled(planes: Planes, by: int) -> Planes:
    """Return planes of 16-bit values, each so many times what it was."""
    parts = (planes.y, planes.u, planes.v)
    y, u, v = (part.astype(np.uint16) * np.uint16(by) for part in parts)
    return Planes(y, u, v)


@pytest.mark.parametrize("interpolation", Interpolation)
def test_10_bits_show_what_8_bits_show_and_more_finely(interpolation):
    coarse = random_planes(255, np.uint8)
    fine = scaled(coarse, 4)
    renderer = ViewportRenderer(64, 36, interpolation=interpolation)
    for pose in POSES:
        seen, finer = (renderer.render_planes(p, pose) for p in (coarse, fine))
        assert finer.y.dtype == np.uint16
        off = np.abs(finer.y / 4.0 - seen.y)
        # 255 is the most of 8 bits, and 1020 is not that of 10: overshoot differs.
        assert off[seen.y < 255].max() <= 1.5


def test_overshoot_beside_an_edge_stays_within_10_bits():
    edges = scaled(random_planes(1, np.uint16), 1023)
    view = ViewportRenderer(64, 36).render_planes(edges, POSES[0])
    assert max(view.y.max(), view.u.max(), view.v.max()) == 1023


def test_an_exposure_of_10_bits_does_not_overflow():
    half = np.full((32, 64), 1023, np.uint16)
    white = Planes(np.full((64, 128), 1023, np.uint16), half, half)
    pose = CameraPose(0.0, 0.0, 0.0, 60.0)
    view = ViewportRenderer(32, 18).expose_planes(white, [pose] * 70)
    assert view.y.dtype == np.uint16
    assert view.y.min() == view.v.min() == 1023


# --- lenses ----------------------------------------------------------------------

WIDE = (
    (Lens.RECTILINEAR, CameraPose(170.0, 30.0, 0.0, 130.0)),
    (Lens.PANNINI, CameraPose(-100.0, 10.0, 5.0, 170.0)),
    (Lens.PANNINI, CameraPose(20.0, 0.0, 0.0, 240.0)),
    (Lens.STEREOGRAPHIC, CameraPose(179.0, 0.0, 0.0, 120.0)),
    (Lens.STEREOGRAPHIC, CameraPose(40.0, -90.0, 0.0, 270.0)),
    (Lens.STEREOGRAPHIC, CameraPose(40.0, 80.0, 20.0, 300.0)),
)


@pytest.mark.parametrize(("lens", "pose"), WIDE, ids=str)
def test_every_lens_shows_what_its_rays_meet(smooth, lens, pose):
    renderer = ViewportRenderer(97, 64, lens=lens)
    truth = scene(Viewport(97, 64, lens).rays(pose))
    view = renderer.render(smooth, pose)
    # Where a pixel covers many degrees, its average is not what its middle ray meets.
    floor = SMOOTH_PSNR_DB - (14.0 if pose.hfov_deg > 200.0 else 2.0)
    assert psnr_db(view, truth) > floor


@pytest.mark.parametrize(("lens", "pose"), WIDE, ids=str)
def test_no_lens_aliases(lens, pose):
    source = np.random.default_rng(2).integers(0, 256, (320, 640, 3), np.uint8)
    n = 20  # rays per pixel and side in the brute-force reference
    view = ViewportRenderer(40, 30, lens=lens).render(source, pose)
    finest = ViewportRenderer(
        40 * n,
        30 * n,
        lens=lens,
        interpolation=Interpolation.LINEAR,
        antialias=False,
    ).render(source, pose)
    reference = finest.reshape(30, n, 40, n, 3).mean(axis=(1, 3))
    plain = ViewportRenderer(40, 30, lens=lens, antialias=False).render(source, pose)
    assert psnr_db(view, reference) > psnr_db(plain, reference) + 8.0
