"""What is known of the experiment in the form before it is trained."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from grokterm.tui.appearance.theme import palette_of

if TYPE_CHECKING:
    from textual.timer import Timer

    from grokterm.reports.preset import Prospect
    from grokterm.runs.naming import Named

REST_SECONDS = 0.4
"""How long the form stays as it is before the time of its training is estimated."""


class ProspectPanel(VerticalScroll):
    """Shows what is expected, what it costs, and how the newest run went; in two lines where there is no room for the panel."""

    @dataclass
    class FoundOut(Message):
        """More is known of an experiment."""

        prospect: "Prospect"

    def __init__(self, runs_dir: Path) -> None:
        super().__init__(id="known", can_focus=False)
        self.border_title = "preset"
        self.expects, self.costs = Static(id="expects", markup=False), Static(id="costs", markup=False)  # the lines
        self._details = Static(id="details", markup=False)
        self._runs_dir = runs_dir
        self._prospects: dict[str, Prospect] = {}  # by the settings, as TOML
        self._shown: Named | None = None
        self._structure = ""
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        """Compose the panel; its two lines are elsewhere on the screen."""
        yield self._details

    def show(self, named: "Named | None", structure: str = "") -> None:
        """Show what is known of an experiment, and find out the rest once the form rests; None for an invalid one."""
        self.stop()
        self._shown, self._structure = named, structure
        if named is None:
            for part in (self._details, self.expects, self.costs):
                part.update("")
            return
        from grokterm.reports.preset import Prospect

        prospect = self._prospects.get(named.experiment.to_toml()) or Prospect(named.experiment)
        self._draw(prospect)
        if not prospect.is_complete:
            self._rest = self.set_timer(REST_SECONDS, partial(self._find_out, named))

    def stop(self) -> None:
        """Find out nothing more."""
        if self._rest is not None:
            self._rest.stop()
        self.workers.cancel_group(self, "prospect")

    def forget(self) -> None:
        """Look for newer runs the next time."""
        self._prospects.clear()

    @work(thread=True, exclusive=True, group="prospect")
    def _find_out(self, named: "Named") -> None:
        """Look for the newest run, then time some steps, in a thread."""
        from grokterm.reports.preset import look_ahead

        worker = get_current_worker()
        for prospect in look_ahead(named.experiment, named.preset, self._runs_dir, lambda: not worker.is_cancelled):
            if worker.is_cancelled:
                return
            self.post_message(self.FoundOut(prospect))

    @on(FoundOut)
    def _learn(self, event: FoundOut) -> None:
        prospect = event.prospect
        self._prospects[prospect.experiment.to_toml()] = prospect
        if self._shown is not None and self._shown.experiment == prospect.experiment:
            self._draw(prospect)

    def _draw(self, prospect: "Prospect") -> None:
        from grokterm.tui.widgets.setup.details import in_lines, in_panel

        palette = palette_of(self)
        self._details.update(in_panel(prospect, self._structure, palette))
        expects, costs = in_lines(prospect, self.screen.size.width - 2, palette)
        self.expects.update(expects)
        self.costs.update(costs)
