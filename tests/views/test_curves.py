import numpy as np

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.records import Evaluated
from grokterm.plots.cells import Rows, rows_to_text
from grokterm.plots.palettes import PALETTES
from grokterm.session.state import LabState, fold
from grokterm.views.curves import draw_curves, scale_of, short_loss, smoothed
from grokterm.views.view import Sheet
from grokterm.views.window import CurvesChoice


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


def test_a_mean_is_of_the_neighbors_that_are_known() -> None:
    steps = np.arange(100.0)
    assert np.allclose(smoothed(steps)[10:-10], steps[10:-10])
    gap = np.where(steps == 50, np.nan, 1e-19)
    assert np.isnan(smoothed(gap)[50])
    assert np.allclose(np.delete(smoothed(gap), 50), 1e-19, rtol=1e-9, atol=0)
    assert np.allclose(smoothed(np.array([1.0, 3.0])), 2.0)


def test_a_loss_that_falls_far_has_a_logarithmic_axis() -> None:
    assert scale_of(np.array([0.025, 0.035, 4e-4])) == "linear"
    assert scale_of(np.array([4.6, 20.0, 1e-3, np.nan])) == "log"
    assert scale_of(np.array([0.0, np.nan])) == "linear"


def test_a_loss_takes_the_same_room_at_any_size() -> None:
    assert [short_loss(loss) for loss in (2.14e-6, 30.0, 3e-19)] == ["2.1e-6 ", "3.0e1  ", "3.0e-19"]
