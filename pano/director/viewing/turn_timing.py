"""Postpone turns until the new view shows more than the old one.

The program that chooses views knows the future: it leaves one source in time to be
with the next one when that begins, and the turn shows neither. An operator hears
first and turns then, and so does a camera that is to look as if someone held it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A nearer view is a matter of framing, and no turn.
_MIN_TURN_DEG = 30.0
# What moves longer than half round the sphere follows something.
_MAX_STEPS = 16
# The next source may begin this long after the program's camera is there.
_MAX_EARLY_S = 5.0
# A turn shows on its way no more than this part beyond what its two ends show.
_SHOWN_BY_THE_WAY = 1.1

# Until a turn is due, the camera waits so long with this weight: where evidence alone
# speaks, it begins a turn of 180° three seconds before there is anything to see.
HELD_S, _HELD_WEIGHT = 4.0, 10.0

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn from one view to another, in moments.

    Parameters
    ----------
    first, last
        The plan is on its way from `first` to before `last`, where it has arrived.
    due
        The first moment in which the new view shows more than the old one.
    """

    first: int
    last: int
    due: int

    def postpone(self, views: IntArray) -> None:
        """Let the old view last until the turn is due, and the new one begin then."""
        before, after = views[self.first - 1], views[self.last]
        views[self.first : self.due] = before
        views[self.due : self.last] = after


def find_turns(
    views: IntArray,
    apart_deg: FloatArray,
    *,
    stride: int,
    step_s: float,
    shown_in: Callable[[int, int, IntArray], FloatArray],
) -> Iterator[Turn]:
    """Find where views, moment by moment, shape (n,), change without following.

    Parameters
    ----------
    apart_deg
        Angles between the views, shape (v, v).
    stride, step_s
        Moments per decision, and seconds per moment.
    shown_in
        What some views show from one moment to before another, shape (t, k).
    """
    runs = _runs(views, stride)
    for number, (first, last) in enumerate(runs):
        pair = views[[first - 1, last]]
        is_far = apart_deg[pair[0], pair[1]] >= _MIN_TURN_DEG
        if not is_far or last - first > _MAX_STEPS * stride:
            continue
        end = runs[number + 1][0] if number + 1 < len(runs) else len(views)
        end = min(end, last + round(_MAX_EARLY_S / step_s))
        among, place = np.unique(np.append(pair, views[first:end]), return_inverse=True)
        shown = shown_in(first, end, among)
        old, new = shown[:, place[0]], shown[:, place[1]]
        by_the_way = shown[np.arange(end - first), place[2:]].sum()
        # Sums of what is shown if the views change at each moment; of equals the last.
        sums = np.append(0.0, np.cumsum(old)) + np.append(np.cumsum(new[::-1])[::-1], 0)
        due = len(sums) - 1 - int(np.argmax(sums[::-1] >= sums.max() - 1e-9))
        if by_the_way <= _SHOWN_BY_THE_WAY * sums.max() and due < end - first:
            yield Turn(first, last, first + due)


def wait(
    yaw_deg: FloatArray,
    pitch_deg: FloatArray,
    weight: FloatArray,
    is_held: NDArray[np.bool_],
) -> None:
    """Change targets, each shape (n,), so that the camera stays where it is held."""
    seen = np.maximum.accumulate(np.where(weight > 0.0, np.arange(len(weight)), -1))
    held = is_held & (seen >= 0)
    yaw_deg[held] = yaw_deg[seen[held]]
    pitch_deg[held] = pitch_deg[seen[held]]
    weight[held] = np.maximum(_HELD_WEIGHT * weight[held], 1.0)


def _runs(views: IntArray, stride: int) -> list[tuple[int, int]]:
    """Return the first and the last change of the stretches that change every step."""
    changes = np.flatnonzero(np.diff(views)) + 1
    stretches = np.split(changes, np.flatnonzero(np.diff(changes) > stride) + 1)
    return [(int(found[0]), int(found[-1])) for found in stretches if len(found)]
