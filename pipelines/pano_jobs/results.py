"""Results of the jobs, as text for a person and as JSON for a program."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable


@runtime_checkable
class Result(Protocol):
    """The result of a job: a dataclass with a text form."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def words(self) -> str:
        """Return the result as text, in one or more lines."""
        ...


def as_json(result: Result) -> str:
    """Write a result as one JSON object on one line; what is no number is null."""
    text = json.dumps(
        _finite(dataclasses.asdict(result)),
        default=_plain,
        ensure_ascii=False,
        allow_nan=False,
    )
    return printable(text)


def printable(text: str) -> str:
    """Escape what of a file's name is no UTF-8, in the way of JSON and of Python."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _finite(value: Any) -> Any:
    """Put null where a float is not finite: JSON has no word for it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def _plain(value: object) -> str | float:
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Enum):
        return str(value.value)
    raise TypeError(f"{type(value).__name__} has no place in a result")


@dataclass(frozen=True, slots=True)
class SaliencyResult:
    """Result of the `saliency` job."""

    source: Path
    target: Path
    maps: Path | None
    sheet: Path | None
    n_frames: int
    n_maps: int
    n_corrupt_frames: int
    mean_confidence: float
    notes: tuple[str, ...]

    def words(self) -> str:
        """Return the output, its length and the mean confidence as text."""
        return (
            f"{self.target}: {self.n_frames} frames, "
            f"mean confidence {self.mean_confidence:.2f}"
        )


@dataclass(frozen=True, slots=True)
class PanResult:
    """Result of the `pan` and `render` jobs.

    Parameters
    ----------
    mean_confidence
        Of the maps, not the director's trust; nan where a path does not tell.
    field_share
        How much of the evidence the sound field gave, in [0, 1], the rest the picture;
        None where no field was heard.
    """

    source: Path
    target: Path
    path: Path | None
    sheet: Path | None
    n_frames: int
    n_corrupt_frames: int
    width_px: int
    height_px: int
    turned_deg: float
    n_cuts: int
    max_speed_deg_per_s: float
    mean_confidence: float
    notes: tuple[str, ...]
    others: tuple[Path, ...] = ()
    why: Path | None = None
    maps: Path | None = None
    field_share: float | None = None

    def words(self) -> str:
        """Return the output and a summary of the camera motion as text."""
        cuts = f", {self.n_cuts} cuts" if self.n_cuts else ""
        is_known = not math.isnan(self.mean_confidence)
        confidence = f"{self.mean_confidence:.2f}" if is_known else "unknown"
        if self.field_share is not None:
            confidence += f", {self.field_share:.0%} of the evidence from the field"
        takes = "".join(f"\n{other}: filmed as well" for other in self.others)
        return (
            f"{self.target}: {self.n_frames} frames of "
            f"{self.width_px}x{self.height_px}; the camera turned "
            f"{self.turned_deg:.0f}° in all, at most {self.max_speed_deg_per_s:.0f}°/s"
            f"{cuts} (mean confidence {confidence}){takes}"
        )


@dataclass(frozen=True, slots=True)
class RigResult:
    """Result of the `rig` job."""

    source: Path
    target: Path
    views: tuple[str, ...]
    n_frames: int
    n_files: int
    width_px: int
    height_px: int
    notes: tuple[str, ...]

    def words(self) -> str:
        """Return the folder and what was filmed into it as text."""
        return (
            f"{self.target}: {self.n_frames} frames of {len(self.views)} views, "
            f"{self.width_px}x{self.height_px}, in {self.n_files} files with their "
            "poses"
        )


@dataclass(frozen=True, slots=True)
class ExportResult:
    """Result of the `export` job."""

    source: Path
    target: Path
    format: str
    n_poses: int
    width_px: int
    height_px: int
    frame_rate_hz: Fraction
    notes: tuple[str, ...]

    def words(self) -> str:
        """Return the output, its format and size as text."""
        return (
            f"{self.target}: {self.n_poses} poses as {self.format} for "
            f"{self.width_px}x{self.height_px}"
        )


