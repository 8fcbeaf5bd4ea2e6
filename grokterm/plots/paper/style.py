"""The style of figures for paper: one column wide, text as text, the screen's colors adapted to a white background."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from grokterm.plots.palettes import Role
from grokterm.plots.sanitize import plain_text

Format = Literal["png", "svg"]

PaperFigure: TypeAlias = Figure
"""The result of drawing, for modules that must not import matplotlib."""

COLUMN = 3.3  # inches: one column of a two-column paper

GRAY = "#808080"
DIVERGING = "RdBu_r"
SEQUENTIAL = "cividis"


class PaperInk(NamedTuple):
    """How a role is drawn; series differ by marker as well as by color."""

    color: str
    marker: str
    is_hollow: bool = False


# The terminal palette's hues, darker where they are too light for white.
INKS: dict[Role, PaperInk] = {
    "train": PaperInk("#ff8700", "o"),
    "val": PaperInk("#0078c8", "s", is_hollow=True),
    "swap": PaperInk("#af4faf", "v"),
    "key_frequency": PaperInk("#008f6b", "^"),
    "dim": PaperInk(GRAY, "D", is_hollow=True),
    "text": PaperInk("#202020", "x"),
}

# Colors of compared runs: Okabe and Ito's, distinct under every common color blindness.
RUN_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999933")

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same on every machine
    "font.size": 7,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 7.5,
    "axes.titlepad": 3,
    "axes.labelsize": 7.5,
    "axes.labelpad": 2,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.titlesize": 7.5,
    "figure.labelsize": 7.5,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "image.composite_image": False,
    "image.interpolation": "nearest",
    "legend.borderaxespad": 0.2,
    "legend.borderpad": 0.2,
    "legend.fontsize": 7,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "legend.fancybox": False,
    "legend.handlelength": 1.8,
    "legend.labelspacing": 0.3,
    "lines.linewidth": 1.1,
    "lines.markersize": 3,
    "lines.markeredgewidth": 0.7,
    "svg.fonttype": "none",
    "svg.hashsalt": "grokterm",  # fixed, so that the same figure gives the same file
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "xtick.major.pad": 2,
    "ytick.major.pad": 2,
    **{f"{axis}tick.{size}.width": 0.6 for axis in "xy" for size in ("major", "minor")},
}


@contextmanager
def paper_style() -> Iterator[None]:
    """Apply this style inside the context, ignoring the user's matplotlibrc."""
    with mpl.rc_context():
        mpl.rcdefaults()
        settings: Any = mpl.rcParams
        settings.update(_STYLE)
        yield


def new_figure(height: float, *, title: str = "", width: float = COLUMN) -> Figure:
    """Create a figure, sized in inches, without a window."""
    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        figure.suptitle(title)
    return figure


def save_figure(figure: Figure, path: Path | BytesIO, kind: Format, dots_per_inch: int = 300) -> None:
    """Write a figure to a file, replacing an existing one.

    Raises the resolution of a PNG up to twofold, so that a heat map has a pixel per cell; an SVG keeps every cell.
    """
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # saving would lay out again, which takes as long as drawing
    images = figure.findobj(AxesImage)
    if kind == "png":
        boxes = [(image.get_size(), image.axes.get_window_extent()) for image in images]
        cells_per_dot = max((max(columns / box.width, rows / box.height) for (rows, columns), box in boxes), default=0.0)
        dots_per_inch = max(dots_per_inch, min(ceil(figure.dpi * cells_per_dot), 2 * dots_per_inch))
        figure.savefig(path, format="png", dpi=dots_per_inch, metadata={"Software": None})
        return
    interpolations = [image.get_interpolation() for image in images]
    for image in images:
        image.set_interpolation("none")
    figure.savefig(path, format="svg", metadata={"Date": None})
    for image, interpolation in zip(images, interpolations, strict=True):
        image.set_interpolation(interpolation)


def escape_label(label: str) -> str:
    """Escape a user's text, so that it is neither a formula nor invalid XML in an SVG."""
    return plain_text(label).replace("$", r"\$")


def letter_panels(*panels: Axes) -> None:
    """Title panels a, b, c, ... at their left, for the caption."""
    for letter, axes in zip("abcdefgh", panels, strict=False):
        axes.set_title(letter, loc="left", fontweight="bold")


def frame_image(axes: Axes) -> None:
    """Draw all four sides of a heat map, with short ticks."""
    axes.spines[:].set_visible(True)
    axes.tick_params(length=2)
