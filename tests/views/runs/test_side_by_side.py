"""Two runs side by side."""

import io
from pathlib import Path

from rich.console import Console

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Intervention, Set, Swap
from grokterm.experiment.recording.records import Acted, Branched
from grokterm.plots.palettes import PALETTES
from grokterm.runs.journal import JournalWriter
from grokterm.runs.storage.making import create_run
from grokterm.views.runs.side_by_side import differing_settings, results, side_by_side
from tests.views.runs.rows import row


def test_only_what_differs_is_listed_with_the_values_of_both(tiny: Experiment) -> None:
    other = tiny.model_copy(update={"seed": 3, "optimizer": tiny.optimizer.model_copy(update={"betas": (0.8, 0.98)})})
    runs = [create_run(Path("runs"), experiment, "tiny", {}) for experiment in (tiny, other)]
    assert differing_settings(*runs) == [("seed", "0", "3"), ("optimizer.betas", "0.9, 0.999", "0.8, 0.98")]


def test_of_interventions_it_is_said_how_many_there_are(tiny: Experiment) -> None:
    stopped = Intervention(at_step=1, stop=True)
    runs = [
        create_run(Path("runs"), tiny.model_copy(update={"interventions": made}), "tiny", {}) for made in ((), (stopped,) * 2)
    ]
    assert differing_settings(*runs) == [("interventions", "", "2")]


def test_what_neither_reached_is_left_out() -> None:
    lines = {name: pair for name, *pair in results(row(grokked_at=None), row(step=1500))}
    assert lines["step"] == ["200", "1,500"]
    assert lines["grokked at"] == ["", "40"]
    assert "ungrokked at" not in lines


def test_hostile_names_stay_text() -> None:
    file = io.StringIO()
    table = side_by_side(row("[red]a[/red]\x1b[2J"), row("b"), [], PALETTES["ascii"])
    Console(file=file, width=80).print(table)
    assert "[red]a[/red]" in file.getvalue()
    assert "\x1b" not in file.getvalue()
    assert file.getvalue().isascii()


def test_what_was_changed_on_the_way_counts(tiny: Experiment) -> None:
    runs = [create_run(Path("runs"), tiny, "tiny", {}) for _ in range(2)]
    done = [Set(values={"optimizer.learning_rate": 0.5}), Swap(train_fraction=0.3)]
    branched = Branched(step=7, parent="tiny", path="tiny")
    JournalWriter(runs[1].journal).write([branched, *(Acted(step=7, action=one, n_train=1, n_val=1) for one in done)])
    before = f"{tiny.optimizer.learning_rate:g}"  # type: ignore[union-attr]
    assert differing_settings(*runs) == [
        ("optimizer.learning_rate", before, "0.5"),
        ("swap at step 7", "", "train_fraction=0.3"),
    ]


def test_it_is_said_of_which_run_one_is_a_branch() -> None:
    file = io.StringIO()
    Console(file=file, width=80).print(side_by_side(row("a"), row("b", parent="a@200"), [], PALETTES["ascii"]))
    assert any(line.split() == ["branch", "of", "*", "a@200"] for line in file.getvalue().splitlines()), file.getvalue()
