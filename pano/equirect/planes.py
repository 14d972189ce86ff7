"""Y'CbCr 4:2:0 pictures as videos store them: luma in full, chroma at half the size.

Filming planes spares two conversions of every full-size frame (59 ms of a 3840×1920
one) and samples half as many values. Chroma is sampled where the format says it is
sited, which the same arithmetic on plain half-size pictures would miss by up to half a
chroma sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Videos have 8 bits or more; more are kept as 10, in the low bits of 16.
Plane = NDArray[np.unsignedinteger[Any]]
DEEP_BITS = 10


@dataclass(frozen=True, slots=True)
class Siting:
    """The chroma siting: where a sample lies in its share, 0 at its left or top edge.

    Sample i of n lies at (i + x)/n of the width.
    """

    x: float = 0.5
    y: float = 0.5


CENTRE = Siting()
# H.264 and HEVC, where they do not say otherwise: beside every other column of luma,
# between two rows.
LEFT = Siting(0.25, 0.5)
BT709 = 1
BT2020 = 9
PQ, HLG = 16, 18
# Of BT.2408: diffuse white in HDR, and what SDR shows as white.
WHITE_NIT = 203.0


@dataclass(frozen=True, slots=True)
class Light:
    """What light the codes of a picture mean.

    Parameters
    ----------
    transfer
        TransferCharacteristics of ITU-T H.273: 1 is BT.709, 16 PQ, 18 HLG.
    primaries
        ColourPrimaries of ITU-T H.273: 1 is BT.709, 9 BT.2020, 12 Display P3.
    peak_nit
        The brightest that was graded.
    """

    transfer: int = BT709
    primaries: int = BT709
    peak_nit: float = WHITE_NIT

    @property
    def is_hdr(self) -> bool:
        """Tell whether it goes beyond what an ordinary picture shows."""
        return self.transfer in (PQ, HLG)


SDR = Light()


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """A Y'CbCr picture of 8 or 10 bits with 4:2:0 chroma, sited at the left.

    Parameters
    ----------
    y
        Luma, shape (h, w), both even.
    u, v
        Chroma, blue and red difference, shape (h/2, w/2).
    matrix
        MatrixCoefficients of ITU-T H.273: 1 is BT.709, 5 and 6 are BT.601, 9 is
        BT.2020.
    is_full_range
        Whether black is 0 and white 255, not 16 and 235.
    light
        What light the codes mean.
    """

    y: Plane
    u: Plane
    v: Plane
    matrix: int = BT709
    is_full_range: bool = False
    light: Light = SDR

    def __post_init__(self) -> None:
        height, width = self.y.shape
        half = (height // 2, width // 2)
        if height % 2 or width % 2 or self.u.shape != half or self.v.shape != half:
            raise ValueError(
                "4:2:0 planes have even sides and half-size chroma, got "
                f"{self.y.shape}, {self.u.shape}, {self.v.shape}"
            )

    @property
    def bit_depth(self) -> int:
        """Return how many bits a value has."""
        return 8 if self.y.dtype == np.uint8 else DEEP_BITS

    def luma_8bit(self) -> NDArray[np.uint8]:
        """Return the luma for those who see in 8 bits."""
        if self.bit_depth == 8:
            return self.y.astype(np.uint8, copy=False)
        return (self.y >> (DEEP_BITS - 8)).astype(np.uint8)
