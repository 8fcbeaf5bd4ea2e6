"""Pictures and data in the folder of a run, and the line that says where it is."""

import csv
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from grokterm.errors import StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.trouble import Trouble
from grokterm.runs.store import Run
from grokterm.session.curves import Curves
from grokterm.session.state import LabState
from grokterm.session.thread import TrainingThread
from grokterm.tui.control import saved_pictures
from grokterm.tui.control.farewell import farewell, open_command
from grokterm.tui.control.saved_pictures import curves_as_csv, save_pictures
from tests.runs.failing import disk_full
from tests.tui.driving import BRIEF, ENDLESS, LARGE, SMALL, app_on, only_run, paused, said, training, until

EVALUATIONS = [
    Evaluated(step=0, train_loss=0.1, train_accuracy=0.125, val_loss=0.2, val_accuracy=0.0),
    Evaluated(step=1200, train_loss=1e-9, train_accuracy=1.0, parameter_norm=38.75),
]
STATE = replace(LabState(Experiment.from_toml(BRIEF)), step=1200, curves=Curves().extended(EVALUATIONS))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = tmp_path / "runs" / "tried-20261129-052055"
    folder.mkdir(parents=True)
    return Run(folder)


def test_the_data_of_the_curves_are_exact_and_what_was_not_measured_is_empty() -> None:
    first, last = csv.DictReader("".join(curves_as_csv(STATE.curves)).splitlines())
    assert first == {
        "step": "0",
        "train_loss": "0.1",
        "train_accuracy": "0.125",
        "val_loss": "0.2",
        "val_accuracy": "0.0",
        "parameter_norm": "",
    }
    assert (last["step"], float(last["train_loss"]), last["val_loss"], last["parameter_norm"]) == ("1200", 1e-9, "", "38.75")


def test_the_data_of_many_evaluations_are_written_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(curves_as_csv(STATE.curves))
    monkeypatch.setattr(saved_pictures, "LINES_AT_ONCE", 1)
    pieces = list(curves_as_csv(STATE.curves))
    assert (len(whole), len(pieces)) == (2, 3)
    assert "".join(pieces) == "".join(whole)


def test_screen_data_and_curves_are_files_of_the_run_at_their_step(run: Run) -> None:
    said = save_pictures(run, "weights", "<svg/>", STATE)
    written = {path.name: path.read_bytes() for path in (run.path / "pictures").iterdir()}
    assert written["lab-weights-step-00001200.svg"] == b"<svg/>"
    assert written["curves-step-00001200.csv"].startswith(b"step,train_loss")
    assert ("curves-step-00001200.png" in written) == (find_spec("matplotlib") is not None)
    assert written.get("curves-step-00001200.png", b"\x89PNG").startswith(b"\x89PNG")
    kinds = "SVG, CSV, PNG" if len(written) == 3 else "SVG, CSV"
    assert said == f"{kinds} in runs/tried-20261129-052055/pictures"


def test_a_full_disk_is_one_clear_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise disk_full()

    monkeypatch.setattr(saved_pictures, "write_durably", refuse)
    with pytest.raises(StorageError, match=r"^runs/tried-20261129-052055/pictures cannot be written: No space left on device$"):
        save_pictures(run, "weights", "<svg/>", STATE)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"saved_at": 7294, "ended": "interrupted"},
            "saved at step 7,294; grokterm open tried-20261129-052055 goes on with it",
        ),
        ({"saved_at": 1200, "ended": "complete"}, "is complete at step 1,200; grokterm open tried-20261129-052055 shows it"),
        ({"saved_at": 1200, "ended": "grokked"}, "ended (grokked) at step 1,200; grokterm open"),
        (
            {"saved_at": 1000, "ended": "device lost"},
            "lost its device at step 1,200, saved at step 1,000; grokterm open tried-20261129-052055 goes on with it",
        ),
        (
            {"saved_at": 1200, "trouble": Trouble(reason="diverged", message="it diverged")},
            "diverged at step 1,200; grokterm open tried-20261129-052055 shows it",
        ),
        ({"saved_at": 900, "unsaved": "disk full"}, "was not saved: disk full. Step 900 and what came before it are kept"),
    ],
)
def test_the_last_line_says_where_the_run_stands_and_how_to_open_it(run: Run, values: dict[str, object], words: str) -> None:
    line = farewell(replace(STATE, **values), run)  # type: ignore[arg-type]
    assert line.startswith(f"grokterm: tried-20261129-052055 {words}")
    assert "\n" not in line


def test_the_command_works_as_it_is_typed_from_wherever_the_run_is_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_command(run) == "grokterm open tried-20261129-052055"
    monkeypatch.setenv("GROKTERM_RUNS_DIR", "elsewhere")
    assert open_command(run) == "grokterm open tried-20261129-052055 --runs-dir runs"
    (run.path.parent / "two words").mkdir()
    kept = Run(run.path.rename(run.path.parent / "two words" / "tried"))
    assert open_command(kept) == "grokterm open tried --runs-dir 'runs/two words'"


@pytest.mark.parametrize(("size", "view"), [(SMALL, "curves"), (LARGE, "weights")])
async def test_p_saves_what_is_on_the_screen_and_says_where(size: tuple[int, int], view: str) -> None:
    app = app_on(ENDLESS)
    async with training(app, size) as pilot:
        step = await paused(pilot, app)
        await pilot.press("p")
        await until(pilot, lambda: said(app), "the message")
        name = f"lab-{view}-step-{step:08}.svg"
        assert "SVG, CSV" in said(app)[-1]
        svg = (only_run().path / "pictures" / name).read_text(encoding="utf-8")
        assert view in svg
        assert "font-face" not in svg  # which would be fetched
        assert "Screenshot" not in {command.title for command in app.get_system_commands(app.screen)}


async def test_before_the_run_has_a_folder_p_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainingThread, "saved_run", None)
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await pilot.press("p")
        await until(pilot, lambda: said(app) == ["its folder is made once torch is loaded"], "the message")
