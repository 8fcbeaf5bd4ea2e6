"""A split of one run, exported and trained on by another."""

from pathlib import Path

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading import files
from grokterm.experiment.reading.overrides import override
from grokterm.runs.replay import trainer_at
from grokterm.session.start import start_session
from grokterm.tasks.split_file import write_split
from tests.runs.tensors import same
from tests.session.driving import Driver, undisturbed
from tests.training.outcome import changed

SETTINGS = ["optimizer.batch_size=20", "task.label_noise=0.2", "task.split=symmetric"]


def exported(experiment: Experiment, path: Path) -> str:
    dataset = experiment.task.dataset(experiment.seed)
    path.write_text(write_split(dataset.train, dataset.val))
    return str(path)


def reading(experiment: Experiment, path: str) -> Experiment:
    return override(experiment.settings(), ["task.split=file", f"task.split_file={path}"]).experiment


def test_a_run_on_an_exported_split_has_the_same_bits(tiny: Experiment, tmp_path: Path) -> None:
    drawn = changed(tiny, *SETTINGS)
    read = reading(drawn, exported(drawn, tmp_path / "mine.csv"))
    assert read.task.train_fraction == pytest.approx(drawn.task.train_fraction, abs=0.01)
    assert read.task.split_file_sha256
    first, second = undisturbed(drawn), undisturbed(read)
    assert same(first.tensors(), second.tensors())
    smaller = second.dataset.swapped(train_fraction=0.2)
    assert smaller.train.operands.tolist() == second.dataset.train.operands[: len(smaller.train)].tolist()


def test_a_run_keeps_its_split_and_needs_the_file_no_more(tiny: Experiment, tmp_path: Path) -> None:
    read = reading(tiny, exported(tiny, tmp_path / "mine.csv"))
    driver = Driver(start_session(read, tmp_path / "runs", "split"))
    driver.train()
    driver.leave()
    run = driver.session.run
    (tmp_path / "mine.csv").unlink()
    files._KEPT.clear()
    assert run.experiment.task.split_file == str(run.path / "files/split_file/mine.csv")
    assert trainer_at(run, 20).step == 20
    assert Experiment.from_settings(run.experiment.settings()) == run.experiment


def test_a_pair_that_no_line_names_is_on_no_side_until_a_new_split(tiny: Experiment, tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("a,b,side\n1,2,train\n2,1,train\n3,4,val\n")
    few = reading(tiny, str(tmp_path / "few.csv")).task.dataset(0)
    assert (len(few.train), len(few.val), few.n_equations) == (2, 1, 121)
    assert few.train_fraction == 2 / 121
    drawn = few.swapped(seed=3, train_fraction=0.5)
    assert (len(drawn.train), len(drawn.val)) == (60, 59)  # the two that were trained on are on no side


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["task.split=file"], "split file needs a file: set task.split_file"),
        (["task.split_file=mine.csv"], "split_file belongs to split file, not to random: set task.split=file too"),
        (["task.split=file", "task.split_file=gone.csv"], "task.split_file: there is no file"),
        (["task.split=file", "task.split_file=mine.txt"], "must name a file that ends in .csv"),
        (
            ["task.split=file", "task.split_file=mine.csv", "task.train_fraction=0.3"],
            "train_fraction 0.3 is not the 2 ",
        ),
        (["task.split=file", "task.split_file=mine.csv", "task.n_train=5"], "n_train 5 is not the 2 training equations"),
        (["task.split=file", "task.split_file=mine.csv", "task.operation=divide"], "to which divide has no answer"),
        (["task.split=file", "task.split_file=mine.csv", "training.stop_when=grokked"], "where task.split_file names no val"),
        (["task.split=file", "task.split_file=mine.csv", "task.modulus=2"], "line 3: b must be a whole number from 0 to 1"),
    ],
)
def test_a_split_that_cannot_be_is_refused(tiny: Experiment, tmp_path: Path, assignments: list[str], message: str) -> None:
    (tmp_path / "mine.csv").write_text("a,b,side\n1,0,train\n0,3,train\n")
    with pytest.raises(ConfigError) as refused:
        override(tiny.settings(), assignments)
    assert message in str(refused.value)


def test_a_change_of_the_split_says_what_it_drops(tiny: Experiment, tmp_path: Path) -> None:
    path = exported(tiny, tmp_path / "mine.csv")
    settings = {"task": {"modulus": 11, "n_train": 40}}
    to_file = override(settings, ["task.split=file", f"task.split_file={path}"])
    assert to_file.notes == ("dropped n_train = 40: split_file decides",)
    back = override(to_file.experiment.settings(), ["task.split=nested"])
    assert back.notes == (f"dropped split_file = {path}, which nested does not have",)
    assert back.experiment.task.train_size == to_file.experiment.task.train_size
