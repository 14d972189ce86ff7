import bisect
import math
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pano.errors import MediaError, NotSphericalError
from pano.media import StereoLayout, open_media
from tests.synthetic import (
    Clip,
    cut_short,
    grey_level,
    picture_index,
    with_broken_packets,
    write_clip,
)

ALL_CONTAINERS = {
    "clip.mp4": Clip(),
    "clip.mov": Clip(codec="prores_ks", pixel_format="yuv422p10le", options={}),
    "clip.mkv": Clip(),
    "clip.webm": Clip(codec="libvpx-vp9", options={"crf": "5", "b": "0"}),
    "clip.ts": Clip(),
    "clip.avi": Clip(codec="ffv1", options={}),  # carries no presentation times
}
CODEC_TOLERANCE = 3.0  # grey levels lost to 8-bit limited range and mild compression


def times_of(path: Path) -> list[Fraction]:
    with open_media(path) as media:
        return [frame.time for frame in media.frames()]


@pytest.mark.parametrize("name", ALL_CONTAINERS)
def test_every_container_gives_every_frame_in_order(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name, ALL_CONTAINERS[name])
    with open_media(path) as media:
        shown = [picture_index(frame.image) for frame in media.frames()]
    assert shown == list(range(30))


def test_times_are_exact_rationals_at_29_97_fps(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip(rate=Fraction(30000, 1001)))
    assert times_of(path) == [k * Fraction(1001, 30000) for k in range(30)]


def test_variable_rate_keeps_its_own_times(tmp_path: Path) -> None:
    clip = Clip(pts=[0, 10, 50, 51, 90], time_base=Fraction(1, 100))
    path = write_clip(tmp_path / "clip.mp4", clip)
    assert times_of(path) == [Fraction(k, 100) for k in (0, 10, 50, 51, 90)]


