import pytest
import torch

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.evaluation import losses_and_hits, mean_of
from grokterm.experiment.conditions import Comparison


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_blocks", [1, 7])
def test_912_of_960_right_answers_are_an_accuracy_of_at_least_95_hundredths(precision: torch.dtype, n_blocks: int) -> None:
    answers = torch.zeros(960, dtype=torch.int64)
    scores = torch.zeros(960, 2)
    scores[:912, 0], scores[912:, 1] = 1, 1
    parts = zip(scores.tensor_split(n_blocks), answers.tensor_split(n_blocks), strict=True)
    blocks = [losses_and_hits(torch.zeros((), dtype=precision), *part) for part in parts]
    _, accuracy = mean_of(blocks, DeviceEquations(torch.zeros(960, 2, dtype=torch.int64), answers)).tolist()
    assert Comparison("val_accuracy", ">=", 0.95).is_met_by(accuracy)


def test_a_share_is_the_number_next_to_the_quotient_for_every_count() -> None:
    """Not the count times the rounded reciprocal, which is another number for a quarter of them."""
    for n in (1, 49, 960, 6_273):
        equations = DeviceEquations(torch.zeros(n, 2, dtype=torch.int64), torch.zeros(n, dtype=torch.int64))
        shares = [mean_of([torch.tensor([0.0, k])], equations)[1].item() for k in range(0, n + 1, max(1, n // 200))]
        assert shares == [k / n for k in range(0, n + 1, max(1, n // 200))]