@dataclass(frozen=True, slots=True)
class ViewResult:
    """Result of the `view` job."""

    source: Path
    target: Path
    path: Path
    n_video_bytes: int
    notes: tuple[str, ...]

    def words(self) -> str:
        """Return the page and the size of its video as text."""
        return (
            f"{self.target}: a page with {self.n_video_bytes / 1e6:.1f} MB of video; "
            "open it in a browser"
        )


@dataclass(frozen=True, slots=True)
class StudyResult:
    """Result of the `study` job."""

    source: Path
    target: Path
    key: Path
    n_films: int
    n_pairs: int

    def words(self) -> str:
        """Return the page and what it asks as text."""
        return (
            f"{self.target}: {self.n_pairs} pairs of {self.n_films} films; "
            f"{self.key} tells whose they are, keep it to yourself"
        )


@dataclass(frozen=True, slots=True)
class ClipOutcome:
    """Status of one clip of a batch: done, skipped, failed, or planned.

    Parameters
    ----------
    took_s
        How long it was worked on.
    """

    source: Path
    target: Path
    status: str
    reason: str
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Result of the `batch` job: the status of every clip."""

    folder: Path
    output: Path
    clips: tuple[ClipOutcome, ...]

    def count(self, status: str) -> int:
        """Count the clips with this status."""
        return sum(clip.status == status for clip in self.clips)

    def words(self) -> str:
        """Return the status of every clip as a table, then the totals."""
        names = [str(clip.source) for clip in self.clips]
        width = max(map(len, names), default=0)
        rows = [
            f"{clip.status:<8}{name:<{width}}  {clip.reason}".rstrip()
            for clip, name in zip(self.clips, names, strict=True)
        ]
        n_planned = self.count("planned")
        shown = ("planned", "skipped") if n_planned else ("done", "skipped", "failed")
        sums = ", ".join(f"{self.count(status)} {status}" for status in shown)
        return printable("\n".join([*rows, sums]))


@dataclass(frozen=True, slots=True)
class InfoResult:
    """Result of the `info` job; times come from the header, unchecked by decoding.

    Parameters
    ----------
    sound_field
        The ambisonic format that is heard; "none" or "in doubt", and why, without one.
    dynamic_range
        SDR, or HDR with its transfer, primaries and light levels.
    notes
        What of the metadata is not believed, and what is done to the pictures.
    level
        How the camera was tilted and what tells it, or why it is not levelled.
    """

    source: Path
    container: str
    codec: str
    pixel_format: str
    bit_depth: int
    width_px: int
    height_px: int
    rotation_deg: int
    sample_aspect_ratio: str
    projection: str | None
    stereo_layout: str | None
    average_frame_rate_hz: str | None
    time_base: str
    duration_from_header_s: float | None
    n_frames_from_header: int | None
    audio_codec: str | None
    audio_channels: int | None
    audio_channel_layout: str | None
    audio_sample_rate_hz: int | None
    audio_track: int | None
    n_audio_tracks: int
    sound_field: str | None
    level: str | None
    dynamic_range: str = "SDR"
    notes: tuple[str, ...] = ()

    def words(self) -> str:
        """Return the properties as a table of two columns; notes are printed apart."""
        rows = {
            name.replace("_", " "): getattr(self, name)
            for name in (item.name for item in dataclasses.fields(self))
            if name != "notes"
        }
        width = max(map(len, rows))
        return "\n".join(
            f"{name:<{width}}  {'unknown' if value is None else value}"
            for name, value in rows.items()
        )


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Result of the `demo` job: the error of the camera against the known truth."""

    clip: Path
    target: Path
    path: Path
    sheet: Path
    n_frames: int
    duration_s: float
    median_angle_deg: float
    share_of_sound_in_view: float
    share_in_view_if_still: float
    notes: tuple[str, ...]

    def words(self) -> str:
        """Return the outputs and the error of the camera as text."""
        return (
            f"clip   {self.clip}\nvideo  {self.target}\npath   {self.path}\n"
            f"sheet  {self.sheet}\n"
            f"The camera was {self.median_angle_deg:.0f}° from the sounding source "
            f"(median) and had it in view {self.share_of_sound_in_view:.0%} of the "
            f"sounding time; a still camera would have had it "
            f"{self.share_in_view_if_still:.0%}."
        )
