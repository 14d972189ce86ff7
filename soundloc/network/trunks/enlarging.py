"""Bicubic enlarging of pictures in a network, seamless where they are periodic in x.

`F.interpolate` knows no seam, and inference engines take as long for its bicubic
filter as for a fifth of EfficientNet. For a whole number the filter is a convolution
with a few phases.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from soundloc.network.trunks.padding import wrap_columns

_SHARPNESS = -0.75  # a of Keys (1981), as in OpenCV and torch
_REACH = 2  # of the bicubic filter, in pixels of the picture


def enlarge(pixels: Tensor, times: int, *, wrap: bool) -> Tensor:
    """Enlarge pictures bicubically.

    Parameters
    ----------
    pixels
        (b, c, h, w) in 0..255.
    wrap
        They are periodic in x.

    Returns
    -------
    Tensor
        (b, c, times · h, times · w) in 0..255.
    """
    channels = pixels.shape[1]
    padded = F.pad(pixels, (0, 0, _REACH, _REACH), mode="replicate")
    if wrap:
        padded = wrap_columns(padded, _REACH, _REACH)
    else:
        padded = F.pad(padded, (_REACH, _REACH, 0, 0), mode="replicate")
    along = bicubic_phases(times).to(pixels)
    kernels = along[:, None, :, None] * along[None, :, None, :]
    kernels = kernels.flatten(0, 1)[:, None].repeat(channels, 1, 1, 1)
    found = F.conv2d(padded, kernels, groups=channels)
    return F.pixel_shuffle(found, times).clamp(0.0, 255.0)


def bicubic_phases(times: int) -> Tensor:
    """Return the filter of every phase, shape (times, 1 + 2 · reach).

    Of every pixel come `times` new ones; entry k of a filter belongs to the pixel
    k - reach from it. Every filter sums to 1.
    """
    phase = torch.arange(times, dtype=torch.float64)[:, None]
    pixel = torch.arange(-_REACH, _REACH + 1, dtype=torch.float64)
    at = (phase + 0.5) / times - 0.5
    distance = (pixel - at).abs()
    near = (_SHARPNESS + 2) * distance**3 - (_SHARPNESS + 3) * distance**2 + 1
    far = _SHARPNESS * (distance**3 - 5 * distance**2 + 8 * distance - 4)
    weights = torch.where(distance <= 1, near, torch.where(distance < 2, far, 0.0))
    return weights.float()
