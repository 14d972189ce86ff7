"""Small HDR clips whose codes are known, for the tests."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

BT2020, PQ, HLG = 9, 16, 18
# 8 grey steps, each 32 pixels wide: clear of the encoder's and the chroma's edges.
N_STEPS, STEP_PX, HEIGHT_PX = 8, 32, 128
WIDTH_PX = N_STEPS * STEP_PX
DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
LEVELS = f"master-display={DISPLAY}:max-cll=1000,400"

Codes = NDArray[np.uint16]


def pq_codes(nit: NDArray[np.float64]) -> Codes:
    """Return luma codes of 10 bits, limited range (SMPTE ST 2084)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    share = (nit / 10_000.0) ** m1
    return luma_codes(((c1 + c2 * share) / (1.0 + c3 * share)) ** m2)


def luma_codes(signal: NDArray[np.float64]) -> Codes:
    """Return luma codes of 10 bits, limited range, of a signal in [0, 1]."""
    return np.round(64 + 876 * signal).astype(np.uint16)


def write_steps(
    path: Path,
    codes: Codes,
    transfer: int,
    *,
    pixel_format: str = "yuv420p10le",
    n_pictures: int = 3,
    levels: str = LEVELS,
    matrix: int = BT2020,
) -> Path:
    """Write grey steps without loss, tagged BT.2020 with a transfer, sound left out."""
    options = {
        "preset": "ultrafast",
        "x265-params": f"log-level=error:lossless=1:bframes=0:{levels}",
    }
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx265", rate=Fraction(10), options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, pixel_format
        context = stream.codec_context
        context.colorspace, context.color_range = matrix, 1
        context.color_primaries, context.color_trc = BT2020, transfer
        for k in range(n_pictures):
            picture = steps_frame(codes, pixel_format)
            picture.pts = k
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def steps_frame(codes: Codes, pixel_format: str = "yuv420p10le") -> VideoFrame:
    """Draw the steps from left to right."""
    picture = VideoFrame(WIDTH_PX, HEIGHT_PX, pixel_format)
    luma, *chroma = picture.planes
    rows(luma)[:] = np.repeat(codes, STEP_PX)
    for plane in chroma:
        rows(plane)[:] = 512
    return picture


def rows(plane) -> Codes:
    """Return a plane of 10 bits without its padding."""
    values = np.asarray(memoryview(plane)).view(np.uint16)
    return values.reshape(plane.height, -1)[:, : plane.width]


def first_picture(path: Path) -> VideoFrame:
    """Decode the first picture of a file."""
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


def middles(luma: NDArray[np.unsignedinteger]) -> list[int]:
    """Return the middle of each step."""
    middle = luma[luma.shape[0] // 2, STEP_PX // 2 :: STEP_PX]
    return [int(value) for value in middle]
