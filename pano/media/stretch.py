"""A stretch of a file's pictures, decoded without decoding all that is before it.

Which pictures there are is read from the packets, in one pass that decodes nothing. A
file is entered at a keyframe well before the stretch, where its container knows such
places; what an open group of pictures or a decoder that has just begun would spoil
lies before that keyframe, or is shown before the stretch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pano.media.cameras.companions import first_track
from pano.media.media_info import MediaInfo
from pano.media.metadata.plausible import believed_pts
from pano.media.reading import DecodingReport, demux, open_input

# A picture is deinterlaced by its neighbours: so much is decoded before a stretch.
_EARLIER_S = Fraction(1)
# Where the keyframe before that is shown too late, the next look is from further back.
_LOOK_BACK_S = (1, 5, 30)
# Others have no table of their keyframes, and going back in them is unreliable.
_HAVE_TABLES = frozenset({"mp4", "matroska"})


@dataclass(frozen=True, slots=True)
class Stretch:
    """The pictures that are shown in a half-open stretch of time.

    Parameters
    ----------
    begin_pts, end_pts
        In units of the file's time base; None without an end.
    is_entered
        Whether the file may be entered half-way, if it can be.
    """

    begin_pts: int
    end_pts: int | None = None
    is_entered: bool = True

    def of(
        self, pictures: Iterator[tuple[int, VideoFrame]]
    ) -> Iterator[tuple[int, VideoFrame]]:
        """Yield those of the stretch, and take none after its end."""
        for pts, picture in pictures:
            if self.end_pts is not None and pts >= self.end_pts:
                return
            if pts >= self.begin_pts:
                yield pts, picture


def read_picture_times(info: MediaInfo) -> list[int] | None:
    """Read when each picture of a file is shown, in its time base, from its packets.

    None where they do not tell: a time is missing, two are the same, no clock shows
    one, or a packet cannot be read.
    """
    report = DecodingReport()
    with open_input(info.path) as container:
        stream = first_track(container, info.path, info.companion)
        found = [
            believed_pts(packet.pts, info.time_base)
            for packet in demux(container, stream, report)
            if packet.size and not packet.is_discard
        ]
    times = sorted(pts for pts in found if pts is not None)
    is_told = len(times) == len(found) > 0 and not report.n_corrupt
    is_clear = all(one < other for one, other in pairwise(times))
    return times if is_told and is_clear else None


def can_enter(info: MediaInfo) -> bool:
    """Tell whether a file can be entered half-way, at a keyframe."""
    is_told = not _HAVE_TABLES.isdisjoint(info.container.split(","))
    return is_told and info.companion is None


def enter(
    container: InputContainer, stream: VideoStream, info: MediaInfo, stretch: Stretch
) -> bool:
    """Go to a keyframe well before a stretch; tell whether there is one.

    Where there is none, the container is to be opened anew.
    """
    if not (stretch.is_entered and can_enter(info)):
        return True  # it stays at its beginning
    latest_pts = stretch.begin_pts - round(_EARLIER_S / info.time_base)
    for back_s in _LOOK_BACK_S:
        asked_pts = stretch.begin_pts - round(back_s / info.time_base)
        container.seek(asked_pts, stream=stream)
        packets = demux(container, stream, DecodingReport())
        first = next((packet for packet in packets if packet.size), None)
        if first is None or first.pts is None or not first.is_keyframe:
            return False
        if first.pts <= latest_pts:
            container.seek(asked_pts, stream=stream)
            return True
    return False