def test_two_passes_give_the_same(tmp_path: Path) -> None:
    with open_media(write_clip(tmp_path / "clip.ts", Clip(n_pictures=5))) as media:
        first = [frame.time for frame in media.frames()]
        assert [frame.time for frame in media.frames()] == first


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        # Tick k is at k/30; at 25 fps picture 5k/6 rounded down is on screen.
        (Fraction(25), [k * 25 // 30 for k in range(36)]),
        (Fraction(30), list(range(30))),
        # Picture k comes at k·1001/30000, just after tick k.
        (Fraction(30000, 1001), [0, *range(30)]),
        (Fraction(50), [k * 50 // 30 for k in range(18)]),
        (Fraction(60), list(range(0, 30, 2))),
    ],
)
def test_analysis_clock_shows_what_is_on_screen(
    tmp_path: Path, rate: Fraction, expected: list[int]
) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip(rate=rate))
    with open_media(path) as media:
        frames = list(media.analysis_frames(height_px=16, width_px=32))
    assert [picture_index(frame.image) for frame in frames] == expected
    assert [frame.time for frame in frames] == [
        Fraction(k, 30) for k in range(len(expected))
    ]


def test_analysis_clock_of_a_variable_rate_holds_pictures(tmp_path: Path) -> None:
    clip = Clip(pts=[0, 10, 50, 51, 90], time_base=Fraction(1, 100))
    with open_media(write_clip(tmp_path / "clip.mp4", clip)) as media:
        frames = list(media.analysis_frames(rate_hz=Fraction(10)))
    # At 0.5 s picture 2 has just come; at 0.6 s the short picture 3 is on screen.
    shown = [picture_index(frame.image) for frame in frames]
    assert shown[:10] == [0, 1, 1, 1, 1, 2, 3, 3, 3, 4]


@settings(max_examples=20, deadline=None)
@given(
    gaps_ms=st.lists(st.integers(1, 200), min_size=1, max_size=12),
    rate_hz=st.sampled_from([Fraction(30), Fraction(24), Fraction(30000, 1001)]),
)
def test_analysis_clock_shows_the_latest_picture_of_any_rhythm(
    tmp_path_factory: pytest.TempPathFactory, gaps_ms: list[int], rate_hz: Fraction
) -> None:
    pts = [sum(gaps_ms[:k]) for k in range(len(gaps_ms) + 1)]
    clip = Clip(pts=pts, time_base=Fraction(1, 1000))
    path = write_clip(tmp_path_factory.mktemp("rhythm") / "clip.mp4", clip)
    with open_media(path) as media:
        frames = list(media.analysis_frames(rate_hz=rate_hz, height_px=16, width_px=32))
    for frame in frames:
        # A picture stamped less than 1/32 000 s after the tick is on it.
        due_ms = 1000 * (frame.time + Fraction(1, 32_000))
        assert picture_index(frame.image) == bisect.bisect_right(pts, due_ms) - 1
    n_before_last = math.ceil(Fraction(pts[-1], 1000) * rate_hz)
    assert len(frames) >= n_before_last
    assert [frame.pts for frame in frames] == list(range(len(frames)))


def test_times_rounded_by_matroska_do_not_drop_pictures(tmp_path: Path) -> None:
    with open_media(write_clip(tmp_path / "clip.mkv", Clip())) as media:
        shown = [picture_index(f.image) for f in media.analysis_frames()]
    assert shown == list(range(30))


def test_frames_may_be_painted_on_and_kept(tmp_path: Path) -> None:
    with open_media(write_clip(tmp_path / "clip.mp4", Clip())) as media:
        images = []
        for frame in media.frames():
            frame.image[:, :32] = 255
            images.append(frame.image)
    assert [picture_index(image[:, 32:]) for image in images] == list(range(30))
    assert all(image.flags.c_contiguous for image in images)


def test_a_repeated_picture_is_scaled_once(tmp_path: Path) -> None:
    clip = Clip(rate=Fraction(15), n_pictures=4)
    with open_media(write_clip(tmp_path / "clip.mp4", clip)) as media:
        frames = list(media.analysis_frames())
    assert frames[0].image is frames[1].image
    assert frames[1].image is not frames[2].image


def test_analysis_clock_starts_where_the_file_does(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.ts", Clip(pts=range(45, 51)))
    with open_media(path) as media:
        frames = list(media.analysis_frames())
        assert next(media.frames()).time == Fraction(3, 2)
    assert [picture_index(frame.image) for frame in frames] == list(range(6))
    assert frames[3].time == Fraction(3, 2) + Fraction(3, 30)
    assert frames[3].pts == 3


def test_analysis_picture_agrees_with_area_scaling_of_the_full_one(
    tmp_path: Path,
) -> None:
    def checkers(_: int) -> np.ndarray:
        rng = np.random.default_rng(0)
        coarse = rng.integers(0, 255, (16, 32, 3), dtype=np.uint8)
        return cv2.resize(coarse, (512, 256), interpolation=cv2.INTER_CUBIC)

    clip = Clip(512, 256, n_pictures=1, paint=checkers)
    with open_media(write_clip(tmp_path / "clip.mp4", clip)) as media:
        full = next(media.frames()).image
        small = next(media.analysis_frames(height_px=64, width_px=128)).image
    expected = cv2.resize(full, (128, 64), interpolation=cv2.INTER_AREA)
    # swscale rounds colour and scale in one step, OpenCV in two.
    assert np.abs(small.astype(int) - expected.astype(int)).mean() < 1.5


def noise(k: int) -> np.ndarray:
    rng = np.random.default_rng(k)
    return rng.integers(0, 255, (32, 64, 3), dtype=np.uint8)


def halves(upper: int, lower: int, size: tuple[int, int], *, axis: int):
    def paint(_: int) -> np.ndarray:
        image = np.full((size[1], size[0], 3), upper, np.uint8)
        image[(slice(None),) * axis + (slice(size[1 - axis] // 2, None),)] = lower
        return image

    return paint


@pytest.mark.parametrize(
    ("layout", "size", "axis", "expected_shape"),
    [
        (StereoLayout.TOP_BOTTOM, (64, 64), 0, (32, 64, 3)),
        (StereoLayout.TOP_BOTTOM, (64, 32), 0, (32, 64, 3)),  # half-size eyes
        (StereoLayout.SIDE_BY_SIDE, (128, 32), 1, (32, 64, 3)),
        (StereoLayout.SIDE_BY_SIDE, (64, 32), 1, (32, 64, 3)),  # half-size eyes
    ],
)
def test_only_the_left_eye_is_seen(
    tmp_path: Path,
    layout: StereoLayout,
    size: tuple[int, int],
    axis: int,
    expected_shape: tuple[int, int, int],
) -> None:
    clip = Clip(*size, n_pictures=2, paint=halves(60, 200, size, axis=axis))
    with open_media(write_clip(tmp_path / "clip.mp4", clip), layout=layout) as media:
        full = next(media.frames()).image
        small = next(media.analysis_frames(height_px=16, width_px=32)).image
        assert media.size_px == (expected_shape[1], expected_shape[0])
    assert full.shape == expected_shape
    assert small.shape == (16, 32, 3)
    # Inside, away from the border where chroma of both eyes mix in the codec.
    for image in (full, small):
        inside = image[: -image.shape[0] // 8, : -image.shape[1] // 8]
        assert np.abs(inside.astype(int) - 60).max() <= CODEC_TOLERANCE


def test_rotation_turns_the_picture_upright(tmp_path: Path) -> None:
    # Stored upright 32×64 with a bright top; shown turned 90° counter-clockwise,
    # the bright part is on the left.
    clip = Clip(32, 64, n_pictures=1, rotation_deg=90)
    clip = Clip(
        32, 64, n_pictures=1, rotation_deg=90, paint=halves(220, 30, (32, 64), axis=0)
    )
    with open_media(write_clip(tmp_path / "clip.mp4", clip)) as media:
        frames = [next(media.frames()), next(media.analysis_frames())]
    for frame in frames:
        height, width = frame.image.shape[:2]
        assert width == 2 * height
        assert frame.image[:, : width // 4].mean() > 200
        assert frame.image[:, -width // 4 :].mean() < 50


def test_non_square_pixels_come_out_two_to_one(tmp_path: Path) -> None:
    clip = Clip(128, 72, n_pictures=1, sample_aspect_ratio=Fraction(9, 8))
    with open_media(write_clip(tmp_path / "clip.mp4", clip)) as media:
        assert next(media.frames()).image.shape == (72, 144, 3)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "yuvj420p"])
def test_colours_survive_depth_and_range(tmp_path: Path, pixel_format: str) -> None:
    colour = np.array([200, 80, 40])

    def paint(_: int) -> np.ndarray:
        return np.broadcast_to(colour.astype(np.uint8), (32, 64, 3)).copy()

    clip = Clip(n_pictures=1, pixel_format=pixel_format, paint=paint)
    with open_media(write_clip(tmp_path / "clip.mp4", clip)) as media:
        image = next(media.frames()).image
    assert np.abs(image.reshape(-1, 3).mean(axis=0) - colour).max() < CODEC_TOLERANCE


def test_untagged_high_definition_is_read_as_bt_709(tmp_path: Path) -> None:
    # The writer converts by BT.601 and tags nothing, so 709 must differ from it by
    # what the two matrices differ: 0.2126 against 0.299 of red in luma.
    colour = np.array([200, 80, 40])

    def paint_at(width: int, height: int):
        def paint(_: int) -> np.ndarray:
            image = np.empty((height, width, 3), np.uint8)
            image[:] = colour
            return image

        return paint

    found = {}
    for width, height in ((64, 32), (1440, 720)):
        clip = Clip(width, height, n_pictures=1, paint=paint_at(width, height))
        path = write_clip(tmp_path / f"{width}.mp4", clip)
        with open_media(path) as media:
            found[width] = next(media.frames()).image[0, 0].astype(int)
    luma, cb, cr = (
        colour @ np.array([0.299, 0.587, 0.114]),
        colour @ np.array([-0.168736, -0.331264, 0.5]),
        colour @ np.array([0.5, -0.418688, -0.081312]),
    )
    as_709 = [
        luma + 1.5748 * cr,
        luma - 0.1873 * cb - 0.4681 * cr,
        luma + 1.8556 * cb,
    ]
    assert np.abs(found[64] - colour).max() <= CODEC_TOLERANCE
    assert np.abs(found[1440] - as_709).max() <= CODEC_TOLERANCE


def test_a_flat_video_is_opened_only_when_told_its_layout(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "flat.mp4", Clip(64, 64, n_pictures=2))
    with pytest.raises(NotSphericalError, match="--layout"), open_media(path):
        pass
    with open_media(path, layout=StereoLayout.MONO) as media:
        assert next(media.frames()).image.shape == (64, 128, 3)


def test_isolated_corrupt_frames_are_skipped_and_counted(tmp_path: Path) -> None:
    intra = {"qp": "1", "preset": "ultrafast", "g": "1"}
    whole = write_clip(tmp_path / "whole.mp4", Clip(options=intra))
    path = with_broken_packets(whole, tmp_path / "broken.mp4", [7, 20])
    with open_media(path) as media:
        shown = [picture_index(frame.image) for frame in media.frames()]
        assert media.n_corrupt_frames == 2
    assert shown == [k for k in range(30) if k not in (7, 20)]


def test_too_many_corrupt_frames_are_an_error(tmp_path: Path) -> None:
    intra = {"qp": "1", "preset": "ultrafast", "g": "1"}
    whole = write_clip(tmp_path / "whole.mp4", Clip(options=intra))
    path = with_broken_packets(whole, tmp_path / "broken.mp4", range(5, 17))
    with (
        open_media(path) as media,
        pytest.raises(MediaError, match=r"broken\.mp4 is damaged: 12 of 30 frames"),
    ):
        list(media.frames())


def test_a_file_cut_in_the_middle_of_its_pictures_is_an_error(tmp_path: Path) -> None:
    clip = Clip(n_pictures=60, movflags="faststart")
    whole = write_clip(tmp_path / "whole.mp4", clip)
    path = cut_short(whole, tmp_path / "half.mp4", share=0.7)
    with (
        pytest.raises(
            MediaError, match=r"half\.mp4 is cut short: 30% of it is missing"
        ),
        open_media(path),
    ):
        pass


def test_frames_behind_a_missing_end_are_counted(tmp_path: Path) -> None:
    clip = Clip(n_pictures=60, movflags="faststart", paint=noise)
    whole = write_clip(tmp_path / "whole.mp4", clip)
    path = cut_short(whole, tmp_path / "most.mp4", share=0.95)
    with open_media(path) as media:
        n_shown = len(list(media.frames()))
        assert media.n_corrupt_frames == 60 - n_shown
        assert 2 <= media.n_corrupt_frames <= 5


@pytest.mark.parametrize("name", ["whole.mkv", "whole.webm"])
def test_a_matroska_file_cut_short_is_an_error(tmp_path: Path, name: str) -> None:
    codec = {".mkv": "libx264", ".webm": "libvpx-vp9"}[Path(name).suffix]
    clip = Clip(n_pictures=60, codec=codec, options={}, paint=noise)
    whole = write_clip(tmp_path / name, clip)
    path = cut_short(whole, tmp_path / f"half{whole.suffix}", share=0.6)
    with (
        pytest.raises(
            MediaError, match=r"half\.\w+ is cut short: 40% of it is missing"
        ),
        open_media(path),
    ):
        pass


def test_a_whole_matroska_file_has_no_corrupt_frames(tmp_path: Path) -> None:
    with open_media(write_clip(tmp_path / "clip.mkv", Clip())) as media:
        assert len(list(media.frames())) == 30
        assert media.n_corrupt_frames == 0


def test_a_broken_picture_amid_predicted_ones_costs_only_itself(
    tmp_path: Path,
) -> None:
    clip = Clip(n_pictures=60, options={"qp": "1", "preset": "medium", "g": "20"})
    whole = write_clip(tmp_path / "whole.mp4", clip)
    path = with_broken_packets(whole, tmp_path / "broken.mp4", [25])
    with open_media(path) as media:
        times = [frame.time for frame in media.frames()]
        assert 1 <= media.n_corrupt_frames <= 3
    assert len(times) >= 57
    assert times == sorted(set(times))
    assert times[-1] == Fraction(59, 30)


def test_leaving_a_pass_early_closes_the_file(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip())
    with open_media(path) as media:
        frames = media.frames()
        assert picture_index(next(frames).image) == 0
        assert grey_level(0) == 20
    assert next(frames, None) is None


@pytest.mark.parametrize("name", ["clip.mp4", "clip.ts"])
def test_pictures_of_nearly_one_time_are_refused_after_the_last(tmp_path, name):
    clip = Clip(pts=range(8), time_base=Fraction(1, 90_000))
    with (
        open_media(write_clip(tmp_path / name, clip)) as media,
        pytest.raises(MediaError, match=r"shows its 8 pictures within 7\.78e-05 s"),
    ):
        list(media.frames())
