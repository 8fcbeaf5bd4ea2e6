import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.training.estimate import estimate_seconds
from grokterm.training.single import Fit
from grokterm.training.step_loop import Measured
from grokterm.training.trainer import Trainer
from tests.session.driving import with_settings


def test_a_training_that_is_a_thousand_times_as_long_takes_about_a_thousand_times_as_long(tiny: Experiment) -> None:
    long, longer = (estimate_seconds(Trainer(with_settings(tiny, training={"steps": steps}))) for steps in (10**6, 10**9))
    assert longer / long == pytest.approx(1000, rel=0.9)


def test_a_training_that_ends_while_it_is_timed_took_what_it_took(tiny: Experiment) -> None:
    assert 0 < estimate_seconds(Trainer(with_settings(tiny, training={"steps": 3}))) < 5


def test_an_untrained_network_takes_no_time(tiny: Experiment) -> None:
    assert estimate_seconds(Trainer(with_settings(tiny, training={"steps": 0}))) == 0


def test_early_steps_that_are_measured_often_do_not_make_a_long_training_look_longer(
    tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []
    original = Fit.measure

    def measure(fit: Fit) -> Measured:
        measured.append(fit.step)
        return original(fit)

    monkeypatch.setattr(Fit, "measure", measure)
    trainer = Trainer(with_settings(tiny, training={"steps": 10**9, "evaluate_every": "log"}, optimizer={"batch_size": 20}))
    assert estimate_seconds(trainer) > 0
    assert measured == list(range(0, trainer.step + 1, 100))
