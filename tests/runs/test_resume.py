from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set
from grokterm.experiment.reading.overrides import override
from grokterm.runs.journal import JournalWriter
from grokterm.runs.lock import RunLock
from grokterm.runs.resume import RESUMABLE, Resumption, check_reached, has_ended, resumption, rounding_note
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from tests.runs.records import acted, evaluated, finished, started

if TYPE_CHECKING:
    from grokterm.experiment.recording.records import Record


@pytest.fixture
def run(tiny: Experiment, tmp_path: Path) -> Run:
    return create_run(tmp_path, tiny, "tiny", {})


def asking_for(tiny: Experiment, **training: object) -> Experiment:
    settings = tiny.settings()
    return Experiment.from_settings(settings | {"training": settings["training"] | training})


@pytest.mark.parametrize(
    "change",
    [
        "training.steps=70",
        "training.evaluate_every=2",
        "training.evaluate_every=log",
        'training.stop_when="grokked"',
        "training.threads=1",
        "device=cpu",
    ],
)
def test_what_leaves_the_past_alone_may_change(change: str, run: Run) -> None:
    name, _, value = change.partition("=")
    assert name in RESUMABLE
    changed = resumption(run, [change]).experiment
    assert changed != run.experiment
    assert value.strip('"') in changed.to_toml()


@pytest.mark.parametrize("change", ["task.modulus=13", "seed=1", "optimizer.kind=gd", "training=1", "nonsense=1"])
def test_what_would_rewrite_the_past_is_refused(change: str, run: Run) -> None:
    with pytest.raises(ConfigError, match=r"cannot be changed when a run is resumed, only training\.steps, .*new run$"):
        resumption(run, ["training.steps=70", change])


def test_what_may_change_while_a_run_trains_is_set_where_it_goes_on(run: Run) -> None:
    resumed = resumption(run, ["training.steps=70", "optimizer.learning_rate=1e-3", "optimizer.weight_decay=0"])
    assert resumed.changes == ("training.steps=70",)
    assert resumed.experiment.optimizer == run.experiment.optimizer
    assert resumed.action == Set(values={"optimizer.learning_rate": 1e-3, "optimizer.weight_decay": 0})
    with pytest.raises(ConfigError, match=r"optimizer\.learning_rate must be at least 0, not -1"):
        resumption(run, ["optimizer.learning_rate=-1"])


def test_a_change_must_still_keep_its_rule(run: Run) -> None:
    with pytest.raises(ConfigError, match=r"training\.steps must be at least 0"):
        resumption(run, ["training.steps=-1"])


def test_fewer_steps_than_a_killed_run_had_made_would_lose_what_was_recorded(run: Run) -> None:
    JournalWriter(run.journal).write([started(), evaluated(40)])
    assert resumption(run, ["training.steps=40"]).experiment.training.steps == 40
    with pytest.raises(ConfigError, match=r"training\.steps 39 is less than the 40 steps that run .* has made: choose more"):
        resumption(run, ["training.steps=39"])


def test_more_steps_do_not_stretch_a_schedule(tiny: Experiment, tmp_path: Path) -> None:
    annealed = override(tiny.settings(), ["optimizer.schedule=cosine"]).experiment
    resumed = resumption(create_run(tmp_path, annealed, "annealed", {}), ["training.steps=600"]).experiment
    assert (resumed.training.steps, resumed.settings()["optimizer"]["schedule_steps"]) == (600, 60)
    longer = override(annealed.settings(), ["training.steps=600"]).experiment
    assert longer.scheduled.settings()["optimizer"]["schedule_steps"] == 600


def test_nothing_changed_is_the_same_experiment(run: Run) -> None:
    assert resumption(run, []) == Resumption(run.experiment, (), (), None)


@pytest.mark.parametrize("reason", ["complete", "stopped", "diverged"])
def test_a_run_that_took_its_last_step_has_ended(reason: str, tiny: Experiment) -> None:
    assert has_ended(tiny, [started(), finished(60, reason)])


def test_a_run_that_was_interrupted_or_never_finished_has_not_ended(tiny: Experiment) -> None:
    assert not has_ended(tiny, [])
    assert not has_ended(tiny, [started()])
    assert not has_ended(tiny, [started(), finished(30, "interrupted")])


def test_more_steps_reopen_a_complete_run(tiny: Experiment) -> None:
    records: list[Record] = [started(), finished(60)]
    assert has_ended(asking_for(tiny, steps=50), records)
    assert not has_ended(asking_for(tiny, steps=61), records)


@pytest.mark.parametrize("milestone", ["memorized", "grokked"])
def test_a_run_that_stopped_at_a_milestone_has_ended_while_it_is_to_stop_there(milestone: str, tiny: Experiment) -> None:
    records: list[Record] = [started(), finished(30, milestone)]
    assert has_ended(asking_for(tiny, stop_when=milestone), records)
    assert not has_ended(asking_for(tiny, stop_when="never"), records)


def test_a_condition_that_was_set_on_the_way_decides_unless_a_resume_changes_it(tiny: Experiment) -> None:
    told = acted(20, Set(values={"training.stop_when": "val_loss<0.1"}))
    records: list[Record] = [started(), told, finished(30, "val_loss < 0.1")]
    assert has_ended(tiny, records)
    assert not has_ended(tiny, records, ["training.stop_when=never"])
    assert not has_ended(tiny, [*records, started(30, changes=("training.stop_when=never",)), finished(30, "val_loss < 0.1")])


@pytest.mark.parametrize("reason", ["stopped", "diverged"])
def test_more_steps_do_not_reopen_what_was_stopped_or_diverged(reason: str, tiny: Experiment) -> None:
    assert has_ended(asking_for(tiny, steps=1000), [started(), finished(30, reason)])


HERE = {"torch": "2.13.0", "numpy": "2.4.6", "arithmetic": {"products": "torch", "openblas": "0.3.31 Haswell"}}


def test_nothing_rounds_differently_on_the_same_machine() -> None:
    assert rounding_note(HERE, HERE) == ""


def test_what_rounds_differently_is_named_in_one_line() -> None:
    arithmetic = {"products": "numpy", "openblas": "0.3.31 Haswell", "MKL_CBWR": "AVX2"}
    assert rounding_note(HERE | {"torch": "2.6.0", "arithmetic": arithmetic}, HERE) == (
        "bits may differ from a run without a break: torch 2.6.0, now 2.13.0; products numpy, now torch; MKL_CBWR AVX2, "
        "now unset"
    )


@pytest.mark.parametrize("before", [{}, {"torch": "2.13.0"}, {"arithmetic": "damaged"}])
def test_a_run_that_did_not_record_its_arithmetic_is_resumed_in_silence(before: dict[str, object]) -> None:
    assert rounding_note(before, HERE) == ""


def test_a_step_that_is_still_to_come_is_refused_with_how_to_see_it_come(run: Run) -> None:
    lock = RunLock(run.path)
    records: list[Record] = [started(), evaluated(20)]
    lock.take()
    shows = rf"has reached step 20, not {{}}: it trains: grokterm attach .*{run.name}.* shows it"
    with pytest.raises(ConfigError, match=f"{shows.format(60)}$"):
        check_reached(run, 60, records)
    with pytest.raises(ConfigError, match=f"{shows.format(61)}, and e there extends it$"):
        check_reached(run, 61, records)
    lock.give_back()
    with pytest.raises(ConfigError, match=r"not 61: go on with grokterm run --resume .* --set training\.steps=61$"):
        check_reached(run, 61, records)
