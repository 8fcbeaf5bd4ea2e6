"""Progress of a headless training or a replay: a bar on a terminal, otherwise a line every few seconds."""

import sys
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from grokterm.cli.console import print_status
from grokterm.plots.sanitize import plain_text
from grokterm.reports.duration import duration
from grokterm.runs.replay import replay
from grokterm.runs.store import Run
from grokterm.session.state import LabState
from grokterm.training.trainer import Trainer

BAR_SECONDS = 0.1
LINE_SECONDS = 5.0

QUIET_SECONDS = 1.0  # show progress only for replays longer than this

CLEAR_LINE = "\r\x1b[2K"


class Reporter:
    """Shows states on stderr, until it is closed."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._shown_at = monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[metrics]}"),
            console=Console(file=sys.stderr, highlight=False),
            auto_refresh=False,
            transient=True,
            disable=not self._is_terminal,
        )
        self._task = self._bar.add_task("", metrics="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._bar.stop()
        except OSError:
            return  # the terminal is gone

    def show(self, state: LabState) -> None:
        """Show a state, unless the last one was shown less than BAR_SECONDS or LINE_SECONDS ago."""
        now = monotonic()
        if now - self._shown_at < (BAR_SECONDS if self._is_terminal else LINE_SECONDS):
            return
        self._shown_at = now
        if not self._is_terminal:
            print_status(f"{steps_of(state)}  {metrics_of(state)}")
            return
        try:
            self._bar.update(
                self._task, description=steps_of(state), metrics=metrics_of(state), total=state.steps, completed=state.step
            )
            self._bar.refresh()
        except OSError:
            self._bar.disable = True  # the terminal is gone, but the run continues


def steps_of(state: LabState) -> str:
    """Return the progress, as in `step 1,200 / 3,000`."""
    return f"step {state.step:,} / {state.steps:,}"


def metrics_of(state: LabState) -> str:
    """Return accuracies, speed, and the time left at this speed."""
    train, val = state.latest("train_accuracy"), state.latest("val_accuracy")
    parts = [] if train is None or val is None else [f"train {train:.3f}  val {val:.3f}"]
    if rate := state.steps_per_second:
        parts += [f"{rate:,.0f} steps/s", f"{duration((state.steps - state.step) / rate)} left"]
    return "  ".join(parts)


def replay_to(run: Run, step: int | None) -> Trainer:
    """Replay a run to a step, or to its newest checkpoint, on the CPU, with progress on stderr.

    Raises:
        ConfigError, CheckpointError, RunNotFoundError, OutOfMemoryError: as `replay` does.
    """
    progress = ReplayProgress(run, step)
    for trainer in replay(run, step, "cpu"):
        progress.show(trainer.step)
    progress.clear()
    return trainer


class ReplayProgress:
    """Shows the step of a replay on stderr, if it takes longer than QUIET_SECONDS."""

    def __init__(self, run: Run, step: int | None) -> None:
        self._run = run.name
        self._target = "" if step is None else f" of {step:,}"
        self._is_terminal = sys.stderr.isatty()
        self._next_show = monotonic() + QUIET_SECONDS
        self._is_shown = False

    def show(self, step: int) -> None:
        """Show the current step of the replay."""
        if (now := monotonic()) < self._next_show:
            return
        self._next_show = now + (BAR_SECONDS if self._is_terminal else LINE_SECONDS)
        self._is_shown = True
        line = plain_text(f"{self._run}: step {step:,}{self._target}")
        if self._is_terminal:
            self._write(CLEAR_LINE + line)
        else:
            print_status(line)

    def clear(self) -> None:
        """Clear the line on a terminal."""
        if self._is_terminal and self._is_shown:
            self._write(CLEAR_LINE)

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self._is_terminal = False  # the terminal is gone
