"""A second network beside the present one: a saved run at one of its steps."""

from dataclasses import replace

from grokterm.experiment.recording.packing import thinned, until
from grokterm.runs.journal import iterate_journal
from grokterm.runs.store import Run
from grokterm.session.background import BackgroundWorker
from grokterm.session.state import LabState, fold
from grokterm.views.earlier import MOST_EVALUATIONS
from grokterm.views.history import merged
from grokterm.views.view import Subject


class ComparisonJob:
    """Replays a run to a step, in a thread of its own."""

    def __init__(self, run: Run, step: int | None) -> None:
        self.run = run
        self.wanted = step  # to reach; None for the newest checkpoint
        self.step: int | None = None  # reached; None while it is loading
        self._worker = BackgroundWorker()
        self._is_given_up = False

    def start(self) -> None:
        """Start the thread."""
        self._worker.start()
        self._worker.ask(self, self._replay)

    def give_up(self) -> None:
        """Stop replaying."""
        self._is_given_up = True
        self._worker.stop()

    @property
    def subject(self) -> Subject | None:
        """The network; None until the replay has ended."""
        value = self._worker.answer.value if self._worker.answer else None
        return value if isinstance(value, Subject) else None

    @property
    def problem(self) -> str:
        """Why the replay failed, for the user; empty if it did not."""
        return self._worker.answer.problem if self._worker.answer else ""

    @property
    def bug(self) -> BaseException | None:
        """An unexpected exception of the thread, to be raised."""
        return self._worker.bug

    def _replay(self) -> Subject | None:
        from grokterm.runs.replay import replay  # loads torch

        trainer, records = None, thinned(iterate_journal(self.run.journal), MOST_EVALUATIONS)
        for trainer in replay(self.run, self.wanted, records=records):
            self.step = trainer.step
            if self._is_given_up:
                return None
        if trainer is None:
            return None
        state = fold(LabState(self.run.experiment), until(records, trainer.step))
        state = replace(state, phase="ended")  # nothing is added to what is known
        return Subject(state, trainer.analyze(), merged(state.inspections, swaps=state.swaps))
