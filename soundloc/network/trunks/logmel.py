"""The log-mel sound trunk: a depthwise CNN on spectrogram patches of a second.

SoundNet learned from the pictures beside two million sounds and hears their scene; the
kind of a single sound it tells apart poorly. This trunk looks at patches of a log-mel
spectrogram, as the networks trained on AudioSet do (Hershey et al. 2017), with the
depthwise separable convolutions of MobileNet (Howard et al. 2017). It is taught by such
a network, see `soundloc.adaptation.distill_logmel`, and is a quarter of its size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.network.trunks.frame_clock import FrameClock, HeardLayer

SAMPLE_RATE_HZ = 22_050
N_BANDS = 64
N_WINDOWS = 96  # of a patch: 0.98 s
CHANNELS = 1024

_WINDOW, _FFT = 551, 1024  # 25 ms
_HOP = 220.5  # 10 ms, rounded window by window
_LOW_HZ, _HIGH_HZ = 125.0, 7500.0
_LOG_OFFSET = 1e-3
# A window of 400 samples at 16 kHz and 512 lines, which the teacher hears, gives
# magnitudes lower by this.
_GAIN = (400 / _WINDOW) * (512 / _FFT)
# Of the logarithm, over sounds of usual level.
_MEAN = _DEVIATION = 2.5

# (channels, stride) of the blocks behind a stem of 32.
_STEM = 32
_BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)),
    *((512, 2), (512, 1), (512, 1), (512, 1), (CHANNELS, 2), (CHANNELS, 1)),
)

_STARTS = np.round(np.arange(N_WINDOWS) * _HOP).astype(np.int64)
PATCH_SAMPLES = int(_STARTS[-1]) + _WINDOW
_PATCH_STRIDE = int(_HOP * N_WINDOWS / 2)  # half a patch, a whole number of samples
PATCH_CLOCK = FrameClock(_PATCH_STRIDE, PATCH_SAMPLES / 2, PATCH_SAMPLES)

# Patches that run through the network together; a minute has 125.
_PATCHES_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class LogMelFrames:
    """What the trunk hears, a frame every half patch.

    Parameters
    ----------
    patches
        (b, 1024, t), t > 0.
    n_samples
        Length of the waveform they were computed from.
    """

    patches: Tensor
    n_samples: int

    @property
    def layers(self) -> tuple[HeardLayer, ...]:
        """Return what makes f_s, with its clock."""
        return (HeardLayer(self.patches, PATCH_CLOCK),)


class LogMelNet(nn.Module):
    """Patches of 96 × 64 log-mel values to 1,024 features, 2.7 M parameters.

    Batch norm uses its stored statistics unless `is_taught` is set: while only heads
    train, the trunk stays what it is.
    """

    bank: Tensor
    hann: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.is_taught = False
        self.stem = nn.Conv2d(1, _STEM, 3, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(_STEM)
        widths = (_STEM, *(channels for channels, _ in _BLOCKS))
        strides = (stride for _, stride in _BLOCKS)
        self.blocks = nn.Sequential(
            *(
                _Separable(before, after, stride)
                for (before, after), stride in zip(
                    pairwise(widths), strides, strict=True
                )
            )
        )
        bank = torch.from_numpy(_mel_bank() * _GAIN).float()
        hann = torch.hann_window(_WINDOW, periodic=True)
        self.register_buffer("bank", bank, persistent=False)
        self.register_buffer("hann", hann, persistent=False)
        self.eval()

    def train(self, mode: bool = True) -> LogMelNet:
        """Keep the normalisation statistics fixed, unless the trunk is taught."""
        super().train(mode and self.is_taught)
        self.training = mode
        return self

    def forward(self, waveform: Tensor) -> LogMelFrames:
        """Hear sounds of one length.

        Parameters
        ----------
        waveform
            (b, n) in [-1, 1] at 22,050 Hz, n > 0. Shorter than a patch it is repeated
            to that length.
        """
        n_samples = waveform.shape[-1]
        if n_samples == 0:
            raise ValueError("the waveform is empty")
        repeats = -(-PATCH_SAMPLES // n_samples)
        if repeats > 1:
            waveform = waveform.repeat(1, repeats)[:, :PATCH_SAMPLES]
        cuts = waveform.unfold(-1, PATCH_SAMPLES, _PATCH_STRIDE)  # b t n
        b, t = cuts.shape[:2]
        chunks = torch.split(cuts.flatten(0, 1), _PATCHES_AT_ONCE)
        seen = [self.name(self.spectrogram(chunk)) for chunk in chunks]
        patches = torch.cat(seen).view(b, t, CHANNELS).transpose(1, 2)
        return LogMelFrames(patches, n_samples)

    def spectrogram(self, cuts: Tensor) -> Tensor:
        """Turn cuts (n, PATCH_SAMPLES) into log-mel patches (n, 1, 96, 64)."""
        at = torch.from_numpy(_STARTS)[:, None] + torch.arange(_WINDOW)
        windows = cuts[:, at.to(cuts.device)] * self.hann
        magnitude = torch.fft.rfft(windows, _FFT).abs()
        return torch.log(magnitude @ self.bank + _LOG_OFFSET)[:, None]

    def name(self, patches: Tensor) -> Tensor:
        """Map log-mel patches (n, 1, 96, 64) to features (n, 1024)."""
        x = (patches + _MEAN) / _DEVIATION
        x = F.relu(self.norm(self.stem(x)))
        features: Tensor = self.blocks(x).mean(dim=(2, 3))
        return features


class _Separable(nn.Module):
    """A depthwise and a pointwise convolution, each normalised."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            before, before, 3, stride, 1, groups=before, bias=False
        )
        self.first_norm = nn.BatchNorm2d(before)
        self.pointwise = nn.Conv2d(before, after, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first_norm(self.depthwise(x)))
        return F.relu(self.second_norm(self.pointwise(x)))


@torch.no_grad()
def hear_track(trunk: LogMelNet, track: Tensor) -> LogMelFrames:
    """Run the trunk over a long track (n,) in chunks of constant memory."""
    body = _PATCHES_AT_ONCE * _PATCH_STRIDE
    overlap = PATCH_SAMPLES - _PATCH_STRIDE
    n_samples, parts = track.shape[-1], list[Tensor]()
    for start in range(0, max(1, n_samples - overlap), body):
        chunk = track[start : start + body + overlap]
        if parts and len(chunk) < PATCH_SAMPLES:
            break
        parts.append(trunk(chunk[None]).patches)
    return LogMelFrames(torch.cat(parts, dim=-1), n_samples)


def _mel_bank() -> NDArray[np.float64]:
    """Return the triangles of the mel bands over the spectrum, (513, 64)."""
    edges = np.linspace(_mel(_LOW_HZ), _mel(_HIGH_HZ), N_BANDS + 2)
    lines_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, _FFT // 2 + 1)
    lines = np.array([_mel(line) for line in lines_hz])[:, None]
    rising = (lines - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - lines) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))


def _mel(frequency_hz: float) -> float:
    """Return the mel of the HTK scale."""
    return 2595.0 * math.log10(1.0 + frequency_hz / 700.0)
