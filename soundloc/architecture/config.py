"""The configuration of the network: the paper's by default; departures say why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Mechanism = Literal["cosine", "relu_cosine"]
PictureScale = Literal[1, 2]
VisualTrunk = Literal["vgg16", "efficientnet_lite0"]
SoundFeatures = Literal["conv8", "conv5+conv7", "log-mel"]
SoundNorm = Literal["none", "standardise"]
SoundPooling = Literal["mean", "loudness"]

VGG16_CHANNELS = 512
# A standardised channel of sound says no more than this, in deviations.
MAX_DEVIATIONS = 8.0
# The peak is the mean of the best 0.5 % of the cells: one cell is easily lucky.
PEAK_SHARE = 1 / 200
_SOUND_CHANNELS: dict[SoundFeatures, tuple[int, ...]] = {
    "conv8": (1000,),
    "conv5+conv7": (256, 1024),
    "log-mel": (1024,),
}


@dataclass(frozen=True, slots=True)
class LocalizerConfig:
    """Configuration of a network; written into its checkpoints.

    Parameters
    ----------
    visual_trunk
        `vgg16` is the paper; `efficientnet_lite0` is 25 times faster.
    sound_features
        `conv8` is the paper; SoundNet's lower layers pooled side by side separate
        everyday sounds better than its object layer, and `log-mel`, a trunk of ours,
        better still.
    mechanism
        The paper's Mechanism 1 (Eq. 2) or 2 (Eq. 3).
    temperature
        Divides the response before the softmax. 1 is the paper, where on a 20 × 20
        grid no cell can get more than 1.8 % of the attention.
    embedding_dim
        D, the length of h and of each v_i, for each head.
    n_heads
        Heads on the same trunks that learned apart and answer together, see
        `soundloc.network.headwise_linear`; 1 is the paper.
    sound_pooling
        `mean` is the paper: all frames of a window count alike. With `loudness` each
        counts by its RMS, so that the pauses between two barks do not make a bark
        something else.
    sound_norm
        `standardise` uses the mean and deviation of f_s over the training sounds. The
        published conv8 is negative nearly everywhere, so that the ReLU before FC9
        would leave nothing of the sound.
    post_relu
        For VGG-16, see `Vgg16Conv53`.
    picture_scale
        2 lets lite0 look at pictures twice as large: small things, the rule in a 360°
        frame, are then nearer to the size of those it was pretrained on.
    smoothing_cells
        Deviation of the Gaussian that the directions v_i are smoothed with, in cells,
        once the network is trained; 0 is the paper. The peak is then that of a thing,
        not of a lucky cell.
    neck_dropout
        Share of the visual channels dropped while training the neck of lite0.
    judges_sound
        The sound head has a presence head, whose probability that the sound has a place
        in any picture at all scales the confidence: wind and noise have none, however
        much a picture may look like them.
    """

    visual_trunk: VisualTrunk = "vgg16"
    sound_features: SoundFeatures = "conv8"
    mechanism: Mechanism = "cosine"
    temperature: float = 1.0
    embedding_dim: int = 512
    n_heads: int = 1
    sound_pooling: SoundPooling = "mean"
    sound_norm: SoundNorm = "none"
    post_relu: bool = False
    picture_scale: PictureScale = 1
    smoothing_cells: float = 0.0
    neck_dropout: float = 0.0
    judges_sound: bool = False

    def __post_init__(self) -> None:
        for name, allowed in (
            ("visual_trunk", get_args(VisualTrunk)),
            ("sound_features", get_args(SoundFeatures)),
            ("mechanism", get_args(Mechanism)),
            ("sound_pooling", get_args(SoundPooling)),
            ("sound_norm", get_args(SoundNorm)),
            ("picture_scale", get_args(PictureScale)),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} must be one of {allowed}, got {getattr(self, name)!r}"
                )
        if not self.temperature > 0.0:
            raise ValueError(f"temperature must be positive, got {self.temperature}")
        if self.embedding_dim < 1:
            raise ValueError(f"embedding_dim must be ≥ 1, got {self.embedding_dim}")
        if self.visual_trunk == "vgg16" and self.embedding_dim != VGG16_CHANNELS:
            raise ValueError(
                f"embedding_dim must be {VGG16_CHANNELS} with vgg16, "
                f"got {self.embedding_dim}"
            )
        if self.visual_trunk == "vgg16" and self.picture_scale != 1:
            raise ValueError("only efficientnet_lite0 enlarges pictures")
        if self.n_heads < 1:
            raise ValueError(f"n_heads must be ≥ 1, got {self.n_heads}")
        if self.visual_trunk == "vgg16" and self.n_heads != 1:
            raise ValueError("vgg16 has no neck that several heads could have")
        if not 0.0 <= self.smoothing_cells <= 4.0:
            raise ValueError(
                f"smoothing_cells must be in [0, 4], got {self.smoothing_cells}"
            )
        if not 0.0 <= self.neck_dropout < 1.0:
            raise ValueError(f"neck_dropout must be in [0, 1), got {self.neck_dropout}")

    @property
    def joint_dim(self) -> int:
        """Length of h and of each v_i with all heads side by side."""
        return self.n_heads * self.embedding_dim

    @property
    def sound_channels(self) -> tuple[int, ...]:
        """Channels of the sound layers that make f_s."""
        return _SOUND_CHANNELS[self.sound_features]

    @property
    def sound_dim(self) -> int:
        """Length of f_s."""
        return sum(self.sound_channels)
