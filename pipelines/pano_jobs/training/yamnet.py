"""YAMNet as a teacher of the sound trunks: embeddings and logits of its patches.

Only `pano adapt` asks it, and only where its file is given; nothing else needs it. The
front end is the published one (AudioSet models, tensorflow/models): 16 kHz, Hann
windows of 25 ms every 10 ms, 64 HTK mel bands, patches of 96 windows every 48.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from soundloc.data.pairs import SAMPLE_RATE_HZ
from soundloc.errors import CheckpointError

_RATE_HZ = 16_000
_WINDOW, _HOP, _FFT = 400, 160, 512
_N_BANDS, _LOW_HZ, _HIGH_HZ = 64, 125.0, 7500.0
_PATCH, _PATCH_HOP = 96, 48
_LOG_OFFSET = 1e-3
_N_EMBEDDING, _N_CLASSES = 1024, 521


class YamNet:
    """YAMNet, loaded from its ONNX file.

    Parameters
    ----------
    path
        Its ONNX file: patches (n, 1, 96, 64) in, the embedding (n, 1024) among what
        comes out.

    Raises
    ------
    CheckpointError
        If there is no such file, or OpenVINO, which runs it, is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            import openvino
        except ImportError as error:
            raise CheckpointError(
                "A teacher needs OpenVINO; install it with: pip install openvino"
            ) from error
        if not path.is_file():
            raise CheckpointError(f"There is no teacher {path}.")
        core = openvino.Core()
        try:
            model = core.read_model(path)
        except RuntimeError as error:
            raise CheckpointError(f"{path} is no ONNX network.") from error
        self._net: Any = core.compile_model(model, "CPU")
        self._bank = _mel_bank()

    def __call__(self, excerpts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map excerpts (b, n) at 22,050 Hz to mean embeddings (b, 1024)."""
        patches = [log_mel_patches(excerpt, self._bank) for excerpt in excerpts]
        said, _ = self._ask(np.concatenate(patches))
        ends = np.cumsum([len(p) for p in patches])[:-1]
        means = [part.mean(axis=0) for part in np.split(said, ends)]
        return np.asarray(means, dtype=np.float32)

    def teach(
        self, excerpt: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Map patches of an excerpt (n,) to embeddings (k, 1024), logits (k, 521)."""
        return self._ask(log_mel_patches(excerpt, self._bank))

    def _ask(
        self, patches: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        said = list(self._net(patches).values())
        (embedding,) = (x for x in said if x.shape[-1] == _N_EMBEDDING)
        (logits,) = (x for x in said if x.shape[-1] == _N_CLASSES)
        return embedding, logits


def log_mel_patches(
    excerpt: NDArray[np.float32], bank: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """Turn a waveform (n,) at 22,050 Hz into patches (k, 1, 96, 64), k ≥ 1.

    An excerpt shorter than a patch is continued by silence.
    """
    bank = _mel_bank() if bank is None else bank
    sound = signal.resample_poly(excerpt.astype(np.float64), 320, SAMPLE_RATE_HZ // 50)
    needed = _WINDOW + (_PATCH - 1) * _HOP
    sound = np.pad(sound, (0, max(0, needed - len(sound))))
    windows = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_HOP]
    hann = signal.get_window("hann", _WINDOW)
    spectrum = np.abs(np.fft.rfft(windows * hann, _FFT))
    bands = np.log(spectrum @ bank + _LOG_OFFSET)
    starts = range(0, len(bands) - _PATCH + 1, _PATCH_HOP)
    return np.stack([bands[k : k + _PATCH] for k in starts])[:, None].astype(np.float32)


def _mel_bank() -> NDArray[np.float64]:
    """Return the triangles of the mel bands over the spectrum, (257, 64)."""
    edges = np.linspace(_mel(np.array(_LOW_HZ)), _mel(np.array(_HIGH_HZ)), _N_BANDS + 2)
    bins = _mel(np.linspace(0.0, _RATE_HZ / 2, _FFT // 2 + 1))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bank = np.maximum(0.0, np.minimum(rising, falling))
    bank[0] = 0.0  # the constant part is never heard
    return np.asarray(bank)


def _mel(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(2595.0 * np.log10(1.0 + frequency_hz / 700.0))
