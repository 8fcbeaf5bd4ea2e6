"""Every view of every network, at every size: found and drawn without a screen."""

import re
from dataclasses import replace
from itertools import pairwise
from math import pi
from typing import Any

import numpy as np
import pytest

from grokterm.analysis.confusion import Cell, count_cells
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.inspected import Inspected
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.inspection.forward_pass import ForwardPass
from grokterm.plots.palettes import PALETTES, PaletteName
from grokterm.session.state import Event, LabState, Phase, fold
from grokterm.views.history import History, merged
from grokterm.views.lab.activation_maps import Maps
from grokterm.views.lab.activations import ACTIVATIONS, places_of
from grokterm.views.lab.circuit import CIRCUIT
from grokterm.views.lab.circuit_findings import CircuitFindings, find_circuit
from grokterm.views.lab.correctness import TABLE, find_outcomes
from grokterm.views.table import VIEWS
from grokterm.views.view import NOT_FINITE, Choice, Drawn, Sheet, Subject, View
from tests.inspection.test_forward_pass import EVERY_NETWORK
from tests.training.outcome import changed, finish, started

SIZES = [(63, 38), (78, 18), (31, 38), (5, 3), (1, 1)]
P2 = ("task.modulus=2", "task.train_fraction=0.5")
TASKS = {
    "two residues": P2,
    "a product": ("task.operation=multiply",),
    "a division": ("task.operation=divide",),
    "permutations": ("task.operation=s5_product", "task.modulus=120", "model.width=8"),
    "a random table": ("task.operation=random",),
    "diverged": ("optimizer.kind=gd", "optimizer.learning_rate=1e12"),
}


def subject_of(experiment: Experiment) -> Subject:
    trainer = finish(started(experiment)).trainer
    return Subject(LabState(experiment), NetworkAnalysis(trainer.snapshot(), ForwardPass(trainer.trainable.network)))


def looked_at(view: View, subject: Subject, choice: Choice, sheet: Sheet) -> tuple[Any, Drawn]:
    """Find and draw, with the history that comes of it."""
    asked = view.question(subject, choice, sheet)
    found = None if asked is None else view.find(subject.analysis, asked)
    said = None if found is None else view.inspected(found)
    if said is not None:
        subject = replace(subject, history=merged([said, said.model_copy(update={"step": said.step + 9})]))
    return found, view.picture(subject, choice, sheet, found)


def lines_of(drawn: Drawn) -> list[str]:
    return ["".join(segment.text for segment in row) for row in drawn.rows]


def check_every_view(subject: Subject) -> None:
    for view in VIEWS.values():
        for width, height in SIZES:
            for palette in ("256", "ascii", "mono") if (width, height) == SIZES[1] else ("256", "ascii"):
                for choice in (
                    Choice(),
                    Choice(is_zoomed=True, order="deviation", corner=(3, 900), chosen=900, x_scale="linear"),
                ):
                    sheet = Sheet(width, height, PALETTES[palette])
                    _, drawn = looked_at(view, subject, choice, sheet)
                    assert [len(line) for line in lines_of(drawn)] == [width] * height
                    assert drawn.title
                    check_characters(drawn, sheet)


def check_characters(drawn: Drawn, sheet: Sheet) -> None:
    """Without colors there are none, and in the ASCII palette all is spelled out."""
    if not sheet.palette.diverging:
        assert not any(
            segment.style and (segment.style.color or segment.style.bgcolor) for row in drawn.rows for segment in row
        )
    if sheet.palette.is_ascii:
        said = "".join([*lines_of(drawn), *map(sheet.palette.printable, (drawn.title, drawn.subtitle))])
        assert said.isascii()
        assert "?" not in said


@pytest.mark.parametrize("network", EVERY_NETWORK)
def test_every_view_of_every_network_fills_every_sheet(tiny: Experiment, network: str) -> None:
    check_every_view(subject_of(changed(tiny, *EVERY_NETWORK[network], "training.steps=3")))


