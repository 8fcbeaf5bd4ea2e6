from itertools import count, repeat
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Acted, Advanced, Finished, Skipped
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.storage.making import create_run
from grokterm.training import trainer as trainer_module
from grokterm.training.trainer import Trainer
from tests.training.outcome import changed, finish, started


def test_the_step_at_which_a_run_is_stopped_is_measured(tiny: Experiment) -> None:
    stopped = changed(tiny, "interventions=[{at_step=17, stop=true}]")
    outcome = finish(Trainer(stopped, threads=1))
    assert [record.step for record in outcome.every(Evaluated)] == [0, 5, 10, 15, 17]
    assert [(record.step, record.reason) for record in outcome.every(Finished)] == [(17, "stopped")]


def test_an_intervention_that_could_not_happen_is_recorded_and_does_not_come_back(tiny: Experiment) -> None:
    waiting = changed(tiny, "interventions=[{when='memorized', swap={train_fraction=0.98}}]")
    trainer = Trainer(waiting, threads=1)
    records = trainer.begin() + trainer.act(Swap(train_fraction=0.2))
    while not any(isinstance(record, Skipped) for record in records):
        records += trainer.advance()
    assert not any(isinstance(record, Acted) and record.intervention == 0 for record in records)

    resumed = Trainer(waiting, threads=1)
    resumed.restore(trainer.step, trainer.seconds, trainer.tensors(), records)
    later = resumed.begin() + resumed.act(Swap(seed=5))
    while resumed.ended is None:
        later += resumed.advance()
    assert not any(isinstance(record, Acted | Skipped) and record.intervention == 0 for record in later)


@pytest.fixture
def _ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every chunk take a second by the clock, and be limited by its caller alone."""
    ticks = count()
    monkeypatch.setattr(trainer_module, "perf_counter", lambda: float(next(ticks)))
    monkeypatch.setattr(trainer_module, "CHUNK_SECONDS", 1e9)


@pytest.mark.usefixtures("_ticking")
@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ((), "complete"),
        (("training.stop_when=memorized",), "memorized"),
        (("interventions=[{when='memorized', stop=true}]",), "stopped"),
        (("interventions=[{at_step=60, stop=true}]",), "stopped"),
        (("interventions=[{at_step=30, stop=true}]",), "stopped"),
    ],
)
def test_the_last_chunk_counts_in_the_seconds_of_a_run(tiny: Experiment, settings: tuple[str, ...], reason: str) -> None:
    outcome = finish(started(changed(tiny, *settings)), repeat(10))
    (end,) = outcome.every(Finished)
    assert (end.reason, end.n_undone) == (reason, 0)
    n_chunks_without_steps = sum(one.step == 30 for one in outcome.every(Acted))  # due at a step, an action is a chunk
    assert end.seconds == len(outcome.every(Advanced)) + n_chunks_without_steps == outcome.trainer.seconds


@pytest.mark.usefixtures("_ticking", "_members_here")
@pytest.mark.parametrize("members", [1, 2])
def test_steps_made_beyond_a_divergence_count_in_the_speed_but_not_in_the_steps(
    diverging: Experiment, tmp_path: Path, members: int
) -> None:
    experiment = changed(diverging, f"training.members={members}")
    alone = finish(started(experiment), repeat(1)).every(Finished)[0]
    outcome = finish(started(experiment), [1, 59])
    (end,) = outcome.every(Finished)
    assert (end.reason, end.step, end.seconds) == ("diverged", alone.step, 2.0)
    assert end.step + end.n_undone == 60 > end.step
    assert [one.steps_per_second for one in outcome.every(Advanced)] == [1.0, 59.0]
    summary = summarize(create_run(tmp_path, experiment, "", {}), outcome.records)
    assert (summary.steps, summary.seconds, summary.steps_per_second) == (end.step, 2.0, 30.0)
