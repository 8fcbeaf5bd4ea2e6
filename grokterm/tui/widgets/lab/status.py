"""The lines above and below the pictures: what trains, how far it is, and how well."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from grokterm.analysis.milestones import LEARNED
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.experiment.recording.endings import in_words
from grokterm.plots.palettes import Palette
from grokterm.plots.sanitize import plain_text
from grokterm.plots.text_lines import shortened
from grokterm.reports.duration import clock
from grokterm.runs.store import without_time
from grokterm.session.gpu_watch import GpuWatch
from grokterm.session.state import LabState
from grokterm.tui.appearance.theme import palette_of
from grokterm.tui.control.troubles import advice
from grokterm.tui.widgets.one_line import Part, one_line

if TYPE_CHECKING:
    from rich.style import Style

    from grokterm.experiment.conditions import Milestone

SYMBOLS = {"loading": "○", "training": "●", "paused": "‖", "ended": "■", "failed": "×"}
NAME_SHARE = 0.4  # of the line, at most
KEPT = 0.9  # share of a pace that a training which keeps it reaches


@dataclass(frozen=True)
class Glance:
    """What the lines are written from."""

    state: LabState = field(compare=False)
    run_name: str = ""
    frozen_at: int | None = None  # the step that the pictures show; None: they follow
    earlier: LabState | None = field(default=None, compare=False)  # what was known at the step that is looked at
    measured: LabState | None = field(default=None, compare=False)  # whose numbers the curves show, if they are on the screen
    looking: str = ""  # which step that is
    has_curves: bool = False  # on the screen, with the numbers of both sides
    is_elsewhere: bool = False  # another process trains
    reading: tuple[str, ...] = ()  # all values at the cursor of the curves, the most important first; empty without a cursor

    def is_like(self, other: Self) -> bool:
        """Tell whether the same is written from another."""
        return self.state is other.state and self.measured is other.measured and self == other


class Line(Widget):
    """One line about a training, with a column free on each side."""

    glance: reactive[Glance | None] = reactive(None, always_update=True)

    @property
    def _palette(self) -> Palette:
        return palette_of(self)


class Banner(Line):
    """The name of the experiment, what it has reached, its speed and phase."""

    def render(self) -> Text:
        """Write the line, or before a training a word."""
        return header(self.glance, self.size.width, self._palette) if self.glance is not None else Text("grokterm")


class Status(Line):
    """Step, time, accuracies and settings, in fixed columns; or the values at the cursor of the curves."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._gpu = GpuWatch()

    def watch_glance(self, glance: Glance | None) -> None:
        """Watch the device of a training of this process: that of another one may count its devices otherwise."""
        self._gpu.follow("" if glance is None or glance.is_elsewhere else glance.state.device)

    def on_unmount(self) -> None:
        """Let the device be."""
        self._gpu.stop()

    def render(self) -> Text:
        """Write the line, once something was evaluated."""
        if self.glance is None or self.glance.state.phase == "loading":
            return Text((self.glance.state.part if self.glance else "") or "loading torch")
        if not len(self.glance.state.curves):
            return Text("")
        if self.glance.reading:
            return one_line((Part(rank, [text]) for rank, text in enumerate(self.glance.reading)), self.size.width, gap=2)
        return status(self.glance, self.size.width, self._palette, self._gpu.said)


def header(glance: Glance, width: int, palette: Palette) -> Text:
    """`liu-essay   seed 0   grokked 8,320 (5.1x)      ETA  0:41   cpu 5.5k steps/s   ● training`."""
    state, printable = glance.state, palette.printable if palette.is_ascii else plain_text
    name, title = printable(without_time(glance.run_name)), printable(state.experiment.title)
    first = shortened(name or title or "grokterm", int(NAME_SHARE * width), palette)
    doing = f"{state.phase} ({state.ended})" if state.phase == "ended" else state.phase
    if state.is_held and state.phase == "paused":
        doing = "held: a dialog is open"
    has_diverged = state.trouble is not None and state.trouble.reason == "diverged"
    if state.trouble is not None:
        doing = f"paused: {in_words(state.trouble.reason)} at step {state.step:,}"
    symbol = SYMBOLS[state.phase]
    left = seconds_left(state)
    parts = [
        Part(0, [first]),
        Part(9, [title] if name else []),
        Part(2, [state.part] if state.part else []),
        Part(7, [f"seed {state.experiment.seed}"]),
        Part(2, [phase_of(state)] if len(state.curves) and not has_diverged else []),
        Part(3, [] if glance.frozen_at is None else [f"frozen at step {glance.frozen_at:,}", "frozen"]),
        Part(4, [] if left is None else [f"ETA {clock(left):>5}"], is_right=True),
        Part(8, [state.engine] if state.experiment.training.engine != "auto" else [], is_right=True),
        Part(6, list(_speeds(state)), is_right=True),
        Part(1, ["attached"] if glance.is_elsewhere else [], is_right=True),
        Part(1, [doing] if palette.is_ascii else [f"{symbol} {doing}", symbol], is_right=True),
    ]
    return one_line(parts, width, gap=3)


