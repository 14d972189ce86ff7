"""STARSS23 as it lies on disk: recordings, their parts and tracked sources.

Shimada et al. 2023, "STARSS23: An Audio-Visual Dataset of Spatial Recordings of Real
Scenes". `metadata_dev/<part>/<name>.csv` has a row for each source that sounds in a
frame of 100 ms: frame, class, source, azimuth, elevation and perhaps a distance in
centimetres. Azimuth is counted to the left there, to the right here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pano.sphere import Direction
from pano_jobs.datasets.sources.files import files_below
from pano_jobs.datasets.splits import Placement, Splits
from soundloc.errors import DatasetError

FRAME_S = 0.1
# In the order of their numbers; related ones are in `pano_jobs.datasets.kinds`.
CLASSES = (
    "female speech",
    "male speech",
    "clapping",
    "telephone",
    "laughter",
    "domestic sounds",
    "footsteps",
    "door",
    "music",
    "musical instrument",
    "water tap",
    "bell",
    "knock",
)
# Twelve recordings have no video, so that folder may be absent.
_NEEDED = ("metadata_dev", "foa_dev")
_ROOM = re.compile(r"_(room\d+)_")
_N_COLUMNS = (5, 6)


@dataclass(frozen=True, slots=True)
class TrackedSource:
    """Something that sounds in a frame.

    Parameters
    ----------
    kind
        One of `CLASSES`.
    number
        Of the actor; 0 for what is none.
    """

    kind: str
    number: int
    direction: Direction


@dataclass(frozen=True, slots=True)
class Annotations:
    """What sounds where in a recording.

    Parameters
    ----------
    frames
        By the number of the frame, which lasts from 0.1·k to 0.1·(k + 1) seconds;
        frames in which nothing sounds are not there.
    """

    frames: Mapping[int, tuple[TrackedSource, ...]]

    def alone_at(self, time_s: float) -> TrackedSource | None:
        """Return the source that sounds at a moment; None for none or several."""
        found = self.frames.get(_frame_at(time_s), ())
        return found[0] if len(found) == 1 else None

    def stretch_around(self, time_s: float, window_s: float) -> tuple[float, float]:
        """Return the part of a window in which no other source sounds, in seconds.

        The window is centred on a moment at which one source sounds alone; pauses
        belong to the stretch.
        """
        source = self.alone_at(time_s)
        start_s, stop_s = time_s - window_s / 2.0, time_s + window_s / 2.0
        first = _frame_at(time_s)
        last = first + 1
        while first * FRAME_S > max(start_s, 0.0) and self._only(source, first - 1):
            first -= 1
        while last * FRAME_S < stop_s and self._only(source, last):
            last += 1
        return max(first * FRAME_S, start_s), min(last * FRAME_S, stop_s)

    def _only(self, source: TrackedSource | None, frame: int) -> bool:
        """Tell whether nothing but a source sounds in a frame, wherever it is."""
        return source is not None and all(
            (found.kind, found.number) == (source.kind, source.number)
            for found in self.frames.get(frame, ())
        )


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording; its files need not exist.

    Parameters
    ----------
    part
        The official part, such as dev-train-sony.
    """

    name: str
    part: str
    annotations: Path
    sound: Path
    video: Path

    @property
    def source(self) -> str:
        """Name what must not cross between splits: the room."""
        found = _ROOM.search(self.name)
        return f"STARSS23 {found[1] if found else self.name}"


def recordings_of(folder: Path) -> tuple[Recording, ...]:
    """List the annotated recordings, sorted by part and name.

    Raises
    ------
    DatasetError
        If the folder is not STARSS23.
    """
    missing = [name for name in _NEEDED if not (folder / name).is_dir()]
    if missing:
        raise DatasetError(
            f"{folder} is no STARSS23: it lacks {' and '.join(missing)}; give the "
            "folder that metadata_dev, foa_dev and video_dev were unpacked into."
        )
    tables = files_below(folder / "metadata_dev", frozenset({".csv"}))
    if not tables:
        raise DatasetError(f"{folder / 'metadata_dev'} holds no annotations.")
    found = []
    for table in tables:
        place = table.relative_to(folder / "metadata_dev")
        found.append(
            Recording(
                table.stem,
                place.parts[0],
                table,
                (folder / "foa_dev" / place).with_suffix(".wav"),
                (folder / "video_dev" / place).with_suffix(".mp4"),
            )
        )
    return tuple(found)


def with_official_parts(splits: Splits, recordings: tuple[Recording, ...]) -> Splits:
    """Complete splits by the official parts, where no list says otherwise."""
    parts = {"train": "dev-train", "test": "dev-test"}
    return splits.completed(
        {
            split: [item.name for item in recordings if item.part.startswith(part)]
            for split, part in parts.items()
        }
    )


def place_recording(splits: Splits, recording: Recording) -> Placement:
    """Find the split of a recording; that of validation is drawn by room."""
    return splits.place(recording.name, recording.source)


def read_annotations(path: Path) -> Annotations:
    """Read the table of a recording.

    Raises
    ------
    DatasetError
        If it cannot be read; it names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.reader(lines))
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, csv.Error) as error:
        raise DatasetError(f"{path} is no table ({error}).") from error
    frames: dict[int, tuple[TrackedSource, ...]] = {}
    for number, row in enumerate(rows, start=1):
        if not row:
            continue
        try:
            frame, source = _tracked(row)
        except ValueError as error:
            words = f"line {number} of {path} is malformed ({error})."
            raise DatasetError(words) from error
        frames[frame] = (*frames.get(frame, ()), source)
    return Annotations(frames)


def _frame_at(time_s: float) -> int:
    return int(time_s / FRAME_S + 1e-6)  # 0.3 / 0.1 is a little less than 3


def _tracked(row: list[str]) -> tuple[int, TrackedSource]:
    if len(row) not in _N_COLUMNS:
        raise ValueError(f"it has {len(row)} columns, not 5 or 6")
    frame, kind, number = (int(cell) for cell in row[:3])
    azimuth_deg, elevation_deg = float(row[3]), float(row[4])
    if frame < 0 or not 0 <= kind < len(CLASSES):
        raise ValueError(f"there is no frame {frame} or no class {kind}")
    direction = Direction(-azimuth_deg, elevation_deg)
    return frame, TrackedSource(CLASSES[kind], number, direction)
