"""What the packets of a telemetry track gave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pano.media.telemetry.gravity import Readings


@dataclass(frozen=True, slots=True, eq=False)
class Harvest:
    """The readings of a track, the most telling sensor first.

    Parameters
    ----------
    n_broken
        How many of the packets do not keep to their format.
    """

    readings: tuple[Readings, ...]
    n_packets: int
    n_broken: int

    @classmethod
    def of(
        cls, readings: Iterable[Readings], *, n_packets: int, n_broken: int
    ) -> Harvest:
        """Leave out the sensors that read nothing."""
        return cls(tuple(r for r in readings if len(r.up)), n_packets, n_broken)
