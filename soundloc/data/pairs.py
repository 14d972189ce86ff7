"""Picture–sound pairs on disk: what the localizer trains on and is measured on.

A pair set is a folder with two tables in JSON lines, so that it can be read with
any tool and appended to without rewriting:

`pictures.jsonl`, one line per picture
    ``{"picture": "pictures/000001.jpg", "split": "train", "source": "…",
    "wrap": true, "objects": [{"kind": "dog", "boxes": [[x0, y0, x1, y1]],
    "instance": "", "opinions": []}]}``

`sounds.jsonl`, one line per sound
    ``{"sound": "sounds/dog-1.wav", "kind": "dog", "split": "train",
    "source": "esc50:1-30226", "instance": ""}``

Pictures and sounds meet in two ways, which may be mixed:

by kind
    An object answers to every sound of its split that has its kind; pairing at
    training time gives each picture many sounds and each sound many pictures.
by instance
    A sound recorded with a picture, a video's own, carries the instance of an object
    there. If the object's kind is null it answers to nothing else.

Boxes are fractions of width and height; an object without boxes is in the picture,
its place unknown. Where several subjects were asked, each has an opinion, with boxes
and, if they were asked that too, the tag "object" or "ambient". A sound with neither
kind nor instance comes from nothing that can be pointed at (wind, rain, noise).
Sounds are mono WAV at 22,050 Hz.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import scipy
from numpy.typing import NDArray

from soundloc.errors import DatasetError
from soundloc.whole_file import written_whole

SAMPLE_RATE_HZ = 22_050
SPLITS = ("train", "validation", "test")

Box = tuple[float, float, float, float]


# Of the paper's three subjects, so many must agree for full weight (Eq. 9).
N_CONSENSUS = 2


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one subject holds to be the source.

    Parameters
    ----------
    boxes
        As (x0, y0, x1, y1) in fractions of width and height; empty if none was drawn,
        or none that could be used. A box of a picture that wraps may have x0 > x1.
    tag
        "object" or "ambient" where the subject said so, else "".
    """

    boxes: tuple[Box, ...]
    tag: str = ""

    def __post_init__(self) -> None:
        if self.tag not in ("", "object", "ambient"):
            raise ValueError(f"tag must be object or ambient, got {self.tag!r}")
        for x0, y0, x1, y1 in self.boxes:
            inside = all(0.0 <= edge <= 1.0 for edge in (x0, y0, x1, y1))
            if not inside or y1 <= y0 or x0 == x1:
                raise ValueError(
                    f"box must be fractions with an area, got {self.boxes}"
                )


@dataclass(frozen=True, slots=True)
class PlacedObject:
    """Something in a picture that can sound.

    Parameters
    ----------
    kind
        What it is; pairs it with the sounds of the same kind. None if unknown.
    boxes
        Where it is, if that is known from one subject or by construction.
    instance
        Which very object it is, if its own sound is known; "" otherwise.
    opinions
        Where several subjects hold it to be; `boxes` is then empty.
    """

    kind: str | None
    boxes: tuple[Box, ...] = ()
    instance: str = ""
    opinions: tuple[Opinion, ...] = ()

    def __post_init__(self) -> None:
        Opinion(self.boxes)  # refuses boxes that are none
        if self.kind is None and not self.instance:
            raise ValueError("an object needs a kind or an instance to answer to")
        if self.boxes and self.opinions:
            raise ValueError("an object has boxes or opinions, not both")

    def boxes_by_subject(self) -> tuple[tuple[Box, ...], ...]:
        """Return the boxes of each subject, none of whom found it ambient."""
        if self.boxes:
            return (self.boxes,)
        return tuple(o.boxes for o in self.opinions if o.boxes)

    @property
    def has_place(self) -> bool:
        """Tell whether anyone knows where it is."""
        return bool(self.boxes_by_subject())

    @property
    def n_consensus(self) -> int:
        """Return how many subjects must agree on a place."""
        return min(N_CONSENSUS, max(1, len(self.boxes_by_subject())))

    @property
    def is_ambient(self) -> bool:
        """Tell whether most subjects hold its sound to come from nowhere."""
        tags = [o.tag for o in self.opinions if o.tag]
        return 2 * tags.count("ambient") > len(tags)


@dataclass(frozen=True, slots=True)
class PictureEntry:
    """One line of `pictures.jsonl`; `picture` is relative to the set's folder."""

    picture: str
    split: str
    source: str
    objects: tuple[PlacedObject, ...]
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class SoundEntry:
    """One line of `sounds.jsonl`; `sound` is relative to the set's folder.

    `instance` names the very object that made the sound, if it is known.
    """

    sound: str
    kind: str | None
    split: str
    source: str
    instance: str = ""

    @property
    def is_unlocalizable(self) -> bool:
        """Tell whether the sound comes from nothing that can be pointed at."""
        return self.kind is None and not self.instance


Entry = TypeVar("Entry", PictureEntry, SoundEntry)


