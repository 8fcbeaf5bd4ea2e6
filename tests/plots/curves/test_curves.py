from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rich.segment import Segment
from rich.style import Style

from grokterm.plots.axis import Limits, Scale
from grokterm.plots.cells import Rows, rows_to_text
from grokterm.plots.curves.curves import draw_chart
from grokterm.plots.curves.legend import Mark
from grokterm.plots.curves.series import Panel, Series
from grokterm.plots.graphics import Graphics
from grokterm.plots.palettes import PALETTES, Palette
from grokterm.plots.pixels import find_placed

COLORS, ASCII = PALETTES["256"], PALETTES["ascii"]
PIXELS = COLORS.with_graphics(Graphics("kitty", 8, 16))
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
    cursor: int | float | None = None,
) -> Rows:
    panel = Panel("", series, y_scale, y_limits)
    return draw_chart([panel], marks or [], width=60, height=16, x_scale=x_scale, palette=palette, cursor=cursor)


def lines_of(rows: Rows) -> list[str]:
    return rows_to_text(rows).plain.split("\n")


def canvas_of(rows: Rows) -> list[str]:
    """What stands between the header, the frame and the labels."""
    lines = lines_of(rows)
    left = lines[-2].index("+") + 1
    return [line[left:] for line in lines[1:-2]]


def text_of(row: list[Segment]) -> str:
    return "".join(segment.text for segment in row)


def cells_of(row: list[Segment]) -> list[tuple[str, Style | None]]:
    return [(character, segment.style) for segment in row for character in segment.text]


def dots_of(rows: Rows) -> set[tuple[int, int]]:
    """The row and the column of each braille dot."""
    bits = {0: (0, 0), 1: (1, 0), 2: (2, 0), 3: (0, 1), 4: (1, 1), 5: (2, 1), 6: (3, 0), 7: (3, 1)}
    return {
        (4 * y + down, 2 * x + across)
        for y, row in enumerate(map(text_of, rows[1:]))
        for x, character in enumerate(row)
        if 0x2800 <= ord(character) < 0x2900
        for bit, (down, across) in bits.items()
        if ord(character) >> bit & 1
    }


def styles_of(rows: Rows) -> list[list[Style | None]]:
    return [[segment.style for segment in row for _ in segment.text] for row in rows]


@settings(max_examples=40)
@given(
    width=st.integers(0, 50),
    height=st.integers(0, 30),
    x=arrays(np.float64, 5, elements=anything),
    y=arrays(np.float64, 5, elements=anything),
    x_scale=st.sampled_from(["linear", "log"]),
    y_scale=st.sampled_from(["linear", "log"]),
    mark=anything,
    palette=st.sampled_from([*PALETTES.values(), PIXELS]),
    n_panels=st.integers(1, 3),
    window=st.none() | st.tuples(anything, anything),
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
    n_panels=1,
    window=None,
)
def test_every_picture_has_the_size_that_was_asked_for(  # noqa: PLR0917
    width: int,
    height: int,
    x: np.ndarray,
    y: np.ndarray,
    x_scale: Scale,
    y_scale: Scale,
    mark: float,
    palette: Palette,
    n_panels: int,
    window: Limits | None,
) -> None:
    series = Series("train", np.sort(x), y, "train", band=(y, y[::-1]))
    rows = draw_chart(
        [Panel("one", [series], y_scale)] * n_panels,
        [Mark(mark, "swap 4 %", "swap")] * n_panels,
        width=width,
        height=height,
        x_scale=x_scale,
        palette=palette,
        x_limits=window,
        cursor=mark,
        notes=[[("a note", None)]],
    )
    assert [sum(segment.cell_length for segment in row) for row in rows] == [width] * height
    for one in find_placed(rows):
        assert one.raster.paint(*one.size).levels.shape == one.size[::-1]


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
    rows = draw(TRAIN, VAL, marks=[Mark(2500, "2 % of the table", "swap")], palette=COLORS)
    header = lines_of(rows)[0]
    column = header.index("table") + len("table") - 1
    assert lines_of(rows)[5][column] == "┊"
    assert styles_of(rows)[0][column] == COLORS.inks["swap"].style


def test_crowded_marks_are_numbered_where_they_stand_and_listed_below() -> None:
    at = {"memorized 500": 500, "grokked 600": 600, "2 % of the table at 700": 700, "ungrokked 700": 700}
    lines = lines_of(draw(TRAIN, VAL, marks=[Mark(step, label, "dim") for label, step in at.items()]))
    listed = " ".join(lines[-2:])
    assert [label for label in at if label in listed] == list(at)
    assert [number for number in "123" if f"{number}:" in listed] == ["1", "2", "3"]
    floor = next(line for line in lines if "---" in line)
    assert all(":" in {line[floor.index(number)] for line in lines[1:8]} for number in "123")


