"""The log-mel sound trunk, compiled for the processor."""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as opset

from soundloc.architecture import log_mel
from soundloc.architecture.frame_loudness import frame_rms
from soundloc.inference.compiled.operations import (
    Answer,
    Tensors,
    compiled,
    convolve,
    folded,
)
from soundloc.inference.ear import HeardFrames

# Patches that run through the network together; a minute has 125.
_PATCHES_AT_ONCE = 32


class CompiledEar:
    """The log-mel trunk in OpenVINO.

    Parameters
    ----------
    tensors
        Of a network whose sound features are `log-mel`.
    weighs_loudness
        Frames count by how loud they are.
    """

    def __init__(self, tensors: Tensors, *, weighs_loudness: bool) -> None:
        self._graph, self._weighs_loudness = sound_graph(tensors), weighs_loudness
        self._network: Answer | None = None

    def hear(self, track: NDArray[np.float32]) -> tuple[HeardFrames, ...]:
        """Run the trunk over a track (n,) at 22,050 Hz, in constant memory."""
        if self._network is None:
            self._network = compiled(self._graph)
        patches = _patches(track)
        n_patches = len(patches)
        frames = np.empty((n_patches, log_mel.CHANNELS), np.float32)
        for start in range(0, n_patches, _PATCHES_AT_ONCE):
            some = spectrogram(patches[start : start + _PATCHES_AT_ONCE])
            n = len(some)
            # One shape is compiled: the last patches get company.
            batch = np.zeros((_PATCHES_AT_ONCE, *some.shape[1:]), np.float32)
            batch[:n] = some
            frames[start : start + n] = self._network(batch[:, None])[:n]
        clock = log_mel.PATCH_CLOCK
        weights = None
        if self._weighs_loudness:
            weights = frame_rms(track[None], clock, n_patches)[0]
        return (HeardFrames(frames, clock, weights),)


def spectrogram(patches: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn patches of sound (n, samples) into log-mel patches (n, 96, 64)."""
    from scipy import fft

    starts, n = log_mel.WINDOW_STARTS, log_mel.WINDOW
    at = starts[:, None] + np.arange(n)
    phase = 2.0 * np.pi * np.arange(n) / n
    hann = (0.5 - 0.5 * np.cos(phase)).astype(np.float32)
    magnitude = np.abs(fft.rfft(patches[:, at] * hann, log_mel.FFT))
    mel = magnitude.astype(np.float32) @ log_mel.mel_bank()
    return np.asarray(np.log(mel + np.float32(log_mel.LOG_OFFSET)), np.float32)


def sound_graph(tensors: Tensors) -> Any:
    """Build the graph from log-mel patches (n, 1, 96, 64) to features (n, 1024)."""
    patches = opset.parameter(
        [_PATCHES_AT_ONCE, 1, log_mel.N_WINDOWS, log_mel.N_BANDS], dtype=np.float32
    )
    x = opset.add(patches, opset.constant(np.float32(log_mel.MEAN)))
    x = opset.multiply(x, opset.constant(np.float32(1.0 / log_mel.DEVIATION)))
    x = _normed(x, tensors, "stem", "norm", stride=2, kernel=3)
    for i, (before, _, stride) in enumerate(log_mel.BLOCKS):
        name = f"blocks.{i}"
        x = _normed(
            x,
            tensors,
            f"{name}.depthwise",
            f"{name}.first_norm",
            stride=stride,
            groups=before,
            kernel=3,
        )
        x = _normed(x, tensors, f"{name}.pointwise", f"{name}.second_norm")
    features = opset.reduce_mean(x, opset.constant([2, 3]))
    return openvino.Model([features], [patches], "sound trunk")


def _normed(
    x: Any,
    tensors: Tensors,
    conv: str,
    norm: str,
    *,
    stride: int = 1,
    groups: int = 1,
    kernel: int = 1,
) -> Any:
    kernels, bias = folded(
        tensors,
        f"sound.trunk.{conv}",
        f"sound.trunk.{norm}",
        eps=log_mel.BATCH_NORM_EPS,
    )
    around = (kernel // 2, kernel // 2)
    return opset.relu(
        convolve(
            x,
            kernels,
            bias,
            stride=stride,
            groups=groups,
            rows=around,
            columns=around,
        )
    )


def _patches(track: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut a track (n,) into patches (t, samples) that overlap by half: a view.

    Shorter than a patch it is repeated to that length.
    """
    repeats = -(-log_mel.PATCH_SAMPLES // len(track))
    if repeats > 1:
        track = np.tile(track, repeats)[: log_mel.PATCH_SAMPLES]
    windows = np.lib.stride_tricks.sliding_window_view(track, log_mel.PATCH_SAMPLES)
    return windows[:: log_mel.PATCH_STRIDE]
