"""Work on the members of a sweep."""

from pathlib import Path

from grokterm.runs.owner import this_process
from grokterm.sweeps.lease import Claim, Lease
from grokterm.sweeps.work import MOST_ATTEMPTS, Work
from tests.sweeps.fixtures import TINY, tiny_sweep


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
    member = sweep.members()[0]
    dead = this_process().model_copy(update={"pid": 2**22 + 1})
    claim = Claim(**dead.model_dump(), nonce="x", attempts=MOST_ATTEMPTS)
    sweep.lease_of(member.key).write_text(claim.model_dump_json())
    Work(sweep).on(member)
    result = sweep.result_of(member.key)
    assert result is not None
    assert "died 3 times" in result.problem


def test_a_stopped_worker_begins_nothing(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    work = Work(sweep)
    work.stop()
    assert work.on(sweep.members()[0]).status == "stopped"
    assert sweep.results() == {}
