"""Export of camera paths to the formats of other programs, one module per format.

Everything written is a function of the path and of the project it is for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pano.camera.lens import Lens
from pano.camera.path import CameraPath
from pano.export.after_effects import write_after_effects
from pano.export.chan import write_chan
from pano.export.csv import write_csv
from pano.export.events import write_edl, write_events
from pano.export.fusion import write_fusion
from pano.export.insta360 import write_insta360
from pano.export.mlt import project_size, write_mlt, write_shotcut
from pano.export.otio import write_otio
from pano.export.sendcmd import write_sendcmd
from pano.export.timeline import (
    DEFAULT_MAX_ERROR_DEG,
    V360_OUTPUTS,
    Timeline,
    known_rate_hz,
    path_rate_hz,
)

__all__ = [
    "DEFAULT_MAX_ERROR_DEG",
    "FORMATS",
    "Format",
    "Timeline",
    "known_rate_hz",
    "path_rate_hz",
]


@dataclass(frozen=True, slots=True)
class Format:
    """An export format: its writer, and what a person needs to choose it.

    Parameters
    ----------
    suffix
        The usual end of a file's name.
    purpose
        Who opens it, for a person who chooses.
    counts_frames
        Whether times are frame numbers, so that the frame rate matters.
    names_clip
        Whether the other program opens the clip by the name that is written.
    needs_sphere
        Whether a person has to lay the clip round the camera that is written.
    max_error_deg
        How far its keyframes may be from the path where nobody says.
    project_size
        Width and height in pixels that the other program films at, if not the
        timeline's own.
    changes_project
        Whether the other program opens only projects of its own.
    lenses
        What the other program can film with.
    write
        Makes the whole text; raises `SettingsError` where a path cannot be said.
    """

    suffix: str
    purpose: str
    counts_frames: bool
    write: Callable[[CameraPath, Timeline], str]
    changes_project: bool = False
    names_clip: bool = False
    needs_sphere: bool = False
    max_error_deg: float = DEFAULT_MAX_ERROR_DEG
    project_size: Callable[[CameraPath, Timeline], tuple[int, int]] | None = None
    lenses: frozenset[Lens] = frozenset({Lens.RECTILINEAR})


_ANY_LENS = frozenset(Lens)
_OF_V360 = frozenset(V360_OUTPUTS)
# Half a pixel of a wide film: what is filmed elsewhere is to be the same film.
_FILMED_ERROR_DEG = 0.02

FORMATS: dict[str, Format] = {
    "csv": Format(
        ".csv", "spreadsheets and scripts", True, write_csv, lenses=_ANY_LENS
    ),
    "sendcmd": Format(
        ".cmd",
        "ffmpeg, with its command line",
        False,
        write_sendcmd,
        names_clip=True,
        lenses=_OF_V360,
    ),
    "chan": Format(
        ".chan", "Nuke, Blender, Houdini", True, write_chan, needs_sphere=True
    ),
    "after-effects": Format(
        ".txt", "After Effects", True, write_after_effects, needs_sphere=True
    ),
    "mlt": Format(
        ".mlt",
        "melt and MLT editors",
        True,
        write_mlt,
        names_clip=True,
        max_error_deg=_FILMED_ERROR_DEG,
        project_size=project_size,
        lenses=_OF_V360,
    ),
    "shotcut": Format(
        ".mlt",
        "Shotcut, Kdenlive, by their own filter",
        True,
        write_shotcut,
        names_clip=True,
        max_error_deg=_FILMED_ERROR_DEG,
        project_size=project_size,
    ),
    "otio": Format(
        ".otio",
        "editorial programs",
        True,
        write_otio,
        names_clip=True,
        lenses=_ANY_LENS,
    ),
    "fusion": Format(
        ".setting", "DaVinci Resolve", True, write_fusion, needs_sphere=True
    ),
    "insta360": Format(
        ".insprj", "Insta360 Studio, with --into", True, write_insta360, True
    ),
    "events": Format(
        ".csv", "sounds, a row each", True, write_events, lenses=_ANY_LENS
    ),
    "edl": Format(".edl", "sounds as markers", True, write_edl, lenses=_ANY_LENS),
}
