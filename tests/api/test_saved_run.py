import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import grokterm as gt
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.inspected import Inspected
from grokterm.runs.replay import trainer_at
from grokterm.runs.store import Run
from grokterm.tasks.equations import Equations


@pytest.mark.parametrize("step", [0, 12, 13, 20, 30, 41, 45])
def test_the_dataset_of_a_step_is_the_one_that_was_trained_on(swapped: gt.Training, step: int) -> None:
    data, trained = swapped.dataset(step), trainer_at(Run(swapped.path), step).dataset

    def rows(side: Equations) -> set[tuple[int, ...]]:
        return {(*operands, answer) for operands, answer in zip(side.operands.tolist(), side.answers.tolist(), strict=True)}

    def masked(mask: np.ndarray) -> set[tuple[int, ...]]:
        return rows(Equations(data.inputs[mask], data.answers[mask]))

    assert (masked(data.train), masked(data.val), masked(data.seen)) == tuple(
        map(rows, (trained.train, trained.val, trained.seen))
    )
    assert len(data.inputs) == 23**2 == data.n_elements**2
    sides = f"train={data.train.sum()}, val={data.val.sum()}, seen={data.seen.sum()}"
    assert repr(data) == f"Dataset(equations=529, {sides}, n_elements=23)"


def test_the_curves_are_what_was_evaluated(swapped: gt.Training) -> None:
    evaluated = [record for record in swapped.records() if record.record == "evaluated"]
    curves = swapped.curves("numpy")
    assert curves["step"].tolist() == [record.step for record in evaluated]
    assert curves["val_loss"].tolist() == [record.val_loss for record in evaluated]
    assert "seen_loss" in curves
    assert "average_val_loss" not in curves


