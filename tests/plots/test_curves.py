import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rich.style import Style

from grokterm.plots.axis import Limits, Scale
from grokterm.plots.cells import Rows, rows_to_text
from grokterm.plots.curves import Mark, Series, draw_curves
from grokterm.plots.palettes import PALETTES, Palette

COLORS, ASCII = PALETTES["256"], PALETTES["ascii"]
STEPS = np.arange(0, 3000, 10)
TRAIN = Series("train", STEPS, (STEPS > 300).astype(float), "train")
VAL = Series("val", STEPS, (STEPS > 1000).astype(float), "val")
anything = st.floats(width=64)


def draw(
    *series: Series,
    marks: list[Mark] | None = None,
    palette: Palette = ASCII,
    x_scale: Scale = "linear",
    y_scale: Scale = "linear",
    y_limits: Limits | None = None,
) -> Rows:
    return draw_curves(
        series, marks or [], width=60, height=16, x_scale=x_scale, y_scale=y_scale, y_limits=y_limits, palette=palette
    )


def lines_of(rows: Rows) -> list[str]:
    return rows_to_text(rows).plain.split("\n")


def canvas_of(rows: Rows) -> list[str]:
    """What stands between the header, the frame and the labels."""
    lines = lines_of(rows)
    left = lines[-2].index("+") + 1
    return [line[left:] for line in lines[1:-2]]


def styles_of(rows: Rows) -> list[list[Style | None]]:
    return [[segment.style for segment in row for _ in segment.text] for row in rows]


@settings(max_examples=40)
@given(
    width=st.integers(0, 50),
    height=st.integers(0, 20),
    x=arrays(np.float64, 5, elements=anything),
    y=arrays(np.float64, 5, elements=anything),
    x_scale=st.sampled_from(["linear", "log"]),
    y_scale=st.sampled_from(["linear", "log"]),
    mark=anything,
    palette=st.sampled_from([*PALETTES.values()]),
)
@example(  # a run that diverges: the slope between two neighbors is beyond every float
    width=8,
    height=8,
    x=np.array([0, 0, 0, 0, 9e-235]),
    y=np.array([0, 0, 0, 0, 1.65e74]),
    x_scale="linear",
    y_scale="linear",
    mark=0.0,
    palette=ASCII,
)
def test_every_picture_has_the_size_that_was_asked_for(  # noqa: PLR0917
    width: int, height: int, x: np.ndarray, y: np.ndarray, x_scale: Scale, y_scale: Scale, mark: float, palette: Palette
) -> None:
    rows = draw_curves(
        [Series("train", np.sort(x), y, "train", band=(y, y[::-1]))],
        [Mark(mark, "swap 4 %", "swap")],
        width=width,
        height=height,
        x_scale=x_scale,
        y_scale=y_scale,
        y_limits=None,
        palette=palette,
    )
    assert [sum(segment.cell_length for segment in row) for row in rows] == [width] * height


def test_without_data_there_is_an_empty_frame() -> None:
    rows = draw(Series("train", np.array([]), np.array([]), "train"))
    assert not "".join(canvas_of(rows)).strip()
    assert lines_of(rows)[-1].split()
    assert lines_of(rows)[-2].strip().startswith("+")


def test_nothing_at_all_is_an_empty_frame_too() -> None:
    assert len(draw()) == 16


def test_a_constant_runs_straight_through() -> None:
    canvas = canvas_of(draw(Series("train", STEPS, np.full(STEPS.size, 0.25), "train")))
    assert [line for line in canvas if line.strip()] == ["*" * len(canvas[0])]


def test_a_diverged_run_ends_where_it_was_last_finite() -> None:
    y = np.where(STEPS < 1500, 1.0, np.nan)
    y[STEPS > 2000] = np.inf
    ended = canvas_of(draw(Series("train", STEPS, y, "train"), Series("val", STEPS, np.zeros(STEPS.size), "val")))
    upper = next(line for line in ended if "*" in line).rstrip()
    assert len(upper) == pytest.approx(len(ended[0]) / 2, abs=1)


def test_a_log_axis_leaves_out_what_is_not_positive() -> None:
    y = np.where(STEPS < 1500, 1e-3, 0.0)
    y[-1] = -5.0
    assert canvas_of(draw(Series("train", STEPS, y, "train"), y_scale="log")) == canvas_of(
        draw(Series("train", STEPS[STEPS < 1500], y[STEPS < 1500], "train"), y_scale="log")
    )


def test_step_zero_is_not_lost_on_a_log_axis() -> None:
    canvas = canvas_of(draw(Series("train", np.array([0, 10, 1000]), np.array([1.0, 0.0, 0.0]), "train"), x_scale="log"))
    assert canvas[0][0] == "*"


