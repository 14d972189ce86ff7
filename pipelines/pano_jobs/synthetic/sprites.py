"""Draws the sprite of any kind of sound source.

Nothing here comes from a file, so the demo owns every pixel and knows every truth.
A seed fixes the colours, proportions and details of one individual; what does not
move is drawn once and kept, because a world paints every sprite in every frame.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from pano_jobs.synthetic.canvas import Sprite
from pano_jobs.synthetic.draw_alarm_clock import draw_alarm_clock
from pano_jobs.synthetic.draw_bell import draw_bell
from pano_jobs.synthetic.draw_fire import draw_fire
from pano_jobs.synthetic.draw_fountain import draw_fountain
from pano_jobs.synthetic.draw_siren import draw_siren


class SourceKind(StrEnum):
    """The kinds of synthetic sound sources."""

    FIRE = "fire"
    BELL = "bell"
    SIREN = "siren"
    FOUNTAIN = "fountain"
    ALARM_CLOCK = "alarm_clock"


_DRAW: dict[SourceKind, Callable[[int, float], Sprite]] = {
    SourceKind.FIRE: draw_fire,
    SourceKind.BELL: draw_bell,
    SourceKind.SIREN: draw_siren,
    SourceKind.FOUNTAIN: draw_fountain,
    SourceKind.ALARM_CLOCK: draw_alarm_clock,
}


def sprite(kind: SourceKind, seed: int, time_s: float) -> Sprite:
    """Draw the sprite of one individual at one moment.

    It moves whether it sounds or not, so that the picture alone never tells.

    Returns
    -------
    uint8 (h, w, 4), straight alpha; every kind has its own size and aspect.
    """
    return _DRAW[kind](seed, time_s)
