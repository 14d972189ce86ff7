"""Two tracks, or two files, that are one picture."""

from fractions import Fraction

import av
import numpy as np
import pytest

from pano.errors import MediaError
from pano.media import open_media, probe
from pano.media.cameras.companions import (
    find_companion,
    projection_by_name,
)
from pano.media.cameras.joined_pictures import join_pictures
from pano.media.reading import open_input
from pano.projections.kinds import SourceProjection
from tests.synthetic import SoundTrack, sine, write_sound_only

RATE_HZ = 30


def write_tracks(path, sizes, n_pictures=4, *, missing=(), pixel_format="yuv420p"):
    """Write tracks whose k-th picture is grey 40·track + 4·k + 20."""
    with av.open(str(path), "w", format="mp4") as container:
        streams = []
        for width, height in sizes:
            stream = container.add_stream("libx264", rate=RATE_HZ)
            stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
            stream.options = {"qp": "1", "preset": "ultrafast"}
            streams.append(stream)
        for k in range(n_pictures):
            for track, stream in enumerate(streams):
                if (track, k) in missing:
                    continue
                grey = np.full(
                    (stream.height, stream.width, 3), 20 + 40 * track + 4 * k
                )
                picture = av.VideoFrame.from_ndarray(grey.astype(np.uint8), "rgb24")
                picture.pts, picture.time_base = k, Fraction(1, RATE_HZ)
                container.mux(stream.encode(picture))
        for stream in streams:
            container.mux(stream.encode(None))
    return path


def joined(path, *, is_below):
    with open_input(path) as first, open_input(path) as second:
        pictures = join_pictures(
            first.decode(first.streams.video[0]),
            second.decode(second.streams.video[1]),
            is_below=is_below,
        )
        return [
            (picture.pts, picture.to_ndarray(format="gray")) for picture in pictures
        ]


def found(path):
    with open_input(path) as container:
        return find_companion(path, container)


def test_two_strips_are_a_gopro_and_go_below_each_other(tmp_path):
    path = write_tracks(tmp_path / "GS010001.360", [(192, 64), (192, 64)])
    companion = found(path)
    assert companion.projection is SourceProjection.GOPRO_MAX
    assert companion.joined_size(192, 64) == (192, 128)
    pictures = joined(path, is_below=True)
    assert [picture.shape for _, picture in pictures] == [(128, 192)] * 4
    upper, lower = pictures[2][1][:64], pictures[2][1][64:]
    assert abs(lower.mean() - upper.mean() - 40) < 2


def test_two_square_tracks_are_two_lenses_side_by_side(tmp_path):
    path = write_tracks(tmp_path / "a.insv", [(64, 64), (64, 64)])
    companion = found(path)
    assert companion.projection is SourceProjection.DUAL_FISHEYE
    assert companion.joined_size(64, 64) == (128, 64)
    _, picture = joined(path, is_below=False)[0]
    assert picture.shape == (64, 128)
    assert picture[:, :64].mean() < picture[:, 64:].mean() - 30


def test_ten_bits_are_joined_as_they_are(tmp_path):
    path = write_tracks(
        tmp_path / "a.360", [(192, 64), (192, 64)], pixel_format="yuv420p10le"
    )
    with open_input(path) as first, open_input(path) as second:
        picture = next(
            join_pictures(
                first.decode(first.streams.video[0]),
                second.decode(second.streams.video[1]),
                is_below=True,
            )
        )
    assert picture.format.name == "yuv420p10le"
    luma = picture.to_ndarray(format="gray10le")
    assert luma[64:].mean() > luma[:64].mean() + 100


def test_a_picture_that_one_track_lacks_is_left_out(tmp_path):
    path = write_tracks(
        tmp_path / "a.360", [(192, 64), (192, 64)], missing={(1, 1)}, n_pictures=4
    )
    with open_input(path) as container:
        step = 1 / (container.streams.video[0].time_base * RATE_HZ)
    assert [pts / step for pts, _ in joined(path, is_below=True)] == [0, 2, 3]


def test_lenses_in_two_files_are_found_by_name(tmp_path):
    first = write_tracks(tmp_path / "VID_20240101_101010_00_001.insv", [(64, 64)])
    with pytest.raises(MediaError, match=r"put the file .*_10_001\.insv, beside it"):
        found(first)
    second = write_tracks(tmp_path / "VID_20240101_101010_10_001.insv", [(64, 64)])
    assert found(first).path == second
    with pytest.raises(MediaError, match=r"give VID_20240101_101010_00_001\.insv"):
        found(second)


def test_halves_of_two_sizes_are_no_picture(tmp_path):
    first = write_tracks(tmp_path / "VID_20240101_101010_00_001.insv", [(64, 64)])
    write_tracks(tmp_path / "VID_20240101_101010_10_001.insv", [(32, 32)])
    with pytest.raises(MediaError, match="never show halves of one size"):
        probe(first)


def test_a_second_file_without_pictures_is_refused(tmp_path):
    first = write_tracks(tmp_path / "VID_20240101_101010_00_001.insv", [(64, 64)])
    second = tmp_path / "VID_20240101_101010_10_001.insv"
    write_sound_only(tmp_path / "sound.mov", SoundTrack(sine(0.1))).rename(second)
    with pytest.raises(MediaError, match=r"_10_001\.insv has no video track that"):
        probe(first)


def test_an_ordinary_film_has_no_companion(tmp_path):
    assert found(write_tracks(tmp_path / "a.mp4", [(128, 64)])) is None
    # Two views of different size are a film and its preview.
    assert found(write_tracks(tmp_path / "b.mp4", [(128, 64), (64, 32)])) is None


def test_a_gopro_file_with_one_track_says_what_is_missing(tmp_path):
    path = write_tracks(tmp_path / "a.360", [(192, 64)])
    with pytest.raises(MediaError, match="has not the two video tracks"):
        found(path)


def test_an_ending_tells_two_fisheyes_in_one_picture(tmp_path):
    assert projection_by_name(tmp_path / "a.insv", 5760, 2880) == "dual-fisheye"
    assert projection_by_name(tmp_path / "a.OSV", 7680, 3840) == "dual-fisheye"
    assert projection_by_name(tmp_path / "a.mp4", 5760, 2880) is None
    assert projection_by_name(tmp_path / "a.insv", 1920, 1080) is None


def test_a_preview_before_the_two_tracks_is_left_out(tmp_path):
    sizes = [(64, 32), (192, 64), (192, 64)]
    path = write_tracks(tmp_path / "a.360", sizes)
    companion = found(path)
    assert (companion.first_track, companion.track) == (1, 2)
    with open_media(path) as media:
        luma = next(media.planar_frames()).planes.y
    assert luma.shape == (128, 192)
    # Track k is grey of 20 + 40·k in its first picture.
    expected = [16.0 + level * 219.0 / 255.0 for level in (60, 100)]
    assert [luma[:64].mean(), luma[64:].mean()] == pytest.approx(expected, abs=2.0)


def test_a_recording_begins_where_both_tracks_have_a_picture(tmp_path):
    sizes = [(192, 64), (192, 64)]
    path = write_tracks(tmp_path / "a.360", sizes, 6, missing={(1, 0), (1, 1)})
    with open_media(path) as media:
        times = [frame.time_s for frame in media.planar_frames()]
        assert float(media.info.start_time) == times[0] == pytest.approx(2 / RATE_HZ)
