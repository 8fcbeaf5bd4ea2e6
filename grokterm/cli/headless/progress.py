"""Progress of a headless training or a replay: a bar on a terminal, otherwise a line every few seconds."""

import sys
from contextlib import suppress
from time import monotonic
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from grokterm.cli.console import overwrites_lines, print_status
from grokterm.plots.sanitize import plain_text
from grokterm.reports.duration import duration
from grokterm.runs.replay import replay
from grokterm.runs.store import Run
from grokterm.session.state import LabState
from grokterm.training.trainer import Trainer

BAR_SECONDS = 0.1
LINE_SECONDS = 5.0

QUIET_SECONDS = 1.0  # show progress only for replays longer than this


class Reporter:
    """Shows states on stderr, until it is closed."""

    def __init__(self) -> None:
        self._overwrites = overwrites_lines()
        self._shown_at = monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[metrics]}"),
            console=Console(file=sys.stderr, highlight=False),
            auto_refresh=False,
            transient=True,
            disable=not self._overwrites,
        )
        self._task = self._bar.add_task("", metrics="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the terminal is gone
            self._bar.stop()

    def show(self, state: LabState) -> None:
        """Show a state, unless the last one was shown less than BAR_SECONDS or LINE_SECONDS ago."""
        now = monotonic()
        if now - self._shown_at < (BAR_SECONDS if self._overwrites else LINE_SECONDS):
            return
        self._shown_at = now
        steps, metrics = f"step {state.step:,} / {state.steps:,}", _metrics_of(state)
        if not self._overwrites:
            print_status(f"{steps}  {metrics}")
            return
        try:
            self._bar.update(self._task, description=steps, metrics=metrics, total=state.steps, completed=state.step)
            self._bar.refresh()
        except OSError:
            self._bar.disable = True  # the terminal is gone, but the run continues


def _metrics_of(state: LabState) -> str:
    """Return accuracies, speed, and the time left at this speed."""
    train, val, seen = (state.latest(f"{side}_accuracy") for side in ("train", "val", "seen"))
    parts = [] if train is None else [f"train {train:.3f}", "val -" if val is None else f"val {val:.3f}"]
    parts += [] if seen is None else [f"seen {seen:.3f}"]
    if rate := state.steps_per_second:
        parts += [f"{rate:,.0f} steps/s", f"{duration((state.steps - state.step) / rate)} left"]
    return "  ".join(parts)


def replay_to(run: Run, step: int | None, member: int = 0) -> Trainer:
    """Replay a run to a step, or to its newest checkpoint, on the CPU, with progress on stderr and the errors of `replay`."""
    is_shown, overwrites, next_show = False, overwrites_lines(), monotonic() + QUIET_SECONDS
    show = replace_line if overwrites else print_status
    for trainer in replay(run, step, "cpu", member=member):
        if (now := monotonic()) >= next_show:
            show(f"{run.name}: step {trainer.step:,}" + ("" if step is None else f" of {step:,}"))
            is_shown, next_show = True, now + (BAR_SECONDS if overwrites else LINE_SECONDS)
    if overwrites and is_shown:
        replace_line("")
    return trainer


def replace_line(line: str) -> None:
    """Write a line in place of the last one."""
    with suppress(OSError):  # the terminal is gone; the replay is not
        sys.stderr.write(f"\r\x1b[2K{plain_text(line)}")
        sys.stderr.flush()