def test_the_legend_has_the_last_values_or_those_at_the_cursor() -> None:
    rising = Series("train", np.array([0, 10, 20]), np.array([0.25, 0.5, np.nan]), "train")
    assert lines_of(draw(rising))[0].split() == ["**", "train", "-"]
    assert lines_of(draw(rising, cursor=19))[0].split() == ["**", "train", "0.5"]
    assert lines_of(draw(rising, cursor=-1))[0].split() == ["**", "train", "-"]


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_a_cursor_is_a_column_through_every_panel(palette: Palette) -> None:
    panels = [Panel("acc", [TRAIN]), Panel("loss", [VAL])]
    rows, bare = (
        draw_chart(panels, [], width=60, height=20, x_scale="linear", palette=palette, cursor=cursor) for cursor in (1500, None)
    )
    changed = {
        (y, x)
        for y, (one, other) in enumerate(zip(rows, bare, strict=True))
        for x, (new, old) in enumerate(zip(cells_of(one), cells_of(other), strict=True))
        if new != old and lines_of(rows)[y][:4] not in ("acc ", "loss")
    }
    assert len({x for _, x in changed}) == 1
    assert len(changed) >= 14


def test_each_series_has_its_own_color_and_character() -> None:
    rows = draw(TRAIN, VAL, palette=COLORS, y_limits=(0, 1))
    styles = {style for row in styles_of(rows) for style in row}
    assert {COLORS.inks["train"].style, COLORS.inks["val"].style} <= styles
    plain = "".join(canvas_of(draw(TRAIN, VAL, y_limits=(0, 1))))
    assert {"*", "o"} <= set(plain)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_a_band_is_one_region_between_its_edges_and_never_hides_a_curve(palette: Palette) -> None:
    steps, mean = np.array([0.0, 10.0]), np.array([0.5, 0.5])
    alone = Series("val", steps, mean, "val")
    banded = Series("val", steps, mean, "val", band=(mean - 0.25, mean + 0.25))
    plain, shaded = (draw(one, y_limits=(0.0, 1.0), palette=palette) for one in (alone, banded))
    rows = [
        y
        for y, (one, other) in enumerate(zip(plain, shaded, strict=True))
        if sum(new != old for new, old in zip(cells_of(other), cells_of(one), strict=True)) > 50
    ]
    of_curve = {row for row, line in enumerate(map(text_of, plain)) if row and text_of(plain[5]) != line and row in (7, 8)}
    assert len(rows) == 7 - (palette.inks["val"].tint is None)
    assert set(range(rows[0], rows[-1] + 1)) - set(rows) <= of_curve
    curve = {palette.inks["val"].marker} if palette.is_ascii else set(map(chr, range(0x2801, 0x2900)))
    drawn = [[x for x, character in enumerate(line) if character in curve] for line in map(text_of, plain[1:])]
    assert drawn == [[x for x, character in enumerate(line) if character in curve] for line in map(text_of, shaded[1:])]


def test_a_band_reaches_every_value_between_two_columns() -> None:
    steps = np.arange(100_000.0)
    low = np.where(steps == 50_001, 0.0, 0.5)
    rows = draw(Series("val", steps, np.full(len(steps), 0.5), "val", band=(low, np.full(len(steps), 0.55))), y_limits=(0, 1))
    lines = canvas_of(rows)
    assert lines[-1].count(PALETTES["ascii"].inks["val"].shade) == 1


def test_an_overlapped_curve_keeps_its_dots_but_one_that_is_faint() -> None:
    low, high = (Series("val", np.array([0, 10]), np.array([y, y]), "val") for y in (0.0, 0.26))
    both = dots_of(draw(low, high, palette=COLORS, y_limits=(0.0, 4.0)))
    assert both == dots_of(draw(low, palette=COLORS, y_limits=(0.0, 4.0))) | dots_of(
        draw(high, palette=COLORS, y_limits=(0.0, 4.0))
    )
    behind = dots_of(draw(replace(low, is_faint=True), high, palette=COLORS, y_limits=(0.0, 4.0)))
    assert behind == dots_of(draw(high, palette=COLORS, y_limits=(0.0, 4.0)))


