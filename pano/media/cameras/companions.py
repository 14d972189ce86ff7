"""Cameras' own files: which tracks and files make one picture, and how it is projected.

GoPro's `.360` has two tracks, one strip of faces each; Insta360 and DJI write both
lenses into one picture, into two tracks, or into two files whose names differ in
`_00_` and `_10_`. No tag says so: endings, sizes and names do.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pano.errors import MediaError
from pano.media.cameras.chapters import (
    chapters_of,
    first_lens_of,
    is_with_second_lens,
    second_lens_of,
)
from pano.media.cameras.joined_pictures import join_pictures
from pano.media.reading import (
    DecodingReport,
    decode_pictures,
    find_video_stream,
    open_input,
)
from pano.projections.kinds import SourceProjection

_FISHEYE_SUFFIXES = frozenset({".insv", ".osv"})
_GOPRO_SUFFIX = ".360"
# A GoPro strip is three faces and their overlaps wide.
_MIN_STRIP_ASPECT = 2.8
_SQUARE_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Companion:
    """A second track that completes the picture of the first.

    Parameters
    ----------
    path
        The file that it is in, which may be the first one's.
    track
        Which of that file's video tracks, from 0.
    is_below
        Whether its pictures go below the first's, or else to their right.
    projection
        How both together hold the sphere.
    first_track
        Which video track the first is, of its own file.
    """

    path: Path
    track: int
    is_below: bool
    projection: SourceProjection
    first_track: int = 0

    def joined_size(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Return the size of the whole picture from that of one half."""
        if self.is_below:
            return width_px, 2 * height_px
        return 2 * width_px, height_px


def video_tracks(container: InputContainer) -> list[VideoStream]:
    """Return the video tracks of a file, cover pictures left out."""
    return [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
        and stream.codec_context is not None
    ]


def _track(container: InputContainer, number: int, path: Path) -> VideoStream:
    tracks = video_tracks(container)
    if number >= len(tracks):
        raise MediaError(
            f"{path} has no video track that completes the picture; copy it from the "
            "camera again"
        )
    return tracks[number]


def first_track(
    container: InputContainer, path: Path, companion: Companion | None
) -> VideoStream:
    """Return the track that is decoded: of two that belong together the first.

    Raises
    ------
    MediaError
        If there is none.
    """
    if companion is not None:
        return _track(container, companion.first_track, path)
    return find_video_stream(container, path)


def find_companion(path: Path, container: InputContainer) -> Companion | None:
    """Find what completes the picture of a camera's file; None if it is whole.

    Raises
    ------
    MediaError
        If half of a picture is missing.
    """
    tracks = video_tracks(container)
    # A preview may come first: the two that belong together are neighbours.
    for k, (one, other) in enumerate(itertools.pairwise(tracks)):
        if not _are_alike(one, other):
            continue
        if one.width / one.height >= _MIN_STRIP_ASPECT:
            return Companion(path, k + 1, True, SourceProjection.GOPRO_MAX, k)
        if abs(one.width / one.height - 1.0) <= _SQUARE_TOLERANCE:
            return Companion(path, k + 1, False, SourceProjection.DUAL_FISHEYE, k)
    suffix = _camera_suffix(path)
    if suffix == _GOPRO_SUFFIX:
        raise MediaError(
            f"{path} has not the two video tracks of a GoPro MAX; copy it from the "
            "camera again, or export it as equirectangular"
        )
    if suffix == ".insv" and len(tracks) == 1:
        return _other_lens(path, tracks[0])
    return None


def _camera_suffix(path: Path) -> str:
    """Return the ending of a file, or of the chapters that a list names."""
    return chapters_of(path)[0].suffix.lower()


def _are_alike(first: VideoStream, second: VideoStream) -> bool:
    return (first.width, first.height, first.codec.name) == (
        second.width,
        second.height,
        second.codec.name,
    )


def _other_lens(path: Path, track: VideoStream) -> Companion | None:
    """Return the file of the other lens of an Insta360 that writes two."""
    if abs(track.width / track.height - 1.0) > _SQUARE_TOLERANCE:
        return None
    chapters = chapters_of(path)
    first = first_lens_of(chapters[0])
    if first != chapters[0]:
        raise MediaError(
            f"{chapters[0]} holds the second lens alone; give {first.name}, which "
            "begins the recording"
        )
    other = second_lens_of(path)
    if other == path or not other.is_file():
        lonely = next(c for c in chapters if not is_with_second_lens(c))
        missing = second_lens_of(lonely)
        raise MediaError(
            f"{lonely} holds one lens alone; put the file of the other one, "
            f"{missing.name if missing != lonely else 'with _10_ in its name'}, "
            "beside it"
        )
    return Companion(other, 0, False, SourceProjection.DUAL_FISHEYE)


def is_second_lens(path: Path) -> bool:
    """Tell whether a file is what `find_companion` finds for another one."""
    first = first_lens_of(path)
    return path.suffix.lower() == ".insv" and first != path and first.is_file()


def lens_beside(path: Path) -> Path | None:
    """Return the file of the second lens that lies beside that of a first, if any."""
    other = second_lens_of(path)
    is_there = path.suffix.lower() == ".insv" and other != path and other.is_file()
    return other if is_there else None


def projection_by_name(
    path: Path, width_px: int, height_px: int
) -> SourceProjection | None:
    """Return how a camera's whole picture is projected, by the ending of its name."""
    is_two_to_one = abs(width_px / height_px / 2.0 - 1.0) <= _SQUARE_TOLERANCE
    if is_two_to_one and _camera_suffix(path) in _FISHEYE_SUFFIXES:
        return SourceProjection.DUAL_FISHEYE
    return None


def complete_pictures(
    pictures: Iterator[VideoFrame], companion: Companion, report: DecodingReport
) -> Iterator[VideoFrame]:
    """Yield pictures joined with their companion's, which is decoded beside them.

    Corrupt pictures of either count in the report.

    Raises
    ------
    MediaError
        If the companion cannot be read.
    """
    beside = DecodingReport()
    with open_input(companion.path) as container:
        stream = _track(container, companion.track, companion.path)
        stream.thread_type = "AUTO"
        others = decode_pictures(container, stream, beside)
        yield from join_pictures(
            pictures, others, is_below=companion.is_below, report=beside
        )
    report.n_corrupt += beside.n_corrupt


def first_joined_picture(path: Path, companion: Companion) -> VideoFrame | None:
    """Return the first picture that both tracks have a half of, None if there is none.

    One of two tracks may begin later, and a film begins with the later one.
    """
    with open_input(path) as container:
        stream = first_track(container, path, companion)
        pictures = decode_pictures(container, stream, DecodingReport())
        return next(complete_pictures(pictures, companion, DecodingReport()), None)
