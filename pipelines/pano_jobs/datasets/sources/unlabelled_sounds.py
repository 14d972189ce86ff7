"""Reads unlabelled sounds from any folder, for the distillation of a sound trunk."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pano.errors import MediaError
from pano_jobs.datasets.sources.clips import read_track
from soundloc.data.pairs import SAMPLE_RATE_HZ
from soundloc.errors import DatasetError

logger = logging.getLogger(__name__)

_SUFFIXES = {".wav", ".ogg", ".oga", ".opus", ".flac", ".mp3", ".m4a", ".aac"}
# Of a long one, music mostly, a part is enough; what is shorter is a click.
_LONGEST_S, _SHORTEST_S = 20.0, 0.1
_FAINTEST = 1e-3
_PEAK = 0.7


def read_sounds(folder: Path) -> list[NDArray[np.int16]]:
    """Read every sound under a folder at 22,050 Hz, levelled to a common peak.

    Files that cannot be read, and silent ones, are left out and counted in the log.

    Raises
    ------
    DatasetError
        If there is none.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES)
    sounds = [
        sound
        for number, path in enumerate(paths)
        if (sound := _read(path, number)) is not None
    ]
    if not sounds:
        raise DatasetError(f"{folder} holds no sound that can be read.")
    hours = sum(map(len, sounds)) / SAMPLE_RATE_HZ / 3600
    logger.info(
        "%d further sounds, %.1f hours; %d were silent or unreadable",
        *(len(sounds), hours, len(paths) - len(sounds)),
    )
    return sounds


def _read(path: Path, number: int) -> NDArray[np.int16] | None:
    try:
        track = read_track(path)
    except MediaError:
        return None
    longest = int(_LONGEST_S * SAMPLE_RATE_HZ)
    if len(track) > longest:
        rng = np.random.default_rng(number)
        start = int(rng.integers(0, len(track) - longest + 1))
        track = track[start : start + longest]
    peak = float(np.abs(track).max(initial=0.0))
    if len(track) < _SHORTEST_S * SAMPLE_RATE_HZ or peak < _FAINTEST:
        return None
    return np.asarray(track * (_PEAK / peak * (2**15 - 1)), dtype=np.int16)