@pytest.mark.parametrize("task", TASKS)
def test_every_view_of_every_task_fills_every_sheet(tiny: Experiment, task: str) -> None:
    check_every_view(subject_of(changed(tiny, *TASKS[task], "training.steps=3")))


def test_every_view_says_that_the_weights_are_no_longer_numbers(tiny: Experiment) -> None:
    subject = subject_of(changed(tiny, *TASKS["diverged"], "training.steps=30"))
    known_of = replace(subject, state=replace(subject.state, milestones={"diverged": 20}))
    check_every_view(known_of)
    for view in VIEWS.values():
        _, drawn = looked_at(view, known_of, Choice(), Sheet(90, 20, PALETTES["256"]))
        assert lines_of(drawn)[0].strip() == NOT_FINITE
        assert "nan" not in drawn.subtitle


@pytest.mark.parametrize("network", EVERY_NETWORK)
def test_every_place_of_a_network_can_be_looked_at(tiny: Experiment, network: str) -> None:
    subject = subject_of(changed(tiny, *EVERY_NETWORK[network], "training.steps=0"))
    for place in places_of(subject.analysis):
        found, drawn = looked_at(ACTIVATIONS, subject, Choice(place=place), Sheet(63, 38, PALETTES["256"]))
        assert place in drawn.title
        assert isinstance(found, Maps)
        assert len(found.maps) == len(found.names) > 0


def test_the_maps_of_a_page_are_those_of_the_whole_table(tiny: Experiment) -> None:
    subject = subject_of(changed(tiny, "training.steps=0"))
    place, p = places_of(subject.analysis)[0], subject.analysis.modulus
    found, _ = looked_at(ACTIVATIONS, subject, Choice(place=place, order="raw"), Sheet(63, 38, PALETTES["256"]))
    whole = subject.analysis.maps(place, slice(None))
    side = found.maps.shape[1]
    assert side <= p
    assert found.names[:2] == ("0", "1") or found.names[0].startswith("0 k=")
    assert found.maps == pytest.approx(whole[: len(found.maps), :side, :side])


def test_long_waves_are_shown_whole_and_of_waves_that_averages_would_hide_the_corner(tiny: Experiment) -> None:
    exact = changed(tiny, "model.initialization=analytic", "model.width=76", "task.modulus=39", "training.steps=0")
    subject, sheet = subject_of(exact), Sheet(63, 38, PALETTES["256"])
    place = places_of(subject.analysis)[0]
    long, drawn_long = looked_at(ACTIVATIONS, subject, Choice(place=place), sheet)
    short, drawn_short = looked_at(ACTIVATIONS, subject, Choice(place=place, chosen=75), sheet)
    assert "a cell: mean of 1.9 × 1.9" in drawn_long.subtitle
    assert "a, b < 20 · a cell: 1 equation" in drawn_short.subtitle
    assert long.maps.shape[1:] == short.maps.shape[1:] == (20, 20)
    whole = subject.analysis.maps(place, [int(short.names[0].split()[0])])
    assert short.maps[0] == pytest.approx(whole[0, :20, :20])


def test_a_network_that_has_grokked_is_shown_close_to_the_exact_solution(grokking: Experiment) -> None:
    subject = subject_of(grokking)
    found, drawn = looked_at(CIRCUIT, subject, Choice(), Sheet(63, 38, PALETTES["256"]))
    assert isinstance(found, CircuitFindings)
    assert found.n_matched is not None
    assert found.n_neurons is not None
    assert found.n_matched.sum() > 0.9 * found.n_neurons.sum()
    assert drawn.title.startswith("compared with the exact solution")


