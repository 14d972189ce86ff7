"""What sees pictures: the interface of the visual stream to inference."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

EngineName = Literal["auto", "torch", "openvino"]


@runtime_checkable
class VisualEngine(Protocol):
    """Computes the normalised visual activation of pictures."""

    def see(self, image: NDArray[np.uint8], *, wrap: bool) -> NDArray[np.float32]:
        """Map an RGB picture (h, w, 3) to V (D, h / 16, w / 16), each v_i of length 1.

        With `wrap` the picture is periodic in x and w a multiple of 16.
        """
