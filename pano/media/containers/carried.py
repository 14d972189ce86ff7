"""What a clip says beside picture and sound, for its film to say again.

Title, date, place, timecode and chapters belong to the recording and not to its file.
What describes the file (its brands, its encoder) is the film's own.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from pano.media.cameras.chapters import chapters_of
from pano.media.metadata.mp4_boxes import child_boxes, children, make_box
from pano.media.metadata.mp4_edit import edited_moov, splice
from pano.media.reading import open_input

_OF_THE_FILE = frozenset(
    {
        *("major_brand", "minor_version", "compatible_brands", "encoder", "duration"),
        *("handler_name", "vendor_id", "timecode"),
    }
)
# Apple's keys, which only `mdta` atoms hold, under names that every container has.
_APPLE = "com.apple.quicktime."
_OF_APPLE = {"location.iso6709": "location", "creationdate": "date", "author": "artist"}
_LANGUAGE = re.compile(r"-[a-z]{3}$")
_TIMECODE = re.compile(r"\d\d:\d\d:\d\d[:;.]\d\d\d?")
_MICROSECOND = Fraction(1, 1_000_000)
_LATEST_S = 10_000_000  # four months; a later chapter is a broken one

# A transport stream names programmes alone; a title of more than 255 bytes breaks it.
_WITHOUT_TAGS = {".ts": "mpegts"}
# FFmpeg puts a place into MP4 as `loci`, of which phones know nothing; they read this.
_PLACE = b"\xa9xyz"
_PLACED_BY_US = frozenset({".mp4", ".m4v"})
_UNDETERMINED = 0x55C4  # the language `und`, packed (ISO/IEC 14496-12, 8.4.2)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named stretch of a recording, in seconds of its clock."""

    start: Fraction
    end: Fraction
    title: str


@dataclass(frozen=True, slots=True)
class Carried:
    """What is said of a recording.

    Parameters
    ----------
    tags
        By FFmpeg's names: title, creation_time, location …
    timecode
        Of the first picture, as hh:mm:ss:ff, with a ; where frame numbers are dropped.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    timecode: str | None = None
    chapters: tuple[Chapter, ...] = ()

    def note(self, suffix: str) -> tuple[str, ...]:
        """Tell what a container of this suffix leaves out."""
        suffix = suffix.lower()
        said = {
            "title": self.tags.get("title"),
            "creation date": self.tags.get("creation_time"),
            "place": self.tags.get("location"),
            "timecode": self.timecode,
            "chapters": self.chapters,
        }
        lost = [name for name, value in said.items() if value]
        if suffix not in _WITHOUT_TAGS or not lost:
            return ()
        words = " and ".join(filter(None, (", ".join(lost[:-1]), lost[-1])))
        return (
            f"the clip's {words} cannot be kept in {suffix}; end the film's name in "
            f".mp4 to keep {'it' if len(lost) == 1 else 'them'}",
        )

    def write(
        self, output: OutputContainer, video: VideoStream, origin: Fraction
    ) -> None:
        """Say it in an output whose header is not yet written.

        Parameters
        ----------
        origin
            Which time of the recording is the output's 0, in seconds.
        """
        if output.format.name in _WITHOUT_TAGS.values():
            return
        output.metadata.update(self.tags)
        if self.timecode is not None:
            video.metadata["timecode"] = self.timecode
        shifted = [
            Chapter(max(one.start - origin, Fraction(0)), one.end - origin, one.title)
            for one in self.chapters
            if one.end > origin
        ]
        output.set_chapters(
            [
                {
                    "id": number,
                    "start": round(chapter.start / _MICROSECOND),
                    "end": round(chapter.end / _MICROSECOND),
                    "time_base": _MICROSECOND,
                    "metadata": {"title": chapter.title},
                }
                for number, chapter in enumerate(shifted)
            ]
        )

    def write_place(self, path: Path) -> None:
        """Add what FFmpeg does not write to a finished file that has not its name yet.

        Raises
        ------
        MediaError
            If it is an MP4 without a movie box.
        """
        place = self.tags.get("location", "").encode()
        if not 0 < len(place) < 1 << 16 or path.suffix.lower() not in _PLACED_BY_US:
            return
        box = make_box(_PLACE, struct.pack(">HH", len(place), _UNDETERMINED), place)
        with edited_moov(path) as moov:
            root = next(iter(child_boxes(moov, 0, len(moov))))
            words = [one for one in children(moov, root) if one.kind == b"udta"]
            if words:
                splice(moov, [root, words[0]], words[0].end, words[0].end, box)
            else:
                splice(moov, [root], root.end, root.end, make_box(b"udta", box))


def read_carried(path: Path) -> Carried:
    """Read what a file says of its recording.

    Raises
    ------
    MediaError
        If it cannot be read.
    """
    # FFmpeg's list of chapters has no tags; the first chapter begins the recording.
    with open_input(chapters_of(path)[0]) as container:
        return Carried(_tags(container), _timecode(container), _chapters(container))


def _tags(container: InputContainer) -> dict[str, str]:
    found = {
        name.lower(): value
        for name, value in container.metadata.items()
        if value and name.lower() not in _OF_THE_FILE
    }
    for name, value in list(found.items()):
        if name.startswith(_APPLE):
            plain = name.removeprefix(_APPLE)
            found.setdefault(_OF_APPLE.get(plain, plain), value)
    return {
        name: value
        for name, value in found.items()
        if _LANGUAGE.sub("", name) == name or _LANGUAGE.sub("", name) not in found
    }


def _timecode(container: InputContainer) -> str | None:
    """Return the first one that is stated, a picture's own before the container's."""
    streams = sorted(container.streams, key=lambda stream: stream.type != "video")
    for metadata in (*(stream.metadata for stream in streams), container.metadata):
        for name, value in metadata.items():
            if name.lower() == "timecode" and _TIMECODE.fullmatch(value):
                return value
    return None


def _chapters(container: InputContainer) -> tuple[Chapter, ...]:
    found = []
    for fields in container.chapters():
        time_base = fields["time_base"]
        if not time_base:
            continue
        start, end = fields["start"] * time_base, fields["end"] * time_base
        if 0 <= start < min(end, Fraction(_LATEST_S)):
            end = min(end, Fraction(_LATEST_S))
            found.append(Chapter(start, end, fields["metadata"].get("title", "")))
    return tuple(sorted(found, key=lambda chapter: chapter.start))
