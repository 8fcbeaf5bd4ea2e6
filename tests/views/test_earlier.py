import os
import re
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Branched
from grokterm.plots.cells import rows_to_text
from grokterm.plots.palettes import PALETTES
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run, without_time
from grokterm.session.state import LabState, fold
from grokterm.views.curves import OVERLAY_ROLES, Overlay, draw_curves
from grokterm.views.earlier import earlier_runs, load_overlays, since_branching
from grokterm.views.view import Sheet
from tests.training.outcome import changed


def evaluations(accuracy: float, loss: float = 1.0) -> list[Evaluated]:
    measured = {"train_loss": loss, "train_accuracy": 1.0, "val_loss": loss, "val_accuracy": accuracy}
    return [Evaluated(step=step, parameter_norm=9.0 + accuracy, **measured) for step in range(0, 101, 10)]


def run_of(experiment: Experiment, folder: Path, accuracy: float) -> Run:
    run = create_run(folder, experiment, "tiny", {})
    run.journal.write_text("".join(f"{one.model_dump_json()}\n" for one in evaluations(accuracy)), encoding="utf-8")
    return run


def test_other_runs_of_the_folder_are_told_apart_newest_first(tiny: Experiment, tmp_path: Path) -> None:
    first, other, present = (
        run_of(changed(tiny, f"optimizer.learning_rate={rate}"), tmp_path, 0.5) for rate in (0.1, 0.2, 0.3)
    )
    for made_at, run in enumerate((first, other)):
        os.utime(run.path / "meta.json", (made_at, made_at))
    assert earlier_runs(present) == [(other.path, "learning_rate=0.2"), (first.path, "")]


def test_a_run_that_cannot_be_read_is_left_out(tiny: Experiment, tmp_path: Path) -> None:
    run, present = run_of(tiny, tmp_path, 0.5), run_of(tiny, tmp_path, 0.5)
    (run.path / "experiment.toml").write_text("?", encoding="utf-8")
    assert earlier_runs(present) == []
    assert load_overlays([run.path, tmp_path / "gone"]) == ()


def test_earlier_runs_are_drawn_in_inks_of_their_own_and_named_once(tiny: Experiment, tmp_path: Path) -> None:
    run, palette = run_of(tiny, tmp_path, 0.25), PALETTES["256"]
    overlays = load_overlays([run.path] * 8)
    assert len(overlays) == len(OVERLAY_ROLES)
    state = fold(LabState(tiny), evaluations(0.75))
    rows = draw_curves(state, Sheet(90, 30, palette), "linear", overlays=overlays[:1])
    assert rows_to_text(rows).plain.count(f"⠒⠒{without_time(run.name)}") == 1
    ink = palette.inks[OVERLAY_ROLES[0]].style
    drawn = [y for y, row in enumerate(rows) if any(segment.style == ink and len(segment.text) > 60 for segment in row)]
    assert len(drawn) == 2  # val accuracy and norm; the losses are the same
    legend = rows_to_text(rows[:1]).plain
    assert "0.750" in legend
    assert "0.250" not in legend


def test_two_earlier_runs_of_one_preset_are_named_in_full_and_set_the_scale_of_the_loss(
    tiny: Experiment, tmp_path: Path
) -> None:
    runs = [run_of(tiny, tmp_path, 0.25) for _ in range(2)]
    state = fold(LabState(tiny), evaluations(0.75, loss=1e-3))
    drawn = rows_to_text(
        draw_curves(state, Sheet(90, 30, PALETTES["256"]), "linear", overlays=load_overlays(run.path for run in runs))
    )
    assert all(run.name in drawn.plain for run in runs)
    assert re.search(r"1e-\d┤", drawn.plain)


def test_of_many_evaluations_some_are_drawn_behind(tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grokterm.views.earlier.MOST_EVALUATIONS", 4)
    (overlay,) = load_overlays([run_of(tiny, tmp_path, 0.5).path])
    assert overlay.state.curves.column("step").tolist() == [0, 40, 80]


def test_a_branch_is_drawn_from_the_step_on_at_which_it_left_a_run_that_is_drawn_too(tiny: Experiment) -> None:
    begun = fold(LabState(tiny), evaluations(0.5))
    parent = Overlay("parent", begun)
    child = Overlay("child", fold(begun, [Branched(step=35, parent="parent", path="")]))
    grandchild = Overlay("grandchild", fold(child.state, [Branched(step=60, parent="child", path="")]))

    def starts(*overlays: Overlay, present: str = "") -> list[float]:
        return [float(one.state.curves.column("step")[0]) for one in since_branching(overlays, present)]

    assert starts(parent, child, grandchild) == [0, 30, 60]
    assert starts(grandchild, present="parent") == [30]
    assert starts(child, grandchild) == [0, 60]
    assert starts(grandchild) == [0]
