"""`SoundLocalizer`, the inference interface: arrays in and arrays out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from soundloc.inference.engine import EngineName, VisualEngine, choose_engine
from soundloc.inference.track import SoundTrack, at_network_rate
from soundloc.inference.window_embedding import WindowEmbedding
from soundloc.network import attention
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.model import SAMPLE_RATE_HZ, SoundLocalizationNet


@dataclass(frozen=True, slots=True, eq=False)
class Localization:
    """Where in a picture the network finds a sound.

    Parameters
    ----------
    attention
        float32 (h / 16, w / 16), sums to 1.
    response
        float32 (h / 16, w / 16), the similarity before the softmax, in [-1, 1]:
        comparable between pictures and sounds.
    confidence
        In [0, 1]: is the source of this sound in this picture at all? 0 for silence.
    """

    attention: NDArray[np.float32]
    response: NDArray[np.float32]
    confidence: float


class SoundLocalizer:
    """Localizes sounds in pictures.

    `localize` answers for one picture and one sound. For a video, `see` its frames,
    `hear` its track once and `attend` with a window of it per frame.

    Parameters
    ----------
    net
        A trained network, on the CPU but for its visual stream; put into evaluation
        mode.
    engine
        Computes its visual stream, on a device of its own.
    """

    def __init__(self, net: SoundLocalizationNet, engine: VisualEngine) -> None:
        self._net, self._engine = net.eval(), engine

    @classmethod
    def load(
        cls, path: Path | None = None, *, engine: EngineName = "auto"
    ) -> SoundLocalizer:
        """Load a checkpoint, by default the one that comes with the package.

        Parameters
        ----------
        engine
            What computes the visual stream, see `choose_engine`: `torch`, `openvino`
            or, by default, the fastest here.

        Raises
        ------
        CheckpointError
            If it is missing, damaged or of another kind.
        """
        net = load_checkpoint(path).net
        return cls(net, choose_engine(net.visual, engine))

    def localize(
        self,
        image: NDArray[np.uint8],
        waveform: NDArray[np.float32],
        *,
        sample_rate_hz: int = SAMPLE_RATE_HZ,
    ) -> Localization:
        """Find the source of a sound in a picture.

        Parameters
        ----------
        image
            (h, w, 3) RGB of any size.
        waveform
            (n,) mono in [-1, 1], any n > 0; all of it is one window.
        """
        track = self.hear(waveform, sample_rate_hz=sample_rate_hz)
        sound = track.window(track.duration_s / 2, track.duration_s)
        return self.attend(self.see(image), sound)

    def see(
        self, image: NDArray[np.uint8], *, wrap: bool = False
    ) -> NDArray[np.float32]:
        """Map a picture (h, w, 3) to V (D, h / 16, w / 16), each v_i of length 1.

        Parameters
        ----------
        wrap
            The picture is periodic in x, its width a multiple of the stride s: rolling
            it by whole cells rolls V by as many.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise ValueError(f"a picture is (h, w, 3) RGB, got the shape {image.shape}")
        return self._engine.see(image, wrap=wrap)

    def hear(
        self, track: NDArray[np.float32], *, sample_rate_hz: int = SAMPLE_RATE_HZ
    ) -> SoundTrack:
        """Hear a whole mono track (n,) once, in constant memory per chunk."""
        waveform = at_network_rate(track, sample_rate_hz=sample_rate_hz)
        return SoundTrack(self._net.sound, waveform)

    @torch.inference_mode()
    def attend(
        self,
        visual: NDArray[np.float32],
        sound: WindowEmbedding,
        *,
        log_prior: NDArray[np.floating] | None = None,
    ) -> Localization:
        """Compare what is seen (D, h', w') with what is heard.

        Parameters
        ----------
        log_prior
            (h', w') or (h', 1), added before the softmax: the logarithm of the cells'
            solid angles, or other evidence of where the sound comes from.
        """
        config = self._net.config
        V, h = torch.from_numpy(visual)[None], torch.from_numpy(sound.h)[None]
        a = attention.respond_pairwise(V, h, mechanism=config.mechanism)
        prior = None if log_prior is None else torch.tensor(log_prior, dtype=a.dtype)
        alpha = attention.attend(a, temperature=config.temperature, log_prior=prior)
        confidence = self._net.confidence(a, torch.tensor([sound.presence]))
        return Localization(alpha[0].numpy(), a[0].numpy(), float(confidence))
