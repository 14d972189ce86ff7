"""SoundNet-8 on the raw waveform: the sound trunk of the paper.

Aytar, Vondrick and Torralba 2016, the 8-layer network. From conv6 on it runs à trous:
the same weights answer every 8,192 samples (0.37 s) instead of every 32,768 or 65,536.
A window pooled from the published frames depends on where they happen to fall; from
four times as many it does not, for a quarter more work.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.architecture.frame_clock import FrameClock
from soundloc.network.trunks.heard_layer import HeardLayer

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


def clock_behind(n_layers: int) -> FrameClock:
    """Derive the clock behind the first n layers, pooling included."""
    clock = FrameClock(1, 0.5, 1)
    for layer in (*_LAYERS, _OBJECTS)[:n_layers]:
        clock = clock.after(layer.kernel, layer.stride, layer.pad)
        clock = clock.after(layer.pool, layer.pool, 0)
    return clock


# All layers answer on the clock of conv5: frame k of conv7 is centred at
# -10,001 + 8,192·k samples, of conv8 at 104,687 + 8,192·k, of conv5 at 2,287 + 8,192·k.
CONV5_CLOCK = clock_behind(_N_TO_CONV5)
STRIDE = CONV5_CLOCK.stride
CONV7_CLOCK = replace(clock_behind(len(_LAYERS)), stride=STRIDE)
CONV8_CLOCK = replace(clock_behind(len(_LAYERS) + 1), stride=STRIDE)


@dataclass(frozen=True, slots=True, eq=False)
class SoundFrames:
    """What the trunk hears, a frame every 8,192 samples.

    Parameters
    ----------
    conv5
        (b, 256, t), after its pooling.
    conv7
        (b, 1024, t). In both, frames that would hear beyond the ends of the sound
        repeat the nearest one that does not.
    conv8
        (b, 1000, t8), or None from a trunk without the object layer.
    n_samples
        Length of the waveform they were computed from.
    """

    conv5: Tensor
    conv7: Tensor
    conv8: Tensor | None
    n_samples: int

    @property
    def layers(self) -> tuple[HeardLayer, ...]:
        """Return what makes f_s: conv8 where there is one, else conv5 and conv7."""
        if self.conv8 is not None:
            return (HeardLayer(self.conv8, CONV8_CLOCK),)
        return HeardLayer(self.conv5, CONV5_CLOCK), HeardLayer(self.conv7, CONV7_CLOCK)


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
            (b, n) in [-1, 1] at 22,050 Hz, n > 0. Shorter than 4.3 s it is repeated to
            that length, as in the training of the published network: what it makes of
            zeros is as strong as what it makes of sound.
        """
        n_samples = waveform.shape[-1]
        if n_samples == 0:
            raise ValueError("the waveform is empty")
        repeats = -(-MIN_SAMPLES // n_samples)
        if repeats > 1:
            waveform = waveform.repeat(1, repeats)[:, :MIN_SAMPLES]
        x = waveform[:, None] * AMPLITUDE
        for i in range(_N_TO_CONV5):
            x = self._layer(i, x)
        conv5, dilation = x, 1
        for i in range(_N_TO_CONV5, len(_LAYERS)):
            x = self._layer_a_trous(i, x, dilation)
            dilation *= _LAYERS[i].stride
        conv7 = x[..., : conv5.shape[-1]]  # padding adds frames behind the end
        conv5 = _whole_frames(conv5, CONV5_CLOCK, waveform.shape[-1])
        conv7 = _whole_frames(conv7, CONV7_CLOCK, waveform.shape[-1])
        conv8 = None if self.objects is None else self.name_objects(conv7)
        return SoundFrames(conv5, conv7, conv8, n_samples)

    def _layer(self, i: int, x: Tensor) -> Tensor:
        x = F.relu(self.norms[i](self.convs[i](x)))
        return F.max_pool1d(x, _LAYERS[i].pool) if _LAYERS[i].pool > 1 else x

    def _layer_a_trous(self, i: int, x: Tensor, dilation: int) -> Tensor:
        conv = cast(nn.Conv1d, self.convs[i])
        pad = _LAYERS[i].pad * dilation
        x = F.conv1d(x, conv.weight, conv.bias, 1, pad, dilation)
        return F.relu(self.norms[i](x))

    def name_objects(self, conv7: Tensor) -> Tensor:
        """Compute conv8 (b, 1000, t8) from conv7 (b, 1024, t).

        It needs 29 frames; fewer are continued at both ends, so that sounds of 5, 10
        and 20 s get like answers.
        """
        if self.objects is None:
            raise ValueError("this trunk was built without conv8")
        dilation = math.prod(layer.stride for layer in _LAYERS[_N_TO_CONV5:])
        needed = (_OBJECTS.kernel - 1) * dilation + 1
        missing = max(0, needed - conv7.shape[-1])
        conv7 = F.pad(conv7, (missing // 2, missing - missing // 2), mode="replicate")
        return F.conv1d(
            conv7, self.objects.weight, self.objects.bias, dilation=dilation
        )


def _first_whole(clock: FrameClock) -> int:
    """Index of the first frame that does not hear over the beginning."""
    return math.ceil((clock.receptive_field / 2 - clock.offset) / clock.stride)


# The shortest sound with a conv7 frame of its own: 92,926 samples.
MIN_SAMPLES = math.ceil(
    CONV7_CLOCK.offset
    + CONV7_CLOCK.stride * _first_whole(CONV7_CLOCK)
    + CONV7_CLOCK.receptive_field / 2
)


def _whole_frames(frames: Tensor, clock: FrameClock, n_samples: int) -> Tensor:
    """Replace the frames that hear over the ends by the nearest that does not.

    Measured against the same frames of a longer track, conv7 frames at the padded ends
    are as far off as those of another sound; the others are equal.
    """
    reach, last = clock.receptive_field / 2, frames.shape[-1] - 1
    first_whole = _first_whole(clock)
    last_whole = math.floor((n_samples - reach - clock.offset) / clock.stride)
    kept = frames[..., first_whole : last_whole + 1]
    return F.pad(kept, (first_whole, last - last_whole), mode="replicate")


@torch.no_grad()
def hear_track(
    trunk: SoundNet8, track: Tensor, *, body_frames: int = 160
) -> SoundFrames:
    """Run the trunk over a long track (n,) in chunks of constant memory.

    The chunks start at whole frames and overlap by the receptive field of conv7, so
    the frames equal those of a single pass.

    Parameters
    ----------
    body_frames
        Frames that each chunk contributes; 160 are one minute of sound.
    """
    conv5s, conv7s = [], []
    for frames, first, stop in _chunks(trunk, track, body_frames):
        conv5s.append(frames.conv5[..., first:stop])
        conv7s.append(frames.conv7[..., first:stop])
    conv5, conv7 = torch.cat(conv5s, dim=-1), torch.cat(conv7s, dim=-1)
    conv8 = None if trunk.objects is None else trunk.name_objects(conv7)
    return SoundFrames(conv5, conv7, conv8, track.shape[-1])


def _chunks(
    trunk: SoundNet8, track: Tensor, body_frames: int
) -> Iterator[tuple[SoundFrames, int, int]]:
    """Yield the frames of each chunk, the first that counts and the one behind."""
    n_samples, done = track.shape[-1], 0
    n_left = _first_whole(CONV7_CLOCK)
    # What the last frame of a chunk hears behind its own start.
    n_right = math.ceil((CONV7_CLOCK.offset + CONV7_CLOCK.receptive_field / 2) / STRIDE)
    while True:
        first = min(done, n_left)
        stop = (done + body_frames + n_right) * STRIDE
        # A rest shorter than a frame goes with the chunk before it.
        is_last = stop + STRIDE >= n_samples
        chunk = track[(done - first) * STRIDE : n_samples if is_last else stop]
        yield trunk(chunk[None]), first, n_samples if is_last else first + body_frames
        if is_last:
            return
        done += body_frames