def phase_of(state: LabState) -> str:
    """Say what was reached since the last swap, and when: `grokked 8,320 (5.1x)`, at 5.1 times the step of memorizing.

    What a swap left as it was is reached again at once, which says nothing: then the last evaluation does.
    """
    reached: dict[Milestone, int] = {**state.segment}
    if "diverged" in state.milestones:
        reached["diverged"] = state.milestones["diverged"]
    swapped = f"; swapped at {state.swaps[-1]:,}" if state.swaps else ""
    if swapped and "diverged" not in reached and (state.latest("val_accuracy") or 0.0) >= LEARNED:
        return f"generalizes{swapped}"
    names: tuple[Milestone, ...] = ("diverged", "ungrokked", "grokked", "memorized")
    for name in names:
        if name in reached:
            memorized = reached.get("memorized") if name == "grokked" and not state.swaps else None
            return f"{name} {reached[name]:,}" + (f" ({reached[name] / memorized:.1f}x)" if memorized else "")
    return ("not memorized" if state.phase == "ended" else "learning") + swapped


def seconds_left(state: LabState) -> float | None:
    """Return the time to the last step, at the present speed or pace; None while nothing trains."""
    rates = [rate for rate in (state.steps_per_second, state.pace) if rate]
    return (state.steps - state.step) / min(rates) if rates and state.phase == "training" else None


def _speeds(state: LabState) -> Iterator[str]:
    measured, pace = state.steps_per_second if state.phase == "training" else None, state.pace
    if state.phase == "ended":
        speed = ""
    elif pace and (measured is None or measured > KEPT * pace):
        speed = f"pace: {pace:g} steps/s"
    elif measured:
        speed = f"{_rounded(measured):>4} steps/s" + (f" (pace: {pace:g})" if pace else "")
    else:
        speed = ""
    yield from filter(None, (f"{state.device} {speed}".strip(), speed))


def _rounded(rate: float) -> str:
    """`5.5k`, `850` or `3.2`: two digits or three, in at most four characters."""
    if rate >= 999.5:
        return f"{rate / 1000:.1f}k" if rate < 9950 else f"{rate / 1000:.0f}k"
    return f"{rate:.0f}" if rate >= 9.95 else f"{rate:.1f}"


def status(glance: Glance, width: int, palette: Palette, gpu: str = "") -> Text:
    """`step 12,400 / 30,000   ▓▓▓▓░░░░░░   train 1.000   val 0.882   lr 0.001   wd 0.01   norm  38.8   0:12`."""
    if unsaved := glance.state.unsaved:
        reason = plain_text(unsaved.rpartition(" cannot be written: ")[2])  # without the path, which would fill the line
        return one_line([Part(0, [f"not saved: {reason}, then s"], "bold")], width, gap=2)
    if (trouble := glance.state.trouble) is not None and not glance.looking:
        said = [plain_text(text) for text in advice(trouble, glance.state.saved_at or 0)]
        return one_line([Part(0, [next((text for text in said if len(text) <= width), said[-1])], "bold")], width, gap=2)
    state, measured = glance.earlier or glance.state, glance.earlier or glance.measured or glance.state
    steps = f"{state.steps:,}"
    others = [side for side in ("seen", "average_val") if measured.latest(f"{side}_accuracy") is not None]
    sides = ["train", "val", *others]
    accuracies, losses = (
        {side: _number(measured.latest(f"{side}_{measure}"), layout) for side in sides}
        for measure, layout in (("accuracy", ".3f"), ("loss", ".1e"))
    )
    train, val = (palette.inks[side].style or "bold" for side in ("train", "val"))
    inks: dict[str, Style | str] = {"train": train, "val": val, "average_val": val}
    norm = measured.latest("parameter_norm")
    parts = [
        Part(0, [glance.looking or f"step {state.step:>{len(steps)},} / {steps}"]),
        Part(2, [] if glance.looking else [_progress(state, length, palette) for length in (10, 5)], "dim"),
        *(
            Part(8 if glance.has_curves else 1, [f"{side.replace('_', ' ')} {accuracy}"], inks.get(side, "bold"))
            for side, accuracy in accuracies.items()
        ),
        Part(9 if glance.has_curves else 6, [f"loss {' / '.join(losses.values())}"]),
        *_settings(state),
        Part(5, [] if norm is None else [f"norm {norm:>5.1f}"]),
        Part(9, [palette.printable(gpu)] if gpu else [], is_right=True),
        Part(7, [_duration(state)] if state.seconds and not glance.looking else [], is_right=True),
    ]
    return one_line(parts, width, gap=2)


def _duration(state: LabState) -> str:
    return f"took {clock(state.seconds)}" if state.phase == "ended" else f"{clock(state.seconds):>5} so far"


def _progress(state: LabState, length: int, palette: Palette) -> str:
    done, rest = "#-" if palette.is_ascii else "▓░"
    n_done = min(length * state.step // state.steps, length) if state.steps else length
    return done * n_done + rest * (length - n_done)


def _settings(state: LabState) -> Iterator[Part]:
    optimizer = state.experiment.scheduled.optimizer
    if not isinstance(optimizer, RecursiveFeatures):
        share = optimizer.rate_share_at(state.step)
        yield Part(3, [f"lr {share * optimizer.learning_rate:.1e}" if share != 1 else f"lr {optimizer.learning_rate:g}"])
        yield Part(4, [f"wd {optimizer.weight_decay:g}"])


def _number(value: float | None, layout: str) -> str:
    """Write a number; there is none of a side without equations."""
    return "-" if value is None else format(value, layout)
