"""The command `pano` in a process of its own, whose localizer hears what is red.

The processes of `--jobs`, which run this file again, hear red as well; who imports it
hears as before. Every analysis leaves a line in the file HEARD.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pano_jobs.analysis.audio_track
from pano_jobs.cli import main
from tests.fake_localizer import RedLocalizer

# Of films whose bytes are compared: with its macroblock tree, from veryfast on, x264
# does not always write the same bytes where the processor has AVX-512.
REPEATABLE = "ultrafast"


class NotingLocalizer(RedLocalizer):
    """Leaves a line for every clip that it hears."""

    def hear(self, track, *, sample_rate_hz=22_050):
        if heard := os.environ.get("HEARD"):
            with Path(heard).open("a") as file:
                file.write("heard\n")
        return super().hear(track, sample_rate_hz=sample_rate_hz)


def hear_red() -> None:
    """Let this process hear what is red, to its end: for a process of its own."""
    heard = vars(pano_jobs.analysis.audio_track)
    heard["load_localizer"] = lambda *_: NotingLocalizer()


if __name__ in ("__main__", "__mp_main__"):
    hear_red()

if __name__ == "__main__":
    main(sys.argv[1:])
