"""Training presets: which network, which losses, which optimiser.

`paper` is Senocak et al. as written, `official` their released code, `light` what the
default checkpoint was made with, and `strong` all that was found to help. The last two
stand on a light trunk; any preset can be put on either trunk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from soundloc.architecture.config import LocalizerConfig, SoundFeatures, VisualTrunk
from soundloc.training.batch_sampler import SamplingSettings
from soundloc.training.objective import LossWeights, Objective
from soundloc.training.train import TrainSettings


class Supervision(StrEnum):
    """Which annotations a training uses: the rows of Table 1 of the paper."""

    UNSUPERVISED = "unsupervised"
    SUPERVISED = "supervised"
    SEMI_SUPERVISED = "semi-supervised"


class SoundTrunk(StrEnum):
    """The sound trunk: SoundNet-8, which is the paper's, or our log-mel trunk."""

    SOUNDNET = "soundnet"
    LOG_MEL = "log-mel"

    @classmethod
    def of(cls, config: LocalizerConfig) -> SoundTrunk:
        """Name the sound trunk of a network."""
        return cls.LOG_MEL if config.sound_features == "log-mel" else cls.SOUNDNET


_FEATURES_OF: dict[SoundTrunk, SoundFeatures] = {
    SoundTrunk.SOUNDNET: "conv5+conv7",
    SoundTrunk.LOG_MEL: "log-mel",
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A network and how it is trained.

    Parameters
    ----------
    has_teachers
        Where places are unknown, two networks trained on the known ones first find
        those they agree on.
    picture_size_px
        (height, width) to bring pictures to; None leaves them.
    """

    config: LocalizerConfig
    training: TrainSettings
    drawing: SamplingSettings = field(default_factory=SamplingSettings)
    has_teachers: bool = False
    picture_size_px: tuple[int, int] | None = None

    @property
    def has_views(self) -> bool:
        """Tell whether a loss compares two views of a picture."""
        return self.training.objective.weights.equivariance > 0.0

    def with_visual_trunk(self, trunk: VisualTrunk) -> Preset:
        """Return the preset with another visual trunk and the same losses."""
        before = self.config
        if trunk == "vgg16":
            before = replace(before, picture_scale=1, n_heads=1)
        return replace(self, config=replace(before, visual_trunk=trunk))

    def with_sound_trunk(self, trunk: SoundTrunk) -> Preset:
        """Return the preset with another sound trunk and the same losses."""
        if SoundTrunk.of(self.config) is trunk:
            return self
        features = _FEATURES_OF[trunk]
        return replace(self, config=replace(self.config, sound_features=features))

    def with_heads(self, n_heads: int) -> Preset:
        """Return the preset with an ensemble of so many heads."""
        return replace(self, config=replace(self.config, n_heads=n_heads))

    def with_supervision(self, supervision: Supervision) -> Preset:
        """Return the preset without the losses that need missing annotations.

        Unsupervised knows no place (Eq. 6), supervised nothing else (Eq. 8). Kinds are
        named where they are placed, so that goes without places, too.
        """
        places = dict.fromkeys(("supervised", "mass", "kinds", "silence"), 0.0)
        company = dict.fromkeys(
            ("ratio", "contrast", "confidence", "equivariance"), 0.0
        )
        if supervision is Supervision.UNSUPERVISED:
            return replace(self.with_loss_weights(places), has_teachers=False)
        if supervision is Supervision.SUPERVISED:
            drawing = replace(self.drawing, only_placed=True)
            told = self.with_loss_weights(company)
            return replace(told, drawing=drawing, has_teachers=False)
        return self

    def with_loss_weights(self, weights: Mapping[str, float]) -> Preset:
        """Return the preset with other weights of some losses, by name.

        Raises
        ------
        ValueError
            If a loss is unknown, or no loss is left.
        """
        known = {f.name for f in fields(LossWeights)}
        if unknown := sorted(set(weights) - known):
            raise ValueError(
                f"there is no loss {', '.join(unknown)}; there are "
                + ", ".join(sorted(known))
            )
        objective = self.training.objective
        changed = replace(objective.weights, **weights)
        if not any(getattr(changed, name) > 0.0 for name in known):
            raise ValueError("a training needs at least one loss")
        objective = replace(objective, weights=changed)
        return replace(self, training=replace(self.training, objective=objective))


_LIGHT = Preset(
    LocalizerConfig(
        visual_trunk="efficientnet_lite0",
        sound_features="log-mel",
        temperature=0.07,
        # Six: 0.005 more of pointing on the validation split, and 12 MB.
        n_heads=3,
        sound_norm="standardise",
        sound_pooling="loudness",
        picture_scale=2,
        # From 0.4 to 0.8 three heads point alike on the validation split (0.779 to
        # 0.782); less knows absent sounds a little better (0.843, 0.835).
        smoothing_cells=0.8,
        neck_dropout=0.1,
        judges_sound=True,
    ),
    # Longer, and the heads learn by heart what the trunks remember of the very pictures
    # they were adapted on: at 2400 steps photographs lost a sixth of their pointing.
    TrainSettings(n_steps=350, n_cells=768),
    SamplingSettings(mixes=True, hard_share=0.5),
    # Contrast and ratio cost cIoU where places are known (`sweep --over ingredients`);
    # some contrast stays, for the pictures without. Eq. 8 costs pointing and gives
    # cIoU: at half its weight it costs little of either. On the validation split voices
    # without a person peaked on an ape in 0.16, 0.09, 0.05 and 0.03 at a silence of
    # 0.2, 0.5, 1 and 2, for 0.02 of the AUROC against absent sounds.
).with_loss_weights({"supervised": 0.25, "contrast": 0.1, "ratio": 0.0, "silence": 2.0})

_PAPER = Preset(
    # Standardised, because the published conv8 is negative nearly everywhere: behind
    # the paper's ReLU nothing would be left of the sound.
    LocalizerConfig(sound_norm="standardise"),
    TrainSettings(
        n_steps=5000,
        n_pictures=30,
        n_per_picture=1,
        n_foreign=4,
        learning_rate=1e-4,
        weight_decay=0.0,
        schedule="constant",
        warmup_steps=1,
        ema_decay=0.0,
        objective=Objective(
            LossWeights(
                supervised=1.0,
                mass=0.0,
                contrast=0.0,
                ratio=1.0,
                confidence=0.0,
                kinds=0.0,
                silence=0.0,
            ),
            truth_norm="paper",
            ratio_distance="raw",
        ),
    ),
    SamplingSettings(own_share=1.0),
)

PRESETS: dict[str, Preset] = {
    "strong": replace(
        _LIGHT.with_loss_weights({"equivariance": 0.05}),
        drawing=replace(_LIGHT.drawing, placed_share=0.5),
        has_teachers=True,
    ),
    "light": _LIGHT,
    "paper": _PAPER,
    # The mean of Eq. 6 over its two entries, Mechanism 2, one random subject, and f_s
    # as SoundNet gives it (ardasnck/learning_to_localize_sound_source).
    "official": replace(
        _PAPER.with_loss_weights({"ratio": 0.5}),
        config=LocalizerConfig(mechanism="relu_cosine"),
        drawing=SamplingSettings(own_share=1.0, annotator="random"),
    ),
}
