"""Which clip maps were made of, kept beside them in a `maps.npz`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pano.camera.horizon import Tilt
from pano.equirect.layouts import SphereBounds, StereoLayout
from pano.media import Media

_IDENTITY = {
    "name": "name",
    "size_bytes": "size in bytes",
    "duration_s": "duration in s",
    "n_frames": "number of frames",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """The clip that maps were made of, and what planning needs to know of it.

    Parameters
    ----------
    duration_s, n_frames
        By its header; ``None`` where that does not say.
    tilt
        How the camera was tilted, by the file's word.
    """

    name: str
    size_bytes: int
    duration_s: float | None
    n_frames: int | None
    layout: StereoLayout
    bounds: SphereBounds
    tilt: Tilt

    @classmethod
    def of(cls, media: Media) -> Origin:
        """Describe an open clip."""
        info, said = media.info, media.info.spherical
        return cls(
            name=info.path.name,
            size_bytes=info.path.stat().st_size,
            duration_s=info.duration_from_header_s,
            n_frames=info.n_frames_from_header,
            layout=media.layout,
            bounds=info.bounds,
            tilt=Tilt() if said is None else Tilt(said.roll_deg, said.pitch_deg),
        )

    @classmethod
    def from_meta(cls, source: Mapping[str, Any]) -> Origin:
        """Read what `dataclasses.asdict` made of one, out of JSON."""
        return cls(
            **{name: source[name] for name in _IDENTITY},
            layout=StereoLayout(source["layout"]),
            bounds=SphereBounds(**source["bounds"]),
            tilt=Tilt(**source["tilt"]),
        )
