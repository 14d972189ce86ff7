"""Planning a path anew as a person wishes, from maps that are kept in memory."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pano.camera.lens import Lens
from pano.camera.path import CameraPath
from pano.camera.pose import DEFAULT_SIZE_PX
from pano.director.evidence import gather
from pano.director.plan import takes_from
from pano.director.wishes import CutRules, NeverRegion, OneShot, Pin, Wishes
from pano.errors import SettingsError
from pano.media import Media
from pano.sphere import Direction
from pano_jobs.analysis.kept_maps import KeptAnalysis
from pano_jobs.settings import DirectSettings, LensSettings, Motion, PanSettings
from pano_jobs.video.leveling import choose_leveling
from pano_jobs.video.takes import brief, described

# More is no wish of a person.
_MAX_WISHES = 200
_MAX_SIDE_PX = 16384


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
        """Read what a page asks for: `wishes`, `motion`, `cuts`, and the picture.

        Raises
        ------
        SettingsError
            If it is nothing to plan by.
        """
        motion = asked.get("motion", self.base.direct.motion)
        if motion not in get_args(Motion):
            raise SettingsError("motion must be calm, normal or lively")
        listed = asked.get("wishes", ())
        wishes, cuts = _wishes(listed, self.base.direct.cuts)
        if asked.get("cuts", True) is False:
            cuts = dataclasses.replace(cuts, cost_s=math.inf)
        if self.base.direct.director == "autocam" and listed:
            raise SettingsError("AutoCam's director knows no wishes; take follow")
        direct = dataclasses.replace(
            self.base.direct, motion=motion, wishes=wishes, cuts=cuts
        )
        return dataclasses.replace(
            self.base, direct=direct, lens=_lens(asked, self.base.lens)
        )

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


def _lens(asked: Mapping[str, Any], base: LensSettings) -> LensSettings:
    """Read a `lens`, its `hfov` in degrees and the picture's `size` in pixels."""
    try:
        width_px, height_px = asked.get("size", (base.width_px, base.height_px))
        changed = dataclasses.replace(
            base,
            width_px=int(width_px),
            height_px=int(height_px),
            hfov_deg=float(asked.get("hfov", base.hfov_deg)),
            lens=Lens(asked.get("lens", base.lens)),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise SettingsError(f"that is no picture to film: {error!r}") from error
    if max(changed.width_px, changed.height_px) > _MAX_SIDE_PX:
        raise SettingsError(f"a side has at most {_MAX_SIDE_PX} px")
    return changed


def _wishes(asked: object, base: CutRules) -> tuple[Wishes, CutRules]:
    """Read pins, regions, cuts and shots, in seconds from the first picture."""
    if not isinstance(asked, Sequence) or len(asked) > _MAX_WISHES:
        raise SettingsError(f"wishes must be a list of at most {_MAX_WISHES}")
    pins, never, cuts_s, one_shots = [], [], [], []
    try:
        for wish in asked:
            if "cut" in wish:
                cuts_s.append(float(wish["cut"]))
                continue
            if "from" in wish:
                one_shots.append(OneShot(float(wish["from"]), float(wish["to"])))
                continue
            place = Direction(float(wish["yaw"]), float(wish["pitch"]))
            if "radius" in wish:
                never.append(NeverRegion(place, float(wish["radius"])))
            else:
                pins.append(Pin(float(wish["time"]), place))
        cuts = dataclasses.replace(
            base, asked_s=tuple(cuts_s), one_shots=tuple(one_shots)
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise SettingsError(f"that is no wish: {error!r}") from error
    return Wishes(tuple(pins), tuple(never)), cuts
