"""Which clips of a folder have come to rest, while others are still being copied."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pano.errors import MediaError
from pano_jobs.batch.clips import BatchClip, SourceIdentity

# A look at ten thousand files takes a second: looking is not to be all it does.
_IDLE_SHARE = 9.0


@dataclass(slots=True)
class Watch:
    """Looks at a folder again and again, and hands out each clip at rest once.

    A clip is at rest when its files have had the same sizes and times for `rest_s`.
    At the first look a file that was changed longer ago than that counts as well.

    Parameters
    ----------
    clock
        Measures the rest; `wall` is what files are dated by.
    """

    rest_s: float
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    _since_s: dict[Path, tuple[SourceIdentity, float]] = field(default_factory=dict)
    _handed_out: dict[Path, SourceIdentity] = field(default_factory=dict)
    _n_looks: int = 0

    def rounds(
        self, look: Callable[[], Iterable[BatchClip]]
    ) -> Iterator[list[BatchClip]]:
        """Yield the clips that have come to rest, a list a look, without an end."""
        while True:
            begun_s = self.clock()
            found = self.at_rest(look())
            looked_s = self.clock() - begun_s
            yield found
            self.sleep(max(min(1.0, self.rest_s / 4.0), _IDLE_SHARE * looked_s))

    def at_rest(self, clips: Iterable[BatchClip]) -> list[BatchClip]:
        """Return the clips that are at rest and were not returned as they are now."""
        found = [clip for clip in clips if self._is_at_rest(clip)]
        self._n_looks += 1
        return found

    def _is_at_rest(self, clip: BatchClip) -> bool:
        try:
            identity = clip.identity()
        except MediaError:
            return False  # gone again
        if self._handed_out.get(clip.target) == identity:
            return False
        now_s = self.clock()
        before, since_s = self._since_s.get(clip.target, (None, now_s))
        if before != identity:
            since_s = now_s
            self._since_s[clip.target] = (identity, now_s)
        is_old = self.wall() - identity.changed_s >= self.rest_s
        if now_s - since_s < self.rest_s and not (is_old and self._n_looks == 0):
            return False
        self._handed_out[clip.target] = identity
        del self._since_s[clip.target]
        return True
