"""The camera path: poses over time, read at any time, saved as JSON.

A path keeps yaw *unwrapped*, so that turning across ±180° is an ordinary small step
for interpolation, for limits and for a person who edits the JSON by hand.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pano.camera.filmed_clip import FilmedClip
from pano.camera.lens import Lens
from pano.camera.motion_limits import Certificate, MotionLimits
from pano.camera.pose import DEFAULT_HFOV_DEG, CameraPose
from pano.errors import SettingsError
from pano.whole_file import why_unwritten, written_whole

__all__ = [
    "DEFAULT_HFOV_DEG",
    "DEFAULT_RATE_HZ",
    "SCHEMA",
    "CameraPath",
    "CameraPose",
    "PathSource",
]

SCHEMA = "pano.camera-path/2"
# Its `confidence` is the director's trust; the localizer's is not in it.
_SCHEMA_1 = "pano.camera-path/1"
# Of a planned path, as often as the localizer looks.
DEFAULT_RATE_HZ = Fraction(30)

# Nothing turns so far; clips may count their time from 1970.
_MOST = {"time_s": 2e10, "yaw_deg": 1e9, "roll_deg": 1e9}
_MAX_SIDE_PX = 16_384

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PathSource:
    """What a path was planned for: clip, director, picture size and lens.

    Parameters
    ----------
    file
        Name of the clip.
    width_px, height_px
        Of the flat picture.
    clip
        More about the clip; None where an older file does not say it.
    """

    file: str = ""
    director: str = ""
    width_px: int = 0
    height_px: int = 0
    lens: Lens = Lens.RECTILINEAR
    clip: FilmedClip | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CameraPath:
    """Camera poses over time; every array has shape (n,), n ≥ 1, and is read-only.

    Parameters
    ----------
    time_s
        Presentation times, strictly rising.
    yaw_deg
        Unwrapped: neighbours differ by the turn really made.
    cut
        True where a frame starts a new shot: nothing is interpolated into it.
    trust
        The director's: how far the evidence of the whole clip bears the view, in
        [0, 1]. Exports find sounds and weak stretches by it.
    confidence
        The localizer's: is the source of the sound in the picture at all, in [0, 1];
        nan where it is not known. Trust rises above it in a clip that is unsure
        throughout.
    """

    time_s: FloatArray
    yaw_deg: FloatArray
    pitch_deg: FloatArray
    roll_deg: FloatArray
    hfov_deg: FloatArray
    cut: NDArray[np.bool_]
    trust: FloatArray
    confidence: FloatArray
    limits: MotionLimits = field(default_factory=MotionLimits)
    source: PathSource = field(default_factory=PathSource)

    def __post_init__(self) -> None:
        n = np.size(self.time_s)
        for name in _COLUMNS:
            dtype = np.bool_ if name == "cut" else np.float64
            column: NDArray[Any] = np.array(getattr(self, name), dtype=dtype)
            if column.shape != (n,) or n == 0:
                raise ValueError(f"{name} must have shape ({n},), n > 0")
            known = column[~np.isnan(column)] if name == "confidence" else column
            if not np.all(np.isfinite(known)):
                raise ValueError(f"{name} must be finite")
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        if np.any(np.diff(self.time_s) <= 0.0):
            raise ValueError("time_s must rise from frame to frame")
        for name, most in _MOST.items():
            if np.any(np.abs(getattr(self, name)) > most):
                raise ValueError(f"{name} must be within ±{most:g}")
        if np.any(np.abs(self.pitch_deg) > 90.0):
            raise ValueError("pitch_deg must be in [-90, 90]")
        limit_deg = self.source.lens.max_hfov_deg
        if np.any((self.hfov_deg <= 0.0) | (self.hfov_deg >= limit_deg)):
            raise ValueError(
                f"hfov_deg must be in (0, {limit_deg:.0f}) for a "
                f"{self.source.lens} lens"
            )
        for name in ("trust", "confidence"):
            share = getattr(self, name)
            if np.any((share < 0.0) | (share > 1.0)):
                raise ValueError(f"{name} must be in [0, 1]")

    def __len__(self) -> int:
        return len(self.time_s)

    def at(self, time_s: float) -> CameraPose:
        """Return the pose at a time, linear between frames, held at ends and cuts."""
        if not np.isfinite(time_s):
            raise ValueError(f"time_s must be finite, got {time_s}")
        right = int(np.searchsorted(self.time_s, time_s, side="right"))
        left = max(right - 1, 0)
        right = min(right, len(self) - 1)
        share = 0.0
        if right > left and not self.cut[right]:
            start_s, end_s = self.time_s[left], self.time_s[right]
            share = float((time_s - start_s) / (end_s - start_s))

        def mixed(values: FloatArray) -> float:
            return float(values[left] + share * (values[right] - values[left]))

        return CameraPose(
            yaw_deg=mixed(self.yaw_deg),
            pitch_deg=float(np.clip(mixed(self.pitch_deg), -90.0, 90.0)),
            roll_deg=mixed(self.roll_deg),
            hfov_deg=mixed(self.hfov_deg),
        )

    def certificate(self) -> Certificate:
        """Measure the largest speed, acceleration and jerk by divided differences."""
        values = np.stack([self.yaw_deg, self.pitch_deg])
        time_s = self.time_s
        is_joined = ~self.cut[1:]
        largest = []
        for _ in range(3):
            values = np.diff(values) / np.diff(time_s)
            time_s = (time_s[1:] + time_s[:-1]) / 2.0
            norms = np.hypot(values[0], values[1])[is_joined]
            largest.append(float(norms.max(initial=0.0)))
            is_joined = is_joined[1:] & is_joined[:-1]
        return Certificate(*largest)

    def save(self, path: Path) -> None:
        """Write the path as JSON (schema `pano.camera-path/2`), whole or not at all.

        A confidence that is not known is null.

        Raises
        ------
        SettingsError
            If the file cannot be written.
        """
        head = {
            "schema": SCHEMA,
            "source": _source_json(self.source, path.parent),
            "limits": dataclasses.asdict(self.limits),
            "certificate": dataclasses.asdict(self.certificate()),
            "tool": {"name": "pano", "version": _version()},
        }
        try:
            with written_whole(path) as part, part.open("w", encoding="utf-8") as file:
                file.writelines(self._json_lines(head))
        except OSError as error:
            raise SettingsError(
                why_unwritten(path, error.errno, error.strerror or error)
            ) from error

    def _json_lines(self, head: Mapping[str, Any]) -> Iterator[str]:
        """One frame a line: small enough to diff, plain enough to edit.

        Line by line, because two hours of frames are 200 MB of dictionaries.
        """
        outer = json.dumps(head, indent=2, allow_nan=False).removesuffix("\n}")
        yield f'{outer},\n  "frames": [\n'
        columns = [getattr(self, name) for name in _COLUMNS]
        for index in range(len(self)):
            frame = {
                name: None if np.isnan(column[index]) else column[index].item()
                for name, column in zip(_COLUMNS, columns, strict=True)
            }
            comma = "," if index + 1 < len(self) else ""
            yield f"    {json.dumps(frame, allow_nan=False)}{comma}\n"
        yield "  ]\n}\n"

    @classmethod
    def load(cls, path: Path) -> CameraPath:
        """Read a path that `save` wrote or a person edited.

        In schema `pano.camera-path/1` the trust was called confidence, and the
        localizer's confidence was not stored.

        The certificate is measured again by whoever asks; the stored one is not used.

        Raises
        ------
        SettingsError
            If the file cannot be read or is not a camera path.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(
                f"{path} cannot be read: {error.strerror or error}."
            ) from error
        except (ValueError, RecursionError) as error:
            raise SettingsError(f"{path} is not JSON: {error}.") from error
        schema = document.get("schema") if isinstance(document, dict) else None
        if schema not in (SCHEMA, _SCHEMA_1):
            raise SettingsError(f'{path} is not a camera path of schema "{SCHEMA}".')
        try:
            frames = document["frames"]
            return cls(
                **(_columns_1_of if schema == _SCHEMA_1 else _columns_of)(frames),
                limits=MotionLimits(**_known(MotionLimits, document["limits"])),
                source=_source_of(document.get("source", {}), path.parent),
            )
        except KeyError as error:
            raise SettingsError(f"{path} lacks the key {error}.") from error
        except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
            raise SettingsError(f"{path} is not a valid path: {error}.") from error