def test_labels_of_the_phases_stand_under_the_bars_that_hold_them(grokking: Experiment) -> None:
    subject = subject_of(grokking)
    found = find_circuit(subject.analysis, None)
    for width in (30, 43, 63, 78, 118):
        for phase, label in ((-pi / 2, "−π/2"), (0.0, "0"), (pi / 2, "π/2"), (pi, "π")):
            one = replace(found, mismatch=np.array([phase]), n_neurons=None, n_matched=None)
            sheet = Sheet(width, 20, PALETTES["256"])
            lines = lines_of(CIRCUIT.draw(subject, Choice(), sheet, one))
            labels = next(line for line in lines if line.strip().startswith("−π") and line.strip().endswith("π"))
            (start,) = [found.start() + 1 for found in re.finditer(f" {label}(?= |$)", labels)]
            bar = lines[lines.index(labels) - 1]
            assert bar[start + len(label) // 2] == "█", (width, label)


def test_networks_without_a_circuit_say_why(tiny: Experiment) -> None:
    subject = subject_of(changed(tiny, "task.operation=cubic", "training.steps=0"))
    _, drawn = looked_at(CIRCUIT, subject, Choice(), Sheet(70, 20, PALETTES["256"]))
    text = "\n".join("".join(segment.text for segment in row) for row in drawn.rows)
    assert drawn.title.startswith("no circuit to look for")
    assert "the operation is not a sum of terms" in text


def test_of_two_records_of_a_step_each_says_what_the_other_leaves_out() -> None:
    journaled = [Inspected(step=20, ipr=0.5), Inspected(step=10, ipr=0.1)]
    found = [Inspected(step=20, parameter_norm=3.0)]
    assert merged(journaled, found) == (
        Inspected(step=10, ipr=0.1),
        Inspected(step=20, ipr=0.5, parameter_norm=3.0),
    )


def test_at_the_step_of_a_swap_records_of_two_tasks_are_not_mixed() -> None:
    journaled = [Inspected(step=10, ipr=0.1), Inspected(step=20, ipr=0.5, excluded_loss=4.0)]
    found = Inspected(step=20, parameter_norm=3.0)
    history = History()
    history.add(found)
    assert history.since(journaled)[-1].excluded_loss == 4.0
    assert history.since(journaled, (20,)) == (journaled[0], found)


def test_a_history_that_has_not_grown_is_the_same_value() -> None:
    history = History()
    history.add(Inspected(step=5))
    first = history.since([Inspected(step=1)])
    assert [one.step for one in first] == [1, 5]
    assert history.since([Inspected(step=1)]) is first


def test_a_day_of_answers_is_kept_as_dense_as_an_axis_shows_it() -> None:
    history, n = History(), 86_400
    for step in range(n):
        history.add(Inspected(step=step))
    alone = [one.step for one in history.since([])]
    journaled = [one.step for one in History().since([Inspected(step=step) for step in range(n)])]
    assert alone == journaled
    assert len(alone) < 2_500
    assert (alone[0], alone[-1]) == (0, n - 1)
    assert max((later - step) / (step + 1) for step, later in pairwise(alone)) <= 1, "one after another at the beginning"
    assert max((later - step) / (step + 1) for step, later in pairwise(alone[256:])) <= 1 / 256


def test_the_stretches_between_the_milestones_are_named(tiny: Experiment) -> None:
    subject = subject_of(changed(tiny, *EVERY_NETWORK["transformer"], "training.steps=0"))
    state = replace(subject.state, milestones={"memorized": 100, "grokked": 900}, events=(Event(100, "memorized"),), step=1000)
    _, drawn = looked_at(CIRCUIT, replace(subject, state=state), Choice(), Sheet(70, 38, PALETTES["256"]))
    text = "\n".join("".join(segment.text for segment in row) for row in drawn.rows)
    assert "memorization to 100" in text
    assert np.all([word in text for word in ("circuit formation to 900", "then cleanup")])


def test_the_norm_is_drawn_at_every_evaluation_and_c_gen_read_from_it(tiny: Experiment) -> None:
    subject = subject_of(changed(tiny, "training.steps=100", "training.evaluate_every=50"))
    evaluated = [
        Evaluated(step=step, train_loss=1.0, train_accuracy=0.5, parameter_norm=step / 10) for step in range(0, 101, 2)
    ]
    subject = replace(subject, state=fold(subject.state, evaluated))
    found = VIEWS["efficiency"].find(subject.analysis, None)
    lines = lines_of(VIEWS["efficiency"].draw(subject, Choice(), Sheet(78, 18, PALETTES["256"]), found))
    assert sum(any("⠀" < character <= "⣿" for character in line[6:]) for line in lines) > 5
    assert "C_gen 9.8 at step 98" in " ".join(lines)


@pytest.mark.parametrize(("phase", "said"), [("training", "while this tab is open"), ("ended", "training.inspect_every")])
def test_a_history_of_one_step_promises_more_only_while_there_may_be_more(tiny: Experiment, phase: Phase, said: str) -> None:
    subject = subject_of(changed(tiny, "training.steps=0"))
    found = find_circuit(subject.analysis, None)
    one = replace(subject, state=replace(subject.state, phase=phase), history=(found.inspected,))
    assert said in " ".join("\n".join(lines_of(CIRCUIT.draw(one, Choice(), Sheet(78, 38, PALETTES["256"]), found))).split())


def test_where_there_is_no_circuit_one_sentence_says_why(tiny: Experiment) -> None:
    subject = subject_of(changed(tiny, *TASKS["permutations"], "training.steps=0"))
    found = find_circuit(subject.analysis, None)
    drawn = CIRCUIT.draw(subject, Choice(), Sheet(63, 38, PALETTES["256"]), found)
    assert drawn.title == "no circuit to look for"
    assert [line.strip() for line in lines_of(drawn) if line.strip()] == ["permutations have no waves"]


@pytest.mark.parametrize("palette", ["256", "16", "mono", "ascii"])
def test_the_legend_of_the_shares_is_drawn_as_the_shares_are(tiny: Experiment, palette: PaletteName) -> None:
    subject = subject_of(changed(tiny, "task.modulus=47", "training.steps=0"))
    found, sheet = find_outcomes(subject.analysis, None), Sheet(60, 20, PALETTES[palette])
    found = replace(found, right={side: 0 * right for side, right in found.right.items()})
    rows = TABLE.draw(subject, Choice(), sheet, found).rows
    drawn = {(character, segment.style) for row in rows[4:] for segment in row for character in segment.text}
    swatches = [row[k] for row in rows[:2] for k, segment in enumerate(row) if k + 1 < len(row) and "wrong" in row[k + 1].text]
    assert len(swatches) == 2
    assert all((swatch.text, swatch.style) in drawn for swatch in swatches)


def test_the_zoomed_spectrum_draws_each_frequency_as_a_circle(tiny: Experiment) -> None:
    subject = subject_of(changed(tiny, "model.initialization=analytic", "training.steps=0"))
    shown = Choice(layer="left", is_zoomed=True)
    for palette in ("256", "ascii"):
        sheet = Sheet(78, 18, PALETTES[palette])
        _, drawn = looked_at(VIEWS["spectrum"], subject, shown, sheet)
        lines = ["".join(segment.text for segment in row) for row in drawn.rows]
        assert lines[0].count("k = ") == 2  # side by side
        circle = [line[:39] for line in lines[2:-1]]
        assert "".join(circle).strip()
        assert not "".join(line[15:24] for line in circle[5:-5]).strip()  # empty inside, as the rows stand in order
        assert drawn.title == "first operand · circles of its rows, in steps of 1/k"
    assert VIEWS["spectrum"].question(subject, replace(shown, is_zoomed=False), sheet) is None


def test_the_table_counts_and_names_wrong_answers_of_the_plane_that_it_draws(tiny: Experiment) -> None:
    three = changed(tiny, "task.n_operands=3", "task.modulus=5", "training.steps=0")
    found = find_outcomes(subject_of(three).analysis, None)
    n_wrong = count_cells(found.cells)[Cell.of(found.side, is_right=False)]
    assert 0 < sum(confusion.n_equations for confusion in found.confusions) <= n_wrong