def test_train_is_dotted_and_val_is_solid_so_that_they_differ_without_color() -> None:
    flat = np.full(STEPS.size, 0.5)
    train, val = (
        dots_of(draw(Series(role, STEPS, flat, role), palette=COLORS, y_limits=(0.0, 1.0))) for role in ("train", "val")
    )
    assert train < val
    assert len(val) == pytest.approx(2 * len(train), abs=1)


def test_a_bump_of_a_fifth_stands_out_at_the_height_of_a_small_terminal() -> None:
    steps = np.geomspace(20, 20_000, 400)
    rise = 0.2 * np.exp(-(np.log(steps / 4000) ** 2) / 0.1)
    loss = 0.025 * (1 + rise) / (1 + (steps / 9000) ** 4)
    panels = [Panel("acc", [TRAIN]), Panel("loss", [Series("val", steps, loss, "val")])]
    rows = draw_chart(panels, [], width=76, height=18, x_scale="log", palette=COLORS)
    tops = dict(sorted(((x, -y) for y, x in dots_of(rows[8:])), key=lambda dot: dot[1]))  # the highest dot of each column
    heights = [-tops[x] for x in sorted(tops)]
    peak = heights.index(min(heights))
    assert heights[10] - min(heights) >= 3
    assert heights[-1] - min(heights) >= 3
    assert peak > len(heights) // 2


@settings(max_examples=60)
@given(
    width=st.integers(45, 170),
    height=st.integers(5, 40),
    steps=st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)),
    losses=st.tuples(st.floats(-19, 2), st.floats(-19, 2)),
    scales=st.tuples(st.sampled_from(["linear", "log"]), st.sampled_from(["linear", "log"])),
)
@example(width=45, height=12, steps=(709, 731), losses=(-4.0, 1.0), scales=("log", "log"))
@example(width=58, height=6, steps=(20, 709), losses=(-3.9, -3.8), scales=("log", "log"))
@example(width=45, height=5, steps=(999_999, 10**6), losses=(-19.0, 2.0), scales=("log", "log"))
@example(width=45, height=5, steps=(1, 1), losses=(0.0, 0.002), scales=("linear", "log"))
@example(width=45, height=5, steps=(7, 7), losses=(-1.0, -1.0), scales=("log", "linear"))
def test_each_axis_has_two_labels_or_more(
    width: int, height: int, steps: tuple[int, int], losses: tuple[float, float], scales: tuple[Scale, Scale]
) -> None:
    low, high = sorted(steps)
    x_scale, y_scale = scales
    x = np.linspace(1, 10**6, 50)
    loss = Panel("loss", [Series("val", x, 10 ** np.linspace(*losses, 50), "val")], y_scale)
    panels = [loss, Panel("acc", [VAL], y_limits=(0.0, 1.0))]
    lines = lines_of(draw_chart(panels, [], width=width, height=height, x_scale=x_scale, palette=ASCII, x_limits=(low, high)))
    assert len(lines[-1].split()) >= 2
    tick = lines[-2].index("+")
    axes = "\n".join("" if line[0] in "la" else line[: tick + 1] for line in lines[:-2]).strip("\n").split("\n\n")
    assert all(axis.count("+") >= 2 for axis in axes)
    assert len(axes) == (2 if height >= 10 else 1)


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


def test_a_single_evaluation_at_the_start_stands_at_step_0_and_every_tick_is_a_whole_step() -> None:
    scales: tuple[Scale, ...] = ("log", "linear")
    for scale in scales:
        lines = lines_of(draw(Series("val", np.array([0]), np.array([0.5]), "val"), x_scale=scale))
        assert lines[-1].split() == ["0", "1"]
    for last in range(1, 12):
        steps = np.arange(last + 1)
        for scale in scales:
            assert all(
                label.isdecimal() for label in lines_of(draw(Series("val", steps, steps, "val"), x_scale=scale))[-1].split()
            )


def test_a_legend_names_every_curve_and_cuts_the_longest_names() -> None:
    named = [replace(TRAIN, label=name) for name in ("matched neurons", "exact fit", "agreement")]
    panel = Panel("", named, "linear", None)
    for width in range(36, 80):
        legend = lines_of(draw_chart([panel], [], width=width, height=16, x_scale="linear", palette=ASCII))[0]
        names = legend.split("**")[1:]
        assert [name.strip()[:3] for name in names] == ["mat", "exa", "agr"]
        assert "exact fit" in legend or width < 48
    assert names[0].split() == ["matched", "neurons", "1"]
