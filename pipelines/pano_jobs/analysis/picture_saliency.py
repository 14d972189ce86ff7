"""Saliency maps from the pictures alone: the baseline without sound.

Cheng et al. 2018 predict saliency on the six faces of a cube, each continued by its
neighbours, so that no edge of a picture cuts through the sphere. Their values are
brought to [0, 1] picture by picture, as theirs are.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from pano.equirect.cube_faces import from_faces, pad_indices, to_faces
from pano.media import Frame
from pano.media.frames import ANALYSIS_HEIGHT_PX, ANALYSIS_WIDTH_PX
from pano.saliency_maps.saliency_map import SaliencyMap
from pano_jobs.analysis.localizer import STRIDE_PX

if TYPE_CHECKING:
    from soundloc.inference.static_saliency import StaticSaliency

# A quarter of the horizon, as many pixels as the equirectangular picture gives it.
FACE_PX = ANALYSIS_WIDTH_PX // 4
# A map that was made without sound is trusted as if it had been loud and sure.
_LEVEL_DB = 0.0


@functools.lru_cache(maxsize=1)
def _load_network() -> StaticSaliency:
    """Load it once for all clips; compiling takes seconds."""
    from soundloc.inference.static_saliency import StaticSaliency

    return StaticSaliency.load(pad_indices)


def picture_maps(
    frames: Iterable[Frame], *, rate_hz: float = 5.0
) -> Iterator[SaliencyMap]:
    """Map what is salient in frames on the analysis clock, so many times a second.

    The last map stands until the last frame.

    Raises
    ------
    soundloc.errors.CheckpointError
        If the pretrained network is not installed.
    """
    network = _load_network()
    height, width = ANALYSIS_HEIGHT_PX // STRIDE_PX, ANALYSIS_WIDTH_PX // STRIDE_PX
    start_s, time_s, n_looks = math.nan, math.nan, 0
    found: SaliencyMap | None = None
    for frame in frames:
        time_s = frame.time_s
        start_s = time_s if n_looks == 0 else start_s
        if (frame.time_s - start_s) * rate_hz + 1e-6 < n_looks:
            continue
        n_looks += 1
        responses = network.see(to_faces(frame.image, FACE_PX))
        salient = from_faces(responses, height, width)
        salient = (salient - salient.min()) / max(float(np.ptp(salient)), 1e-9)
        found = SaliencyMap.from_attention(
            salient + 1e-6,
            salient,
            time_s=time_s,
            confidence=1.0,
            level_db=_LEVEL_DB,
        )
        yield found
    if found is not None and time_s > found.time_s:
        yield dataclasses.replace(found, time_s=time_s)
