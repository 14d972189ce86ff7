"""The analysis of a clip, kept in a `maps.npz`: planned from again without analysing.

Maps are kept in 16 bits, and a fresh analysis plans from 32. The path from kept maps
was at most 0.0016° away in the demo, 0.0003° and 0.0037° in two filmed clips of 10 and
40 s: less than a tenth of a pixel at 1280 px, with the same cuts. Equal paths would
need 32 bits, 1.2 GB an hour instead of 0.8, for nothing that anybody sees.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pano.camera.horizon import Tilt
from pano.equirect.layouts import SphereBounds, StereoLayout
from pano.errors import MediaError, SettingsError
from pano.media import Media
from pano.media.cameras.chapters import chapters_of
from pano.media.sound.choice import SoundChoice
from pano.projections.kinds import ProjectionChoice
from pano.saliency_maps.saliency_map import SaliencyMap
from pano_jobs.maps import Maps, open_maps
from pano_jobs.progress import Progress

_IDENTITY = {
    "name": "name",
    "size_bytes": "size in bytes",
    "duration_s": "duration in s",
    "n_frames": "number of frames",
}


_HEARD_AS = {
    "field": "--sound-field",
    "track": "--sound-track",
    "recorder": "--sound",
    "yaw_deg": "--sound-yaw",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """The clip that maps were made of, and what planning needs to know of it.

    Parameters
    ----------
    duration_s, n_frames
        By its header; ``None`` where that does not say.
    tilt
        How the camera was tilted, by the spherical metadata.
    black_rows_px
        Of bars that were found above and below the sphere and cut off.
    """

    name: str
    size_bytes: int
    duration_s: float | None
    n_frames: int | None
    layout: StereoLayout
    bounds: SphereBounds
    tilt: Tilt
    projection: ProjectionChoice = field(default_factory=ProjectionChoice)
    black_rows_px: int = 0

    @classmethod
    def of(cls, media: Media) -> Origin:
        """Describe an open clip."""
        info, said = media.info, media.info.spherical
        return cls(
            name=chapters_of(info.path)[0].name,
            size_bytes=info.n_bytes,
            duration_s=info.duration_from_header_s,
            n_frames=info.n_frames_from_header,
            layout=media.layout,
            bounds=media.bounds,
            projection=media.projection,
            tilt=Tilt()
            if said is None
            else Tilt.of_metadata(said.roll_deg, said.pitch_deg),
            black_rows_px=info.black_rows_px,
        )

    @classmethod
    def from_meta(cls, source: Mapping[str, Any]) -> Origin:
        """Read what `dataclasses.asdict` made of one, out of JSON."""
        return cls(
            **{name: source[name] for name in _IDENTITY},
            layout=StereoLayout(source["layout"]),
            bounds=SphereBounds(**source["bounds"]),
            projection=ProjectionChoice.from_json(source.get("projection")),
            tilt=Tilt(**source["tilt"]),
            black_rows_px=int(source.get("black_rows_px", 0)),
        )


class KeptAnalysis:
    """Maps of an earlier analysis in the place of a new one.

    Parameters
    ----------
    path
        A `maps.npz` of `pano pan --save-maps` or `pano saliency --maps`.

    Raises
    ------
    SettingsError
        If the file is of the first version, which lacks what planning needs.
    MediaError
        If it is no file of maps or does not say of which clip.
    """

    def __init__(self, path: Path, *, progress: Progress) -> None:
        self._path, self._progress = path, progress
        self._maps = open_maps(path)
        if self._maps.level_db is None:
            raise SettingsError(
                f"{path} is of the first version and holds neither the sound level nor "
                "the clip's own cuts; make it anew with `pano pan --save-maps`"
            )
        if len(self._maps) == 0:
            raise MediaError(f"{path} holds no map; make it anew")
        try:
            self.origin = Origin.from_meta(self._maps.meta["source"])
        except (KeyError, TypeError, ValueError) as error:
            raise MediaError(
                f"{path} does not say of which clip its maps are; make it anew with "
                "`pano pan --save-maps`"
            ) from error

    @property
    def stated_layout(self) -> StereoLayout | None:
        """How the clip's eyes were packed, to say when it is opened again.

        None where black bars were found: what is stated is not looked at.
        """
        return None if self.origin.black_rows_px else self.origin.layout

    @property
    def opened(self) -> Maps:
        """The maps themselves."""
        return self._maps

    def check(self, media: Media) -> None:
        """Refuse a clip that the maps were not made of.

        Raises
        ------
        SettingsError
            Which says where it differs.
        """
        kept, opened = map(dataclasses.asdict, (self.origin, Origin.of(media)))
        for name, words in _IDENTITY.items():
            if kept[name] != opened[name]:
                raise SettingsError(
                    f"{self._path} holds the maps of another clip than "
                    f"{media.info.path}: its {words} was {kept[name]}, not "
                    f"{opened[name]}; analyse the clip without --maps"
                )

    def check_sound(self, choice: SoundChoice) -> None:
        """Refuse to film a sound otherwise than it was heard for the maps.

        Raises
        ------
        SettingsError
            Which says how it was heard.
        """
        kept = self._maps.meta.get("settings", {}).get("sound")
        if kept is None:  # maps that know no field
            return
        asked = json.loads(json.dumps(dataclasses.asdict(choice), default=str))
        for name, words in _HEARD_AS.items():
            if kept.get(name) != asked[name]:
                raise SettingsError(
                    f"{self._path} was made with {words} {kept.get(name)}, not "
                    f"{asked[name]}; say the same, or analyse the clip without --maps"
                )

    def maps(self) -> Iterator[SaliencyMap]:
        """Yield the kept maps one by one."""
        yield from self._progress.follow(
            self._maps.each(),
            words="Reading the maps",
            duration_s=self.origin.duration_s,
        )

    @property
    def mean_confidence(self) -> float:
        """The mean over all maps."""
        return float(self._maps.confidence.mean(dtype=np.float64))

    @property
    def field_share(self) -> float | None:
        """The sound field's mean share of the evidence; None without one."""
        shares = self._maps.field_share
        if shares is None or not np.any(shares):
            return None
        return float(shares.mean(dtype=np.float64))

    @property
    def source_cuts_s(self) -> tuple[float, ...]:
        """When the clip itself cuts."""
        return self._maps.source_cuts_s

    def notes(self) -> tuple[str, ...]:
        """Say what the analysis found that a user should know about the clip."""
        return tuple(self._maps.meta.get("notes", ()))
