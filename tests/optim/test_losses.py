import pytest
import torch
from torch import Tensor
from torch.nn import functional

from grokterm.experiment.loss import Loss as LossSettings
from grokterm.optim.losses import LOSSES, LossFunction, loss_of


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


def test_softmax_mse_is_the_squared_error_of_the_probabilities(scores: Tensor, answers: Tensor) -> None:
    errors = torch.stack([row.exp() / row.exp().sum() for row in scores]) - functional.one_hot(answers, 7)
    torch.testing.assert_close(LOSSES["softmax_mse"](scores, answers), errors.square().mean(dim=1))


def test_stablemax_of_known_scores_is_known() -> None:
    rows = LOSSES["stablemax"](torch.tensor([[0.5, 0.0, -1.0], [3.0, 0.0, -1.0]]), torch.tensor([0, 2]))
    assert rows.exp().tolist() == pytest.approx([3 / 1.5, 5.5 / 0.5])  # s = 1.5, 1, 1/2 and 4, 1, 1/2


def test_stablemax_of_extreme_scores_is_finite_and_has_a_finite_gradient() -> None:
    scores = torch.tensor([[1e30, -1e30, 1.0, -1.0]], requires_grad=True)
    (slope,) = torch.autograd.grad(LOSSES["stablemax"](scores, torch.tensor([1])).sum(), scores)
    assert slope.isfinite().all()


def test_in_double_precision_cross_entropy_still_tells_what_is_lost_in_single() -> None:
    scores, answers = torch.tensor([[20.0, 0.0]]), torch.tensor([0])
    single, double = (loss_of(LossSettings(kind="cross_entropy", precision=name)) for name in ("float32", "float64"))
    assert single(scores, answers).item() == 0.0
    assert double(scores, answers).item() == pytest.approx(2.0611536e-9, rel=1e-6, abs=0)


def test_of_several_scored_positions_a_row_takes_the_mean(scores: Tensor, answers: Tensor) -> None:
    loss = loss_of(LossSettings(kind="cross_entropy", precision="float64"))
    pairs = loss(scores.view(10, 2, 7).float(), answers.view(10, 2))
    torch.testing.assert_close(pairs, loss(scores.float(), answers).view(10, 2).mean(dim=1))
    assert pairs.dtype == torch.float64


@pytest.mark.parametrize("loss", LOSSES.values())
def test_a_row_has_its_own_loss_and_leaves_the_scores_alone(loss: LossFunction, scores: Tensor, answers: Tensor) -> None:
    before = scores.clone()
    one_by_one = [loss(scores[row : row + 1], answers[row : row + 1]) for row in range(len(answers))]
    torch.testing.assert_close(loss(scores, answers), torch.cat(one_by_one))
    assert torch.equal(scores, before)


@pytest.mark.parametrize("loss", LOSSES.values())
def test_the_gradient_of_a_loss_agrees_with_finite_differences(loss: LossFunction, scores: Tensor, answers: Tensor) -> None:
    assert torch.autograd.gradcheck(lambda values: loss(values, answers), (scores.requires_grad_(),))
