"""What a camera path remembers of the clip it was planned for.

An exported path films on its own, far from the program that opened the clip: it has to
know where the clip lies, how its eyes are packed, which part of the sphere it covers,
when it begins and which timecode its first picture bears.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from pano.camera.timecode import Timecode
from pano.equirect.layouts import FULL_SPHERE, SphereBounds, StereoLayout
from pano.projections.kinds import (
    ProjectionChoice,
    SourceProjection,
    stored_sphere,
)

_EQUIRECTANGULAR = ProjectionChoice(SourceProjection.EQUIRECTANGULAR)
_MAX_SIDE_PX = 100_000
# Beyond, a file tells its clock and not how often it has a picture.
MAX_RATE_HZ = 1000
_RATE = re.compile(r"\d{1,9}(/\d{1,9}|\.\d{1,9})?")


@dataclass(frozen=True, slots=True)
class FilmedClip:
    """A clip as the path's own program saw it.

    Parameters
    ----------
    place
        Its file, absolute; empty if not known.
    width_px, height_px
        Of the upright picture with all its eyes, without black bars.
    start_s
        Presentation time of its first picture.
    frame_rate_hz
        Mean rate; None if the file does not say.
    timecode
        Of its first picture, if the camera wrote one.
    projection
        How each eye holds the sphere.
    has_sound
        Whether there is a sound track to lay beside the picture.
    black_rows_px
        Rows of black above the picture in its file, and as many below.
    is_interlaced
        Whether its pictures are woven of two fields.
    is_hdr
        Whether its codes mean PQ or HLG light.
    rotation_deg
        How far players turn the stored picture to have it upright, in quarter turns.
    """

    width_px: int
    height_px: int
    place: str = ""
    layout: StereoLayout = StereoLayout.MONO
    bounds: SphereBounds = field(default=FULL_SPHERE)
    start_s: float = 0.0
    frame_rate_hz: Fraction | None = None
    timecode: Timecode | None = None
    has_sound: bool = False
    projection: ProjectionChoice = field(default=_EQUIRECTANGULAR)
    black_rows_px: int = 0
    is_interlaced: bool = False
    is_hdr: bool = False
    rotation_deg: int = 0

    def __post_init__(self) -> None:
        if not all(2 <= px <= _MAX_SIDE_PX for px in (self.width_px, self.height_px)):
            size = f"{self.width_px}×{self.height_px}"
            raise ValueError(f"a clip has 2 to {_MAX_SIDE_PX} px a side, got {size}")
        if not 0 <= self.black_rows_px <= _MAX_SIDE_PX:
            raise ValueError(f"no clip has {self.black_rows_px} rows of black")
        if not math.isfinite(self.start_s):
            raise ValueError(f"start_s must be finite, got {self.start_s}")
        rate_hz = self.frame_rate_hz
        if rate_hz is not None and not 0 < rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"no clip has a rate of {self.frame_rate_hz} Hz")

    @property
    def is_plain(self) -> bool:
        """Tell whether its whole picture is one eye's whole sphere."""
        is_whole = self.layout is StereoLayout.MONO and self.bounds.is_full
        return is_whole and self.is_equirectangular and self.black_rows_px == 0

    @property
    def is_equirectangular(self) -> bool:
        """Tell whether the sphere is stored as everybody reads it."""
        return self.projection.kind in (None, SourceProjection.EQUIRECTANGULAR)

    @property
    def eye_px(self) -> tuple[int, int]:
        """Return width and height of the left eye in pixels."""
        return (
            self.width_px // self.layout.n_columns,
            self.height_px // self.layout.n_rows,
        )

    @property
    def px_per_rad(self) -> float:
        """Return how finely the eye shows the middle of the sphere, in pixels.

        The mean of width and height, where an eye is squeezed.
        """
        width_px, height_px = self.eye_px
        if self.projection.kind is not None and not self.is_equirectangular:
            sphere = stored_sphere(
                self.projection.kind,
                width_px,
                height_px,
                fov_deg=self.projection.fov_deg,
            )
            if sphere is not None:
                return sphere.px_per_rad
        across = width_px / (2.0 * math.pi * self.bounds.width_share)
        up = height_px / (math.pi * self.bounds.height_share)
        return math.sqrt(across * up)

    def as_json(self, folder: Path) -> dict[str, Any]:
        """Return what a path file in a folder says of the clip.

        A clip in the folder, or below, is named from there, so that both can be moved
        together; another is named by its whole place.
        """
        timecode, rate_hz = self.timecode, self.frame_rate_hz
        return {
            "place": name_from(folder, self.place),
            "width_px": self.width_px,
            "height_px": self.height_px,
            "layout": str(self.layout),
            "bounds": dataclasses.asdict(self.bounds),
            "start_s": self.start_s,
            "frame_rate_hz": None if rate_hz is None else str(rate_hz),
            "timecode": None if timecode is None else str(timecode),
            "timecode_rate_hz": None if timecode is None else str(timecode.rate_hz),
            "has_sound": self.has_sound,
            "projection": dataclasses.asdict(self.projection),
            "black_rows_px": self.black_rows_px,
            "is_interlaced": self.is_interlaced,
            "is_hdr": self.is_hdr,
            "rotation_deg": self.rotation_deg,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], folder: Path) -> FilmedClip:
        """Read what `as_json` wrote or a person edited.

        Raises
        ------
        KeyError, TypeError, ValueError, ZeroDivisionError
            If it is not of this kind.
        """
        place, rate_hz = str(values.get("place") or ""), values.get("frame_rate_hz")
        written, at_hz = values.get("timecode"), values.get("timecode_rate_hz")
        return cls(
            width_px=int(values["width_px"]),
            height_px=int(values["height_px"]),
            place=str(folder.absolute() / place) if place else "",
            layout=StereoLayout(values.get("layout", StereoLayout.MONO)),
            bounds=SphereBounds(**values.get("bounds", {})),
            start_s=float(values.get("start_s", 0.0)),
            frame_rate_hz=None if rate_hz is None else _rate_hz(rate_hz),
            timecode=(
                None
                if written is None or at_hz is None
                else Timecode.read(written, _rate_hz(at_hz))
            ),
            has_sound=bool(values.get("has_sound", False)),
            projection=ProjectionChoice.from_json(values.get("projection")),
            black_rows_px=int(values.get("black_rows_px", 0)),
            is_interlaced=bool(values.get("is_interlaced", False)),
            is_hdr=bool(values.get("is_hdr", False)),
            rotation_deg=int(values.get("rotation_deg", 0)),
        )


def _rate_hz(written: Any) -> Fraction:
    # Fraction would work for hours at the digits of "1e999999999".
    if not _RATE.fullmatch(str(written)):
        raise ValueError(f"{written!r} is no frame rate; write it like 30000/1001")
    return Fraction(str(written))


def name_from(folder: Path, place: str) -> str:
    """Return a file's place as seen from a folder; absolute unless it lies below."""
    if not place:
        return ""
    whole = Path(place).absolute()
    for known in (folder.absolute(), folder.resolve()):
        if whole.is_relative_to(known):
            return whole.relative_to(known).as_posix()
    return str(whole)
