"""What was done to a run by hand is done again by its preset, bit for bit."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, LiveValue, Save, Set, Stop, Swap
from grokterm.experiment.reading.files import without_paths
from grokterm.experiment.reading.presets import find_preset
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Reached, Skipped
from grokterm.runs.branching import plan_branch
from grokterm.runs.export.as_preset import as_preset, write_preset
from grokterm.runs.store import Run
from grokterm.session.branch import branch_session
from grokterm.session.commands import GoOn
from grokterm.session.start import resume_session, start_session
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from tests.runs.records import journaled
from tests.runs.tensors import same
from tests.session.driving import Driver, undisturbed, with_settings
from tests.session.test_mixture_parts import mixture, trained  # noqa: F401 - fixtures
from tests.training.outcome import changed

SHORT = 24

VALUES: dict[str, tuple[LiveValue, ...]] = {
    "optimizer.learning_rate": (5e-3, 2e-2),
    "optimizer.betas": ((0.8, 0.9), (0.9, 0.98)),
    "optimizer.batch_size": (15, 30, "full"),
    "optimizer.update_noise": (0.1, 0.0),
    "optimizer.weight_decay": (0.1, 2),
    "optimizer.perpendicular_gradient": (True, False),
    "task.label_noise": (0.2, 0.0),
    "training.evaluate_every": (3, 7, "log"),
    "training.stop_when": ("never", "val_loss < 1e-9"),
}
KINDS = {
    "whole": (),
    "minibatches": ("optimizer.batch_size=20", "task.label_noise=0.1", "optimizer.weight_noise=0.01"),
    "ensemble": ("training.members=2", "optimizer.batch_share=0.4"),
}


def afternoon(experiment: Experiment, folder: Path, draw: random.Random) -> Driver:
    """Do something at random steps, some of it twice at the same one; leave and come back; go on beyond the end."""
    driver = Driver(start_session(experiment, folder, "afternoon"))
    left_after = draw.randrange(5)
    for number, step in enumerate(sorted(draw.choices(range(1, SHORT), k=5))):
        driver.pause_at(step)
        driver.tell(something(experiment, draw))
        if number == left_after:
            driver.leave()
            changes = draw.choice([[], ["training.evaluate_every=4"], ["training.inspect_every=5"]])
            driver = Driver(resume_session(Run(driver.session.run.path), changes)[0])
    driver.train()
    driver.tell(GoOn(extend=Extend(steps=SHORT + 9), change=draw.choice([None, something(experiment, draw)])))
    driver.train()
    driver.leave()
    return driver


def something(experiment: Experiment, draw: random.Random) -> Swap | Set:
    swaps: list[Swap | Set] = [
        Swap(train_fraction=draw.choice([0.1, 0.3, 0.7])),
        Swap(seed=draw.randrange(9)),
        Swap(operation=draw.choice(["add", "subtract"])),
    ]
    names = draw.sample(sorted(VALUES.keys() & experiment.live_names()), k=2)
    return draw.choice([*swaps, *[Set(values={name: draw.choice(VALUES[name]) for name in names})] * 3])


def replayed(driver: Driver) -> Experiment:
    """Return the preset of a run, once it has come to the same weights and to itself."""
    run = Run(driver.session.run.path)
    experiment = Experiment.from_settings(as_preset(run).settings)
    again = Driver(start_session(experiment, run.path.parent / "again", "again"))
    again.train()
    again.leave()
    assert same(again.trainer.tensors(), driver.trainer.tensors())
    assert without_paths(as_preset(again.session.run).settings) == without_paths(experiment.settings())
    return experiment


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_done_by_hand_is_done_again(
    kind: str, tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grokterm.training.kinds.ProcessEnsemble", VmappedEnsemble)  # which starts at once
    draw = random.Random(len(kind))
    replayed(afternoon(changed(tiny, f"training.steps={SHORT}", *KINDS[kind]), tmp_path, draw))


def test_what_a_condition_has_ended_and_was_ungrokked_after_its_end_is_one_preset(grokking: Experiment, tmp_path: Path) -> None:
    driver = Driver(start_session(with_settings(grokking, training={"stop_when": "grokked"}), tmp_path, "grokking"))
    driver.train()
    grokked_at = driver.trainer.step
    driver.tell(GoOn(extend=Extend(steps=90), change=Swap(train_fraction=0.04)))
    driver.train()
    assert "ungrokked" in [one.milestone for one in driver.journal if isinstance(one, Reached)]
    experiment = replayed(driver)
    assert experiment.title == f"Replay of {driver.session.run.name}: Grokking"
    assert (experiment.training.steps, experiment.training.stop_when, experiment.expect) == (90, "never", None)
    assert [(one.at_step, one.action) for one in experiment.interventions] == [(grokked_at, Swap(train_fraction=0.04))]
    measured = [{one.step for one in journaled(run.journal) if isinstance(one, Evaluated)} for run in runs_below(tmp_path)]
    assert measured[0] - {grokked_at} == measured[1] - {grokked_at}


def runs_below(folder: Path) -> Iterator[Run]:
    return map(Run, sorted((path.parent for path in folder.rglob("journal.jsonl")), key=lambda path: len(path.parts)))


def test_a_branch_of_a_branch_is_the_whole_path_from_its_first_step(tiny: Experiment, tmp_path: Path) -> None:
    driver = Driver(start_session(changed(tiny, "optimizer.batch_size=20"), tmp_path, "tiny"))
    driver.pause_at(9)
    driver.tell(Swap(train_fraction=0.3))
    driver.train()
    for step, changes in (
        (30, ["optimizer.learning_rate=0.02", "seed=4", "training.evaluate_every=3"]),
        (41, ["task.label_noise=0.2", "training.steps=70", "training.checkpoint_at=[50]"]),
    ):
        session, _ = branch_session(plan_branch(Run(driver.session.run.path), step, changes), tmp_path)
        driver = Driver(session)
        driver.train()
    experiment = replayed(driver)
    assert [one.at_step for one in experiment.interventions] == [9, 30, 30, 41]
    assert experiment.training.steps == 70


def test_what_a_preset_has_done_keeps_its_step_and_what_it_has_not_still_waits(grokking: Experiment, tmp_path: Path) -> None:
    interventions = """interventions=[
        { when = "memorized", save = true },
        { when = "ungrokked", swap = { seed = 3 } },
        { at_step = 5, swap = { train_fraction = 0.5 } },
        { at_step = 40, stop = true },
        { at_step = 95, swap = { train_fraction = 0.3 } },
    ]"""
    planned = changed(grokking, interventions)
    driver = Driver(start_session(planned, tmp_path, "grokking"))
    driver.pause_at(3)
    driver.tell(Swap(train_fraction=0.6))
    driver.tell(Save())
    driver.train()
    experiment = replayed(driver)
    memorized_at = next(one.step for one in driver.journal if isinstance(one, Reached))
    assert [(one.at_step or one.when, one.action) for one in experiment.interventions] == [
        (3, Swap(train_fraction=0.6)),
        (5, Swap(train_fraction=0.5)),
        (memorized_at, Save()),
        ("ungrokked", Swap(seed=3)),
        (95, Swap(train_fraction=0.3)),
    ]
    assert experiment.training.steps == 40


def test_a_schedule_ends_where_it_did_although_the_run_was_stopped(tiny: Experiment, tmp_path: Path) -> None:
    driver = Driver(start_session(changed(tiny, "optimizer.schedule=cosine"), tmp_path, "tiny"))
    driver.pause_at(20)
    driver.tell(Stop())
    experiment = replayed(driver)
    assert (experiment.training.steps, experiment.settings()["optimizer"]["schedule_steps"]) == (20, 60)


def test_what_cannot_happen_any_more_is_left_out_with_a_word(tiny: Experiment, tmp_path: Path) -> None:
    planned = changed(tiny, "interventions=[{ at_step = 50, swap = { train_fraction = 0.9 } }]")
    driver = Driver(start_session(planned, tmp_path, "tiny"))
    driver.pause_at(5)
    driver.tell(Swap(seed=3, train_fraction=0.2))
    driver.tell(Stop())
    made = as_preset(driver.session.run)
    assert [one.at_step for one in Experiment.from_settings(made.settings).interventions] == [5]
    assert [note.partition(":")[0] for note in made.notes] == ["interventions[0], which has not happened, is left out"]
    assert not any(isinstance(one, Skipped) for one in driver.journal)


def test_a_resume_that_evaluates_more_often_is_an_intervention_where_it_went_on(tiny: Experiment, tmp_path: Path) -> None:
    driver = Driver(start_session(changed(tiny, "optimizer.batch_size=20"), tmp_path, "tiny"))
    driver.pause_at(13)
    driver.leave()
    session, _ = resume_session(Run(driver.session.run.path), ["training.evaluate_every=2", "training.steps=40"])
    resumed = Driver(session)
    resumed.train()
    experiment = replayed(resumed)
    assert [(one.at_step, one.action) for one in experiment.interventions] == [(13, Set(values={"training.evaluate_every": 2}))]
    assert (experiment.training.evaluate_every, experiment.training.steps) == (5, 40)


def test_the_files_of_a_run_lie_beside_its_preset(tiny: Experiment, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("".join(",".join(str(a * b % 11) for b in range(11)) + "\n" for a in range(11)), encoding="utf-8")
    experiment = changed(tiny, "task.operation=table", f"task.table={table}", "training.steps=3")
    driver = Driver(start_session(experiment, tmp_path / "runs", "tiny"))
    driver.train()
    (tmp_path / "kept").mkdir()
    (note,) = write_preset(as_preset(driver.session.run), tmp_path / "kept" / "own.toml", may_overwrite=False)
    assert note.endswith("kept/own-files: keep them beside it")
    table.unlink()
    driver.session.run.path.rename(tmp_path / "elsewhere")
    moved = (tmp_path / "kept").rename(tmp_path / "moved")
    assert same(undisturbed(find_preset(str(moved / "own.toml")).experiment).tensors(), driver.trainer.tensors())


def test_a_mixture_is_made_of_the_parts_that_its_run_has_kept(
    trained: Experiment,  # noqa: F811 - a fixture
    tmp_path: Path,
) -> None:
    driver = Driver(start_session(trained, tmp_path / "runs", "mixture"))
    driver.pause_at(7)
    driver.tell(Swap(train_fraction=0.5))
    driver.train()
    driver.leave()
    shutil.rmtree(tmp_path / "presets")
    replayed(driver)


def test_a_run_that_began_with_the_weights_of_another_begins_with_them_again(tiny: Experiment, tmp_path: Path) -> None:
    first = Driver(start_session(tiny, tmp_path / "runs", "first"))
    first.train()
    second = Driver(
        start_session(changed(tiny, "seed=5", f"model.start_from={first.session.run.name}"), tmp_path / "runs", "second")
    )
    second.pause_at(3)
    second.tell(Set(values={"optimizer.learning_rate": 0.5}))
    second.train()
    shutil.rmtree(first.session.run.path)
    replayed(second)
