import pytest
import torch

from grokterm.models.dropout import dropout


def test_without_a_draw_or_a_share_nothing_is_dropout() -> None:
    values = torch.ones(50)
    assert torch.equal(dropout(values, 0.5, None), values)
    assert torch.equal(dropout(values, 0.0, torch.Generator()), values)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_share_is_silenced_and_the_mean_stays(share: float) -> None:
    left = dropout(torch.full((100_000,), 3.0), share, torch.Generator().manual_seed(0))
    assert float((left == 0).double().mean()) == pytest.approx(share, abs=0.01)
    assert float(left.mean()) == pytest.approx(3.0, rel=0.04)


def test_a_share_is_silenced_as_exactly_in_bfloat16_whose_own_draws_are_256ths() -> None:
    left = dropout(torch.ones(1_000_000, dtype=torch.bfloat16), 0.1, torch.Generator().manual_seed(0))
    assert left.dtype == torch.bfloat16
    assert float((left == 0).double().mean()) == pytest.approx(0.1, abs=0.001)
