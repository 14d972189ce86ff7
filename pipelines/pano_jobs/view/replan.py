"""Planning a path anew as a person wishes, from maps that are kept in memory."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pano.camera.path import CameraPath
from pano.camera.pose import DEFAULT_SIZE_PX
from pano.director.evidence import gather
from pano.director.plan import takes_from
from pano.director.wishes import NeverRegion, Pin, Wishes
from pano.errors import SettingsError
from pano.media import Media
from pano.sphere import Direction
from pano_jobs.analysis.kept_maps import KeptAnalysis
from pano_jobs.settings import DirectSettings, LensSettings, Motion, PanSettings
from pano_jobs.video.leveling import choose_leveling
from pano_jobs.video.takes import brief, described

# More is no wish of a person.
_MAX_WISHES = 200


class Replanner:
    """Plans the path of an open clip again, as often as somebody wishes.

    Parameters
    ----------
    path
        Whose lens, picture size and director are kept; None takes the usual ones.
    """

    def __init__(
        self, media: Media, kept: KeptAnalysis, path: CameraPath | None = None
    ) -> None:
        self.base = PanSettings() if path is None else _settings_of(path)
        director = self.base.direct
        self._media, self._kept = media, kept
        self._leveling = choose_leveling("auto", media.info, kept.origin.tilt)
        self._evidence = gather(kept.maps(), start=director.start)
        # The evidence is read from a file that has one place to read at.
        self._lock = threading.Lock()

    def settings(self, asked: Mapping[str, Any]) -> PanSettings:
        """Read what a page asks for: `wishes` and `motion`.

        Raises
        ------
        SettingsError
            If it is nothing to plan by.
        """
        motion = asked.get("motion", self.base.direct.motion)
        if motion not in get_args(Motion):
            raise SettingsError("motion must be calm, normal or lively")
        wishes = _wishes(asked.get("wishes", ()))
        if self.base.direct.director == "autocam" and wishes != Wishes():
            raise SettingsError("AutoCam's director knows no wishes; take follow")
        direct = dataclasses.replace(self.base.direct, motion=motion, wishes=wishes)
        return dataclasses.replace(self.base, direct=direct)

    def plan(self, settings: PanSettings) -> CameraPath:
        """Plan a path by these settings."""
        asked = brief(
            settings,
            settings.lens,
            bounds=self._kept.origin.bounds,
            found_cuts_s=self._kept.source_cuts_s,
            start_s=float(self._media.info.start_time),
        )
        with self._lock:
            (path, *_) = takes_from(self._evidence, asked)
        return self._leveling.tilt.level(
            described(path, settings.lens, settings, self._media)
        )


def _settings_of(path: CameraPath) -> PanSettings:
    source = path.source
    size = source.width_px, source.height_px
    width_px, height_px = size if min(size) > 0 else DEFAULT_SIZE_PX
    is_autocam = source.director == "autocam"
    return PanSettings(
        lens=LensSettings(
            width_px=width_px,
            height_px=height_px,
            hfov_deg=float(path.hfov_deg.max()),
            lens=source.lens,
        ),
        direct=DirectSettings(director="autocam" if is_autocam else "follow"),
    )


def _wishes(asked: object) -> Wishes:
    """Read pins, with a `time` in seconds from the first picture, and regions."""
    if not isinstance(asked, Sequence) or len(asked) > _MAX_WISHES:
        raise SettingsError(f"wishes must be a list of at most {_MAX_WISHES}")
    pins, never = [], []
    try:
        for wish in asked:
            place = Direction(float(wish["yaw"]), float(wish["pitch"]))
            if "radius" in wish:
                never.append(NeverRegion(place, float(wish["radius"])))
            else:
                pins.append(Pin(float(wish["time"]), place))
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"that is no wish: {error!r}") from error
    return Wishes(tuple(pins), tuple(never))