def test_values_outside_the_limits_are_cut_off() -> None:
    y = np.where(STEPS < 1500, 0.5, 1e30)
    canvas = canvas_of(draw(Series("train", STEPS, y, "train"), y_limits=(0, 1)))
    assert not canvas[0][: len(canvas[0]) // 2 - 1].strip()
    assert not "".join(line[len(line) // 2 + 2 :] for line in canvas).strip()


def test_the_limits_are_the_first_and_the_last_line_of_the_canvas() -> None:
    canvas = canvas_of(draw(TRAIN, y_limits=(0, 1)))
    assert canvas[-1].startswith("***")
    assert canvas[0].endswith("***")


@pytest.mark.parametrize("x_scale", ["linear", "log"])
@pytest.mark.parametrize("step", [10, 40, 700, 1500, 2990])
def test_a_mark_stands_where_the_curve_has_its_spike(x_scale: Scale, step: int) -> None:
    spike = Series("train", STEPS, np.where(step == STEPS, 1.0, 0.0), "train")
    bare = canvas_of(draw(spike, x_scale=x_scale, y_limits=(0, 1)))
    base = Series("train", STEPS, np.zeros(STEPS.size), "train")
    marked = canvas_of(draw(base, marks=[Mark(step, "", "swap")], x_scale=x_scale, y_limits=(0, 1)))
    assert bare[0].index("*") == marked[0].index(":")


def test_a_mark_beyond_the_axis_is_not_drawn() -> None:
    assert draw(TRAIN, marks=[Mark(5000, "swap", "swap")]) == draw(TRAIN)


def test_labels_stand_above_the_data_beside_their_marks() -> None:
    rows = draw(TRAIN, VAL, marks=[Mark(1500, "swap 4 %", "swap")], palette=COLORS)
    header = lines_of(rows)[0]
    assert "train" in header
    assert "val" in header
    column = header.index("swap 4 %")
    assert lines_of(rows)[5][column] == "┊"
    assert styles_of(rows)[0][column] == COLORS.inks["swap"].style


def test_two_marks_close_to_each_other_both_have_their_label() -> None:
    header = lines_of(draw(TRAIN, VAL, marks=[Mark(2000, "memorized", "dim"), Mark(2200, "grokked", "dim")]))[0]
    assert "memorized" in header
    assert "grokked" in header


def test_the_legend_makes_room_for_marks_on_the_left() -> None:
    assert lines_of(draw(TRAIN, marks=[Mark(100, "swap", "swap")]))[0].rstrip().endswith("train")


def test_each_series_has_its_own_color_and_character() -> None:
    rows = draw(TRAIN, VAL, palette=COLORS, y_limits=(0, 1))
    styles = {style for row in styles_of(rows) for style in row}
    assert {COLORS.inks["train"].style, COLORS.inks["val"].style} <= styles
    plain = "".join(canvas_of(draw(TRAIN, VAL, y_limits=(0, 1))))
    assert {"*", "o"} <= set(plain)


def test_a_band_is_shaded_between_its_edges_and_never_hides_a_curve() -> None:
    steps, mean = np.array([0.0, 10.0]), np.array([0.5, 0.5])
    alone = Series("val", steps, mean, "val")
    banded = Series("val", steps, mean, "val", band=(mean - 0.25, mean + 0.25))
    plain, shaded = (canvas_of(draw(one, y_limits=(0.0, 1.0))) for one in (alone, banded))
    heights = [row for row, line in enumerate(shaded) if "," in line]
    assert heights
    assert heights[0] >= len(shaded) // 4 - 1
    assert heights[-1] <= 3 * len(shaded) // 4
    assert [line.replace(",", " ") for line in shaded] == plain


def test_ascii_is_ascii_without_any_style() -> None:
    marks = [Mark(1500, "swap → 4 %", "swap")]
    rows = draw(Series("träin", STEPS, TRAIN.y, "train"), VAL, marks=marks)
    assert all(segment.text.isascii() and segment.style is None for row in rows for segment in row)


def test_a_label_cannot_smuggle_escape_codes_or_markup() -> None:
    header = lines_of(draw(Series("\x1b]0;evil\x07[red]train", STEPS, TRAIN.y, "train"), palette=COLORS))[0]
    assert "[red]train" in header
    assert "\x1b" not in header


def test_a_picture_is_the_same_whatever_was_drawn_before() -> None:
    before = draw(TRAIN, VAL, palette=COLORS)
    draw(Series("train", STEPS, TRAIN.y * 1e6, "train"), x_scale="log", marks=[Mark(10, "swap", "swap")])
    assert draw(TRAIN, VAL, palette=COLORS) == before


def test_a_picture_may_be_larger_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "5")
    canvas = canvas_of(draw(TRAIN, y_limits=(0, 1)))
    assert canvas[0].endswith("***")
