from itertools import count

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.training import trainer as trainer_module
from grokterm.training.estimate import estimate
from grokterm.training.single import SingleNetwork
from grokterm.training.step_loop import Measured
from grokterm.training.trainer import CHUNK_SECONDS
from tests.session.driving import with_settings


@pytest.fixture
def _evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every step take a chunk by the clock."""
    ticks = count()
    monkeypatch.setattr(trainer_module, "perf_counter", lambda: next(ticks) * CHUNK_SECONDS)


@pytest.mark.usefixtures("_evenly")
@pytest.mark.parametrize("steps", [10**6, 10**9])
def test_a_long_training_takes_as_often_as_long_as_it_has_more_steps(steps: int, tiny: Experiment) -> None:
    assert estimate(with_settings(tiny, training={"steps": steps})).seconds == pytest.approx(CHUNK_SECONDS * steps)


@pytest.mark.usefixtures("_evenly")
def test_a_training_that_ends_while_it_is_timed_took_what_it_took(tiny: Experiment) -> None:
    assert estimate(with_settings(tiny, training={"steps": 3})).seconds == pytest.approx(3 * CHUNK_SECONDS)


def test_an_untrained_network_takes_no_time(tiny: Experiment) -> None:
    assert estimate(with_settings(tiny, training={"steps": 0})).seconds == 0


def test_early_steps_that_are_measured_often_do_not_make_a_long_training_look_longer(
    tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []
    original = SingleNetwork.measure

    def measure(fit: SingleNetwork) -> Measured:
        measured.append(fit.step)
        return original(fit)

    monkeypatch.setattr(SingleNetwork, "measure", measure)
    often_at_first = {"steps": 10**9, "evaluate_every": "log"}
    assert estimate(with_settings(tiny, training=often_at_first, optimizer={"batch_size": 20})).seconds > 0
    assert measured == list(range(0, measured[-1] + 1, 100))
