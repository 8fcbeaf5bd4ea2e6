import torch
from torch import Generator

from grokterm.models.rng import Rng
from grokterm.optim.rng import Lasting, StepRng, stream_seed

CPU = torch.device("cpu")


def drawn(rng: Rng) -> list[float]:
    assert isinstance(rng, Generator)
    return torch.rand(3, generator=rng).tolist()


def test_the_seed_of_a_stream_is_the_same_in_every_version() -> None:
    assert stream_seed(0, 0, "dropout", 0) == 2439878303561045691
    assert stream_seed(1, 2, "update noise", 3) == 8298114945465282165


def test_a_stream_depends_on_step_seed_purpose_and_block() -> None:
    streams = [(0, 0, "a", 0), (1, 0, "a", 0), (0, 1, "a", 0), (0, 0, "b", 0), (0, 0, "a", 1), (1, 0, "a", 1)]
    assert len({stream_seed(*stream) for stream in streams}) == len(streams)


def test_a_stream_is_opened_at_its_start_each_time() -> None:
    rng = StepRng(5, 7, CPU)
    expected = drawn(Generator().manual_seed(stream_seed(7, 5, "dropout", 0)))
    assert drawn(rng.generator("dropout")) == drawn(rng.generator("dropout")) == expected
    assert drawn(rng.generator("dropout", 2)) == drawn(Generator().manual_seed(stream_seed(7, 5, "dropout", 2)))
    assert drawn(rng.opened(6, "dropout", 0)) == drawn(Generator().manual_seed(stream_seed(7, 6, "dropout", 0)))


def test_a_stream_that_lasts_goes_on_until_it_is_moved_to_a_step() -> None:
    lasting = Lasting()
    rng = StepRng(5, 7, CPU, lasting=lasting)
    stream, other = rng.generator("dropout"), rng.generator("dropout", 1)
    assert rng.generator("dropout") is stream is not other
    assert drawn(stream) == drawn(StepRng(5, 7, CPU).generator("dropout"))
    assert drawn(stream) != drawn(StepRng(5, 7, CPU).generator("dropout"))
    lasting.move_to(9)
    assert drawn(stream) == drawn(StepRng(5, 9, CPU).generator("dropout"))
    assert drawn(other) == drawn(StepRng(5, 9, CPU).generator("dropout", 1))


def test_a_number_is_that_of_the_step() -> None:
    rng = StepRng(0, 3, CPU)
    for value, dtype in ((1.5, torch.float32), (4.5, torch.float64)):
        number = rng.number("share", lambda step, value=value: step * value, dtype)  # type: ignore[misc]
        assert (number.item(), number.dtype, number.shape) == (3 * value, dtype, ())


def test_a_number_that_lasts_stays_in_its_place_and_is_moved_to_a_step() -> None:
    lasting = Lasting()
    rng = StepRng(0, 3, CPU, lasting=lasting)
    share, rate = (rng.number(name, value_at, torch.float64) for name, value_at in (("share", float), ("rate", lambda s: -s)))
    assert rng.number("share", lambda step: 0.0, torch.float64) is share
    lasting.move_to(8)
    assert (share.item(), rate.item()) == (8.0, -8.0)
