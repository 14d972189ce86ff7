"""Turn 360° video into ordinary video that looks where the sound comes from.

    from pano import pan

    result = pan("concert.mp4", "concert-flat.mp4")
    print(result.turned_deg, result.mean_confidence)

The names below are all that a program needs; they load on first use. Behind them,
`pano` knows 360° video, `soundloc` is the network, and `pano_jobs` joins them. `pano`
itself never asks for the jobs, except here, at the door.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pano.camera.lens import Lens
    from pano.camera.motion_limits import MotionLimits
    from pano.camera.path import CameraPath
    from pano.director.wishes import CutRules, NeverRegion, Pin, Wishes
    from pano.errors import (
        MediaError,
        NoAudioError,
        NotSphericalError,
        PanoError,
        SettingsError,
    )
    from pano.media.probing import probe
    from pano.sphere import Direction
    from pano_jobs.settings import (
        DirectSettings,
        LensSettings,
        LocalizeSettings,
        PanSettings,
    )
    from pano_jobs.video.heat_map import saliency
    from pano_jobs.video.pan import pan
    from pano_jobs.video.render import render

__all__ = [
    "CameraPath",
    "CutRules",
    "DirectSettings",
    "Direction",
    "Lens",
    "LensSettings",
    "LocalizeSettings",
    "MediaError",
    "MotionLimits",
    "NeverRegion",
    "NoAudioError",
    "NotSphericalError",
    "PanSettings",
    "PanoError",
    "Pin",
    "SettingsError",
    "Wishes",
    "pan",
    "probe",
    "render",
    "saliency",
]

_HOMES = {
    "CameraPath": "pano.camera.path",
    "CutRules": "pano.director.wishes",
    "DirectSettings": "pano_jobs.settings",
    "Direction": "pano.sphere",
    "Lens": "pano.camera.lens",
    "LensSettings": "pano_jobs.settings",
    "LocalizeSettings": "pano_jobs.settings",
    "MediaError": "pano.errors",
    "MotionLimits": "pano.camera.motion_limits",
    "NeverRegion": "pano.director.wishes",
    "NoAudioError": "pano.errors",
    "NotSphericalError": "pano.errors",
    "PanSettings": "pano_jobs.settings",
    "PanoError": "pano.errors",
    "Pin": "pano.director.wishes",
    "SettingsError": "pano.errors",
    "Wishes": "pano.director.wishes",
    "pan": "pano_jobs.video.pan",
    "probe": "pano.media.probing",
    "render": "pano_jobs.video.render",
    "saliency": "pano_jobs.video.heat_map",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
