"""Maps files as they were before they had a schema, a level and the clip's cuts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pano.saliency_maps.saliency_map import SaliencyMap


def write_first_version(path: Path, maps: Iterable[SaliencyMap]) -> Path:
    listed = list(maps)
    np.savez(
        path,
        saliency=np.array([one.density for one in listed], np.float16),
        response=np.array([one.response for one in listed], np.float16),
        time_s=np.array([one.time_s for one in listed]),
        confidence=np.array([one.confidence for one in listed], np.float16),
        meta=np.array('{"source": "clip.mp4", "clock": {"rate_hz": 30.0}}'),
    )
    return path
