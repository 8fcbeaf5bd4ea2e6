"""Views of the lab from outside the package."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np

from grokterm.errors import PluginError
from grokterm.plots.area import resized
from grokterm.plots.curves.curves import draw_chart
from grokterm.plots.curves.series import Panel, Series
from grokterm.plots.heatmap import draw_heatmap
from grokterm.plots.palettes import Role
from grokterm.plugins.registry import blamed, check_arguments, check_name, printable, provide
from grokterm.views.history import written
from grokterm.views.table import VIEWS
from grokterm.views.view import Choice, Drawn, Sheet, Subject, View

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

Written = TypeVar("Written", bound=Callable[..., Any])

NO_VIEWS = ("curves", "facts")
"""Panes of the lab that show no network."""

ROLES: tuple[Role, ...] = tuple(
    role for role in get_args(Role) if role in ("first", "second", "third", "fourth", "fifth", "sixth")
)


@dataclass(frozen=True)
class Found:
    """What a function has returned: a matrix, or curves by name."""

    matrix: np.ndarray | None = None
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)


def view(name: str, title: str = "") -> Callable[[Written], Written]:
    """Add a tab of the lab: a function of a NetworkAnalysis that returns a matrix, or curves as a dict of vectors by name.

    A matrix is drawn as a heat map, curves over 0, 1, 2, ..., six at most. `title`: what the picture shows.

    Raises:
        PluginError: if the name is taken, or the title cannot be printed.
    """
    check_name("view", name, (*VIEWS, *NO_VIEWS))
    shown = printable(f"title of view {name}", title or name.replace("_", " "))

    def add(function: Written) -> Written:
        check_arguments(f"view {name}", function, "analysis")
        provide("view", name, function)
        VIEWS[name] = View(
            name,
            partial(_draw, shown),
            lambda *_: name,
            partial(_find, f"view {name}", function),
            other_keys="z",
            lines=partial(_say, shown),
        )
        return function

    return add


def _find(what: str, function: Callable[..., Any], analysis: "NetworkAnalysis", _: object) -> Found:
    with blamed(what):
        given = function(analysis)
        named = given if isinstance(given, Mapping) else {"": given}
        arrays = {str(name): np.asarray(values, dtype=np.float64) for name, values in named.items()}
    shapes = {array.ndim for array in arrays.values()}
    if not isinstance(given, Mapping) and shapes == {2}:
        return Found(matrix=arrays[""])
    if shapes != {1} or len(arrays) > len(ROLES):
        raise PluginError(f"{what} must return a matrix, or a dict of {len(ROLES)} vectors at most, one a curve")
    return Found(curves={printable(f"curve of {what}", name or "value"): array for name, array in arrays.items()})


def _draw(title: str, subject: Subject, choice: Choice, sheet: Sheet, found: Found) -> Drawn:
    step = f"step {subject.analysis.step:,}"
    if found.matrix is None:
        series = [
            Series(name, np.arange(len(values), dtype=np.float64), values, role)
            for (name, values), role in zip(found.curves.items(), ROLES, strict=False)
        ]
        panels = [Panel("", series, written=written)]
        rows = draw_chart(panels, [], width=sheet.width, height=sheet.height, x_scale="linear", palette=sheet.palette)
        return Drawn(sheet.fill(rows), sheet.for_border(title), step)
    matrix, is_signed = found.matrix, bool((found.matrix < 0).any())
    limit = sheet.limit(title, matrix)
    pixels = [min(n, room) for n, room in zip(matrix.shape, sheet.pixels, strict=True)]
    rows = draw_heatmap(
        resized(matrix, *pixels),
        width=sheet.width,
        height=sheet.height,
        limit=limit,
        palette=sheet.palette,
        signed=is_signed,
        detail=matrix,
    )
    size = f"{matrix.shape[0]:,} × {matrix.shape[1]:,}"
    return Drawn(sheet.fill(rows), sheet.for_border(title), f"{step} · {size} · {sheet.span(limit, is_signed=is_signed)}")


def _say(title: str, _subject: Subject, _choice: Choice, _sheet: Sheet, found: Found) -> Iterator[str]:
    yield title
    shown = found.curves if found.matrix is None else {"matrix": found.matrix}
    for name, values in shown.items():
        known = values[np.isfinite(values)]
        span = f"{known.min():.4g} to {known.max():.4g}, mean {known.mean():.4g}" if known.size else "no finite number"
        yield f"{name}: {' × '.join(map(str, values.shape))}, {span}"
