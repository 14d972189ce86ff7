"""The sound localization network of Senocak et al., section 3.

A sound stream gives f_s and h, a visual stream the activation V, and the localization
module lets h choose where in V to look. Its variants are those of
`soundloc.architecture.config`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.architecture.config import LocalizerConfig
from soundloc.architecture.frame_clock import frame_span
from soundloc.errors import CheckpointError
from soundloc.network import attention
from soundloc.network.cell_smoothing import smooth_directions
from soundloc.network.headwise_linear import HeadwiseLinear
from soundloc.network.sound_head import SoundHead
from soundloc.network.trunks import (
    efficientnet_weights,
    logmel,
    soundnet,
    soundnet_weights,
    vgg16,
)
from soundloc.network.trunks.efficientnet import EfficientNetLite0
from soundloc.network.trunks.efficientnet_neck import LiteNeck
from soundloc.network.trunks.heard_layer import HeardLayer
from soundloc.network.trunks.logmel import LogMelFrames, LogMelNet
from soundloc.network.trunks.soundnet import SoundFrames, SoundNet8
from soundloc.network.trunks.vgg16 import Vgg16Conv53
from soundloc.network.window_pooling import frame_rms, window_mean

WINDOW_S = 20.0  # of sound around a picture, section 3.1
SAMPLE_RATE_HZ = soundnet.SAMPLE_RATE_HZ


class SoundStream(nn.Module):
    """Section 3.1: waveform → trunk → f_s → ReLU-FC9-ReLU-FC10 → h."""

    def __init__(self, config: LocalizerConfig) -> None:
        super().__init__()
        self.weighs_loudness = config.sound_pooling == "loudness"
        self.trunk: SoundNet8 | LogMelNet
        if config.sound_features == "log-mel":
            self.trunk = LogMelNet()
        else:
            self.trunk = SoundNet8(has_objects=config.sound_features == "conv8")
        self.head = SoundHead(
            config.sound_channels,
            config.embedding_dim,
            standardises=config.sound_norm == "standardise",
            n_heads=config.n_heads,
            has_presence_head=config.judges_sound,
        )

    @property
    def names_objects(self) -> bool:
        """Tell whether f_s is conv8, a thousand objects of ImageNet."""
        return isinstance(self.trunk, SoundNet8) and self.trunk.objects is not None

    def hear_track(self, track: Tensor) -> tuple[HeardLayer, ...]:
        """Run the trunk over a long track (n,) in constant memory."""
        frames: SoundFrames | LogMelFrames
        if isinstance(self.trunk, LogMelNet):
            frames = logmel.hear_track(self.trunk, track)
        else:
            frames = soundnet.hear_track(self.trunk, track)
        return self._weighed(frames, track[None])

    def pool(self, frames: SoundFrames | LogMelFrames, waveform: Tensor) -> Tensor:
        """Average the frames over the sound (b, n) that they are of: (b, c).

        The frames are weighted by the time they cover, so that a window pooled from
        the frames of a long track gives the same, and by their loudness if so
        configured.
        """
        whole = (0.0, float(frames.n_samples))
        means = [
            window_mean(layer.frames, frame_span(layer.clock, *whole), layer.weights)
            for layer in self._weighed(frames, waveform)
        ]
        return torch.cat(means, dim=1)

    def _weighed(
        self, frames: SoundFrames | LogMelFrames, waveform: Tensor
    ) -> tuple[HeardLayer, ...]:
        if not self.weighs_loudness:
            return frames.layers
        return tuple(
            layer._replace(
                weights=frame_rms(waveform, layer.clock, layer.frames.shape[-1])
            )
            for layer in frames.layers
        )

    def standardise(self, pooled: Tensor) -> Tensor:
        """Turn the pooled trunk output (b, c) into f_s (b, c), if so configured."""
        return self.head.standardise(pooled)

    def forward(self, waveform: Tensor) -> Tensor:
        """Map (b, n) in [-1, 1] at 22,050 Hz to the pooled (b, c)."""
        return self.pool(self.trunk(waveform), waveform)


class VisualStream(nn.Module):
    """Section 3.2: picture → trunk → V, with D channels at stride 16."""

    def __init__(self, config: LocalizerConfig) -> None:
        super().__init__()
        self.smoothing_cells = config.smoothing_cells
        self.trunk: Vgg16Conv53 | EfficientNetLite0
        self.neck: nn.Identity | LiteNeck
        if config.visual_trunk == "vgg16":
            self.trunk = Vgg16Conv53(post_relu=config.post_relu)
            self.neck = nn.Identity()
        else:
            self.trunk = EfficientNetLite0(picture_scale=config.picture_scale)
            self.neck = LiteNeck(
                config.embedding_dim,
                n_heads=config.n_heads,
                dropout=config.neck_dropout,
            )

    def forward(self, pixels: Tensor, *, wrap: bool = False) -> Tensor:
        """Map (b, 3, h, w) in 0..255 to V (b, D, ceil(h / 16), ceil(w / 16))."""
        return self.activate(self.trunk(pixels, wrap=wrap), wrap=wrap)

    def activate(self, features: Tensor, *, wrap: bool | Tensor) -> Tensor:
        """Map the trunk's features (b, c, h, w), fresh or from a cache, to V.

        Training asks the neck alone: it looks at single cells, without neighbours.

        Parameters
        ----------
        wrap
            The pictures are periodic in x: all, none, or told one by one, (b,).
        """
        V: Tensor = self.neck(features)
        if self.smoothing_cells > 0.0:
            return smooth_directions(V, self.smoothing_cells, wrap=wrap)
        return V


@dataclass(frozen=True, slots=True, eq=False)
class LocalizationOutput:
    """The network's output for b pictures with b sounds.

    Parameters
    ----------
    attention
        α (b, h, w), sums to 1 over the cells.
    response
        a (b, h, w), before the softmax, in [-1, 1].
    z, f_v, f_s, h
        (b, D), (b, C), (b, C), (b, D), as in the paper.
    confidence
        (b,) in [0, 1]: is the source of the sound in the picture at all?
    """

    attention: Tensor
    response: Tensor
    z: Tensor
    f_v: Tensor
    f_s: Tensor
    h: Tensor
    confidence: Tensor


class SoundLocalizationNet(nn.Module):
    """Both streams and the localization module of section 3.3.

    Confidence is ours: the softmax must point somewhere, even where nothing fits, so
    the strength of the response is calibrated into a probability.
    """

    def __init__(self, config: LocalizerConfig) -> None:
        super().__init__()
        self.config = config
        self.sound = SoundStream(config)
        self.visual = VisualStream(config)
        d, n = config.embedding_dim, config.n_heads
        self.visual_embedding = nn.Sequential(
            *(nn.ReLU(), HeadwiseLinear(d, d, n)),
            *(nn.ReLU(), HeadwiseLinear(d, config.sound_dim, n)),
        )
        self.confidence_scale = nn.Parameter(torch.tensor(10.0))
        self.confidence_bias = nn.Parameter(torch.tensor(0.3))

    def load_pretrained_trunks(self, *, soundnet_path: Path | None = None) -> None:
        """Start from the published trunks; raises `CheckpointError` without them."""
        if isinstance(self.sound.trunk, LogMelNet):
            raise CheckpointError(
                "the log-mel trunk was published nowhere else; start from a checkpoint "
                "that has it, or make one with `pano adapt --sound log-mel`."
            )
        soundnet_weights.load_pretrained(self.sound.trunk, soundnet_path)
        self.load_pretrained_visual_trunk()

    def load_pretrained_visual_trunk(self) -> None:
        """Start from the published one; raises `CheckpointError` without it."""
        if isinstance(self.visual.trunk, Vgg16Conv53):
            vgg16.load_pretrained(self.visual.trunk)
        else:
            neck = cast(LiteNeck, self.visual.neck)
            efficientnet_weights.load_pretrained(self.visual.trunk, neck.head)

    def copy_trunks(self, other: SoundLocalizationNet) -> None:
        """Start from the frozen trunks of another network of the same trunks."""
        self.sound.trunk.load_state_dict(other.sound.trunk.state_dict())
        self.copy_visual_trunk(other)

    def copy_visual_trunk(self, other: SoundLocalizationNet) -> None:
        """Start from the frozen visual trunk of another network of the same."""
        self.visual.trunk.load_state_dict(other.visual.trunk.state_dict())
        if isinstance(self.visual.neck, LiteNeck):
            neck = cast(LiteNeck, other.visual.neck)
            self.visual.neck.head.load_state_dict(neck.head.state_dict())

    def forward(
        self, pixels: Tensor, waveform: Tensor, *, wrap: bool = False
    ) -> LocalizationOutput:
        """Localize sounds (b, n) in pictures (b, 3, h, w)."""
        return self.localize(self.visual(pixels, wrap=wrap), self.sound(waveform))

    def localize(
        self, V: Tensor, pooled: Tensor, *, log_prior: Tensor | None = None
    ) -> LocalizationOutput:
        """Join V (b, D, h, w) with pooled sound (b, c), fresh or from a cache."""
        f_s, h = self.sound.standardise(pooled), self.sound.head(pooled)
        unit = F.normalize(h, dim=1)
        a = attention.respond_pairwise(V, unit, mechanism=self.config.mechanism)
        alpha, z = self.locate(V, a, log_prior=log_prior)
        confidence = self.confidence(a, self.sound.head.embed(pooled).presence)
        return LocalizationOutput(alpha, a, z, self.embed(z), f_s, h, confidence)

    def respond(self, V: Tensor, h: Tensor) -> Tensor:
        """Compare pictures V (b, D, h, w) with all sounds h (n, D): (b, n, h, w).

        Here h may have any length, as the sound head gives it.
        """
        unit = F.normalize(h, dim=1)
        return attention.respond(V, unit, mechanism=self.config.mechanism)

    def locate(
        self, V: Tensor, a: Tensor, *, log_prior: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Turn responses (b, h, w) into attention (b, h, w) and z (b, D)."""
        alpha = attention.attend(
            a, temperature=self.config.temperature, log_prior=log_prior
        )
        return alpha, attention.locate(V, alpha)

    def embed(self, z: Tensor) -> Tensor:
        """Map z (b, D) to f_v (b, c): two ReLU-FC blocks, section 3.2.

        Of several heads it is the mean of what each makes of its part of z.
        """
        apart: Tensor = self.visual_embedding(z).unflatten(1, (self.config.n_heads, -1))
        return apart.mean(dim=1)

    def peak(self, a: Tensor) -> Tensor:
        """Average the strongest 0.5 % of responses (..., h, w): shape (...)."""
        return attention.peak(a)

    def match_logit(self, a: Tensor) -> Tensor:
        """Scale and shift the peak of responses (..., h, w) to a logit (...)."""
        return self.confidence_scale * (attention.peak(a) - self.confidence_bias)

    def confidence(self, a: Tensor, presence: Tensor) -> Tensor:
        """Turn responses (..., h, w) into a probability (...).

        That the sound has a place in any picture, `SoundEmbedding.presence` (...),
        times that it is seen here.
        """
        return torch.sigmoid(self.match_logit(a)) * presence
