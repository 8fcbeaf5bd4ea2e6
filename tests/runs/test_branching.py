from pathlib import Path

import pytest

from grokterm.errors import ConfigError, RunNotFoundError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set, Swap
from grokterm.experiment.recording.records import Reached, Record
from grokterm.runs.branching import find_origin, plan_branch
from grokterm.runs.journal import JournalWriter
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from tests.runs.records import acted, checkpointed, evaluated, finished, started


@pytest.fixture
def run(tiny: Experiment, tmp_path: Path) -> Run:
    run = create_run(tmp_path, tiny, "tiny", {})
    records: list[Record] = [
        started(),
        evaluated(0),
        evaluated(20),
        Reached(step=20, milestone="memorized"),
        checkpointed(20, seconds=2.0),
        acted(30, Set(values={"optimizer.learning_rate": 0.25})),
        evaluated(40),
        checkpointed(60, seconds=10.0),
        finished(60, seconds=10.0),
    ]
    JournalWriter(run.journal).write(records)
    return run


@pytest.mark.parametrize(("text", "step"), [("", 60), ("@last", 60), ("@memorized", 20), ("@33", 33), ("@0", 0)])
def test_a_step_is_a_number_the_last_a_milestone_or_that_of_the_newest_checkpoint(text: str, step: int, run: Run) -> None:
    found, at = find_origin(run.path.parent, run.name + text)
    assert (found.path, at) == (run.path, step)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@grokked", r"has not grokked: choose another step \(a number, last, memorized\)"),
        ("@soon", r"@soon is no step: choose one \(a number, last, memorized\)"),
        ("@-3", r"@-3 is no step: choose one"),
        (f"@{'9' * 5000}", r"@9+ is no step: choose one"),
        ("@61", r"has reached step 60, not 61: go on with grokterm run --resume .* --set training\.steps=61"),
    ],
)
def test_a_step_that_was_not_reached_is_refused_in_a_line(text: str, message: str, run: Run) -> None:
    with pytest.raises(ConfigError, match=message):
        find_origin(run.path.parent, run.name + text)


def test_an_at_sign_in_a_path_is_none_before_a_step(run: Run) -> None:
    moved = run.path.rename(run.path.parent / "a@b")
    assert find_origin(Path("nowhere"), f"{moved.parent}/../{moved.parent.name}/a@b@20")[1] == 20
    with pytest.raises(RunNotFoundError, match="no run is called 'x@y/z'"):
        find_origin(run.path.parent, "x@y/z")


def test_each_setting_changes_in_its_own_way(run: Run) -> None:
    plan = plan_branch(
        run,
        40,
        ["training.steps=90", "seed=3", "optimizer.weight_decay=0", "task.train_fraction=0.5", "training.evaluate_every=1"],
    )
    assert (plan.changes, plan.experiment.training.steps) == (("training.steps=90",), 90)
    assert plan.experiment.optimizer == run.experiment.optimizer
    assert plan.actions == (
        Swap(seed=3, train_fraction=0.5),
        Set(values={"optimizer.weight_decay": 0, "training.evaluate_every": 1}),
    )
    assert plan.notes == ("seed = 3 draws another split: weights and batches go on as they were",)
    assert plan.seconds == pytest.approx(6.0)
    assert max(record.step for record in plan.past) == 40


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("model.width=64", r"model\.width cannot be changed in a branch: start a new run, .*model\.start_from=tiny-.*@40"),
        ("optimizer.kind=sgd", r"optimizer\.kind cannot be changed in a branch"),
        ("optimizer.weigth_decay=0", r"weigth_decay cannot be changed in a branch: did you mean 'optimizer\.weight_decay'\?"),
        ("optimizer.learning_rate=-1", r"optimizer\.learning_rate must be at least 0, not -1"),
        ("task.train_fraction=2", r"train_fraction must be above 0 and at most 1, not 2"),
        ("task.n_train=many", r"n_train"),
        ("training.steps=40", r"training\.steps 40 leaves nothing to train after step 40: set it to more"),
        ("nonsense", r"a change is written name=value"),
    ],
)
def test_what_a_branch_cannot_change_is_refused_in_a_line(assignment: str, message: str, run: Run) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        plan_branch(run, 40, [assignment])
    assert "\n" not in str(refused.value)
