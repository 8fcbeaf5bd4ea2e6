"""Earlier runs of a folder, to be drawn behind the curves of the present one."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from grokterm.errors import GroktermError
from grokterm.experiment.recording.packing import thinned
from grokterm.runs.differences import differences, in_short
from grokterm.runs.journal import iterate_journal
from grokterm.runs.store import Run, list_runs
from grokterm.session.state import LabState, fold
from grokterm.views.curves import OVERLAY_ROLES, Overlay

MOST_OVERLAYS = len(OVERLAY_ROLES)
MOST_LISTED = 100
MOST_EVALUATIONS = 4000  # of a run that is drawn behind, so that six of them are drawn in a few milliseconds


class EarlierRun(NamedTuple):
    """A run that can be chosen, and in which settings it differs from its preset."""

    path: Path
    told: str


def earlier_runs(present: Run) -> list[EarlierRun]:
    """List the other runs in the folder of the present one, newest first."""
    runs = [run for run in list_runs(present.path.parent) if run.path != present.path][-MOST_LISTED:]
    readable = [run for run in runs if _is_readable(run)]
    told = map(in_short, differences(readable))
    return [EarlierRun(run.path, text) for run, text in zip(readable, told, strict=True)][::-1]


def load_overlays(paths: Iterable[Path]) -> tuple[Overlay, ...]:
    """Read the curves of runs, as many as are drawn; one that cannot be read is left out."""
    return tuple(overlay for path in list(paths)[:MOST_OVERLAYS] for overlay in _loaded(Run(path)))


def since_branching(overlays: Sequence[Overlay], present: str) -> tuple[Overlay, ...]:
    """Leave out of a branch what it has in common with a run that is drawn too: the one of this name, or another overlay."""
    drawn = {present, *(overlay.name for overlay in overlays)}
    return tuple(_since_leaving(overlay, drawn - {overlay.name}) for overlay in overlays)


def _since_leaving(overlay: Overlay, others: Collection[str]) -> Overlay:
    left_at = max((step for step, parent in overlay.state.branches if parent in others), default=None)
    if left_at is None:
        return overlay
    curves = overlay.state.curves
    first = max(int(np.searchsorted(curves.column("step"), left_at, side="right")) - 1, 0)
    return Overlay(overlay.name, replace(overlay.state, curves=curves.chosen(slice(first, None))))


def _is_readable(run: Run) -> bool:
    try:
        run.experiment  # noqa: B018 - read, to see whether it can be
    except GroktermError:
        return False
    return True


def _loaded(run: Run) -> Iterable[Overlay]:
    try:
        return [Overlay(run.name, fold(LabState(run.experiment), thinned(iterate_journal(run.journal), MOST_EVALUATIONS)))]
    except GroktermError:
        return []
