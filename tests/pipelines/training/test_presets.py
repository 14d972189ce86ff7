import pytest

from pano_jobs.training.presets import PRESETS, Supervision


def weights(preset: str, supervision: Supervision) -> dict[str, float]:
    told = PRESETS[preset].with_supervision(supervision).training.objective.weights
    return {name: getattr(told, name) for name in told.__dataclass_fields__}


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_can_be_told_less(name: str) -> None:
    unsupervised = weights(name, Supervision.UNSUPERVISED)
    supervised = weights(name, Supervision.SUPERVISED)
    # Each of these is shown boxes.
    assert {unsupervised[k] for k in ("supervised", "mass", "kinds")} == {0.0}
    assert unsupervised["ratio"] + unsupervised["contrast"] > 0.0
    assert supervised["ratio"] == supervised["contrast"] == 0.0
    assert supervised["supervised"] > 0.0
    assert PRESETS[name].with_supervision(Supervision.SUPERVISED).drawing.only_placed
    whole = PRESETS[name].with_supervision(Supervision.SEMI_SUPERVISED)
    assert whole == PRESETS[name]


def test_the_paper_has_its_two_losses_and_no_temperature() -> None:
    paper = PRESETS["paper"]
    assert paper.config.temperature == 1.0
    assert paper.config.visual_trunk == "vgg16"
    assert paper.training.learning_rate == pytest.approx(1e-4)
    assert paper.training.n_pictures == 30
    told = weights("paper", Supervision.SEMI_SUPERVISED)
    assert {name for name, weight in told.items() if weight} == {"supervised", "ratio"}


def test_any_preset_can_stand_on_the_light_trunk() -> None:
    light = PRESETS["paper"].with_visual_trunk("efficientnet_lite0")
    assert light.config.visual_trunk == "efficientnet_lite0"
    assert light.training == PRESETS["paper"].training


def test_weights_are_changed_by_name() -> None:
    preset = PRESETS["paper"].with_loss_weights({"ratio": 0.75, "supervised": 0.25})
    assert preset.training.objective.weights.ratio == 0.75
    with pytest.raises(ValueError, match="no loss ratoi"):
        PRESETS["paper"].with_loss_weights({"ratoi": 1.0})
    with pytest.raises(ValueError, match="at least one loss"):
        PRESETS["paper"].with_loss_weights({"ratio": 0.0, "supervised": 0.0})
