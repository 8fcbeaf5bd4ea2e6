import json
import math
from pathlib import Path
from typing import Any

import pytest

from grokterm.experiment.expectation import MEASURES
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Save, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Reached, Record, Switched
from grokterm.reports.run import describe
from grokterm.runs.owner import this_process
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.results.summary import Summary
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from tests.runs.records import acted, checkpointed, evaluated, finished, started
from tests.training.outcome import changed

CONTRACT = {
    "run", "preset", "device", "engine", "steps", "seconds", "steps_per_second",
    "memorized_at", "grokked_at", "ungrokked_at", "diverged_at",
    "train_loss", "val_loss", "train_accuracy", "val_accuracy", "val_loss_peak", "val_loss_peak_at",
    "seen_loss", "seen_accuracy", "segments",
}  # fmt: skip


@pytest.fixture
def run(tiny: Experiment, tmp_path: Path) -> Run:
    return create_run(tmp_path, tiny, "tiny", {})


def as_json(summary: Summary) -> dict[str, Any]:
    """Read a summary as a strict JSON reader would: NaN and Infinity are no JSON."""
    parsed = json.loads(summary.model_dump_json(), parse_constant=_refuse)
    assert isinstance(parsed, dict)
    return parsed


def test_every_key_of_the_contract_is_there_also_before_anything_happened(run: Run) -> None:
    printed = as_json(summarize(run, []))
    assert printed.keys() >= CONTRACT
    assert printed["run"] == run.name
    assert printed["preset"] == "tiny"
    assert printed["steps_per_second"] is None


def test_a_run_is_summed_up(run: Run) -> None:
    records: list[Record] = [
        started(),
        evaluated(0, val_loss=0.5),
        evaluated(10, val_loss=0.75),
        Reached(step=10, milestone="memorized"),
        checkpointed(10, seconds=1.0),
        evaluated(20, val_loss=0.25, val_accuracy=1.0),
        Reached(step=20, milestone="grokked"),
        finished(20, seconds=4.0),
    ]
    summary = summarize(run, records)
    assert (summary.steps, summary.seconds, summary.steps_per_second) == (20, 4.0, 5.0)
    assert (summary.memorized_at, summary.grokked_at, summary.ungrokked_at) == (10, 20, None)
    assert (summary.val_loss_peak, summary.val_loss_peak_at) == (0.75, 10)
    assert (summary.val_loss, summary.val_accuracy) == (0.25, 1.0)
    assert (summary.device, summary.engine, summary.ended) == ("cpu", "eager", "complete")


def test_the_speed_is_that_of_the_steps_whose_time_is_known(run: Run) -> None:
    summary = summarize(run, [started(), checkpointed(10, seconds=2.0), evaluated(1000)])
    assert (summary.steps_per_second, summary.checkpointed_at) == (5.0, 10)


def test_the_engine_is_the_last_one(run: Run) -> None:
    assert summarize(run, [started(engine="fused"), Switched(step=5, engine="eager")]).engine == "eager"


def test_each_swap_begins_a_segment_with_milestones_of_its_own(run: Run) -> None:
    records: list[Record] = [
        started(),
        Reached(step=10, milestone="memorized"),
        Reached(step=20, milestone="grokked"),
        acted(20, Save()),
        acted(30, Swap(train_fraction=0.25), n_train=3, n_val=4),
        Reached(step=40, milestone="memorized"),
        Reached(step=50, milestone="ungrokked"),
    ]
    summary = summarize(run, records)
    first, second = summary.segments
    assert (first.from_step, first.n_train, first.n_val) == (0, 6, 4)
    assert (second.from_step, second.n_train, second.n_val) == (30, 3, 4)
    assert (first.memorized_at, first.grokked_at, first.ungrokked_at) == (10, 20, None)
    assert (second.memorized_at, second.grokked_at, second.ungrokked_at) == (40, None, 50)
    assert (summary.memorized_at, summary.grokked_at, summary.ungrokked_at) == (10, 20, 50)


