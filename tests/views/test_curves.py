import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from jaxtyping import Float
from rich.segment import Segment
from rich.style import Style

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.plots.axis import Scale
from grokterm.plots.cells import Rows, rows_to_text
from grokterm.plots.curves.series import Series
from grokterm.plots.palettes import PALETTES
from grokterm.session.curves import Curves
from grokterm.session.state import Event, LabState, fold
from grokterm.views import curves
from grokterm.views.curves import Overlay, draw_curves, drawn_of, scale_of, short_loss, smoothed
from grokterm.views.view import Sheet
from grokterm.views.window import CurvesChoice, timeline

Values = Float[np.ndarray, " evaluation"]


def trained(experiment: Experiment, last: float = 1e-4) -> LabState:
    losses = np.geomspace(2.0, last, 50)
    return fold(
        LabState(experiment),
        [
            Evaluated(
                step=10 * number, train_loss=loss / 2, train_accuracy=1.0, val_loss=loss, val_accuracy=0.5, parameter_norm=9.0
            )
            for number, loss in enumerate(losses.tolist())
        ],
    )


def lines_of(rows: Rows) -> list[str]:
    return rows_to_text(rows).plain.split("\n")


def styles_of(row: list[Segment]) -> list[Style | None]:
    return [segment.style for segment in row for _ in segment.text]


def names_of(rows: Rows) -> list[str]:
    return [line.split()[0] for line in lines_of(rows) if line[:1].isalpha()]


def test_charts_are_left_out_from_the_end_and_none_is_empty(tiny: Experiment) -> None:
    state = trained(tiny)
    for height in (1, 4, 5, 9, 10, 17, 25, 26, 34, 45):
        rows = draw_curves(state, Sheet(76, height, PALETTES["256"]), "log")
        shown = names_of(rows)
        assert shown == ["acc", "loss", "norm"][: len(shown)]
        assert shown
        if height >= 5:
            of_panel = "\n".join("|" if line[:1].isalpha() else line for line in lines_of(rows)[:-2]).split("|")[1:]
            assert all(any(0x2800 <= ord(character) < 0x2900 for character in panel) for panel in of_panel)
    assert names_of(draw_curves(state, Sheet(76, 18, PALETTES["256"]), "log")) == ["acc", "loss"]
    assert names_of(draw_curves(state, Sheet(76, 34, PALETTES["256"]), "log")) == ["acc", "loss", "norm"]


def test_the_charts_share_their_columns(tiny: Experiment) -> None:
    lines = lines_of(draw_curves(trained(tiny), Sheet(76, 34, PALETTES["256"]), "log"))
    assert len({line.index(side) for line in lines for side in "│┤└" if side in line}) == 1


def test_a_third_chart_that_is_asked_for_takes_the_room_of_the_loss(tiny: Experiment) -> None:
    state = trained(tiny)
    assert names_of(draw_curves(state, Sheet(76, 18, PALETTES["256"]), "log", CurvesChoice(third="rate"))) == ["acc", "rate"]
    large = draw_curves(state, Sheet(76, 34, PALETTES["256"]), "log", CurvesChoice(third="rate"))
    assert names_of(large) == ["acc", "loss", "rate"]


def test_the_axis_of_the_loss_follows_what_is_visible(tiny: Experiment) -> None:
    def highest(window: tuple[float, float] | None) -> float:
        lines = lines_of(draw_curves(trained(tiny), Sheet(76, 18, PALETTES["256"]), "linear", CurvesChoice(window=window)))
        return float(next(line for line in lines[9:] if "┤" in line).split("┤")[0])

    assert highest(None) == 1
    assert 0.01 < highest((100.0, 160.0)) < 0.5


def test_smoothing_leaves_the_evaluations_faintly_behind_and_the_legend_as_it_is(tiny: Experiment) -> None:
    state = trained(tiny)
    plain, smooth = (
        draw_curves(state, Sheet(76, 34, PALETTES["256"]), "linear", CurvesChoice(is_smoothed=on)) for on in (False, True)
    )
    assert lines_of(smooth)[0] == lines_of(plain)[0]
    assert any(segment.style and segment.style.dim for row in smooth for segment in row)
    assert not any(segment.style and segment.style.dim for row in plain for segment in row)


def means_of(values: Values, swaps: Sequence[int] = ()) -> Values:
    return smoothed(Series("val", np.arange(len(values)), values, "val"), swaps).y


def test_a_mean_is_of_the_neighbors_that_are_known() -> None:
    steps = np.arange(100.0)
    assert np.allclose(means_of(steps)[10:-10], steps[10:-10])
    gap = np.where(steps == 50, np.nan, 1e-19)
    assert np.isnan(means_of(gap)[50])
    assert np.allclose(np.delete(means_of(gap), 50), 1e-19, rtol=1e-9, atol=0)
    assert np.allclose(means_of(np.array([1.0, 3.0])), 2.0)


