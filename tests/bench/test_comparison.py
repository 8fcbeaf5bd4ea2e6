import sys

import pytest

from grokterm.bench import comparison as comparing
from grokterm.bench.comparison import FLOOR, FLOORS, TRAINING, UPDATE, Comparison, Result, as_timed, compare
from grokterm.bench.contestants import engine
from grokterm.bench.process import NOTEBOOK, ContestantProcess
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.presets import find_preset
from tests.bench.contestants_here import contestants_here
from tests.training.outcome import changed


@pytest.fixture
def timed(tiny: Experiment) -> Experiment:
    """The tiny experiment as it is timed."""
    return as_timed(changed(tiny, "device=cpu"))


def test_ratios_are_between_two_who_do_the_same(timed: Experiment) -> None:
    results = (
        Result("eager", "", {TRAINING: (8.0, 9.0), UPDATE: (10.0, 12.0)}, None),
        Result(NOTEBOOK, "", {TRAINING: (2.0, 3.0), UPDATE: (4.0, 4.0)}, None),
        Result(FLOORS[0], "", {UPDATE: (20.0, 1.0)}, None),
        Result(FLOORS[1], "", {UPDATE: (15.0, 20.0)}, None),
    )
    found = Comparison("tiny", timed, "cpu", "", results, {})
    assert found.rate("eager", TRAINING) == (8.5, 8.0, 9.0)
    assert found.ratio("eager", TRAINING, to=NOTEBOOK) == (3.5, 3.0, 4.0)
    assert found.ratio("eager", UPDATE, to=FLOOR) == (0.55, 0.5, 0.6)
    assert found.ratio("eager", TRAINING, to=FLOOR) is None
    assert found.rate("fused", UPDATE) is None


def test_whoever_cannot_take_part_is_left_out_with_the_reason(tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "ENGINES", ("auto", "eager", "steam"))
    monkeypatch.setattr(comparing, "FLOORS", ())
    with contestants_here():
        found = compare("tiny", changed(tiny, "device=cpu", "model.dropout=0.1"), repetitions=1, seconds=0.001)
    assert [result.name for result in found.results] == ["eager"]
    assert found.left_out.keys() == {"steam", NOTEBOOK}
    assert "training.engine must be" in found.left_out["steam"]
    assert "no notebook loop" in found.left_out[NOTEBOOK]


def test_a_process_that_ends_is_a_reason_too(timed: Experiment) -> None:
    ends = [sys.executable, "-c", "raise SystemExit(7)"]
    with ContestantProcess("eager", ends) as process, pytest.raises(ConfigError, match="exit code 7"):
        process.start(timed)


def test_a_training_that_diverges_cannot_be_timed(tiny: Experiment) -> None:
    diverging = changed(tiny, "optimizer.kind=gd", "optimizer.learning_rate=1e4", "optimizer.weight_decay=0.0")
    contestant = engine(as_timed(diverging))
    with pytest.raises(ConfigError, match=r"the training ended at step \d+, diverged"):
        contestant.modes[TRAINING](10_000)


def test_a_mixture_cannot_be_timed() -> None:
    with pytest.raises(ConfigError, match="preset mixed: a mixture is made of trained networks"):
        compare("mixed", find_preset("report-mixture-1-1").experiment, repetitions=1, seconds=0.001)


def test_an_experiment_is_timed_without_what_happens_to_it_once(tiny: Experiment) -> None:
    eventful = changed(
        tiny, "training.stop_when=grokked", "interventions=[{ at_step = 7, save = true }]", "training.inspect_every=5"
    )
    found = as_timed(eventful, "eager")
    assert (found.interventions, found.expect, found.training.stop_when) == ((), None, "never")
    assert (found.training.inspect_every, found.training.evaluate_every, found.training.engine) == (0, 5, "eager")
