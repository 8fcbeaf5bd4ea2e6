"""The curves of a training, and what keys and the mouse do on them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from textual import work
from textual.events import Click, MouseEvent, MouseScrollDown, MouseScrollUp
from textual.message import Message

from grokterm.plots.axis import Scale
from grokterm.plots.cells import Rows
from grokterm.plots.curves.curves import n_drawn
from grokterm.session.state import LabState
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.widgets.picture import Picture
from grokterm.views.curves import SMOOTHED, Overlay, draw_curves, drawn_of, loss_scale
from grokterm.views.earlier import load_overlays, since_branching
from grokterm.views.numbers import draw_numbers
from grokterm.views.third import known_charts
from grokterm.views.view import Sheet, following
from grokterm.views.window import (
    CurvesChoice,
    Timeline,
    following_swaps,
    moved,
    pointed,
    since_swap,
    timeline,
    whole,
    zoomed,
    zoomed_at,
)

ZOOM = 0.5  # how much of the steps one key leaves

LOSS_SCALES: tuple[Scale | None, ...] = (None, "log", "linear")


class CurvesView(Picture):
    """Accuracy, loss and, where there is room, a third chart, drawn together from one state."""

    class Changed(Message):
        """Something else is to be shown, by the mouse or because runs were read."""

    class Pointed(Message):
        """A click put the cursor somewhere, which the arrows are to move."""

    def __init__(self, draw_budget: DrawBudget, third: str = "") -> None:
        super().__init__(draw_budget, id="curves", classes="picture")
        self.choice = CurvesChoice(third=third)
        self.overlays: tuple[Overlay, ...] = ()
        self._read_runs: tuple[Overlay, ...] = ()  # the same, all of each
        self._run_name = ""
        self._shown: tuple[LabState, Scale] | None = None

    def show(self, state: LabState, x_scale: Scale, run_name: str = "", looked_at: int | None = None) -> bool:
        """Draw the curves of a run, and where one stands among them; return whether they had changed."""
        if run_name != self._run_name:
            self._run_name = run_name
            self.overlays = since_branching(self._read_runs, run_name)
        self.choice = replace(self.choice, looked_at=looked_at)
        if self._shown is not None:
            self.choice = following_swaps(self.choice, self._shown[0].swaps, state.swaps)
        choice, overlays, is_live = self.choice, self.overlays, state.phase == "training"
        has_pictures = self._draw_budget.link.has_pictures

        def draw(width: int, height: int) -> Rows:
            if not has_pictures:
                return draw_numbers(state, Sheet(width, height, self._palette))
            palette = self._palette.with_graphics(None) if is_live else self._palette  # pixels are slower than a training
            return draw_curves(state, Sheet(width, height, palette), x_scale, choice, overlays)

        self._shown = state, x_scale
        self.caption("curves", self._palette.printable(self._said(state, x_scale)))
        return self.offer((len(state.curves), state.events, x_scale, choice, overlays, is_live, has_pictures), draw)

    def forget(self) -> None:
        """Show the whole of a new training."""
        self.choice = replace(whole(self.choice), cursor=None)
        super().forget()

    def zoom_in(self) -> None:
        """Show half of the steps, about the cursor."""
        self._change(lambda line: zoomed(self.choice, line, ZOOM))

    def zoom_out(self) -> None:
        """Show twice the steps."""
        self._change(lambda line: zoomed(self.choice, line, 1 / ZOOM))

    def left(self) -> None:
        """Move the cursor to an earlier evaluation."""
        self._change(lambda line: moved(self.choice, line, -1, self._n_columns))

    def right(self) -> None:
        """Move the cursor to a later evaluation."""
        self._change(lambda line: moved(self.choice, line, 1, self._n_columns))

    def leave(self) -> None:
        """Take the cursor away."""
        self.choice = replace(self.choice, cursor=None)

    def whole(self) -> None:
        """Show all steps."""
        self.choice = whole(self.choice)

    def since_swap(self) -> None:
        """Count steps from the last swap, or from the start again."""
        if self._shown is not None:
            self.choice = since_swap(self.choice, self._shown[0].swaps)

    def smooth(self) -> None:
        """Draw means of neighboring evaluations, or only the evaluations again."""
        self.choice = replace(self.choice, is_smoothed=not self.choice.is_smoothed)

    def next_loss_scale(self) -> None:
        """Draw the loss on a logarithmic axis, a linear one, or the one that suits it."""
        self.choice = replace(self.choice, loss_scale=following(LOSS_SCALES, self.choice.loss_scale))

    def next_third(self) -> None:
        """Choose the next third chart of which something is known; after the last, the one by default."""
        if self._shown is not None:
            names = known_charts(self._shown[0])
            by_default = 1 if n_drawn(3, self.size.height) == 3 else 0
            names = ["", *names[by_default:]]
            now = self.choice.third if self.choice.third in names else ""
            self.choice = replace(self.choice, third=following(names, now))

    def overlay(self, runs: Sequence[Path]) -> None:
        """Draw earlier runs behind, once a thread has read them."""
        if runs or self.overlays:
            self._read(runs)

    @work(thread=True, exclusive=True)
    def _read(self, runs: Sequence[Path]) -> None:
        self._read_runs = load_overlays(runs)
        self.overlays = since_branching(self._read_runs, self._run_name)
        self.post_message(self.Changed())

    def on_click(self, event: Click) -> None:
        """Put the cursor under the pointer."""
        self._at_pointer(event, pointed)
        self.post_message(self.Pointed())

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Zoom in about the pointer."""
        self._at_pointer(event, partial(zoomed_at, factor=ZOOM))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Zoom out about the pointer."""
        self._at_pointer(event, partial(zoomed_at, factor=1 / ZOOM))

    def _at_pointer(self, event: MouseEvent, change: Callable[[CurvesChoice, Timeline, float], CurvesChoice]) -> None:
        event.stop()
        offset, left = event.get_content_offset(self), self._left
        if offset is not None and offset.x >= left:
            share = (offset.x - left + 0.5) / self._n_columns
            self._change(lambda line: change(self.choice, line, share))
            self.post_message(self.Changed())

    def _change(self, change: Callable[[Timeline], CurvesChoice]) -> None:
        behind = [overlay.state for overlay in self.overlays]
        line = None if self._shown is None else timeline(self._shown[0], self.choice, self._shown[1], behind)
        if line is not None:
            self.choice = change(line)

    @property
    def _left(self) -> int:
        """The first column right of the labels, where the axis of steps begins."""
        corner = self._palette.box.corner + self._palette.box.floor
        return next((strip.text.index(corner) + 1 for strip in reversed(self._strips) if corner in strip.text), 0)

    @property
    def _n_columns(self) -> int:
        return max(self.size.width - self._left, 1)

    def _said(self, state: LabState, x_scale: Scale) -> str:
        """Say how the steps are shown."""
        if not self._draw_budget.link.has_pictures:
            return "log steps"
        choice = self.choice
        words = [f"{x_scale} steps"]
        n_panels = n_drawn(3, self.size.height)
        if n_panels == 3 or (n_panels == 2 and not choice.third):
            drawn = drawn_of(state, x_scale, choice, self.overlays, self.size.width)
            words.append(f"{loss_scale(drawn, choice, self.overlays)} loss")
        if choice.since_swap and state.swaps:
            words.append(f"since the swap at {state.swaps[-1]:,}")
        if choice.window is not None:
            low, high = choice.window
            words.append(f"{low:,.0f} to {high:,.0f}")
        if choice.is_smoothed:
            words.append(f"means of {SMOOTHED}")
        return " · ".join(words)
