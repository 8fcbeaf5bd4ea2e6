import numpy as np

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.records import Evaluated
from grokterm.plots.cells import Rows, rows_to_text
from grokterm.plots.palettes import PALETTES
from grokterm.session.state import LabState, fold
from grokterm.views.curves import draw_curves, scale_of, short_loss
from grokterm.views.view import Sheet


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
    for height in range(1, 50):
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


def test_a_loss_that_falls_far_has_a_logarithmic_axis() -> None:
    assert scale_of(np.array([0.025, 0.035, 4e-4])) == "linear"
    assert scale_of(np.array([4.6, 20.0, 1e-3, np.nan])) == "log"
    assert scale_of(np.array([0.0, np.nan])) == "linear"


def test_a_loss_takes_the_same_room_at_any_size() -> None:
    assert [short_loss(loss) for loss in (2.14e-6, 30.0, 3e-19)] == ["2.1e-6 ", "3.0e1  ", "3.0e-19"]
