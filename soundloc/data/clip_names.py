"""Canonical names of clips, whoever wrote the list.

The same ten seconds of one YouTube video are `<id>_000032` to VGG-SS, `<id>,32` to
VGGSound and `<id>_32000_42000` to others; the same Flickr video is `<id>.wav` in one
list, `<id>.png` in the next and `/hdd/…/<id>.mp4` in the third. Lists can only be
compared, and files found, by one name for each.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundloc.errors import DatasetError

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
SOUND_SUFFIXES = frozenset(
    {
        ".wav",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".m4a",
        ".aac",
        ".flac",
        ".aif",
        ".aiff",
        ".wma",
    }
)
VIDEO_SUFFIXES = frozenset(
    {
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".ts",
        ".mts",
        ".mpg",
        ".mpeg",
        ".wmv",
    }
)
_OTHER_SUFFIXES = frozenset({".xml", ".mat", ".npy", ".pkl"})
_SUFFIXES = PICTURE_SUFFIXES | SOUND_SUFFIXES | VIDEO_SUFFIXES | _OTHER_SUFFIXES
# Frame k of a video of AVSBench's multi-source part is `<video>.mp4_<k>.png`.
_AVSBENCH_FRAME = re.compile(r"\.mp4_\d+$")
_YOUTUBE = r"(?P<video>[A-Za-z0-9_-]{11})"
_SECONDS = r"_(?P<start>\d{2,6})$"
_MILLISECONDS = r"_(?P<start>0|[1-9]\d*000)_[1-9]\d*$"
# An id may hold underscores, and a file name more before it: whole names first.
_CLIP_OF_YOUTUBE = tuple(
    (re.compile(before + _YOUTUBE + times), unit)
    for before in ("^", "(?<=_)")
    for times, unit in ((_MILLISECONDS, 1000), (_SECONDS, 1))
)
_YOUTUBE_CLIP = re.compile(r"(?P<video>[A-Za-z0-9_-]{11})_\d{1,6}$")
_COCO_OBJECT = re.compile(r"(?P<picture>\d{12})_\d+$")
_CLIP_COLUMNS = ("video", "audio", "name", "file", "id", "ytid", "youtube_id", "clip")
_KIND_COLUMNS = ("category", "class", "label")
_JSON_KEYS = ("file", "id", "audio", "picture", "image")


@dataclass(frozen=True, slots=True)
class ListedClip:
    """A clip of a list; `kind` and `split` are "" where the list does not say."""

    name: str
    kind: str = ""
    split: str = ""


def clip_name(text: str) -> str:
    """Reduce what a list or a file calls a clip to its one name."""
    name = text.strip().replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, suffix = name.rpartition(".")
    if dot and "." + suffix.lower() in _SUFFIXES:
        name = stem
    name = _AVSBENCH_FRAME.sub("", name)
    for pattern, per_second in _CLIP_OF_YOUTUBE:
        if found := pattern.search(name):
            return f"{found['video']}_{int(found['start']) // per_second:06d}"
    return name


def source_name(clip: str) -> str:
    """Name the video, or the photograph, that a clip was taken from."""
    if found := _COCO_OBJECT.match(clip):
        return found["picture"]
    found = _YOUTUBE_CLIP.match(clip)
    return found["video"] if found else clip


def read_clip_list(path: Path) -> tuple[ListedClip, ...]:
    """Read a list of clips in the order of the file, repetitions included.

    Understands lines of names (`.wav`, `.png`, `.mp4`, with folders or without), CSV
    with or without a header (VGGSound's `id,start,label,split` among them), JSON (a
    list, or objects with a file, an id or an audio), and a folder of files.

    Raises
    ------
    DatasetError
        If the file cannot be read, or names no clip.
    """
    try:
        if path.is_dir():
            files = sorted(p for p in path.iterdir() if p.suffix.lower() in _SUFFIXES)
            clips = [ListedClip(clip_name(p.name)) for p in files]
        elif path.suffix.lower() == ".json":
            clips = _from_json(json.loads(path.read_text(encoding="utf-8")))
        elif path.suffix.lower() == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as lines:
                clips = _from_table([row for row in csv.reader(lines) if row])
        else:
            lines_of_text = path.read_text(encoding="utf-8-sig").splitlines()
            clips = [
                ListedClip(clip_name(line.split()[0]))
                for line in lines_of_text
                if line.strip()
            ]
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, LookupError) as error:
        raise DatasetError(f"{path} is no list of clips ({error}).") from error
    if not clips:
        raise DatasetError(f"{path} names no clip.")
    return tuple(clips)


def _from_json(content: Any) -> list[ListedClip]:
    if isinstance(content, dict):
        return [ListedClip(clip_name(str(name).split("/")[0])) for name in content]
    if not isinstance(content, list):
        raise ValueError(f"it holds {content!r}")
    clips = []
    for row in content:
        if isinstance(row, str):
            clips.append(ListedClip(clip_name(row)))
            continue
        key = next((k for k in _JSON_KEYS if k in row), None)
        if key is None:
            raise ValueError(f"an entry has none of {', '.join(_JSON_KEYS)}")
        kind = str(row.get("class", ""))
        clips.append(ListedClip(clip_name(str(row[key])), kind))
    return clips


def _from_table(rows: list[list[str]]) -> list[ListedClip]:
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    if not {*_CLIP_COLUMNS, *_KIND_COLUMNS, "split"}.intersection(header):
        return [_from_headless_row(row) for row in rows]
    named = [header.index(c) for c in _CLIP_COLUMNS if c in header] or [0]
    # A list of foreign sounds names the picture's clip and the sound's: both occur.
    columns = named if {"video", "audio"} <= set(header) else named[:1]
    kind = next((header.index(c) for c in _KIND_COLUMNS if c in header), None)
    split = header.index("split") if "split" in header else None
    return [
        ListedClip(
            clip_name(row[column]),
            "" if kind is None else row[kind].strip(),
            "" if split is None else row[split].strip().lower(),
        )
        for row in rows[1:]
        for column in columns
    ]


def _from_headless_row(row: list[str]) -> ListedClip:
    cells = [cell.strip() for cell in row]
    rest = cells[1:]
    name = clip_name(cells[0])
    # `<YouTube id>,<start in seconds>,…`; Flickr's ids are all digits, and what
    # follows them is the number of a frame.
    is_start = bool(rest) and rest[0].isdecimal()
    if is_start and len(name) == 11 and not name.isdecimal():
        name = f"{name}_{int(rest[0]):06d}"
    if is_start:
        rest = rest[1:]
    return ListedClip(
        name, rest[0] if rest else "", rest[1].lower() if len(rest) > 1 else ""
    )
