"""A run keeps copies of the files that its settings name, and needs the originals no more."""

import shutil
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set
from grokterm.experiment.reading import files
from grokterm.runs.replay import trainer_at
from grokterm.runs.results.matching import runs_of
from grokterm.runs.store import Run
from grokterm.session.start import resume_session, start_session
from tests.runs.tensors import same
from tests.session.driving import Driver, undisturbed, with_settings


@pytest.fixture
def tabled(tiny: Experiment, tmp_path: Path) -> Experiment:
    """The larger of a and b, without a pair on the diagonal, from a file in a folder that others do not see."""
    path = tmp_path / "elsewhere" / "mine.csv"
    path.parent.mkdir()
    path.write_text("\n".join(",".join("" if a == b else str(max(a, b)) for b in range(11)) for a in range(11)))
    return with_settings(tiny, task={"operation": "table", "table": str(path)}, optimizer={"batch_size": 20})


@pytest.fixture
def moved(tabled: Experiment, tmp_path: Path) -> Run:
    """A run that was interrupted; then its folder was moved, and the original changed."""
    driver = Driver(start_session(tabled, tmp_path / "runs", "tabled"))
    driver.pause_at(30)
    driver.leave()
    return forgotten(driver.session.run, tabled)


def forgotten(run: Run, experiment: Experiment) -> Run:
    files._KEPT.clear()
    Path(experiment.task.table).unlink()
    return Run(Path(shutil.move(run.path, run.path.parents[1] / "moved")))


def test_its_settings_name_the_copy(moved: Run) -> None:
    assert 'table = "files/table/mine.csv"' in (moved.path / "experiment.toml").read_text()
    assert moved.experiment.task.table == str(moved.path / "files/table/mine.csv")


def test_a_resumed_run_is_as_one_without_a_break(moved: Run) -> None:
    driver = Driver(resume_session(moved, ["training.steps=61"])[0])
    driver.train()
    driver.leave()
    assert driver.trainer.dataset.n_equations == 110
    assert 'table = "files/table/mine.csv"' in (moved.path / "experiment.toml").read_text()
    assert same(driver.trainer.tensors(), undisturbed(moved.experiment).tensors())


def test_it_is_replayed_and_found_among_the_runs_of_its_experiment(tabled: Experiment, moved: Run) -> None:
    assert trainer_at(moved, 20).step == 20
    assert runs_of([moved], tabled) == [moved]
    assert runs_of([moved], with_settings(tabled, task={"train_fraction": 0.5})) == []


def test_a_setting_is_changed_although_the_original_is_gone(tabled: Experiment, tmp_path: Path) -> None:
    driver = Driver(start_session(tabled, tmp_path / "runs", "tabled"))
    Path(tabled.task.table).unlink()
    driver.pause_at(3)
    driver.tell(Set.model_validate({"values": {"optimizer.learning_rate": 0.1}}))
    assert driver.trainer.experiment.live_value("optimizer.learning_rate") == 0.1
    driver.leave()


def test_an_ensemble_in_processes_reads_it_too(tabled: Experiment, tmp_path: Path) -> None:
    ensemble = with_settings(tabled, training={"members": 2, "threads": 2, "steps": 5})
    driver = Driver(start_session(ensemble, tmp_path / "runs", "tabled"))
    driver.train()
    driver.leave()
    assert driver.trainer.ended is not None
