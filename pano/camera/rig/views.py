"""A rig: several fixed views of the sphere, filmed at once.

For whoever wants pictures with known poses – reconstruction, mapping, robots – and no
director. All views share one centre and one picture size; their lenses are rectilinear.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pano.camera.pose import CameraPose
from pano.errors import SettingsError

# Ninety degrees: four views, or six faces, cover what they can without a gap.
DEFAULT_RIG_HFOV_DEG = 90.0
# Each view has an encoder of its own, with its memory.
MAX_VIEWS = 64

# A name is that of a file and, in COLMAP's text, a word.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_ANGLES = ("yaw_deg", "pitch_deg", "roll_deg", "hfov_deg")
_FACES = {
    "front": (0.0, 0.0),
    "right": (90.0, 0.0),
    "back": (180.0, 0.0),
    "left": (-90.0, 0.0),
    "up": (0.0, 90.0),
    "down": (0.0, -90.0),
}


@dataclass(frozen=True, slots=True)
class RigView:
    """One camera of a rig.

    Parameters
    ----------
    name
        Of its files: letters, digits, dots, dashes and underscores.
    pose
        Its field of view is below 180°.
    """

    name: str
    pose: CameraPose

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"{self.name!r} is no name of a view; use letters, digits, . _ and -"
            )
        if not self.pose.hfov_deg < 180.0:
            raise ValueError(
                f"hfov_deg of a view must be in (0, 180), got {self.pose.hfov_deg}"
            )


def ring(n_views: int, hfov_deg: float = DEFAULT_RIG_HFOV_DEG) -> tuple[RigView, ...]:
    """Return views round the horizon, the first ahead, the next to its right."""
    if not 1 <= n_views <= MAX_VIEWS:
        raise ValueError(f"a rig has 1 to {MAX_VIEWS} views, got {n_views}")
    digits = len(str(n_views))
    return tuple(
        RigView(
            f"view-{k + 1:0{digits}d}",
            CameraPose(360.0 * k / n_views, 0.0, hfov_deg=hfov_deg),
        )
        for k in range(n_views)
    )


def cube() -> tuple[RigView, ...]:
    """Return the six faces of a cube, which fill the sphere when they are square."""
    return tuple(
        RigView(name, CameraPose(yaw_deg, pitch_deg, hfov_deg=90.0))
        for name, (yaw_deg, pitch_deg) in _FACES.items()
    )


def load_rig(path: Path, hfov_deg: float = DEFAULT_RIG_HFOV_DEG) -> tuple[RigView, ...]:
    """Read a JSON list of views: name, yaw_deg, pitch_deg, roll_deg and hfov_deg.

    Parameters
    ----------
    hfov_deg
        Of views that do not say theirs; angles that are not said are 0.

    Raises
    ------
    SettingsError
        If the file cannot be read or is no rig.
    """
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror or error}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is not JSON: {error}.") from error
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_VIEWS:
        raise SettingsError(f"{path} must be a list of 1 to {MAX_VIEWS} views.")
    try:
        views = tuple(_view(item, hfov_deg) for item in items)
    except (ValueError, TypeError, OverflowError) as error:
        raise SettingsError(f"{path} is not a valid rig: {error}.") from error
    # Some systems take names for the same that differ in case.
    if len({view.name.lower() for view in views}) < len(views):
        raise SettingsError(f"{path} has two views of the same name.")
    return views


def _view(item: Any, hfov_deg: float) -> RigView:
    if not isinstance(item, Mapping):
        raise TypeError(f"a view is an object with a name and angles, got {item!r}")
    unknown = set(item) - {"name", *_ANGLES}
    if unknown:
        raise ValueError(f"a view has no {sorted(unknown)[0]!r}")
    if not isinstance(item.get("name"), str):
        raise ValueError(f"a view needs a name, got {item.get('name')!r}")
    angles = {"yaw_deg": 0.0, "pitch_deg": 0.0, "hfov_deg": hfov_deg}
    angles |= {name: float(item[name]) for name in _ANGLES if name in item}
    return RigView(item["name"], CameraPose(**angles))