def test_each_member_of_an_ensemble_has_milestones_of_its_own_after_a_swap(tiny: Experiment, tmp_path: Path) -> None:
    def both(step: int, *val_accuracies: float) -> Evaluated:
        return Evaluated.of(step, [(0.1, 1.0, 0.1, one) for one in val_accuracies])

    ensemble = create_run(tmp_path, changed(tiny, "training.members=2"), "tiny", {})
    forgotten = [both(40, 0.25, 1.0), both(50, 0.25, 0.25)]
    before: list[Record] = [started(), both(0, 0.0, 0.0), both(10, 1.0, 0.0), both(20, 1.0, 1.0)]
    swapped = summarize(ensemble, [*before, acted(30, Swap(train_fraction=0.25)), *forgotten])
    assert swapped.members is not None
    assert [(one.grokked_at, one.ungrokked_at) for one in swapped.members] == [(10, 40), (20, 50)]
    lost = summarize(ensemble, [*before, *forgotten]).members
    assert lost is not None
    assert [one.ungrokked_at for one in lost] == [None, None]  # which only comes of a swap


def test_what_was_trained_on_before_is_summed_up_apart_where_there_is_any(run: Run) -> None:
    seen = evaluated(10).model_copy(update={"seen_loss": 0.125, "seen_accuracy": 0.75})
    records: list[Record] = [started(), evaluated(0), acted(5, Swap(seed=7), n_seen=3), seen]
    before, after = summarize(run, records[:2]), summarize(run, records)
    assert as_json(before)["seen_accuracy"] is as_json(before)["seen_loss"] is None
    assert (after.seen_loss, after.seen_accuracy) == (0.125, 0.75)
    assert [segment.n_seen for segment in after.segments] == [0, 3]
    assert "seen" not in describe(before, run.path)
    lines = describe(after, run.path).splitlines()
    assert "accuracy      train 0.2500  val 0.0000  seen 0.7500" in lines
    assert any(line.startswith("from 5        6 train, 4 val, 3 seen:") for line in lines)


def test_a_resumed_run_is_one_segment_and_has_not_ended_yet(run: Run) -> None:
    summary = summarize(run, [started(), finished(10), started(10), evaluated(15)])
    assert [segment.from_step for segment in summary.segments] == [0]
    assert summary.ended is None


@pytest.mark.parametrize(
    ("changed", "status", "ended"),
    [({}, "training", None), ({"boot": "another"}, "killed", "killed"), ({"host": "another"}, "unknown", None)],
)
def test_a_run_that_has_not_ended_trains_or_was_killed_or_cannot_be_asked(
    run: Run, changed: dict[str, str], status: str, ended: str | None
) -> None:
    owner = this_process().model_copy(update=changed)
    summary = summarize(run, [started(), finished(10), started(10, owner=owner), evaluated(15)])
    assert (summary.status, summary.ended, summary.owner) == (status, ended, owner)
    assert summarize(run, [started(owner=owner), finished(10)]).status == "ended"


def test_of_a_run_that_names_no_process_nothing_is_known(run: Run) -> None:
    assert (summarize(run, [started()]).status, summarize(run, []).status) == ("unknown", "unknown")


def test_what_is_not_finite_is_null_in_json(run: Run) -> None:
    records: list[Record] = [
        started(),
        evaluated(0, val_loss=0.5),
        evaluated(10, train_loss=math.nan, val_loss=math.inf),
        Reached(step=10, milestone="diverged"),
        finished(10, "diverged", seconds=1.0),
    ]
    printed = as_json(summarize(run, records))
    assert printed["train_loss"] is printed["val_loss"] is None
    assert printed["diverged_at"] == 10


def test_a_journal_that_has_lost_its_first_line_tells_the_rest(run: Run) -> None:
    summary = summarize(run, [evaluated(5), Reached(step=5, milestone="memorized")])
    assert (summary.memorized_at, summary.segments) == (5, [])


@pytest.mark.parametrize("measure", MEASURES)
def test_everything_that_can_be_expected_is_a_number_of_the_summary(measure: str) -> None:
    summary = Summary.model_validate({"run": "r", "preset": "p", measure: 1})
    assert summary.model_dump()[measure] == 1


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
