"""Keys of the stages: equal where a stage would make the same again.

A stage's key holds the key of the stage before, so that what changes an early one
changes all behind it, and nothing else does.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

from pano_jobs.batch.clips import SourceIdentity
from pano_jobs.settings import LocalizeSettings, PanSettings
from pano_jobs.video.takes import brief, lenses_of, n_takes
from soundloc.checkpoint_file import default_checkpoint_path

# One more where a stage makes something else of the same; all clips are then redone.
STAGE_VERSIONS = {"maps": 2, "path": 2, "film": 1}
# What of the sound changes the film, and not what is heard.
_OF_THE_FILM = ("replaces_sound", "tracks")


def stage_key(stage: str, *parts: Any) -> str:
    """Make the key of a stage from all that it depends on."""
    text = json.dumps(
        [stage, STAGE_VERSIONS[stage], *map(_plain, parts)],
        default=str,
        sort_keys=True,
    )
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def maps_key(source: SourceIdentity, settings: LocalizeSettings) -> str:
    """Return the key of an analysis: the clip, how it is listened to, by whom."""
    asked = _plain(settings)
    del asked["checkpoint"]
    asked["sound"] = {
        name: value
        for name, value in asked["sound"].items()
        if name not in _OF_THE_FILM
    }
    return stage_key("maps", source, asked, checkpoint_digest(settings.checkpoint))


def path_key(maps: str, settings: PanSettings) -> str:
    """Return the key of the camera paths: the maps, and what the director is asked."""
    lenses = lenses_of(settings)
    asked = [brief(settings, lens) for lens in lenses]
    return stage_key("path", maps, asked, n_takes(settings), settings.lens.level)


def film_key(path: str, settings: PanSettings) -> str:
    """Return the key of the films: their paths, and all that is done to the picture."""
    lenses = lenses_of(settings)
    return stage_key("film", path, lenses, settings.sound_out, settings.localize.sound)


def checkpoint_digest(checkpoint: Path | None) -> str:
    """Return what a checkpoint holds, as a digest; nothing of one that is missing."""
    path = (checkpoint or default_checkpoint_path()).absolute()
    try:
        stat = path.stat()
        return _digest(path, stat.st_size, stat.st_mtime_ns)
    except OSError:
        return ""  # whoever loads it says so


@functools.lru_cache(maxsize=4)
def _digest(path: Path, n_bytes: int, changed_ns: int) -> str:
    """Digest a file once, as long as size and time say that it is the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(value: Any) -> Any:
    """Return a value as what JSON knows; a dataclass as its fields."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (item.name for item in dataclasses.fields(value))
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (Fraction, Path)):
        return str(value)
    return value
