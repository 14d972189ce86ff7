from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pano.equirect.layouts import SphereBounds, StereoLayout
from pano.errors import MediaError, NotSphericalError
from pano.media import SphericalMetadata, open_media, probe, write_spherical
from pano.media.inspection.look import look_at_pictures
from pano.projections.kinds import ProjectionChoice, SourceProjection
from tests.pano.media.inspection.test_dual_fisheye import dual_fisheye
from tests.synthetic import Clip, write_clip

WIDTH, HEIGHT, BAR = 192, 108, 6
BARS_NOTE = "black bars of 6 rows above and below were found and cut off"
CODEC_TOLERANCE = 6
GREY_LUMA = 16 + 120 * 219 / 255


def between_bars(level: int) -> Callable[[int], np.ndarray]:
    def paint(_: int) -> np.ndarray:
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        image[BAR:-BAR] = level
        return image

    return paint


def boxed(path: Path, level: int = 120, **changes) -> Path:
    paint = between_bars(level)
    return write_clip(path, Clip(WIDTH, HEIGHT, n_pictures=4, paint=paint, **changes))


def test_a_sphere_between_bars_opens_without_them(tmp_path: Path) -> None:
    with open_media(boxed(tmp_path / "boxed.mp4")) as media:
        full = next(media.frames()).image
        small = next(media.analysis_frames(height_px=32, width_px=64)).image
        planes = next(media.planar_frames()).planes
        assert media.layout is StereoLayout.MONO
        assert media.size_px == (192, 96)
        assert BARS_NOTE in media.notes[0]
    assert full.shape == (96, 192, 3)
    assert planes.y.shape == (96, 192)
    for image in (full, small):
        assert np.abs(image.astype(int) - 120).max() <= CODEC_TOLERANCE


@pytest.mark.parametrize("name", ["boxed.mkv", "boxed.ts"])
def test_bars_are_found_in_every_container(tmp_path: Path, name: str) -> None:
    assert look_at_pictures(probe(boxed(tmp_path / name))).black_rows_px == BAR


def test_bars_are_cut_off_a_marked_sphere_too(tmp_path: Path) -> None:
    path = boxed(tmp_path / "boxed.mp4")
    write_spherical(path, SphericalMetadata())
    with open_media(path) as media:
        assert media.size_px == (192, 96)
        assert BARS_NOTE in media.notes[0]


def test_a_marked_sphere_of_another_shape_stays_whole(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "whole.mp4", Clip(WIDTH, HEIGHT, n_pictures=2))
    write_spherical(path, SphericalMetadata())
    with open_media(path) as media:
        assert media.size_px == (216, 108)
        assert media.notes == ()


def test_what_the_user_says_is_not_cut(tmp_path: Path) -> None:
    path = boxed(tmp_path / "boxed.mp4")
    with open_media(path, layout=StereoLayout.MONO) as media:
        assert media.size_px == (216, 108)
        assert media.notes == ()


def test_a_dark_clip_of_another_shape_is_still_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(NotSphericalError, match="--layout mono"),
        open_media(boxed(tmp_path / "dark.mp4", level=6)),
    ):
        pass


def test_interlaced_bars_are_cut_as_well(tmp_path: Path) -> None:
    options = {"qp": "1", "preset": "ultrafast", "x264-params": "tff=1"}
    with open_media(boxed(tmp_path / "boxed.mp4", options=options)) as media:
        frames = list(media.frames())
    assert [frame.time for frame in frames] == [Fraction(k, 30) for k in range(4)]
    assert frames[2].image.shape == (96, 192, 3)


def test_two_fisheyes_are_read_as_such_with_a_note(tmp_path: Path) -> None:
    def paint(k: int) -> np.ndarray:
        return np.repeat(dual_fisheye(seed=k)[..., None], 3, axis=2)

    path = write_clip(tmp_path / "raw.mp4", Clip(320, 160, n_pictures=3, paint=paint))
    with open_media(path) as media:
        assert media.projection.kind is SourceProjection.DUAL_FISHEYE
        assert "joined as ideal ones of 190°" in media.notes[0]
    told = ProjectionChoice(SourceProjection.EQUIRECTANGULAR)
    with open_media(path, projection=told) as media:
        assert (media.sphere, media.notes) == (None, ())


def test_bounds_that_would_make_a_sphere_too_large_are_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "strip.mp4", Clip(4096, 32, n_pictures=1))
    bounds = SphereBounds(left=0.475, right=0.475, top=0.4)
    write_spherical(path, SphericalMetadata(bounds=bounds))
    with (
        pytest.raises(MediaError, match=r"strip\.mp4 would be a sphere of 81920×40960"),
        open_media(path),
    ):
        pass


def test_a_strip_of_a_degree_is_taken_for_the_full_sphere(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "strip.mp4", Clip(64, 32, n_pictures=1))
    write_spherical(path, SphericalMetadata(bounds=SphereBounds(top=0.5, bottom=0.499)))
    with open_media(path) as media:
        assert media.size_px == (64, 32)
        assert "bounds that leave nothing of the sphere" in media.notes[0]


def test_a_pose_that_no_camera_has_is_ignored_with_a_note(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "pose.mp4", Clip(n_pictures=1))
    write_spherical(path, SphericalMetadata(pitch_deg=-32768.0, roll_deg=5.0))
    info = probe(path)
    assert info.spherical is not None
    assert (info.spherical.pitch_deg, info.spherical.roll_deg) == (0.0, 0.0)
    assert "pitch -32768°, roll 5°, which is not believed" in info.notes[0]


def test_a_sphere_of_odd_sides_opens(tmp_path: Path) -> None:
    clip = Clip(65, 33, n_pictures=2, pixel_format="yuv444p", paint=grey_picture)
    with open_media(write_clip(tmp_path / "odd.mp4", clip)) as media:
        planes = next(media.planar_frames()).planes
    assert planes.y.shape == (34, 68)  # even and 2:1, no smaller
    assert abs(float(planes.y.mean()) - GREY_LUMA) <= 2.0


def grey_picture(_: int) -> np.ndarray:
    return np.full((33, 65, 3), 120, np.uint8)