_COLUMNS = (
    "time_s",
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
    "hfov_deg",
    "cut",
    "trust",
    "confidence",
)


def _columns_1_of(frames: Any) -> dict[str, Any]:
    columns = _columns_of(frames, _COLUMNS[:-2] + _COLUMNS[-1:])
    trust = columns.pop("confidence")
    return columns | {"trust": trust, "confidence": np.full(len(trust), np.nan)}


def _columns_of(frames: Any, names: Sequence[str] = _COLUMNS) -> dict[str, Any]:
    if not isinstance(frames, list) or not frames:
        raise ValueError("frames must be a list that is not empty")
    if not all(isinstance(frame["cut"], bool) for frame in frames):
        raise ValueError("cut must be true or false")
    return {
        name: np.array(
            [frame[name] for frame in frames],
            dtype=np.bool_ if name == "cut" else np.float64,
        )
        for name in names
    }


def _source_json(source: PathSource, folder: Path) -> dict[str, Any]:
    clip = None if source.clip is None else source.clip.as_json(folder)
    return dataclasses.asdict(dataclasses.replace(source, clip=None)) | {"clip": clip}


def _source_of(values: Any, folder: Path) -> PathSource:
    known = _known(PathSource, values)
    for name in ("file", "director"):
        if not isinstance(known.get(name, ""), str):
            raise ValueError(f"source.{name} must be a text")
    for name in ("width_px", "height_px"):
        side_px = known.get(name, 0)
        if not isinstance(side_px, int) or not 0 <= side_px <= _MAX_SIDE_PX:
            raise ValueError(f"source.{name} must be in 0 to {_MAX_SIDE_PX}")
    lens, clip = known.get("lens", Lens.RECTILINEAR), known.get("clip")
    known["lens"] = Lens(lens)
    known["clip"] = None if clip is None else FilmedClip.from_json(clip, folder)
    return PathSource(**known)


def _known(kind: type, values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ValueError(f"{kind.__name__} must be an object, not {values!r:.40}")
    names = {item.name for item in dataclasses.fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _version() -> str:
    try:
        return importlib.metadata.version("pano")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"  # run from a source tree that was never installed
