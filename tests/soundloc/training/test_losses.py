import math

import pytest
import torch

from soundloc.training.losses import (
    confidence_loss,
    mass_loss,
    ratio_loss,
    silence_loss,
    supervised_loss,
)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_ratio_loss_by_hand():
    f_v = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    positive = torch.tensor([[3.0, 4.0], [1.0, 1.0]])  # distances 5, 0
    negative = torch.tensor([[0.0, 3.0], [1.0, 3.0]])  # distances 3, 2
    # D+ = e^d+ / (e^d+ + e^d-) = sigmoid(d+ - d-), and D- = 1 - D+ (Eq. 5, 6)
    expected = (2 * sigmoid(2.0) ** 2 + 2 * sigmoid(-2.0) ** 2) / 2
    assert ratio_loss(f_v, positive, negative).item() == pytest.approx(expected)


def test_ratio_loss_of_equal_distances_is_one_half():
    f = torch.tensor([[1.0, 0.0]])
    sound = torch.tensor([[0.0, 1.0]])
    assert ratio_loss(f, sound, sound).item() == pytest.approx(0.5)


def test_ratio_loss_falls_as_the_own_sound_comes_nearer():
    f_v, negative = torch.zeros(1, 3), torch.full((1, 3), 2.0)
    losses = [
        ratio_loss(f_v, torch.full((1, 3), x), negative).item()
        for x in (3.0, 2.0, 1.0, 0.0)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1]


def test_ratio_loss_has_a_gradient_at_distance_zero():
    f_v = torch.zeros(1, 3, requires_grad=True)
    ratio_loss(f_v, torch.zeros(1, 3), torch.ones(1, 3)).backward()
    assert torch.isfinite(f_v.grad).all()


def test_supervised_loss_by_hand():
    logits = torch.tensor([[[1.0, 0.0], [0.0, -1.0]]])
    truth = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    log_sum = math.log(math.e + 1 + 1 + 1 / math.e)
    expected = -((1 - log_sum) + (0 - log_sum))  # Eq. 8 as it stands
    paper = supervised_loss(logits, truth, truth_norm="paper")
    assert paper.item() == pytest.approx(expected)
    assert supervised_loss(logits, truth).item() == pytest.approx(expected / 2)


def test_supervised_loss_of_a_uniform_attention_does_not_depend_on_the_box():
    logits = torch.zeros(2, 20, 20)
    truth = torch.zeros(2, 20, 20)
    truth[0, 3, 4], truth[1, :10] = 1.0, 1.0
    assert supervised_loss(logits, truth).item() == pytest.approx(math.log(400))
    big = supervised_loss(logits[1:], truth[1:], truth_norm="paper")
    assert big.item() == pytest.approx(200 * math.log(400), rel=1e-5)


def test_supervised_loss_stays_finite_where_the_softmax_underflows():
    logits = torch.tensor([[[0.0, 1000.0]]])
    truth = torch.tensor([[[1.0, 0.0]]])
    assert supervised_loss(logits, truth).item() == pytest.approx(1000.0)


def test_confidence_loss_by_hand():
    loss = confidence_loss(torch.tensor([2.0, -1.0]), torch.tensor([True, False]))
    expected = (-math.log(sigmoid(2.0)) - math.log(1 - sigmoid(-1.0))) / 2
    assert loss.item() == pytest.approx(expected)


def test_an_empty_batch_costs_nothing():
    empty, maps = torch.zeros(0, 3), torch.zeros(0, 2, 2)
    assert ratio_loss(empty, empty, empty).item() == 0.0
    assert supervised_loss(maps, maps).item() == 0.0
    assert confidence_loss(torch.zeros(0), torch.zeros(0)).item() == 0.0


def test_the_mass_loss_is_minus_log_of_the_attention_inside() -> None:
    logits = torch.log(torch.tensor([[[0.1, 0.2], [0.3, 0.4]]]))
    truth = torch.tensor([[[0.0, 0.5], [0.5, 0.0]]])
    assert mass_loss(logits, truth).item() == pytest.approx(-math.log(0.2 + 0.3))


def test_the_mass_loss_does_not_care_where_inside_the_peak_is() -> None:
    truth = torch.tensor([[[0.5, 0.5, 0.0]]])
    left, right = torch.tensor([[[9.0, 0.0, 0.0]]]), torch.tensor([[[0.0, 9.0, 0.0]]])
    assert mass_loss(left, truth).item() == pytest.approx(
        mass_loss(right, truth).item()
    )


def test_silence_loss_by_hand() -> None:
    # One picture, three sounds, the third of which may point at the left cell.
    responses = torch.tensor(
        [[[[0.5, 0.2, 0.1]], [[-0.4, 0.0, 0.6]], [[0.9, 0.0, 0.0]]]]
    )
    silent = torch.tensor([[[[0.3, 0.0, 0.0]]]])
    is_denied = torch.tensor([[True, True, False]])
    expected = (math.log1p(math.exp(3.0)) + math.log1p(math.exp(-10.0))) / 2
    loss = silence_loss(responses, silent, is_denied, temperature=0.1)
    assert loss.item() == pytest.approx(expected)


def test_only_silent_things_give_way() -> None:
    responses = torch.tensor([[[[0.5, 0.2, 0.1]]]], requires_grad=True)
    silent = torch.tensor([[[[1.0, 0.0, 0.0]]]])
    is_denied = torch.tensor([[True]])
    silence_loss(responses, silent, is_denied, temperature=0.1).backward()
    assert responses.grad is not None
    assert responses.grad[..., 0] > 0
    assert not responses.grad[..., 1:].any()


@pytest.mark.parametrize("silent", [0.0, 1.0])
def test_a_picture_with_nothing_silent_or_nothing_else_costs_nothing(
    silent: float,
) -> None:
    responses = torch.rand(2, 3, 2, 2)
    is_denied = torch.ones(1, 3, dtype=torch.bool)
    loss = silence_loss(
        *(responses, torch.full((2, 1, 2, 2), silent), is_denied), temperature=0.1
    )
    assert loss.item() == 0.0


def test_a_sound_may_point_at_the_kinds_it_is_not_denied() -> None:
    responses = torch.tensor([[[[0.5, 0.4, 0.0]]]], requires_grad=True)
    silent = torch.tensor([[[[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]]])
    is_denied = torch.tensor([[False], [True]])
    silence_loss(responses, silent, is_denied, temperature=0.1).backward()
    assert responses.grad is not None
    assert responses.grad[..., 1] > 0
    assert not responses.grad[..., 0].any()
