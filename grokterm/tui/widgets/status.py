"""The banner and the status line."""

from rich.table import Table
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from grokterm.plots.palettes import Palette
from grokterm.plots.sanitize import plain_text
from grokterm.session.state import LabState

SYMBOLS = {"loading": "○", "training": "●", "paused": "‖", "ended": "■", "failed": "×"}


def phase_of(state: LabState) -> str:
    """Name the phase of grokking since the last swap."""
    if "diverged" in state.milestones:
        return "diverged"
    if "ungrokked" in state.segment:
        return "ungrokked"
    if "grokked" in state.segment:
        return "grokked"
    return "memorized, not yet general" if "memorized" in state.segment else "learning"


class Banner(Widget):
    """The title of the experiment, its device, speed and state."""

    state: reactive[LabState | None] = reactive(None, always_update=True)

    def __init__(self, palette: Palette) -> None:
        super().__init__(id="banner")
        self._palette = palette

    def render(self) -> Table | Text:
        """Put the title on the left and the state on the right."""
        if (state := self.state) is None:
            return Text("grokterm")
        speed = f"pace {state.pace:g} steps/s" if state.pace else ""
        if state.steps_per_second and state.phase == "training" and not state.pace:
            speed = f"{state.steps_per_second:,.0f} steps/s"
        symbol = "" if self._palette.is_ascii else SYMBOLS[state.phase] + " "
        ended = f" ({state.ended})" if state.phase == "ended" else ""
        engine = state.engine if state.experiment.training.engine != "auto" else ""
        right = " · ".join(part for part in (state.device, engine, speed, f"{symbol}{state.phase}{ended}") if part)
        table = Table.grid(expand=True)
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column(justify="right", no_wrap=True)
        table.add_row(Text(f"grokterm · {plain_text(state.experiment.title)}"), Text(right))
        return table


class Status(Widget):
    """Step, accuracies and losses, in fixed columns."""

    state: reactive[LabState | None] = reactive(None, always_update=True)

    def __init__(self, palette: Palette) -> None:
        super().__init__(id="status")
        self._palette = palette

    def render(self) -> Text:
        """`step 1,234 / 3,000   train 1.000  val 0.998   loss 2.1e-06 / 4.0e-05   grokked`."""
        if (state := self.state) is None or not len(state.curves.rows):
            return Text("loading torch ..." if self.state is None or self.state.phase == "loading" else "")
        train, val = (self._palette.inks[side].style or "bold" for side in ("train", "val"))
        inks = {"train": train, "val": val, "seen": "bold", "average_val": val}
        others = [side for side in ("seen", "average_val") if state.latest(f"{side}_accuracy") is not None]
        sides = ["train", "val", *others]
        accuracies, losses = (
            {side: _number(state.latest(f"{side}_{measure}"), layout) for side in sides}
            for measure, layout in (("accuracy", ".3f"), ("loss", ".1e"))
        )
        steps = f"{state.steps:,}"
        line = Text(f" step {state.step:>{len(steps)},} / {steps} ", no_wrap=True, overflow="ellipsis")
        for side, accuracy in accuracies.items():
            line.append("  ").append(f"{side.replace('_', ' ')} {accuracy}", inks[side])
        loss, phase = f"   loss {' / '.join(losses.values())}", f"   {phase_of(state)}"
        has_room = not others or line.cell_len + len(loss) + len(phase) <= self.size.width
        return line.append(loss if has_room else "").append(phase, "bold")


def _number(value: float | None, layout: str) -> str:
    """Write a number; there is none of a side without equations."""
    return "-" if value is None else format(value, layout)
