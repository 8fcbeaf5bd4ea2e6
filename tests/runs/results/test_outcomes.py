from pathlib import Path

import pytest

from grokterm.experiment.expectation import Expect
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Save, Swap
from grokterm.experiment.recording.packing import unpacked
from grokterm.runs.results.matching import finished_runs
from grokterm.runs.results.outcomes import read_outcome
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run, list_runs
from grokterm.session.start import resume_session, start_session
from tests.session.driving import Driver, with_settings


def trained(experiment: Experiment, folder: Path) -> Run:
    session = start_session(experiment, folder, "tiny")
    for _ in session.records():
        pass
    return session.run


def chosen(experiment: Experiment, folder: Path, device: str | None = None) -> list[Run]:
    return finished_runs(list_runs(folder), experiment, device)


def test_a_run_of_the_experiment_is_chosen_whatever_its_words_and_its_seed(tiny: Experiment, tmp_path: Path) -> None:
    third = trained(with_settings(tiny, seed=3), tmp_path)
    first = trained(with_settings(tiny, title="Other", source="ours", device="cpu", expect={"evidence": "ours"}), tmp_path)
    assert [run.path for run in chosen(tiny, tmp_path)] == [first.path, third.path]


def test_a_run_of_another_experiment_is_not_chosen(tiny: Experiment, tmp_path: Path) -> None:
    trained(with_settings(tiny, training={"steps": 59}), tmp_path)
    trained(with_settings(tiny, model={"width": 31}), tmp_path)
    assert chosen(tiny, tmp_path) == []


def test_the_newest_of_a_seed_is_chosen(tiny: Experiment, tmp_path: Path) -> None:
    older, newer = trained(tiny, tmp_path), trained(tiny, tmp_path)
    assert older.path != newer.path
    assert [run.path for run in chosen(tiny, tmp_path)] == [newer.path]


def test_a_run_that_has_not_finished_is_not_chosen(tiny: Experiment, tmp_path: Path) -> None:
    create_run(tmp_path, tiny, "tiny", {})
    interrupted = Driver(start_session(tiny, tmp_path, "tiny"))
    interrupted.pause_at(5)
    interrupted.leave()
    assert chosen(tiny, tmp_path) == []


def test_a_run_that_a_person_changed_is_not_chosen_and_one_that_was_saved_is(tiny: Experiment, tmp_path: Path) -> None:
    changed = Driver(start_session(tiny, tmp_path, "tiny"))
    changed.pause_at(5)
    changed.tell(Swap(train_fraction=0.3))
    changed.train()
    changed.leave()
    assert chosen(tiny, tmp_path) == []
    saved = Driver(start_session(tiny, tmp_path, "tiny"))
    saved.pause_at(5)
    saved.tell(Save())
    saved.train()
    saved.leave()
    assert [run.path for run in chosen(tiny, tmp_path)] == [saved.session.run.path]


@pytest.mark.parametrize(("change", "n_chosen"), [("training.steps=60", 1), ("training.evaluate_every=5", 0)])
def test_a_resumed_run_is_chosen_unless_it_was_measured_differently_before(
    change: str, n_chosen: int, tiny: Experiment, tmp_path: Path
) -> None:
    key, value = change.removeprefix("training.").split("=")
    before = {"steps": 30} if key == "steps" else {"steps": 60, "evaluate_every": 7}
    driver = Driver(start_session(with_settings(tiny, training=before), tmp_path, "tiny"))
    driver.pause_at(20)
    driver.leave()
    session, _ = resume_session(driver.session.run, [f"training.{key}={value}"])
    for _ in session.records():
        pass
    assert len(chosen(tiny, tmp_path)) == n_chosen


@pytest.mark.parametrize(("device", "n_chosen"), [(None, 1), ("auto", 1), ("cpu", 1), ("cuda", 0), ("cuda:1", 0)])
def test_runs_of_one_kind_of_device_can_be_asked_for(
    device: str | None, n_chosen: int, tiny: Experiment, tmp_path: Path
) -> None:
    trained(with_settings(tiny, device="cpu"), tmp_path)
    assert len(chosen(tiny, tmp_path, device)) == n_chosen


def test_what_a_run_showed_holds_what_was_asked_for(tiny: Experiment, tmp_path: Path) -> None:
    run = trained(with_settings(tiny, seed=2), tmp_path)
    outcome = read_outcome(run, Expect.from_settings({"evidence": "ours", "parameter_norm": [0, 1], "val_loss": [0, 1]}))
    assert (outcome.seed, outcome.summary.run, outcome.meta["preset"]) == (2, run.name, "tiny")
    assert [one.step for one in unpacked(outcome.evaluations)] == list(range(0, 61, 5))
    assert outcome.inspected.keys() == {"parameter_norm"}
