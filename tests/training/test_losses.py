import pytest
import torch
from torch import Tensor
from torch.nn import functional

from grokterm.training.losses import LOSSES, Loss


@pytest.fixture
def scores() -> Tensor:
    return torch.randn(20, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def answers() -> Tensor:
    return torch.arange(20) % 7


def test_mse_is_the_mean_over_batch_and_classes(scores: Tensor, answers: Tensor) -> None:
    expected = functional.mse_loss(scores, functional.one_hot(answers, 7).double())
    torch.testing.assert_close(LOSSES["mse"](scores, answers).mean(), expected)


def test_mse_of_known_scores_is_known() -> None:
    rows = LOSSES["mse"](torch.tensor([[0.0, 1.0], [0.0, 1.0], [3.0, 0.0]]), torch.tensor([1, 0, 1]))
    assert rows.tolist() == [0.0, 1.0, 5.0]


def test_cross_entropy_is_the_mean_over_the_batch_in_nats(scores: Tensor, answers: Tensor) -> None:
    probabilities = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
    expected = -probabilities[torch.arange(20), answers].log().mean()
    torch.testing.assert_close(LOSSES["cross_entropy"](scores, answers).mean(), expected)


@pytest.mark.parametrize("loss", LOSSES.values())
def test_a_row_has_its_own_loss_and_leaves_the_scores_alone(loss: Loss, scores: Tensor, answers: Tensor) -> None:
    before = scores.clone()
    one_by_one = [loss(scores[row : row + 1], answers[row : row + 1]) for row in range(len(answers))]
    torch.testing.assert_close(loss(scores, answers), torch.cat(one_by_one))
    assert torch.equal(scores, before)


@pytest.mark.parametrize("loss", LOSSES.values())
def test_the_gradient_of_a_loss_agrees_with_finite_differences(loss: Loss, scores: Tensor, answers: Tensor) -> None:
    assert torch.autograd.gradcheck(lambda values: loss(values, answers), (scores.requires_grad_(),))
