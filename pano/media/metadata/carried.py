"""What a clip says beside picture and sound, for its film to say again.

Title, date, place, timecode and chapters belong to the recording and not to its file.
What describes the file (its brands, its encoder) is the film's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

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
_ISO_6709 = re.compile(r"[+-]\d[\d.]*[+-]\d[\d.]*")
_MICROSECOND = Fraction(1, 1_000_000)
_LATEST_S = 10_000_000  # four months; a later chapter is a broken one

# A transport stream names programmes alone; a title of more than 255 bytes breaks it.
_WITHOUT_TAGS = {".ts": "mpegts"}
# FFmpeg writes a place into MP4 as a `loci` box, which holds numbers.
_PLACES_ARE_NUMBERS = frozenset({".mp4", ".m4v"})


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
        place = self.tags.get("location")
        lost, remedy = [], ".mp4"
        if suffix in _WITHOUT_TAGS:
            said = {
                "title": self.tags.get("title"),
                "creation date": self.tags.get("creation_time"),
                "place": place,
                "timecode": self.timecode,
                "chapters": self.chapters,
            }
            lost = [name for name, value in said.items() if value]
        elif suffix in _PLACES_ARE_NUMBERS and place and not _ISO_6709.match(place):
            lost, remedy = ["place"], ".mov"
        if not lost:
            return ()
        words = " and ".join(filter(None, (", ".join(lost[:-1]), lost[-1])))
        return (
            f"the clip's {words} cannot be kept in {suffix}; end the film's name in "
            f"{remedy} to keep {'it' if len(lost) == 1 else 'them'}",
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


def read_carried(path: Path) -> Carried:
    """Read what a file says of its recording.

    Raises
    ------
    MediaError
        If it cannot be read.
    """
    with open_input(path) as container:
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
