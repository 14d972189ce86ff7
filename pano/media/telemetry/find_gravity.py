"""Ask the sensors in a file which way was up."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pano.errors import MediaError
from pano.media.cameras.chapters import chapters_of
from pano.media.telemetry.camm import read_camm
from pano.media.telemetry.gpmf import read_gpmf
from pano.media.telemetry.gravity import (
    MAX_BROKEN_SHARE,
    Gravity,
    Readings,
    mean_gravity,
)
from pano.media.telemetry.harvest import Harvest
from pano.media.telemetry.packets import read_packets, telemetry_tracks

_READERS: dict[str, Callable[[Iterable[bytes]], Harvest]] = {
    "camm": read_camm,
    "gpmd": read_gpmf,
}


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What the sensors of a file say.

    Parameters
    ----------
    gravity
        None where there are no sensors, or none that can be used.
    fault
        Why not, where there are some.
    """

    gravity: Gravity | None = None
    fault: str | None = None


def read_telemetry(path: Path) -> Telemetry:
    """Read the sensors in the tracks `camm` and `gpmd` of an MP4, of all its chapters.

    A broken track is a fault that is told, never an error.

    Raises
    ------
    MediaError
        If the file cannot be read at all.
    """
    faults: list[str] = []
    chapters = {one: telemetry_tracks(one) for one in chapters_of(path)}
    for kind in next(iter(chapters.values())):
        if kind not in _READERS:
            continue
        packets = [
            read_packets(one, found[kind])
            for one, found in chapters.items()
            if kind in found
        ]
        harvest = _READERS[kind](itertools.chain.from_iterable(packets))
        if harvest.n_broken > MAX_BROKEN_SHARE * harvest.n_packets:
            faults.append(
                f"{harvest.n_broken} of {harvest.n_packets} packets of the track "
                f"{kind} cannot be read"
            )
            continue
        gravity = _first_good(harvest.readings, faults)
        if gravity is not None:
            return Telemetry(gravity)
    return Telemetry(fault="; ".join(faults) or None)


def _first_good(readings: Iterable[Readings], faults: list[str]) -> Gravity | None:
    for reading in readings:
        try:
            return mean_gravity(reading)
        except MediaError as error:
            faults.append(str(error))
    return None
