"""What does it cost to paint a sprite on the sphere?

Run: python -m tests.benchmarks.bench_billboard
"""

from __future__ import annotations

import time

import numpy as np

from pano.draw.billboard import paint_billboard
from pano.sphere import Direction
from pano_jobs.synthetic.sprites import SourceKind, sprite


def main() -> None:
    """Print the cost of one sprite of 20° on 1920×960."""
    picture = np.zeros((960, 1920, 3), np.uint8)
    bell = sprite(SourceKind.BELL, 0, 0.0)
    for pitch_deg in (0.0, 60.0, 90.0):
        center = Direction(180.0, pitch_deg)
        start_s = time.perf_counter()
        for _ in range(20):
            paint_billboard(picture, bell, center=center, width_deg=20.0)
        ms = (time.perf_counter() - start_s) * 50.0
        print(f"billboard of 20° at pitch {pitch_deg:.0f}°: {ms:.1f} ms")


if __name__ == "__main__":
    main()
