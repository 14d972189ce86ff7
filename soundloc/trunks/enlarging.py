"""Enlarging pictures inside a network, without a seam where they are periodic in x.

`F.interpolate` knows no seam, and inference engines take as long for its bicubic
filter as for a fifth of EfficientNet. For a ratio of small whole numbers the filter is
a convolution with a few phases.
"""

from __future__ import annotations

from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional as F

from soundloc.trunks.padding import wrap_columns

_SHARPNESS = -0.75  # a of Keys (1981), as in OpenCV and torch
_REACH = 2  # of the bicubic filter, in pixels of the picture


def enlarge(pixels: Tensor, scale: Fraction, *, wrap: bool) -> Tensor:
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
        (b, c, ceil(h · scale), ceil(w · scale)) in 0..255.

    Raises
    ------
    ValueError
        If a periodic picture would not become whole pixels wide: its seam would show.
    """
    width = pixels.shape[-1]
    if wrap and (width * scale).denominator > 1:
        raise ValueError(
            f"a picture that wraps must be a multiple of {scale.denominator} px wide, "
            f"got {width}"
        )
    step, phases = scale.denominator, scale.numerator
    channels, height = pixels.shape[1:3]
    bottom, right = _REACH + -height % step, _REACH + -width % step
    padded = F.pad(pixels, (0, 0, _REACH, bottom), mode="replicate")
    if wrap:
        padded = wrap_columns(padded, _REACH, right)
    else:
        padded = F.pad(padded, (_REACH, right, 0, 0), mode="replicate")
    along = bicubic_phases(scale).to(pixels)
    kernels = along[:, None, :, None] * along[None, :, None, :]
    kernels = kernels.flatten(0, 1)[:, None].repeat(channels, 1, 1, 1)
    found = F.conv2d(padded, kernels, stride=step, groups=channels)
    larger = F.pixel_shuffle(found, phases)
    n_rows, n_columns = (-(-n * phases // step) for n in (height, width))
    return larger[..., :n_rows, :n_columns].clamp(0.0, 255.0)


def bicubic_phases(scale: Fraction) -> Tensor:
    """Return the filter of every phase, shape (numerator, denominator + 2 · reach).

    Of every `denominator` pixels come `numerator` new ones; entry k of a filter belongs
    to the pixel k - reach of them. Every filter sums to 1.
    """
    phase = torch.arange(scale.numerator, dtype=torch.float64)[:, None]
    pixel = torch.arange(scale.denominator + 2 * _REACH, dtype=torch.float64) - _REACH
    at = (phase + 0.5) / float(scale) - 0.5
    distance = (pixel - at).abs()
    near = (_SHARPNESS + 2) * distance**3 - (_SHARPNESS + 3) * distance**2 + 1
    far = _SHARPNESS * (distance**3 - 5 * distance**2 + 8 * distance - 4)
    weights = torch.where(distance <= 1, near, torch.where(distance < 2, far, 0.0))
    return weights.float()
