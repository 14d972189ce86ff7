"""`SoundLocalizer`, the inference interface: arrays in and arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundloc.architecture.log_mel import SAMPLE_RATE_HZ
from soundloc.checkpoint_file import (
    StoredNetwork,
    default_checkpoint_path,
    misfit,
    read_checkpoint_file,
)
from soundloc.inference.choose import choose_parts
from soundloc.inference.ear import Ear
from soundloc.inference.engine import EngineName, VisualEngine
from soundloc.inference.judge import Judge
from soundloc.inference.sound_head import SoundHead
from soundloc.inference.track import SoundTrack, at_network_rate
from soundloc.inference.window_embedding import WindowEmbedding


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
    `hear` its track once and `attend` with a window of it per frame; `respond` to many
    windows at once, and `judge` each response, where speed counts.

    Parameters
    ----------
    stored
        A trained network.
    engine, ear
        Compute its visual stream and its sound trunk.
    """

    def __init__(self, stored: StoredNetwork, engine: VisualEngine, ear: Ear) -> None:
        self._engine, self._ear = engine, ear
        self._head = SoundHead(stored.config, stored.tensors)
        self._judge = Judge.of(stored)

    @classmethod
    def load(
        cls, path: Path | None = None, *, engine: EngineName = "auto"
    ) -> SoundLocalizer:
        """Load a checkpoint, by default the one that comes with the package.

        Parameters
        ----------
        engine
            What computes the streams, see `choose_parts`: `torch`, `openvino` or, by
            default, the fastest here.

        Raises
        ------
        CheckpointError
            If it is missing, damaged or of another kind.
        """
        stored = read_checkpoint_file(path)
        try:
            localizer = cls(stored, *choose_parts(stored, path, engine))
            # What does not fit shall say so now, not when a video is half seen.
            localizer._head.embed(np.zeros((1, stored.config.sound_dim), np.float32))
        except (KeyError, ValueError, RuntimeError) as error:
            raise misfit(path or default_checkpoint_path(), error) from error
        return localizer

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
        return SoundTrack(self._ear, self._head, waveform)

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
        return self.judge(self.respond(visual, [sound])[0], sound, log_prior=log_prior)

    def respond(
        self, visual: NDArray[np.float32], sounds: Sequence[WindowEmbedding]
    ) -> NDArray[np.float32]:
        """Return the cosines of what is seen (D, h', w') and k sounds: (k, h', w')."""
        h = np.stack([sound.h for sound in sounds])
        cosines = h @ visual.reshape(len(visual), -1)
        return np.asarray(cosines.reshape(-1, *visual.shape[1:]), np.float32)

    def judge(
        self,
        cosines: NDArray[np.float32],
        sound: WindowEmbedding,
        *,
        log_prior: NDArray[np.floating] | None = None,
    ) -> Localization:
        """Turn cosines (h', w') with a sound into attention and confidence."""
        a = self._judge.response(cosines)
        alpha = self._judge.attention(a, log_prior)
        return Localization(alpha, a, self._judge.confidence(a) * sound.presence)
