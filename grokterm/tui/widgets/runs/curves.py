"""The curves of saved runs, read in a thread."""

from dataclasses import dataclass, replace
from pathlib import Path

from grokterm.plots.axis import Scale
from grokterm.plots.cells import Cells
from grokterm.runs.store import Run
from grokterm.session.background import BackgroundWorker
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.widgets.lab.curves import CurvesView
from grokterm.views.curves import Overlay
from grokterm.views.earlier import load_overlays

POLL_SECONDS = 0.05
SLOW_SECONDS = 0.2


@dataclass(frozen=True)
class Wanted:
    """Whose curves are to be seen: of one run as the lab has them, and of others behind."""

    path: Path
    behind: tuple[Path, ...] = ()
    step: int = 0  # that the run has reached


@dataclass(frozen=True)
class Found:
    """What was read of them."""

    run: Overlay | None  # None if it cannot be read
    behind: tuple[Overlay, ...]


class RunCurves(CurvesView):
    """Shows the curves of a run; of several that are asked for in a hurry, only the last is read."""

    def __init__(self, x_scale: Scale) -> None:
        super().__init__(DrawBudget())
        self.x_scale = x_scale
        self._worker = BackgroundWorker()
        self._wanted: Wanted | None = None
        self._known: dict[Path, tuple[int, tuple[Overlay, ...]]] = {}  # by run, with the size of its journal; the thread's own

    def on_mount(self) -> None:
        """Start the thread, and draw what it has read."""
        self._worker.start()
        self.set_interval(POLL_SECONDS, self.draw_found)

    def on_unmount(self) -> None:
        """Stop the thread."""
        self._worker.stop()

    def look_at(self, wanted: Wanted) -> None:
        """Show these runs, once they are read. One that takes long to read is not read again while it trains."""
        answer, before = self._worker.answer, self._wanted
        is_slow = answer is not None and answer.seconds > SLOW_SECONDS
        if before is None or not is_slow or replace(before, step=wanted.step) != wanted:
            self._wanted = wanted
            self._worker.ask(wanted, lambda: self._find(wanted))

    def _find(self, wanted: Wanted) -> Found:
        """Read what is not known yet."""
        known, self._known = self._known, {}
        for path in (wanted.path, *wanted.behind):
            size = _size(path)
            self._known[path] = known[path] if path in known and known[path][0] == size else (size, load_overlays([path]))
        behind = tuple(overlay for path in wanted.behind for overlay in self._known[path][1] if path != wanted.path)
        return Found(next(iter(self._known[wanted.path][1]), None), behind)

    def draw_found(self) -> None:
        """Draw what was read last."""
        if self._worker.bug is not None:
            raise self._worker.bug
        found = self._worker.answer.value if self._worker.answer else None
        if not isinstance(found, Found):
            return
        self.overlays = found.behind
        if found.run is None:
            self.offer(found, lambda width, height: Cells(width, height).rows())
        else:
            self.show(found.run.state, self.x_scale)


def _size(run: Path) -> int:
    try:
        return Run(run).journal.stat().st_size
    except OSError:
        return -1
