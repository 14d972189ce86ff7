"""SoundNet-8 on the raw waveform: the sound trunk of the paper.

Aytar, Vondrick and Torralba 2016, the 8-layer network. Frames of conv5, conv7 and
conv8 come out with the time each of them stands for, because a window of sound is
pooled from frames of the whole track (`soundloc.soundtrack`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SAMPLE_RATE_HZ = 22_050
# The published network was trained on samples in ±256, not ±1; ports forget it.
AMPLITUDE = 256.0
BATCH_NORM_EPS = 1e-5


class _Layer(NamedTuple):
    channels: int
    kernel: int
    stride: int
    pad: int
    pool: int  # max pooling after the layer, width = stride; 1 = none


_LAYERS = (
    _Layer(16, 64, 2, 32, 8),
    _Layer(32, 32, 2, 16, 8),
    _Layer(64, 16, 2, 8, 1),
    _Layer(128, 8, 2, 4, 1),
    _Layer(256, 4, 2, 2, 4),
    _Layer(512, 4, 2, 2, 1),
    _Layer(1024, 4, 2, 2, 1),
)
_OBJECTS = _Layer(1000, 8, 2, 0, 1)  # conv8: the 1000 objects of ImageNet, linear

_N_TO_CONV5 = 5
CONV5_CHANNELS = _LAYERS[_N_TO_CONV5 - 1].channels
CONV7_CHANNELS = _LAYERS[-1].channels
CONV8_CHANNELS = _OBJECTS.channels


@dataclass(frozen=True, slots=True)
class FrameClock:
    """When the frames of a layer happen, in samples of the waveform.

    Frame k is centred at `offset + stride * k`, where sample i lasts from i to i + 1,
    and sees `receptive_field` samples around its centre.
    """

    stride: int
    offset: float
    receptive_field: int

    def after(self, kernel: int, stride: int, pad: int) -> FrameClock:
        """Return the clock behind a convolution or a pooling."""
        return FrameClock(
            self.stride * stride,
            self.offset + ((kernel - 1) / 2 - pad) * self.stride,
            self.receptive_field + (kernel - 1) * self.stride,
        )

    @classmethod
    def of_layer(cls, n_layers: int) -> FrameClock:
        """Derive the clock behind the first n layers, pooling included."""
        clock = cls(1, 0.5, 1)
        for layer in (*_LAYERS, _OBJECTS)[:n_layers]:
            clock = clock.after(layer.kernel, layer.stride, layer.pad)
            clock = clock.after(layer.pool, layer.pool, 0)
        return clock


CONV5_CLOCK = FrameClock.of_layer(_N_TO_CONV5)  # every 8,192 samples from 2,287
CONV7_CLOCK = FrameClock.of_layer(len(_LAYERS))  # every 32,768 samples from -10,001
CONV8_CLOCK = FrameClock.of_layer(len(_LAYERS) + 1)  # every 65,536 samples from 104,687


@dataclass(frozen=True, slots=True, eq=False)
class SoundFrames:
    """What the trunk hears.

    Parameters
    ----------
    conv5
        (b, 256, t5), after its pooling.
    conv7
        (b, 1024, t7), without the last frame, which sees mostly padding.
    conv8
        (b, 1000, t8), or None from a trunk without the object layer.
    n_samples
        Length of the waveform they were computed from.
    """

    conv5: Tensor
    conv7: Tensor
    conv8: Tensor | None
    n_samples: int


class SoundNet8(nn.Module):
    """SoundNet-8 up to conv7, and conv8 unless told otherwise.

    Batch norm always uses its stored statistics: they belong to the published weights,
    and batches of whole sounds are too small to replace them.

    Parameters
    ----------
    has_objects
        Build conv8, which holds 8.2 of the 11.1 million parameters.
    """

    def __init__(self, *, has_objects: bool = True) -> None:
        super().__init__()
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        channels = 1
        for layer in _LAYERS:
            self.convs.append(
                nn.Conv1d(
                    channels, layer.channels, layer.kernel, layer.stride, layer.pad
                )
            )
            self.norms.append(nn.BatchNorm1d(layer.channels, eps=BATCH_NORM_EPS))
            channels = layer.channels
        self.objects = (
            nn.Conv1d(channels, CONV8_CHANNELS, _OBJECTS.kernel, _OBJECTS.stride)
            if has_objects
            else None
        )
        self.eval()

    def train(self, mode: bool = True) -> SoundNet8:
        """Keep the normalisation statistics fixed whatever the mode."""
        super().train(False)
        self.training = mode
        return self

    def forward(self, waveform: Tensor) -> SoundFrames:
        """Hear sounds of one length.

        Parameters
        ----------
        waveform
            (b, n) in [-1, 1] at 22,050 Hz, n > 0. Shorter than 0.58 s it is filled up
            with zeros, the least that gives a frame.
        """
        n_samples = waveform.shape[-1]
        if n_samples == 0:
            raise ValueError("the waveform is empty")
        x = F.pad(waveform, (0, max(0, min_samples() - n_samples)))[:, None]
        x = x * AMPLITUDE
        for i in range(_N_TO_CONV5):
            x = self._layer(i, x)
        conv5 = x
        for i in range(_N_TO_CONV5, len(_LAYERS)):
            x = self._layer(i, x)
        # The convolutions pad by half a kernel, so each adds a frame of padding; the
        # last of conv7 is centred behind the end and answers alike for all sounds.
        conv7 = x[..., :-1]
        conv8 = None if self.objects is None else self.name_objects(conv7)
        return SoundFrames(conv5, conv7, conv8, n_samples)

    def _layer(self, i: int, x: Tensor) -> Tensor:
        x = F.relu(self.norms[i](self.convs[i](x)))
        return F.max_pool1d(x, _LAYERS[i].pool) if _LAYERS[i].pool > 1 else x

    def name_objects(self, conv7: Tensor) -> Tensor:
        """Compute conv8 (b, 1000, t8) from conv7 (b, 1024, t7).

        It needs eight frames; fewer are continued at both ends, so that sounds
        of 5, 10 and 20 s get like answers.
        """
        if self.objects is None:
            raise ValueError("this trunk was built without conv8")
        missing = max(0, _OBJECTS.kernel - conv7.shape[-1])
        conv7 = F.pad(conv7, (missing // 2, missing - missing // 2), mode="replicate")
        conv8: Tensor = self.objects(conv7)
        return conv8


@functools.cache
def min_samples() -> int:
    """Return the shortest waveform that gives two conv7 frames: 12,766 samples."""
    n = 2
    for layer in reversed(_LAYERS):
        n = (n * layer.pool - 1) * layer.stride + layer.kernel - 2 * layer.pad
    return n


@torch.no_grad()
def hear_track(
    trunk: SoundNet8, track: Tensor, *, body_frames: int = 40
) -> SoundFrames:
    """Run the trunk over a long track (n,) in chunks of constant memory.

    The chunks start at whole conv7 strides and overlap by its receptive field, so the
    frames equal those of a single pass.

    Parameters
    ----------
    body_frames
        Conv7 frames that each chunk contributes; 40 are one minute of sound.
    """
    conv5s, conv7s = [], []
    for frames, first, stop in _chunks(trunk, track, body_frames):
        conv7s.append(frames.conv7[..., first:stop])
        conv5s.append(frames.conv5[..., first * _RATIO : stop * _RATIO])
    conv5, conv7 = torch.cat(conv5s, dim=-1), torch.cat(conv7s, dim=-1)
    conv8 = None if trunk.objects is None else trunk.name_objects(conv7)
    return SoundFrames(conv5, conv7, conv8, track.shape[-1])


_RATIO = CONV7_CLOCK.stride // CONV5_CLOCK.stride
# Frames at a chunk's left edge whose receptive field reaches over that edge.
_EDGE_FRAMES = int(
    -(-(CONV7_CLOCK.receptive_field / 2 - CONV7_CLOCK.offset) // CONV7_CLOCK.stride)
)


def _chunks(
    trunk: SoundNet8, track: Tensor, body_frames: int
) -> Iterator[tuple[SoundFrames, int, int]]:
    """Yield the frames of each chunk, the first that counts and the one behind."""
    stride, n_samples = CONV7_CLOCK.stride, track.shape[-1]
    done = 0
    while True:
        first = min(done, _EDGE_FRAMES)
        start = (done - first) * stride
        # One stride more on the right holds the rest of the last receptive field.
        stop = (done + body_frames + 1) * stride
        is_last = stop + stride >= n_samples
        frames = trunk(track[None, start : n_samples if is_last else stop])
        yield frames, first, n_samples if is_last else first + body_frames
        if is_last:
            return
        done += body_frames
