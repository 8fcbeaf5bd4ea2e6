"""Numbers and lines of blocks in the place of pictures."""

import numpy as np

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.inspected import Inspected
from grokterm.plots.cells import Rows
from grokterm.plots.palettes import PALETTES
from grokterm.session.state import LabState, fold
from grokterm.views.numbers import draw_network_numbers, draw_numbers
from grokterm.views.view import Choice, Sheet, Subject


def lines(rows: Rows) -> list[str]:
    return ["".join(segment.text for segment in row) for row in rows]


def state_of(tiny: Experiment, n_evaluations: int) -> LabState:
    """Memorizes at once, and generalizes at the square root of the last step."""
    steps = np.arange(1, n_evaluations + 1)
    return fold(
        LabState(tiny),
        (
            Evaluated(
                step=int(step), train_loss=1 / step, train_accuracy=1.0, val_loss=2.0,
                val_accuracy=float(step * step >= n_evaluations), parameter_norm=10.0 * step,
            )
            for step in steps
        ),
    )  # fmt: skip


def test_the_last_values_are_written_and_how_they_came_there(tiny: Experiment) -> None:
    shown = lines(draw_numbers(state_of(tiny, 10_000), Sheet(80, 8, PALETTES["256"])))
    assert shown[0].split() == ["train", "accuracy", "1.000", "█" * 24]
    assert shown[1].split()[2] == "1.000"
    assert shown[1].split()[3].strip("▁") == "█" * 12
    assert shown[2].split()[:3] == ["train", "loss", "1.0e-4"]
    assert shown[2].split()[3][0] == "█"
    assert shown[3].split()[:3] == ["val", "loss", "2.0e0"]
    assert shown[4].split()[:3] == ["parameter", "norm", "1e5"]
    assert shown[5:] == [" " * 80] * 3


def test_a_narrow_sheet_has_the_numbers_alone_and_ascii_no_blocks(tiny: Experiment) -> None:
    state = state_of(tiny, 50)
    assert lines(draw_numbers(state, Sheet(40, 2, PALETTES["256"])))[0].split() == ["train", "accuracy", "1.000"]
    assert all(line.isascii() for line in lines(draw_numbers(state, Sheet(80, 8, PALETTES["ascii"]))))
    assert "waiting" in lines(draw_numbers(LabState(tiny), Sheet(80, 2, PALETTES["256"])))[0]


def test_every_metric_of_a_network_has_a_line(tiny: Experiment) -> None:
    history = tuple(Inspected(step=step, ipr=step / 100, gini=None, parameter_norm=5.0) for step in (1, 10, 100))
    found = history[-1].model_copy(update={"key_frequencies": (3, 7)})
    subject = Subject(LabState(tiny), None, history)  # type: ignore[arg-type] # of which nothing is drawn
    drawn = draw_network_numbers(subject, Choice(), Sheet(80, 5, PALETTES["256"]), found)
    step, ipr, norm, keys, *rest = lines(drawn.rows)
    assert step.split() == ["step", "100"]
    assert ipr.split()[:2] == ["IPR", "1.000"]
    assert ipr.split()[2][-1] == "█"
    assert norm.split()[:3] == ["parameter", "norm", "5"]
    assert set(norm.split()[3]) == {"▅"}
    assert keys.split() == ["key", "frequencies", "3,", "7"]
    assert not "".join(rest).strip()