def test_the_curves_are_a_frame_of_the_first_library_that_is_there(
    swapped: gt.Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays, there = swapped.curves("numpy"), list[str]()
    monkeypatch.setattr("grokterm.api.frames.find_spec", lambda name: name in there or None)
    for name in ("polars", "pandas"):
        there.append(name)
        library = SimpleNamespace(DataFrame=lambda columns, name=name: (name, [*columns]))
        monkeypatch.setitem(sys.modules, name, library)
        assert swapped.curves() == (name, [*arrays])
    assert swapped.curves("polars") == ("polars", [*arrays])


def test_a_frame_of_pandas_has_a_row_an_evaluation(swapped: gt.Training) -> None:
    pandas = pytest.importorskip("pandas")
    frame = swapped.curves("pandas")
    assert isinstance(frame, pandas.DataFrame)
    assert frame.dtypes["step"] == np.int64
    assert frame["val_accuracy"].tolist() == swapped.curves("numpy")["val_accuracy"].tolist()


def test_without_a_library_for_frames_there_are_arrays(swapped: gt.Training, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grokterm.api.frames.find_spec", lambda _: None)
    curves = swapped.curves()
    assert isinstance(curves, dict)
    assert all(isinstance(column, np.ndarray) for column in curves.values())
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(gt.GroktermError, match="polars is not installed: pip install polars"):
        swapped.curves("polars")


def test_an_analysis_finds_what_was_found_in_training(swapped: gt.Training) -> None:
    records = {record.record: record for record in swapped.records() if record.step == 16}
    inspected, evaluated, analysis = records["inspected"], records["evaluated"], swapped.analysis(16)
    assert isinstance(inspected, Inspected)
    assert isinstance(evaluated, Evaluated)
    assert analysis.step == 16
    assert analysis["val_loss"] == pytest.approx(evaluated.val_loss)
    assert analysis["ipr"] == pytest.approx(inspected.ipr)
    assert analysis["phase_alignment.resultant"] == pytest.approx(inspected.metric("phase_alignment.resultant"))
    assert analysis.key_frequencies == inspected.key_frequencies
    assert analysis.spectrum.shape == (23 // 2,)
    assert analysis.spectrum.sum() == pytest.approx(1)


def test_a_dict_of_an_analysis_has_every_metric_but_the_hessian(swapped: gt.Training) -> None:
    analysis, found = swapped.analysis(20), swapped.analysis(20).to_dict()
    printed = found | {f"phase_alignment.{name}": value for name, value in found["phase_alignment"].items()}
    names = {*analysis.names} - {"hessian_eigenvalue", "median_score"}
    assert {name: analysis[name] for name in names} == {name: printed[name] for name in names}
    assert (*analysis,) == analysis.keys() == analysis.names


def test_steps_and_checkpoints_are_those_on_disk(swapped: gt.Training, tmp_path: Path) -> None:
    copy = gt.open_run(shutil.copytree(swapped.path, tmp_path / swapped.name))
    assert (copy.name, copy.steps, copy.experiment) == (swapped.name, 45, swapped.experiment)
    assert {13, 30, 45} < {*copy.checkpoints}
    for file in copy.path.glob("checkpoints/*"):
        file.unlink()
    assert copy.checkpoints == ()
    assert copy.analysis(13).step == 13  # trained again


def test_a_run_is_opened_as_on_the_command_line(swapped: gt.Training, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = swapped.path.parent
    named = [gt.open_run(name, folder) for name in (swapped.name, "grok", "-")]
    monkeypatch.setenv("GROKTERM_RUNS_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    assert {run.path for run in (*named, gt.open_run(swapped.path), gt.open_run("-"))} == {swapped.path}


REFUSED: dict[str, tuple[Callable[[gt.Training], object], str]] = {
    "a preset": (lambda _: gt.train("quikc"), "no preset is called 'quikc': did you mean 'quick'?"),
    "a setting": (lambda _: gt.train("quick", {"training.stepz": 4}), "did you mean 'steps'"),
    "a value": (lambda _: gt.train("quick", {"training.steps": None}), "training.steps must be a number, a text"),
    "an assignment": (lambda _: gt.train("quick", ["training.steps"]), "a change is written name=value, as in"),
    "a number for a preset": (lambda _: gt.train(3), "preset must be a name or a path, not 3"),  # type: ignore[arg-type]
    "a number for a run": (lambda _: gt.open_run(3), "a run must be a name or a path, not 3"),  # type: ignore[arg-type]
    "a number for a folder": (lambda _: gt.open_run("-", 3), "runs_dir must be a name or a path"),  # type: ignore[arg-type]
    "a number for changes": (lambda _: gt.train("quick", 3), "overrides must be a dict, as in"),  # type: ignore[arg-type]
    "a number for a metric": (lambda run: run.analysis()[3], "no metric is called 3"),  # type: ignore[index]
    "a number for a plugin": (lambda _: gt.load_plugins(3), "a plugin is a file, named by its path, not 3"),  # type: ignore[arg-type]
    "a run": (lambda run: gt.open_run("quik", run.path.parent), "no run is called 'quik'"),
    "a step": (lambda run: run.network(46), "has reached step 45, not 46"),
    "a negative step": (lambda run: run.dataset(-1), "is no step: choose one"),
    "a milestone": (lambda run: run.analysis("ungrokked"), "has not ungrokked: choose another step"),
    "a metric": (lambda run: run.analysis()["irp"], "no metric is called 'irp': did you mean 'ipr'?"),
    "a kind of frame": (
        lambda run: run.curves("polar"),  # type: ignore[arg-type]
        "as_ must be pandas, polars or numpy, not 'polar'",
    ),
    "what a resume keeps": (lambda run: run.resume({"model.width": 8}), "model.width cannot be changed when a run is resumed"),
    "what a branch keeps": (lambda run: run.branch(20, {"model.width": 8}), "model.width cannot be changed in a branch"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_printed(
    what: str, swapped: gt.Training, capfd: pytest.CaptureFixture[str]
) -> None:
    ask, words = REFUSED[what]
    with pytest.raises(gt.GroktermError) as refused:
        ask(swapped)
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")
