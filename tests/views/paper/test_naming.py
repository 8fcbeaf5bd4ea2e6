"""Names of runs and titles in figures."""

from pathlib import Path

from grokterm.experiment.experiment import Experiment
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.inspection.forward_pass import ForwardPass
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from grokterm.session.state import LabState
from grokterm.training.trainer import Trainer
from grokterm.views.paper.naming import labels_of, title_of
from grokterm.views.view import Subject
from tests.training.outcome import changed


def run(experiment: Experiment, folder: Path, preset: str = "tiny") -> Run:
    return create_run(folder, experiment, preset, {})


def test_runs_of_different_presets_are_called_by_them(tiny: Experiment, tmp_path: Path) -> None:
    assert labels_of([run(tiny, tmp_path, name) for name in ("one", "other")]) == ["one", "other"]


def test_runs_of_one_preset_are_called_by_what_differs(tiny: Experiment, tmp_path: Path) -> None:
    other = changed(tiny, "optimizer.learning_rate=1e-3", "title=Other")
    assert labels_of([run(one, tmp_path) for one in (tiny, other)]) == ["learning rate 0.01", "learning rate 0.001"]


def test_runs_that_are_the_same_are_numbered(tiny: Experiment, tmp_path: Path) -> None:
    assert labels_of([run(tiny, tmp_path) for _ in range(2)]) == ["tiny (1)", "tiny (2)"]


def test_a_title_says_the_task_and_the_step(tiny: Experiment) -> None:
    trainer = Trainer(tiny)
    analysis = NetworkAnalysis(trainer.snapshot(), ForwardPass(trainer.trainable.network))
    assert title_of(Subject(LabState(tiny), analysis)) == "a + b mod 11, step 0"
