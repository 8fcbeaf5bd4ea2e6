"""A training that this host cannot reach, on a folder that it shares: its journal is followed as it grows."""

from dataclasses import replace
from threading import Event, Thread
from typing import TYPE_CHECKING

from grokterm.errors import GroktermError
from grokterm.experiment.recording.records import Record, Refused
from grokterm.runs.following import JournalReader
from grokterm.runs.lock import holder_of
from grokterm.runs.storage.unwritable import gone
from grokterm.runs.store import Run
from grokterm.session.commands import Analyze, Command, Hold, Release
from grokterm.session.state import LabState, fold
from grokterm.session.torch_import import import_torch

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

LOOK_SECONDS = 0.5  # between two looks into the journal


class FollowedTraining(Thread):
    """Shows a run that trains elsewhere by its journal, and its network by its newest checkpoint. It changes nothing."""

    def __init__(self, run: Run) -> None:
        super().__init__(name="following", daemon=True)
        self.state = LabState(run.experiment)
        self.analysis: NetworkAnalysis | None = None
        self.saved_run = run
        self.run_name = run.name
        self.failure = ""
        self.bug: BaseException | None = None
        self.is_elsewhere = True
        self._journal = JournalReader(run.journal)
        self._refused: list[Record] = []  # not yet in the state
        self._is_looked_at = False
        self._pictured: int | None = None  # the checkpoint of the last picture, or of one that cannot be read
        self._has_changed, self._has_left = Event(), False
        self._has_followed = False  # its journal was read
        self._was_held = False  # by the process that trains it

    @property
    def is_over(self) -> bool:
        """It takes no more commands."""
        return self.ident is not None and not self.is_alive()

    def send(self, command: Command) -> None:
        """Take a look at the newest checkpoint; refuse all other commands, and say where the run trains."""
        if isinstance(command, Analyze):
            self._is_looked_at = True
        elif not isinstance(command, Hold | Release):
            holder = holder_of(self.saved_run.path)
            where = "elsewhere" if holder is None else f"on {holder.host}, by process {holder.pid}"
            message = f"it trains {where}: here its journal is followed, and nothing can be changed"
            self._refused.append(Refused(step=self.state.step, message=message))
        self._has_changed.set()

    def leave(self, seconds: float) -> bool:
        """Stop following."""
        self._has_left = True
        self._has_changed.set()
        if self.is_alive():
            self.join(seconds)
        return not self.is_alive()

    def run(self) -> None:
        """Follow until `leave`, or until the process that trained it has let go of it."""
        try:
            while not self._has_left:
                is_held = holder_of(self.saved_run.path) is not None
                self._follow()
                if self._was_held and not is_held:
                    return
                self._was_held = is_held
                if self._is_looked_at:
                    self._is_looked_at = False
                    self._look()
                self._has_changed.wait(LOOK_SECONDS)
                self._has_changed.clear()
        except GroktermError as error:
            if self._has_followed and gone(self.saved_run.path):
                return  # the last state stays
            self.failure, self.state = str(error), replace(self.state, phase="failed")
        except BaseException as error:  # noqa: BLE001 - handed to the screen, which raises it
            self.bug = error

    def _follow(self) -> None:
        records, is_anew = self._journal.read()
        self._has_followed = True
        if is_anew:
            state = fold(LabState(self.saved_run.experiment), records)
            self.state = replace(state, n_earlier_events=len(state.events), opened_at=state.step)
        elif records:
            self.state = fold(self.state, records)
        refused, self._refused = self._refused, []
        if refused:
            self.state = fold(self.state, refused)

    def _look(self) -> None:
        """Read the newest checkpoint, once."""
        step = self.state.saved_at
        if step is None or step == self._pictured:
            return
        self._pictured = step
        import_torch()
        from grokterm.runs.replay import trainer_at

        try:
            self.analysis = trainer_at(self.saved_run, step, "cpu").analyze()
        except GroktermError as error:  # thinned away or rewound meanwhile: the next one will do
            self._refused.append(Refused(step=step, message=f"no picture: {error}"))
