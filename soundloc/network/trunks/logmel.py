"""The log-mel sound trunk: a depthwise CNN on spectrogram patches of a second.

SoundNet learned from the pictures beside two million sounds and hears their scene; the
kind of a single sound it tells apart poorly. This trunk looks at patches of a log-mel
spectrogram, as the networks trained on AudioSet do (Hershey et al. 2017), with the
depthwise separable convolutions of MobileNet (Howard et al. 2017). It is taught by such
a network, see `soundloc.adaptation.distill_logmel`, and is a quarter of its size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.architecture.log_mel import (
    BLOCKS,
    CHANNELS,
    DEVIATION,
    FFT,
    LOG_OFFSET,
    MEAN,
    PATCH_CLOCK,
    PATCH_SAMPLES,
    PATCH_STRIDE,
    STEM_CHANNELS,
    WINDOW,
    WINDOW_STARTS,
    mel_bank,
)
from soundloc.network.trunks.heard_layer import HeardLayer

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
        self.stem = nn.Conv2d(1, STEM_CHANNELS, 3, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(STEM_CHANNELS)
        self.blocks = nn.Sequential(*(_Separable(*block) for block in BLOCKS))
        bank = torch.from_numpy(mel_bank())
        hann = torch.hann_window(WINDOW, periodic=True)
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
        cuts = waveform.unfold(-1, PATCH_SAMPLES, PATCH_STRIDE)  # b t n
        b, t = cuts.shape[:2]
        chunks = torch.split(cuts.flatten(0, 1), _PATCHES_AT_ONCE)
        seen = [self.name(self.spectrogram(chunk)) for chunk in chunks]
        patches = torch.cat(seen).view(b, t, CHANNELS).transpose(1, 2)
        return LogMelFrames(patches, n_samples)

    def spectrogram(self, cuts: Tensor) -> Tensor:
        """Turn cuts (n, PATCH_SAMPLES) into log-mel patches (n, 1, 96, 64)."""
        at = torch.from_numpy(WINDOW_STARTS)[:, None] + torch.arange(WINDOW)
        windows = cuts[:, at.to(cuts.device)] * self.hann
        magnitude = torch.fft.rfft(windows, FFT).abs()
        return torch.log(magnitude @ self.bank + LOG_OFFSET)[:, None]

    def name(self, patches: Tensor) -> Tensor:
        """Map log-mel patches (n, 1, 96, 64) to features (n, 1024)."""
        x = (patches + MEAN) / DEVIATION
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
    body = _PATCHES_AT_ONCE * PATCH_STRIDE
    overlap = PATCH_SAMPLES - PATCH_STRIDE
    n_samples, parts = track.shape[-1], list[Tensor]()
    for start in range(0, max(1, n_samples - overlap), body):
        chunk = track[start : start + body + overlap]
        if parts and len(chunk) < PATCH_SAMPLES:
            break
        parts.append(trunk(chunk[None]).patches)
    return LogMelFrames(torch.cat(parts, dim=-1), n_samples)
