"""A branch is a new run that begins with the path of another one."""

from pathlib import Path

import pytest
from torch import Tensor

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set, Stop, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.records import Branched, Finished, Skipped
from grokterm.reports.run import describe
from grokterm.runs.branching import find_origin, plan_branch
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.journal import read_journal
from grokterm.runs.replay import trainer_at
from grokterm.runs.results.matching import finished_runs
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.store import Run, list_runs
from grokterm.session.branch import branch_session
from grokterm.session.start import resume_session, start_session
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from tests.runs.tensors import same
from tests.session.driving import Driver, acts, with_settings
from tests.training.every_network import small

STEP, LAST = 14, 30  # not an evaluation, which are at every third


def trained(experiment: Experiment, folder: Path) -> Driver:
    driver = Driver(start_session(experiment, folder, "parent"))
    driver.train()
    return driver


def branched(run: Run, step: int, *assignments: str) -> Driver:
    return Driver(branch_session(plan_branch(run, step, assignments), run.path.parent)[0])


def finish(driver: Driver) -> Driver:
    driver.train()
    driver.leave()
    return driver


def last_saved(driver: Driver) -> dict[str, Tensor]:
    """Read the last checkpoint."""
    return load_checkpoint(max(driver.session.run.checkpoints.iterdir()))


