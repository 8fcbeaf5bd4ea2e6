"""An operation, a loss, a view and a figure are added from outside the package, by a row of their tables, and used."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.figure import Figure
from textual.pilot import Pilot
from torch import Tensor

from grokterm.cli.main import main
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.loss import LOSS_NAMES
from grokterm.experiment.recording.inspected import Inspected
from grokterm.optim.losses import LOSSES, cross_entropy
from grokterm.plots.cells import Cells
from grokterm.plots.text_lines import draw_text
from grokterm.tasks.arithmetic import Residues
from grokterm.tasks.operation import Operation
from grokterm.tasks.operations import OPERATIONS
from grokterm.tui.app import GroktermApp
from grokterm.tui.keyboard import keys
from grokterm.tui.panes import panes
from grokterm.tui.widgets.setup.fields import form_fields
from grokterm.views.paper.table import COMPARISONS, FIGURES
from grokterm.views.table import VIEWS
from grokterm.views.view import Choice, Drawn, Move, Sheet, Subject, View
from tests.conftest import TINY
from tests.tui.driving import ENDLESS, LARGE, SMALL, app_on, content, lab, training, until

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

Command = Callable[..., str]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command, and return what it prints."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["grokterm", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        assert not caught.value.code
        return capsys.readouterr().out

    return run


def maximum(left: Residues, right: Residues, _modulus: int) -> Residues:
    return np.where(left > right, left, right)


def doubled(scores: Tensor, answers: Tensor) -> Tensor:
    return 2 * cross_entropy(scores, answers)


@pytest.fixture
def _maximum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPERATIONS, "maximum", Operation("the larger of a and b, of {p}", maximum))


@pytest.fixture
def _doubled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(LOSSES, "doubled", doubled)
    LOSS_NAMES.append("doubled")
    yield
    LOSS_NAMES.remove("doubled")


PRESET = TINY.replace("[task]", '[loss]\nkind = "doubled"\n[task]\noperation = "maximum"')


@pytest.mark.usefixtures("_maximum", "_doubled")
def test_a_preset_trains_a_new_operation_with_a_new_loss(command: Command) -> None:
    Path("mine.toml").write_text(PRESET, encoding="utf-8")
    learned, usual = (
        json.loads(command("run", "--preset", "./mine.toml", *changes, "--json"))
        for changes in ((), ("--set", "loss.kind=cross_entropy", "--set", "training.steps=0"))
    )
    assert learned["train_accuracy"] > 0.9
    untrained = json.loads(command("run", "--preset", "./mine.toml", "--set", "training.steps=0", "--json"))
    assert untrained["train_loss"] == pytest.approx(2 * usual["train_loss"])


@pytest.mark.usefixtures("_maximum", "_doubled")
def test_the_form_offers_and_refusals_suggest_what_was_added() -> None:
    choices = {field.name: field.choices for field in form_fields(Experiment.from_toml(PRESET))}
    assert "maximum" in choices["task.operation"]
    assert "doubled" in choices["loss.kind"]
    with pytest.raises(
        ConfigError,
        match=r"maximum, expression, table, cyclic_product, not 'maxmum': did you mean 'maximum'\?",
    ):
        Experiment.from_toml('[task]\noperation = "maxmum"')
    with pytest.raises(ConfigError, match=r"stablemax, doubled, not 'double': did you mean 'doubled'\?"):
        Experiment.from_toml('[loss]\nkind = "double"')
    swap = {"at_step": 5, "swap": {"operation": "maximum"}}
    assert Experiment.from_settings({"interventions": [swap]}).interventions[0].swap is not None


def find_rank(analysis: "NetworkAnalysis", _: object) -> Inspected:
    return Inspected(
        step=analysis.step, parameter_norm=float(np.linalg.matrix_rank(next(iter(analysis.residue_blocks.values()))))
    )


def draw_rank(subject: Subject, choice: Choice, sheet: Sheet, found: Inspected) -> Drawn:
    rows = draw_text([f"rank {found.parameter_norm:g}"], width=sheet.width, palette=sheet.palette)
    is_known = any(one.step == found.step for one in subject.history)
    title = f"{'cells' if choice.is_zoomed else 'blocks'} from {choice.corner[0]}, {'known' if is_known else 'unknown'}"
    return Drawn((rows + Cells(sheet.width, sheet.height).rows())[: sheet.height], title, f"step {found.step:,}")


def move_rank(_subject: Subject, choice: Choice, _sheet: Sheet, _found: Inspected | None, move: Move) -> Choice:
    return replace(choice, corner=(choice.corner[0] + move.down + 10 * move.pages, 0))


RANK = View(
    "rank",
    draw_rank,
    lambda _subject, _choice, _sheet: "rank",
    find_rank,
    inspected=lambda found: found,
    zoomed="its cells",
    move=move_rank,
)


@pytest.fixture
def _rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VIEWS, "rank", RANK)


async def until_titled(pilot: Pilot[int], app: GroktermApp, title: str) -> None:
    present = app.screen.query_one("#present")
    await until(pilot, lambda: title in str(present.border_title), title)


@pytest.mark.usefixtures("_rank")
@pytest.mark.parametrize(("size", "bar"), [(SMALL, "#views"), (LARGE, "#tabs")])
async def test_the_lab_shows_a_new_view_by_its_key(size: tuple[int, int], bar: str) -> None:
    app = app_on(ENDLESS)
    async with training(app, size) as pilot:
        for name, key in panes().items():
            await pilot.press(key)
            line = content(app.screen.query_one(bar))
            assert f"[{key}{name}]" in line or (name not in VIEWS and size == LARGE)
            assert all(key in line for name, key in panes().items() if name in VIEWS)
        assert panes()["rank"] == "8"
        await pilot.press("8", "space")
        await until_titled(pilot, app, "blocks from 0, ")
        assert content(app.screen.query_one("#present")).startswith("rank 1")
        await pilot.press("enter", "down", "pagedown")
        await until_titled(pilot, app, "cells from 11, ")
        await pilot.press("escape")
        await until_titled(pilot, app, "blocks from 0, known")
        assert "Rank" in [command.title for command in app.get_system_commands(app.screen)]


@pytest.mark.usefixtures("_rank")
def test_the_help_says_what_the_keys_do_in_a_new_view() -> None:
    meanings = {key.shown: key.meaning for key in keys()}
    assert "efficiency, rank, facts" in meanings["1 ... 9"]
    assert "its cells (rank)" in meanings["enter"]
    assert "rank" in meanings["arrows"]
    assert "rank" not in meanings["l"]


async def test_any_number_of_views_leaves_the_current_one_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        monkeypatch.setitem(VIEWS, f"rank{number}", replace(RANK, name=f"rank{number}"))
    assert list(panes().items())[9:12] == [("rank2", "f1"), ("rank3", "f2"), ("rank4", "f3")]
    app = app_on(ENDLESS)
    async with training(app, SMALL) as pilot:
        for name, key in panes().items():
            await pilot.press(key)
            assert lab(app).view == name
            assert f"[{key}{name}]" in content(app.screen.query_one("#views"))


def test_a_new_figure_is_drawn(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(*subjects: Subject) -> Figure:
        figure = Figure()
        figure.text(0, 0, f"step {subjects[0].analysis.step}")
        return figure

    monkeypatch.setitem(FIGURES, "rank", draw)
    monkeypatch.setitem(COMPARISONS, "ranks", lambda subjects: draw(*subjects))
    Path("mine.toml").write_text(TINY, encoding="utf-8")
    run = json.loads(command("run", "--preset", "./mine.toml", "--json"))["run"]
    assert command("figures", run, "--only", "rank", "--format", "svg").strip() == f"figures/{run}/rank.svg"
    assert ">step 60<" in Path(f"figures/{run}/rank.svg").read_text(encoding="utf-8")
    assert command("figures", run, run, "--only", "ranks", "--format", "png").strip().endswith("/ranks.png")