@dataclass(frozen=True, slots=True)
class PairSet:
    """A folder of pictures and sounds, its tables read and checked."""

    folder: Path
    pictures: tuple[PictureEntry, ...]
    sounds: tuple[SoundEntry, ...]

    def split(self, name: str) -> PairSet:
        """Keep the entries of one split.

        Raises
        ------
        DatasetError
            If the split has no picture or no sound.
        """
        chosen = PairSet(
            self.folder,
            tuple(p for p in self.pictures if p.split == name),
            tuple(s for s in self.sounds if s.split == name),
        )
        if not chosen.pictures or not chosen.sounds:
            raise DatasetError(
                f"the split '{name}' of {self.folder} holds {len(chosen.pictures)} "
                f"pictures and {len(chosen.sounds)} sounds; it needs some of both."
            )
        return chosen

    def kinds(self) -> tuple[str, ...]:
        """Name the kinds that have both pictures and sounds, sorted."""
        seen = {o.kind for p in self.pictures for o in p.objects}
        heard = {s.kind for s in self.sounds}
        return tuple(sorted(kind for kind in seen & heard if kind is not None))


def write_tables(
    folder: Path, pictures: Iterable[PictureEntry], sounds: Iterable[SoundEntry]
) -> None:
    """Write both tables of a pair set."""
    for name, rows in (("pictures.jsonl", pictures), ("sounds.jsonl", sounds)):
        with (
            written_whole(folder / name) as part,
            part.open("w", encoding="utf-8") as lines,
        ):
            lines.writelines(json.dumps(asdict(row)) + "\n" for row in rows)


def read_pair_set(folder: Path) -> PairSet:
    """Read the tables of a pair set.

    Raises
    ------
    DatasetError
        If a table is missing or a line of it is malformed; it names file and line.
    """
    pictures = _entries(folder / "pictures.jsonl", picture_from_row)
    sounds = _entries(folder / "sounds.jsonl", sound_from_row)
    return PairSet(folder, tuple(pictures), tuple(sounds))


def picture_from_row(row: dict[str, Any]) -> PictureEntry:
    """Make an entry of a line of `pictures.jsonl`."""
    objects = tuple(
        PlacedObject(
            placed["kind"],
            _boxes(placed["boxes"]),
            placed.get("instance", ""),
            tuple(
                Opinion(_boxes(opinion["boxes"]), opinion.get("tag", ""))
                for opinion in placed.get("opinions", ())
            ),
        )
        for placed in row["objects"]
    )
    wrap = row.get("wrap", False)
    return PictureEntry(row["picture"], row["split"], row["source"], objects, wrap)


def _boxes(rows: list[list[float]]) -> tuple[Box, ...]:
    return tuple((b[0], b[1], b[2], b[3]) for b in rows)


def sound_from_row(row: dict[str, Any]) -> SoundEntry:
    """Make an entry of a line of `sounds.jsonl`."""
    instance = row.get("instance", "")
    return SoundEntry(row["sound"], row["kind"], row["split"], row["source"], instance)


def _entries(table: Path, read: Callable[[dict[str, Any]], Entry]) -> list[Entry]:
    if not table.is_file():
        raise DatasetError(
            f"{table} does not exist; a pair set holds pictures.jsonl and "
            "sounds.jsonl (`pano prepare` makes them)."
        )
    entries = []
    with table.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                entry = read(json.loads(line))
                if entry.split not in SPLITS:
                    raise ValueError("the split must be one of " + ", ".join(SPLITS))
            except (ValueError, LookupError, TypeError) as error:
                raise DatasetError(
                    f"line {number} of {table} is malformed ({error!r})."
                ) from error
            entries.append(entry)
    return entries


def read_sound(path: Path) -> NDArray[np.float32]:
    """Read a sound of a pair set: mono float32 in [-1, 1] at 22,050 Hz.

    Raises
    ------
    DatasetError
        If the file is missing, empty, or not a mono 22,050 Hz WAV.
    """
    try:
        rate_hz, samples = scipy.io.wavfile.read(path)
    except (OSError, ValueError, struct.error) as error:
        raise DatasetError(f"{path} cannot be read as WAV: {error}.") from error
    if rate_hz != SAMPLE_RATE_HZ or samples.ndim != 1 or samples.size == 0:
        raise DatasetError(
            f"{path} is not mono WAV at {SAMPLE_RATE_HZ} Hz; "
            "`pano prepare` makes it so."
        )
    if samples.dtype == np.int16:
        return np.asarray(samples / 32_768.0, dtype=np.float32)
    return np.asarray(samples, dtype=np.float32)


def write_sound(path: Path, samples: NDArray[np.float32]) -> None:
    """Write a sound of a pair set as 16-bit WAV; samples lie in [-1, 1]."""
    scaled = np.clip(np.rint(samples * 32_768.0), -32_768, 32_767)
    scipy.io.wavfile.write(path, SAMPLE_RATE_HZ, scaled.astype(np.int16))