def test_no_mean_reaches_over_a_swap() -> None:
    fallen = np.where(np.arange(100) < 40, 1.0, 0.25)
    assert not np.allclose(means_of(fallen), fallen)
    assert np.allclose(means_of(fallen, swaps=[40]), fallen)
    twice = Series("val", np.array([0, 1, 2, 2, 3]), np.array([1.0, 1.0, 1.0, 0.25, 0.25]), "val")
    assert np.allclose(smoothed(twice, [2]).y, twice.y)  # step 2 was measured before and after the swap
    assert np.allclose(means_of(fallen, swaps=[0]), means_of(fallen))


def test_the_axis_of_the_loss_can_be_chosen(tiny: Experiment) -> None:
    state = trained(tiny)  # falls by more than a factor of 100
    has_powers = [
        re.search(r"1e-\d┤", rows_to_text(draw_curves(state, Sheet(76, 18, PALETTES["256"]), "log", choice)).plain) is not None
        for choice in (CurvesChoice(), CurvesChoice(loss_scale="log"), CurvesChoice(loss_scale="linear"))
    ]
    assert has_powers == [True, True, False]


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_a_longer_run_behind_moves_the_cursor_with_the_axis(tiny: Experiment, scale: Scale) -> None:
    state, longer = trained(tiny), trained(tiny)
    columns = dict(longer.curves.measured)
    longer = replace(longer, curves=Curves(columns | {"step": 7 * columns["step"]}))
    choice = CurvesChoice(cursor=250)
    line = timeline(state, choice, scale, [longer])
    assert line is not None
    low, high = line.span(choice)
    share = (line.position(250) - low) / (high - low)
    sheet = Sheet(86, 18, PALETTES["256"])
    drawn = draw_curves(state, sheet, scale, choice, [Overlay("longer", longer)])
    left = next(text.index("└") for text in lines_of(drawn) if "└" in text) + 1
    ground = next(at for at, style in enumerate(styles_of(drawn[4])) if style and style.bgcolor)
    assert ground == left + int(share * (86 - left))


def test_a_loss_that_falls_far_has_a_logarithmic_axis() -> None:
    assert scale_of(np.array([0.025, 0.035, 4e-4])) == "linear"
    assert scale_of(np.array([4.6, 20.0, 1e-3, np.nan])) == "log"
    assert scale_of(np.array([0.0, np.nan])) == "linear"


def test_a_loss_takes_the_same_room_at_any_size() -> None:
    assert [short_loss(loss) for loss in (2.14e-6, 30.0, 3e-19)] == ["2.1e-6 ", "3.0e1  ", "3.0e-19"]


@pytest.mark.parametrize(
    ("scale", "choice"),
    [
        ("log", CurvesChoice()),
        ("linear", CurvesChoice(window=(4e4, 6e4), cursor=50_123)),
        ("log", CurvesChoice(since_swap=True, is_smoothed=True)),
    ],
)
def test_a_long_run_looks_as_if_every_evaluation_were_drawn(
    tiny: Experiment, scale: Scale, choice: CurvesChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, random = np.arange(0.0, 100_000.0), np.random.default_rng(0)
    losses = np.exp(-steps / 2e4) * (1 + (steps % 7919 == 0))
    measured = {"step": steps, "train_loss": losses / 2, "val_loss": losses, "parameter_norm": 5 + steps / 1e5}
    accuracies = {"train_accuracy": np.minimum(steps / 3e4, 1), "val_accuracy": random.random() * np.minimum(steps / 6e4, 1)}
    swap = Event(20_000, "swap", is_swap=True)
    state = replace(LabState(tiny), curves=Curves().joined(measured | accuracies), events=(swap,), step=99_999)
    sheet = Sheet(96, 34, PALETTES["256"])
    assert len(drawn_of(state, scale, choice, (), sheet.width).curves) < 10_000
    fast = lines_of(draw_curves(state, sheet, scale, choice))
    monkeypatch.setattr(curves, "MOST_DRAWN", 10**9)
    whole = lines_of(draw_curves(state, sheet, scale, choice))
    pairs = [pair for lines in zip(fast, whole, strict=True) for pair in zip(*lines, strict=True)]
    differing = [pair for pair in pairs if pair[0] != pair[1]]
    assert len(differing) < 90  # by a dot: columns of what is left do not begin where dots do
    assert sum(" " in pair for pair in differing) < 10
    assert [line for line in fast if line[:1].isalpha()] == [line for line in whole if line[:1].isalpha()]