KINDS: dict[str, tuple[str, ...]] = {
    "mlp": (),
    "minibatches": ("optimizer.kind=sgd", "optimizer.batch_size=7", "optimizer.update_noise=0.01", "optimizer.momentum=0.9"),
    "ensemble": ("training.members=2",),
    "transformer": (),
    "kernel": (),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_branch_without_changes_is_its_parent(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grokterm.training.kinds.ProcessEnsemble", VmappedEnsemble)  # which starts at once
    experiment = small(kind if kind in ("transformer", "kernel") else "mlp", *KINDS[kind])
    parent = trained(experiment, tmp_path)
    branch = finish(branched(parent.session.run, STEP))
    parent.leave()
    assert same(last_saved(branch), last_saved(parent))
    measured = [[one for one in driver.journal if isinstance(one, Evaluated)] for driver in (branch, parent)]
    assert measured[0] == measured[1]
    assert len(finished_runs([branch.session.run], experiment)) == 1


def test_a_branch_of_a_branch_needs_none_of_the_runs_before_it(grokking: Experiment, tmp_path: Path) -> None:
    first = trained(with_settings(grokking, training={"checkpoint_at": [10, 20]}), tmp_path)
    first.leave()
    second = finish(branched(first.session.run, 30, "optimizer.weight_decay=0.5"))
    third = finish(branched(second.session.run, 60, "task.train_fraction=0.2", "training.steps=80"))
    run = third.session.run
    first.session.run.path.rename(tmp_path / "gone")
    second.session.run.path.rename(tmp_path / "gone too")
    assert [(one.step, one.parent) for one in third.journal if isinstance(one, Branched)] == [
        (30, first.session.run.name),
        (60, second.session.run.name),
    ]
    assert acts(third.journal) == [(30, "set weight_decay 0.5"), (60, "swap to 20 %")]
    assert run.meta["branched_from"] == f"{second.session.run.name}@60"
    assert run.name.startswith("parent-from-30-weight_decay-0.5-from-60-train_fraction-0.2-steps-80-")
    assert run.experiment.title == "parent-from-30-weight_decay-0.5 from step 60 on, but train_fraction=0.2, steps=80"
    assert {path.name[5:13] for path in run.checkpoints.iterdir()} >= {"00000010", "00000020", "00000030", "00000060"}
    for step in (25, 45, 70):  # behind both branching points, between them, after them
        assert trainer_at(run, step, "cpu").step == step
    assert same(trainer_at(run, 80).tensors(), third.trainer.tensors())


def test_a_branch_says_where_it_comes_from_and_counts_the_milestones_of_the_whole_path(
    grokking: Experiment, tmp_path: Path
) -> None:
    parent = trained(grokking, tmp_path).session.run
    branch = finish(branched(parent, 60, "optimizer.weight_decay=0.5")).session.run
    summary = summarize(branch, read_journal(branch.journal))
    whole = summarize(parent, read_journal(parent.journal))
    assert (summary.parent, summary.branched_at) == (parent.name, 60)
    assert (summary.memorized_at, summary.grokked_at) == (whole.memorized_at, whole.grokked_at)
    assert f"branch        of {parent.name} at step 60" in describe(summary, branch.path)
    assert '"branched_at": 60' in summary.to_json()
    assert "branched_at" not in whole.to_json()


def test_a_branch_killed_at_once_goes_on_with_its_changes(grokking: Experiment, tmp_path: Path) -> None:
    parent = trained(grokking, tmp_path).session.run
    session, _ = branch_session(plan_branch(parent, 50, ["task.n_train=100", "optimizer.learning_rate=1e-3"]), tmp_path)
    resumed = Driver(resume_session(Run(session.run.path))[0])
    finish(resumed)
    undisturbed = finish(branched(parent, 50, "task.n_train=100", "optimizer.learning_rate=1e-3"))
    assert same(resumed.trainer.tensors(), undisturbed.trainer.tensors())
    assert acts(resumed.journal) == [(50, "swap to 100 equations"), (50, "set learning_rate 0.001")]


@pytest.mark.parametrize("by", ["intervention", "command"])
def test_a_branch_goes_on_where_its_parent_was_stopped(by: str, grokking: Experiment, tmp_path: Path) -> None:
    stops = {"interventions": [{"at_step": 40, "stop": True}]} if by == "intervention" else {}
    driver = Driver(start_session(Experiment.from_settings(grokking.settings() | stops), tmp_path, "parent"))
    if by == "command":
        driver.pause_at(40)
        driver.tell(Stop())
    else:
        driver.train()
    branch = finish(branched(driver.session.run, 40))
    assert branch.trainer.ended == "complete"
    assert [type(one) for one in branch.journal if isinstance(one, Skipped)] == ([Skipped] if by == "intervention" else [])


def test_what_has_ended_the_parent_does_not_end_its_branch_unless_it_is_asked_for(grokking: Experiment, tmp_path: Path) -> None:
    parent = trained(with_settings(grokking, training={"stop_when": "grokked"}), tmp_path)
    step = parent.trainer.step
    assert parent.trainer.ended == "grokked"
    assert finish(branched(parent.session.run, step)).trainer.ended == "complete"
    assert finish(branched(parent.session.run, step - 2)).trainer.ended == "grokked"
    with pytest.raises(ConfigError, match=rf"stop_when grokked is met at step {step}, and would end the branch there: set it"):
        branched(parent.session.run, step, "training.stop_when=grokked")


def test_nothing_is_made_of_a_branch_that_is_refused(grokking: Experiment, tmp_path: Path) -> None:
    parent = trained(with_settings(grokking, training={"steps": 30}), tmp_path).session.run
    with pytest.raises(ConfigError, match=r"training\.steps 30 leaves nothing to train after step 30: set it to more"):
        branched(parent, 30)
    with pytest.raises(ConfigError, match="train_fraction"):
        branched(parent, 30, "task.train_fraction=0.0001", "training.steps=60")
    assert list_runs(tmp_path) == [parent]


def test_a_run_that_diverged_is_branched_before_it_did(grokking: Experiment, tmp_path: Path) -> None:
    wild = with_settings(grokking, optimizer={"learning_rate": 1e30, "weight_decay": 0.0})
    parent = trained(wild, tmp_path)
    with pytest.raises(ConfigError, match="diverged at step 2, and has no weights to go on from: choose an earlier step"):
        branched(parent.session.run, parent.trainer.step)


def test_an_inspection_of_the_path_that_ended_late_is_kept(grokking: Experiment, tmp_path: Path) -> None:
    parent = trained(with_settings(grokking, training={"inspect_every": 10}), tmp_path).session.run
    branch = finish(branched(parent, 50)).session.run
    inspected = [[one.step for one in read_journal(run.journal) if isinstance(one, Inspected)] for run in (branch, parent)]
    assert sorted(inspected[0]) == sorted(inspected[1])
    assert sum(isinstance(one, Finished) for one in read_journal(branch.journal)) == 1
    assert find_origin(tmp_path, f"{branch.name}@last")[1] == 100
    assert plan_branch(branch, 50).actions == ()
    assert isinstance(plan_branch(branch, 50, ["seed=3"]).actions[0], Swap)
    assert isinstance(plan_branch(branch, 50, ["optimizer.weight_decay=3"]).actions[0], Set)
