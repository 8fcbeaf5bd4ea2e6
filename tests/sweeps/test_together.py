"""Members that are trained together."""

from math import nan
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from grokterm.errors import StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.recording.packing import unpacked
from grokterm.experiment.recording.records import Acted, Finished, Reached, Record, Started
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.journal import read_journal
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import Lease
from grokterm.sweeps.together import MemberJournals, TogetherWork, can_train_together
from grokterm.sweeps.work import Work
from grokterm.training import kinds
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from tests.sweeps.fixtures import TINY, tiny_sweep

FIVE = {"seeds": 5}


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train ensembles as one batched program."""
    monkeypatch.setattr(kinds, "ProcessEnsemble", VmappedEnsemble)


@pytest.mark.usefixtures("as_on_a_gpu")
def test_they_come_to_what_each_comes_to_alone(tmp_path: Path) -> None:
    swapped = TINY | {"interventions": [{"at_step": 4, "swap": {"train_fraction": 0.3}}]}
    together, alone = (tiny_sweep(tmp_path / name, {"seeds": 2}, swapped) for name in ("together", "alone"))
    members = together.members()
    assert [report.status for report in TogetherWork(together).on(members)] == ["done"] * 2
    assert not list((together.path / "together").iterdir())
    assert not list((together.path / "leases").iterdir())
    for member in members:
        Work(alone).on(member)
        assert _results(together, member.key) == pytest.approx(_results(alone, member.key), rel=1e-4)
        ours, theirs = (_records(sweep, member.key) for sweep in (together, alone))
        assert [(type(one), one.step) for one in ours] == [(type(one), one.step) for one in theirs]
        here, there = (_last_tensors(sweep, member.key) for sweep in (together, alone))
        assert here.keys() == there.keys()
        for name in here:
            torch.testing.assert_close(here[name], there[name], rtol=1e-3, atol=1e-5)


@pytest.mark.usefixtures("as_on_a_gpu")
def test_as_many_are_trained_together_as_fit_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, update = [], VmappedEnsemble.update

    def limited(self: VmappedEnsemble, *, measuring: bool = False) -> Tensor | None:
        tried.append(len(self._seeds))
        if len(self._seeds) > 2:
            raise RuntimeError("can't allocate memory")
        return update(self, measuring=measuring)

    monkeypatch.setattr(VmappedEnsemble, "update", limited)
    sweep = tiny_sweep(tmp_path, FIVE)
    TogetherWork(sweep).on(sweep.members())
    assert list(dict.fromkeys(tried)) == [5, 2, 3]
    assert [result.outcome for result in sweep.results().values()] == ["finished"] * 5


@pytest.mark.usefixtures("as_on_a_gpu")
def test_those_that_are_stopped_go_on_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep, update = tiny_sweep(tmp_path, FIVE), VmappedEnsemble.update
    work = TogetherWork(sweep)

    def stopping(self: VmappedEnsemble, *, measuring: bool = False) -> Tensor | None:
        work.stop()
        return update(self, measuring=measuring)

    monkeypatch.setattr(VmappedEnsemble, "update", stopping)
    assert {report.status for report in work.on(sweep.members())} == {"stopped"}
    monkeypatch.undo()
    monkeypatch.setattr(kinds, "ProcessEnsemble", VmappedEnsemble)
    assert {report.status for report in TogetherWork(sweep).on(sweep.members())} == {"done"}
    assert {result.steps for result in sweep.results().values()} == {6}


@pytest.mark.usefixtures("as_on_a_gpu")
def test_those_that_are_stopped_begin_again_where_one_of_them_is_left_to_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, update = tiny_sweep(tmp_path, FIVE), VmappedEnsemble.update
    work = TogetherWork(sweep)

    def stopping(self: VmappedEnsemble, *, measuring: bool = False) -> Tensor | None:
        work.stop()
        return update(self, measuring=measuring)

    with monkeypatch.context() as patch:
        patch.setattr(VmappedEnsemble, "update", stopping)
        work.on(sweep.members())
    *_, last = sweep.members()
    lease = Lease.take(sweep.lease_of(last.key))
    assert lease is not None
    with lease:
        assert [report.status for report in TogetherWork(sweep).on(sweep.members())] == [*["done"] * 4, "elsewhere"]
    assert {result.steps for result in sweep.results().values()} == {6}
    assert [report.status for report in TogetherWork(sweep).on(sweep.members())] == ["done"] * 5


@pytest.mark.usefixtures("as_on_a_gpu")
def test_what_is_refused_of_all_is_the_result_of_each(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path, FIVE, TINY | {"device": "cuda:99"})
    assert {report.status for report in TogetherWork(sweep).on(sweep.members())} == {"done"}
    assert {result.outcome for result in sweep.results().values()} == {"failed"}
    assert all("cuda:99" in result.problem for result in sweep.results().values())


def test_a_folder_that_cannot_be_written_ends_the_work(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path, FIVE)
    sweep.leases_folder.rmdir()
    sweep.leases_folder.touch()
    with pytest.raises(StorageError, match="tiny-sweep cannot be written: Not a directory"):
        TogetherWork(sweep).on(sweep.members())


def test_each_ends_where_it_would_have_ended_alone() -> None:
    journals = MemberJournals(3, "grokked")
    journals.add([_started(), _evaluated(0, 0.5, 0.5, 0.5), _evaluated(2, 0.5, 1.0, 0.5), _evaluated(4, 1.0, 1.0, 0.5, lost=2)])
    journals.add([Finished(step=4, reason="grokked", seconds=1)])
    ends = [[record for record in own if isinstance(record, Finished)] for own in journals.records]
    assert [[(end.step, end.reason) for end in own] for own in ends] == [[(4, "grokked")], [(2, "grokked")], [(4, "diverged")]]
    assert [record.step for record in journals.records[1] if isinstance(record, Reached)] == [2, 2]


def test_one_that_went_on_after_an_interruption_ends_once() -> None:
    journals = MemberJournals(1, "never")
    interrupted, complete = (Finished(step=2, reason=reason, seconds=1) for reason in ("interrupted", "complete"))
    journals.add([_started(), interrupted, _started(), _evaluated(2, 0.5), complete, _started(), complete])
    assert [type(record) for record in journals.records[0]] == [Started, Finished, Started, Evaluated, Finished]


@pytest.mark.parametrize(
    ("changes", "can"),
    [
        ({}, True),
        ({"interventions": [{"at_step": 4, "save": True}]}, True),
        ({"interventions": [{"when": "memorized", "save": True}]}, False),
        ({"interventions": [{"at_step": 4, "set": {"training.stop_when": "memorized"}}]}, False),
        ({"training": {"stop_when": "grokked"}}, True),
        ({"training": {"stop_when": "5 steps after grokked"}}, False),
        ({"training": {"stop_when": "val_loss < 1e-4"}}, False),
        ({"training": {"members": 2}}, False),
        ({"training": {"checkpoint_at": [5]}}, False),
    ],
)
def test_only_what_happens_to_each_alone_may_be_trained_together(changes: dict[str, Any], *, can: bool) -> None:
    assert can_train_together(Experiment.from_settings(TINY | changes)) is can


def _started() -> Record:
    return Started(step=0, device="cpu", engine="eager", threads=1, n_parameters=1, n_train=1, n_val=1, seeds=(0, 1, 2))


def _evaluated(step: int, *accuracies: float, lost: int = -1) -> Record:
    losses = [nan if number == lost else 1.0 for number in range(len(accuracies))]
    return Evaluated.of(step, [[loss, accuracy, loss, accuracy] for loss, accuracy in zip(losses, accuracies, strict=True)])


def _results(sweep: SweepFolder, key: str) -> dict[str, float]:
    result = sweep.result_of(key)
    assert result is not None
    return {name: value for name, value in result if isinstance(value, int | float) and name not in ("seconds", "attempts")}


def _records(sweep: SweepFolder, key: str) -> list[Record]:
    run = sweep.run_of(key)
    assert run is not None
    kinds = (Evaluated, Evaluations, Acted, Reached, Finished)
    return [record for record in unpacked(read_journal(run.journal)) if isinstance(record, kinds)]


def _last_tensors(sweep: SweepFolder, key: str) -> dict[str, Tensor]:
    run = sweep.run_of(key)
    assert run is not None
    return load_checkpoint(max(run.checkpoints.iterdir()))
