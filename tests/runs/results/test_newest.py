"""The newest run of a preset."""

from pathlib import Path

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.runs.journal import JournalWriter
from grokterm.runs.results.newest import newest_of
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run


def made(folder: Path, experiment: Experiment, preset: str, *accuracies: float) -> Run:
    run = create_run(folder, experiment, preset, {})
    JournalWriter(run.journal).write(
        Evaluated(step=10 * number, train_loss=1.0, train_accuracy=1.0, val_loss=1.0, val_accuracy=accuracy)
        for number, accuracy in enumerate(accuracies)
    )
    return run


def test_the_newest_run_that_has_measured_something_is_found(tiny: Experiment, tmp_path: Path) -> None:
    assert newest_of("tiny", tmp_path / "nowhere") is None
    made(tmp_path, tiny, "tiny", 0.1)
    second = made(tmp_path, tiny, "tiny", 0.2, 0.9)
    made(tmp_path, tiny, "other", 0.3)
    made(tmp_path, tiny, "tiny")
    newest = newest_of("tiny", tmp_path)
    assert newest is not None
    assert (newest.name, newest.steps, newest.val_accuracies) == (second.name, (0, 10), (0.2, 0.9))
    assert newest.seconds_ago < 60


def test_a_damaged_run_is_passed_over(tiny: Experiment, tmp_path: Path) -> None:
    first = made(tmp_path, tiny, "tiny", 0.1)
    made(tmp_path, tiny, "tiny", 0.2).journal.write_text("{}\n{}\n")
    newest = newest_of("tiny", tmp_path)
    assert newest is not None
    assert newest.name == first.name


def test_a_folder_that_cannot_be_read_holds_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert newest_of("tiny", tmp_path / "file") is None
