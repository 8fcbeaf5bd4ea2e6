"""Work on the members of a sweep."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from grokterm.errors import DeviceLostError, RunHeldError, RunNotFoundError, StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.toml import format_toml
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.owner import this_process
from grokterm.runs.store import Run
from grokterm.session.session import Session
from grokterm.session.start import start_session
from grokterm.sweeps import work as working
from grokterm.sweeps.definition import Changes, define
from grokterm.sweeps.members import Member, experiment_at, on_one_thread
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.lease import Claim, Lease
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.work import MOST_ATTEMPTS, Work
from grokterm.training.single import SingleNetwork
from tests.runs.failing import write_with_room_for
from tests.sweeps.fixtures import TINY, TWO_BY_TWO, tiny_sweep


def test_a_member_is_an_ordinary_run(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    member = sweep.members()[1]
    assert Work(sweep).on(member).status == "done"
    run, result = sweep.run_of(member.key), sweep.result_of(member.key)
    assert run is not None
    assert result is not None
    assert run.experiment.task.train_fraction == 0.6
    assert (result.outcome, result.ended, result.steps) == ("finished", "complete", 6)
    assert result.best_val_accuracy is not None
    assert not list((sweep.path / "leases").iterdir())


def trained(name: str, folder: Path, **model: Any) -> Run:  # noqa: ANN401 - settings
    experiment = Experiment.from_settings(TINY | {"model": TINY["model"] | model})
    session = start_session(experiment, folder, "tiny", name, is_timed=False)
    for _ in session.records():
        pass
    return session.run


def weights_of(run: Run) -> list[float]:
    (step,) = (
        path for path in run.checkpoints.iterdir() if path.name == f"step-{run.experiment.training.steps:08}.safetensors"
    )
    return sorted(float(one.sum()) for name, one in load_checkpoint(step).items() if name.startswith("weights."))


def test_members_start_from_runs_of_the_folder_in_which_the_sweep_lies(tmp_path: Path) -> None:
    """Named by the preset, whose weights the sweep copies, or by a variant."""
    first, second = trained("first", tmp_path), trained("second", tmp_path, width=9)
    settings = TINY | {"model": TINY["model"] | {"start_from": "first"}, "training": {"steps": 0}}
    preset = tmp_path / "from.toml"
    other = {"model.width": 9, "model.start_from": "second@6"}
    preset.write_text(format_toml(settings | {"sweep": {"variants": {"as it is": {}, "other": other}}}))
    asked = define(str(preset), tmp_path, Changes())
    before = weights_of(first)
    shutil.rmtree(first.path)
    sweep = keep_sweep(tmp_path, asked.name, asked.preset, asked.settings, asked.sweep)
    for member in sweep.members():
        assert Work(sweep).on(member).status == "done"
        assert _result(sweep, member).problem == ""
    runs = [sweep.run_of(member.key) for member in sweep.members()]
    assert [weights_of(run) for run in runs if run is not None] == [before, weights_of(second)]


def test_a_member_that_is_a_mixture_has_its_parts_from_the_runs_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        trained(name, tmp_path)
    mixture = {"architecture": "mixture", "generalizer": "one", "memorizer": "two"}
    sweep = tiny_sweep(tmp_path, {"seeds": 2}, TINY | {"model": mixture})
    member = sweep.members()[1]
    assert Work(sweep).on(member).status == "done"
    assert (_result(sweep, member).problem, _result(sweep, member).outcome) == ("", "finished")


def test_a_member_is_not_inspected_on_the_way(tmp_path: Path) -> None:
    inspected = TINY | {"training": {"steps": 6, "inspect_every": 2}}
    sweep = tiny_sweep(tmp_path, {"measure": "ipr"}, inspected)
    member = sweep.members()[0]
    Work(sweep).on(member)
    run = sweep.run_of(member.key)
    assert run is not None
    assert b'"inspected"' not in run.journal.read_bytes()
    assert _result(sweep, member).value("ipr") is not None


def test_a_result_that_was_lost_is_read_from_the_run_again(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    member = sweep.members()[0]
    Work(sweep).on(member)
    before, journal = sweep.result_of(member.key), sweep.path / "members" / member.key / "journal.jsonl"
    written = journal.read_bytes()
    (sweep.path / "results" / f"{member.key}.json").unlink()
    Work(sweep).on(member)
    assert sweep.result_of(member.key) == before
    assert journal.read_bytes() == written


def test_only_results_stay_where_only_they_are_kept(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path, {"keep": "results", "measure": "ipr"})
    member = sweep.members()[0]
    Work(sweep).on(member)
    result, run = sweep.result_of(member.key), sweep.run_of(member.key)
    assert result is not None
    assert run is not None
    assert result.value("ipr") is not None
    assert not list(run.checkpoints.iterdir())


def test_a_metric_may_be_measured_at_a_milestone(tmp_path: Path) -> None:
    sweep = tiny_sweep(
        tmp_path, {"measure": "parameter_norm", "at": "memorized"}, TINY | {"task": {"modulus": 7, "train_fraction": 0.9}}
    )
    member = sweep.members()[0]
    Work(sweep).on(member)
    result = sweep.result_of(member.key)
    assert result is not None
    assert "parameter_norm @ memorized" in result.metrics
    assert (result.value("parameter_norm @ memorized") is None) == (result.memorized_at is None)


def test_what_is_expected_is_measured_besides_what_is_drawn(tmp_path: Path) -> None:
    expect = [{"where": {"task.train_fraction": 0.4}, "measure": "ipr", "within": [0, 1]}]
    sweep = tiny_sweep(tmp_path, TWO_BY_TWO | {"expect": expect, "evidence": "ours"})
    member = sweep.members()[0]
    Work(sweep).on(member)
    result = sweep.result_of(member.key)
    assert result is not None
    assert result.value("ipr") is not None
    assert result.value("val_accuracy") is not None


def test_a_member_that_another_process_works_on_is_left_to_it(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    member = sweep.members()[0]
    lease = Lease.take(sweep.lease_of(member.key))
    assert lease is not None
    with lease:
        assert Work(sweep).on(member).status == "elsewhere"
    assert Work(sweep).on(member).status == "done"


def test_what_the_member_refuses_is_its_result(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path, {}, TINY | {"device": "cuda:77"})
    member = sweep.members()[0]
    assert Work(sweep).on(member).status == "done"
    result = sweep.result_of(member.key)
    assert result is not None
    assert result.outcome == "failed"
    assert result.problem.startswith("device cuda:77")


def test_one_that_kills_its_process_again_and_again_has_failed(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    first, second, *_ = sweep.members()
    _leave(sweep, first, attempts=MOST_ATTEMPTS)
    _leave(sweep, second, attempts=MOST_ATTEMPTS - 1)
    for member in (first, second):
        Work(sweep).on(member)
    assert _result(sweep, first).problem.startswith(f"the process that trained it died {MOST_ATTEMPTS} times")
    assert (_result(sweep, second).outcome, _result(sweep, second).attempts) == ("finished", MOST_ATTEMPTS)


def test_one_that_diverges_has_ended_and_the_next_goes_on(tmp_path: Path) -> None:
    wild = {"grid": {"optimizer.learning_rate": [1e30, 1e-3]}}
    sweep = tiny_sweep(tmp_path, wild, TINY | {"optimizer": {"kind": "gd"}, "training": {"steps": 40, "evaluate_every": 1}})
    for member in sweep.members():
        Work(sweep).on(member)
    assert [_result(sweep, member).outcome for member in sweep.members()] == ["diverged", "finished"]
    assert _result(sweep, sweep.members()[0]).diverged_at is not None


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out of memory"),
        (MemoryError(), "out of memory"),
        (ValueError("no such thing\nat all"), "bug: ValueError: no such thing"),
    ],
)
def test_what_goes_wrong_in_a_member_is_its_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, problem: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    sweep = tiny_sweep(tmp_path)
    first, second, *_ = sweep.members()
    monkeypatch.setattr(SingleNetwork, "update", fails)
    assert Work(sweep).on(first).status == "done"
    assert (_result(sweep, first).outcome, _result(sweep, first).problem) == ("failed", problem)
    monkeypatch.undo()
    assert Work(sweep).on(second).status == "done"
    assert _result(sweep, second).outcome == "finished"
    assert sweep.forget_failed() == [first.key]
    assert Work(sweep).on(first).status == "done"
    assert _result(sweep, first).outcome == "finished"


def test_what_a_process_left_that_was_killed_while_it_made_the_run_is_removed(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    member = sweep.members()[0]
    (sweep.path / "members" / f".{member.key}.0123abcd.tmp" / "checkpoints").mkdir(parents=True)
    _leave(sweep, member)
    Work(sweep).on(member)
    assert [path.name for path in (sweep.path / "members").iterdir()] == [member.key]


def test_a_member_whose_run_is_damaged_begins_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep, whole = tiny_sweep(tmp_path / "a"), tiny_sweep(tmp_path / "b")
    for number, member in enumerate(sweep.members()[:4]):
        Work(sweep).on(member)
        Work(whole).on(member)
        path = sweep.path / "members" / member.key
        (sweep.path / "results" / f"{member.key}.json").unlink()
        (path / "journal.jsonl").write_bytes([b"", b"x\n{}\n", b"", b""][number])
        if number == 2:
            (path / "experiment.toml").unlink()
        if number == 3:
            (path / "experiment.toml").write_text('"\\u001b[31m" = 1\n')
        assert Work(sweep).on(member).status == "done"
        assert _numbers(sweep, member) == _numbers(whole, member)
        assert (path.parent / f".{member.key}-damaged").is_dir()
    told = capsys.readouterr().err.splitlines()[-1]
    assert "begins again" in told
    assert told.isprintable()  # which is kept in a file of the sweep's, and looked at


def test_a_run_that_another_process_trains_is_left_to_it(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    member = sweep.members()[0]
    experiment = on_one_thread(experiment_at(member.point, sweep.settings, sweep.sweep), member.seed)
    session = start_session(experiment, sweep.path / "members", "tiny", member.key, is_timed=False)
    session.lock.take()
    assert Work(sweep).on(member).status == "elsewhere"
    session.lock.give_back()
    assert Work(sweep).on(member).status == "done"


def test_a_member_that_is_taken_over_meanwhile_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = tiny_sweep(tmp_path)
    member = sweep.members()[0]

    def slowly(*_: object) -> Result:
        _leave(sweep, member)
        return Result(key=member.key)

    monkeypatch.setattr(working, "result_of_run", slowly)
    assert Work(sweep).on(member).status == "elsewhere"
    assert sweep.results() == {}
    assert sweep.lease_of(member.key).exists()


def test_what_another_process_wrote_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = tiny_sweep(tmp_path)
    member, take = sweep.members()[0], Lease.take

    def after_another(path: Path, step: int) -> Lease | None:
        sweep.keep_result(Result(key=member.key, memorized_at=77))
        return take(path, step)

    monkeypatch.setattr(Lease, "take", after_another)
    assert Work(sweep).on(member).status == "done"
    assert _result(sweep, member).memorized_at == 77
    assert sweep.run_of(member.key) is None


def test_a_disk_that_is_full_ends_the_work_and_leaves_no_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    sweep = tiny_sweep(tmp_path)
    member = sweep.members()[0]
    monkeypatch.setattr(SweepFolder, "keep_result", full)
    with pytest.raises(StorageError, match=r"tiny-sweep cannot be written: No space left on device"):
        Work(sweep).on(member)
    monkeypatch.undo()
    assert not list((sweep.path / "leases").iterdir())
    assert Work(sweep).on(member).status == "done"


def test_a_run_that_cannot_be_written_ends_the_work_unless_another_process_has_taken_it_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = tiny_sweep(tmp_path)
    member = sweep.members()[0]

    def session() -> Session:
        experiment = on_one_thread(experiment_at(member.point, sweep.settings, sweep.sweep), member.seed)
        return start_session(experiment, tmp_path / "runs", "tiny")

    lease = Lease.take(sweep.lease_of(member.key))
    assert lease is not None
    for is_held, error in ((True, StorageError), (False, RunHeldError)):
        if not is_held:
            sweep.lease_of(member.key).unlink()
        begun = session()
        begun.lock.take()
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", write_with_room_for(0))
            with pytest.raises(error, match="No space left on device") as refused:
                Work(sweep).train(begun, [lease])
        assert isinstance(refused.value, RunHeldError) != is_held
    lease.is_lost = True
    with pytest.raises(RunHeldError, match="was taken over"):
        Work(sweep).train(session(), [lease])


def test_a_folder_of_members_that_vanishes_is_not_made_again(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    shutil.rmtree(sweep.path / "members")
    with pytest.raises(StorageError, match=r"its folder is gone: .*/members was moved or deleted: put it back"):
        Work(sweep).on(sweep.members()[0])
    assert not (sweep.path / "members").exists()


def test_a_device_that_fails_ends_the_work_and_is_no_fault_of_the_member(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = tiny_sweep(tmp_path)
    member = sweep.members()[0]

    def fail(*_: object) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered\nand more")

    with monkeypatch.context() as patch:
        patch.setattr(SingleNetwork, "advance", fail)
        with pytest.raises(
            DeviceLostError, match=r"^the device fails \(CUDA error: device-side assert triggered\): look after it"
        ):
            Work(sweep).on(member)
    assert sweep.results() == {}
    assert not list(sweep.leases_folder.iterdir())
    assert Work(sweep).on(member).status == "done"


def test_a_folder_that_vanishes_ends_the_work(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    member = sweep.members()[0]
    assert (sweep.settings["seed"], sweep.sweep.seeds) == (0, 2)  # which are read once
    shutil.rmtree(sweep.path)
    with pytest.raises(StorageError, match="cannot be written: No such file or directory"):
        Work(sweep).on(member)


def test_a_stopped_worker_begins_nothing(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    work = Work(sweep)
    work.stop()
    assert work.on(sweep.members()[0]).status == "stopped"
    assert sweep.results() == {}


def test_a_sweep_that_was_edited_meanwhile_trains_no_member_as_another(tmp_path: Path) -> None:
    member = tiny_sweep(tmp_path).members()[0]
    edited = tiny_sweep(tmp_path, settings=TINY | {"model": {"architecture": "mlp", "width": 9}})
    with pytest.raises(StorageError, match="was edited since it was begun here"):
        Work(edited).on(member)
    assert edited.results() == {}


def test_a_definition_that_cannot_be_read_is_no_fault_of_the_member(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    member = sweep.members()[0]
    (sweep.path / "sweep.toml").unlink()
    with pytest.raises(RunNotFoundError, match=r"sweep.toml cannot be read"):
        Work(SweepFolder(sweep.path)).on(member)
    assert sweep.results() == {}


def _leave(sweep: SweepFolder, member: Member, attempts: int = 1) -> None:
    """Leave the lease of a process that has died."""
    dead = this_process().model_copy(update={"pid": 2**22 + 1})
    claim = Claim(**dead.model_dump(), nonce="x", attempts=attempts)
    sweep.lease_of(member.key).write_text(claim.model_dump_json())


def _result(sweep: SweepFolder, member: Member) -> Result:
    result = sweep.result_of(member.key)
    assert result is not None
    return result


def _numbers(sweep: SweepFolder, member: Member) -> dict[str, object]:
    """What does not depend on time or processes."""
    return _result(sweep, member).model_dump(exclude={"seconds", "attempts"})
