"""Looks at a video, and what lies between two of them, in closed form.

A picture between two looks v₁ and v₂ is their mixture on the sphere that they live on,
(1 - s)·v₁ + s·v₂ scaled to length 1 again. The mixture, rather than the last look held,
keeps maps continuous, because the camera would see every jump of a held map as a motion
of the source. It is never computed: all that is asked of it are cosines with sounds and
with other mixtures, which follow from those of the looks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from pano.media import Frame
from pano_jobs.analysis.localizer import FloatArray, Localizer
from soundloc.inference.window_embedding import WindowEmbedding

_SHORTEST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What the network saw in one picture.

    Parameters
    ----------
    visual
        Unit vectors (D, h, w).
    """

    time_s: float
    visual: FloatArray
    _likenesses: dict[float, FloatArray] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """Return (h, w), the number of cells."""
        height, width = self.visual.shape[1:]
        return height, width

    def likeness(self, earlier: Look) -> FloatArray:
        """Return the cosines (h, w) with an earlier look, computed once."""
        if earlier is self:
            return np.ones(self.size, np.float32)
        if earlier.time_s not in self._likenesses:
            self._likenesses[earlier.time_s] = np.einsum(
                "dij,dij->ij", self.visual, earlier.visual
            )
        return self._likenesses[earlier.time_s]


@runtime_checkable
class Onlooker(Protocol):
    """Looks at pictures."""

    def look(self, frame: Frame) -> Look | None:
        """Look at a picture; None waits for the next, the latest look holds."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is seen at one time: the mixture of the looks before and after.

    Parameters
    ----------
    share
        Of the look after, 0 to 1.
    """

    time_s: float
    before: Look
    after: Look
    share: float

    @property
    def parts(self) -> tuple[tuple[Look, float], ...]:
        """Return the looks that count and their shares, the earlier first."""
        if self.before is self.after:
            return ((self.after, 1.0),)
        both = ((self.before, 1.0 - self.share), (self.after, self.share))
        return tuple((look, share) for look, share in both if share > 0.0)

    @property
    def length(self) -> FloatArray:
        """Return the length (h, w) of the mixture before it is scaled."""
        if len(self.parts) == 1:
            return np.ones(self.after.size, np.float32)
        s = np.float32(self.share)
        c = self.after.likeness(self.before)
        square = (1.0 - s) ** 2 + s**2 + 2.0 * s * (1.0 - s) * c
        return np.asarray(np.maximum(np.sqrt(np.maximum(square, 0.0)), _SHORTEST))

    def likeness(self, earlier: Seen) -> FloatArray:
        """Return the cosines (h, w) with what was seen earlier."""
        total = np.zeros(self.after.size, np.float32)
        for look, share in self.parts:
            for other, other_share in earlier.parts:
                # Of two overlapping mixtures a look may be before one of the other.
                late, early = (
                    (look, other) if look.time_s >= other.time_s else (other, look)
                )
                total += np.float32(share * other_share) * late.likeness(early)
        return np.asarray(total / (self.length * earlier.length), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Pictures up to a look, which all lie between it and the look before."""

    seen: tuple[Seen, ...]

    def respond(
        self, localizer: Localizer, sounds: list[WindowEmbedding]
    ) -> Iterator[FloatArray]:
        """Yield the cosines (h, w) of each picture with its own sound."""
        before, after = self.seen[0].before, self.seen[0].after
        last = localizer.respond(after.visual, sounds)
        if all(seen.share == 1.0 for seen in self.seen):
            yield from last
            return
        first = localizer.respond(before.visual, sounds)
        for seen, one, other in zip(self.seen, first, last, strict=True):
            s = np.float32(seen.share)
            yield np.asarray(((1.0 - s) * one + s * other) / seen.length)


def stretches(
    frames: Iterable[Frame], onlooker: Onlooker, visual_rate_hz: float
) -> Iterator[Stretch]:
    """Look at a video and yield all its pictures, from look to look.

    The onlooker is shown `visual_rate_hz` pictures a second. Those after the last look
    get that look.
    """
    waiting_s: list[float] = []
    before: Look | None = None
    # Until then the look before holds: it may be much older than the last picture.
    start_s = since_s = 0.0
    n_shown = 0
    for frame in frames:
        if before is None:
            start_s = since_s = frame.time_s
        # The small addend keeps 0.2 s · 5 Hz from being a hair less than 1.
        n_due = math.floor((frame.time_s - start_s) * visual_rate_hz + 1e-6) + 1
        waiting_s.append(frame.time_s)
        if n_due <= n_shown:
            continue
        n_shown = n_due
        look = onlooker.look(frame)
        if look is None:
            continue
        yield _between(before or look, look, since_s, waiting_s)
        before, since_s, waiting_s = look, frame.time_s, []
    if before is not None and waiting_s:
        yield _between(before, before, since_s, waiting_s)


def _between(
    before: Look, after: Look, since_s: float, times_s: Sequence[float]
) -> Stretch:
    span_s = times_s[-1] - since_s
    return Stretch(
        tuple(
            Seen(
                time_s,
                before,
                after,
                1.0 if span_s <= 0.0 else (time_s - since_s) / span_s,
            )
            for time_s in times_s
        )
    )
