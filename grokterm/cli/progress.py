"""How far a headless training or a replay has come: on a terminal as it moves, a line every few seconds elsewhere."""

import sys
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from grokterm.cli.console import talk
from grokterm.plots.sanitize import plain_text
from grokterm.reports.duration import duration
from grokterm.runs.replay import replay
from grokterm.runs.store import Run
from grokterm.session.state import LabState
from grokterm.training.trainer import Trainer

BAR_SECONDS = 0.1
LINE_SECONDS = 5.0

QUIET_SECONDS = 1.0
"""Nothing is said of a way that is shorter."""

CLEAR_LINE = "\r\x1b[2K"


class Reporter:
    """Shows states as they come, on stderr, and says nothing that nobody can read any more."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._shown_at = monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[figures]}"),
            console=Console(file=sys.stderr, highlight=False),
            auto_refresh=False,
            transient=True,
            disable=not self._is_terminal,
        )
        self._task = self._bar.add_task("", figures="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._bar.stop()
        except OSError:
            return  # the terminal is gone

    def show(self, state: LabState) -> None:
        """Show a state, unless another was shown a moment ago."""
        now = monotonic()
        if now - self._shown_at < (BAR_SECONDS if self._is_terminal else LINE_SECONDS):
            return
        self._shown_at = now
        if not self._is_terminal:
            talk(f"{steps_of(state)}  {figures_of(state)}")
            return
        try:
            self._bar.update(
                self._task, description=steps_of(state), figures=figures_of(state), total=state.steps, completed=state.step
            )
            self._bar.refresh()
        except OSError:
            self._bar.disable = True  # the terminal is gone; the run is not


def steps_of(state: LabState) -> str:
    """`step 1,200 / 3,000`."""
    return f"step {state.step:,} / {state.steps:,}"


def figures_of(state: LabState) -> str:
    """Accuracies, speed, and the time that is left at this speed."""
    train, val = state.latest("train_accuracy"), state.latest("val_accuracy")
    parts = [] if train is None or val is None else [f"train {train:.3f}  val {val:.3f}"]
    if rate := state.steps_per_second:
        parts += [f"{rate:,.0f} steps/s", f"{duration((state.steps - state.step) / rate)} left"]
    return "  ".join(parts)


def replay_to(run: Run, step: int | None) -> Trainer:
    """Come to where a run stood at a step, or at its newest checkpoint, on the CPU.

    Raises:
        ConfigError, CheckpointError, RunNotFoundError, OutOfMemoryError: as `replay` does.
    """
    progress = ReplayProgress(run, step)
    for trainer in replay(run, step, "cpu"):
        progress.show(trainer.step)
    progress.clear()
    return trainer


class ReplayProgress:
    """Shows how far a replay has come, once it takes longer than a moment."""

    def __init__(self, run: Run, step: int | None) -> None:
        self._run = run.name
        self._aim = "" if step is None else f" of {step:,}"
        self._is_terminal = sys.stderr.isatty()
        self._due = monotonic() + QUIET_SECONDS
        self._is_shown = False

    def show(self, step: int) -> None:
        """Show the step that a replay has come to."""
        if (now := monotonic()) < self._due:
            return
        self._due = now + (BAR_SECONDS if self._is_terminal else LINE_SECONDS)
        self._is_shown = True
        line = plain_text(f"{self._run}: step {step:,}{self._aim}")
        if self._is_terminal:
            self._write(CLEAR_LINE + line)
        else:
            talk(line)

    def clear(self) -> None:
        """Remove what is shown, if the terminal lets it."""
        if self._is_terminal and self._is_shown:
            self._write(CLEAR_LINE)

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self._is_terminal = False  # it is gone; `talk` minds that too
