"""What files hold, brought to ambiX: channel orders, normalisations, channel maps.

- ambiX: order ACN (W Y Z X …), normalisation SN3D; what `SA3D` and YouTube mean.
- N3D: ACN with every degree n louder by √(2n + 1).
- FuMa: Furse and Malham's order (W X Y Z, R S T U V, …), W weaker by 3 dB and every
  other channel brought to a maximum of 1 (Malham 2003).

A format is one matrix from a track's channels to ambiX.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.harmonics import degrees_of_channels, n_channels
from pano.ambisonics.rotation import rotation_matrix
from pano.camera.pose import CameraPose

FloatArray = NDArray[np.float64]
Ordering: TypeAlias = Literal["ACN", "FuMa"]
Normalization: TypeAlias = Literal["SN3D", "N3D", "FuMa"]

# Where FuMa's channels lie in ACN, and what makes SN3D of them: 1 / maxN factors.
_FUMA_AS_ACN = (0, 3, 1, 2, 6, 7, 5, 8, 4, 12, 13, 11, 14, 10, 15, 9)
_SN3D_OF_FUMA = np.array(
    [np.sqrt(2.0)]
    + [1.0] * 3
    + [1.0]
    + [np.sqrt(3.0) / 2.0] * 4
    + [1.0]
    + [np.sqrt(32.0 / 45.0)] * 2
    + [np.sqrt(5.0) / 3.0] * 2
    + [np.sqrt(5.0 / 8.0)] * 2
)


@dataclass(frozen=True, slots=True)
class AmbisonicFormat:
    """How a track's channels hold a sound field.

    Parameters
    ----------
    order
        In 1 to 3.
    channel_map
        The track's channel that each channel of the ordering is; empty: as they come.
    has_head_locked_pair
        Two more channels, left and right, that do not turn with the field.
    yaw_deg
        Where the field's front lies in the picture, positive to the right.
    """

    order: int = 1
    ordering: Ordering = "ACN"
    normalization: Normalization = "SN3D"
    channel_map: tuple[int, ...] = ()
    has_head_locked_pair: bool = False
    yaw_deg: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.order <= 3:
            raise ValueError(f"order must be in 1 to 3, got {self.order}")
        if not math.isfinite(self.yaw_deg):
            raise ValueError(f"yaw_deg must be finite, got {self.yaw_deg}")
        names = set(self.channel_map)
        if self.channel_map and names != set(range(len(self.channel_map))):
            raise ValueError(f"channel_map must name each channel once, got {names}")
        if self.channel_map and len(self.channel_map) != self.n_stored:
            raise ValueError(
                f"channel_map must have {self.n_stored} entries, "
                f"got {len(self.channel_map)}"
            )

    @property
    def n_field(self) -> int:
        """How many channels the field has."""
        return n_channels(self.order)

    @property
    def n_stored(self) -> int:
        """How many channels the track has."""
        return self.n_field + 2 * self.has_head_locked_pair

    @property
    def words(self) -> str:
        """The format in the words of the field."""
        name = {
            ("ACN", "SN3D"): "ambiX",
            ("ACN", "N3D"): "ACN/N3D",
            ("FuMa", "FuMa"): "FuMa",
        }.get(
            (self.ordering, self.normalization), f"{self.ordering}/{self.normalization}"
        )
        pair = ", head-locked stereo" if self.has_head_locked_pair else ""
        turned = f", turned by {self.yaw_deg:.0f}°" if self.yaw_deg else ""
        return f"{name}, order {self.order}{pair}{turned}"

    def matrix(self) -> FloatArray:
        """Return what makes ambiX of the track, shape (n_field, n_stored)."""
        return _ambix_matrix(self)

    def to_ambix(self, samples: NDArray[np.floating]) -> NDArray[np.float32]:
        """Turn a track's channels (n_stored, n) into an ambiX field (n_field, n)."""
        mixed = self.matrix().astype(np.float32) @ samples
        return np.asarray(mixed, dtype=np.float32)

    def head_locked(self, samples: NDArray[np.floating]) -> NDArray[np.float32] | None:
        """Return the head-locked pair (2, n) of a track's channels, if it has one."""
        if not self.has_head_locked_pair:
            return None
        pair = (self.channel_map or tuple(range(self.n_stored)))[-2:]
        return np.asarray(samples[list(pair)], dtype=np.float32)


AMBIX = AmbisonicFormat()


@functools.lru_cache(maxsize=64)
def _ambix_matrix(format_: AmbisonicFormat) -> FloatArray:
    """Return what makes ambiX of a format's channels, (n_field, n_stored)."""
    n_field = format_.n_field
    stored = format_.channel_map or tuple(range(format_.n_stored))
    matrix = np.zeros((n_field, format_.n_stored))
    for place in range(n_field):
        acn = _FUMA_AS_ACN[place] if format_.ordering == "FuMa" else place
        matrix[acn, stored[place]] = 1.0
    if format_.normalization == "FuMa":
        gains = np.zeros(n_field)
        gains[list(_FUMA_AS_ACN[:n_field])] = _SN3D_OF_FUMA[:n_field]
        matrix *= gains[:, None]
    elif format_.normalization == "N3D":
        matrix /= np.sqrt(2.0 * degrees_of_channels(format_.order) + 1.0)[:, None]
    if format_.yaw_deg:
        # What sounds ahead of the microphone lies at `yaw_deg` in the picture.
        turn = CameraPose(-format_.yaw_deg, 0.0).axes()
        matrix = rotation_matrix(turn, format_.order) @ matrix
    matrix.setflags(write=False)
    return matrix
