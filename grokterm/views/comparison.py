"""A second network to look at: a saved run at one of its steps."""

from grokterm.runs.journal import read_journal
from grokterm.runs.store import Run
from grokterm.session.background import BackgroundWorker
from grokterm.session.state import LabState, fold
from grokterm.views.history import merged
from grokterm.views.view import Subject


class ComparisonJob:
    """Comes to a step of a run in a thread of its own, which ends there."""

    def __init__(self, run: Run, step: int | None) -> None:
        self.run = run
        self.wanted = step
        """None: its newest checkpoint."""

        self.step: int | None = None
        """How far it has come; None while it is loading."""

        self._worker = BackgroundWorker()
        self._is_given_up = False

    def start(self) -> None:
        """Set out."""
        self._worker.start()
        self._worker.ask(self, self._arrive)

    def give_up(self) -> None:
        """Go no further."""
        self._is_given_up = True
        self._worker.leave()

    @property
    def subject(self) -> Subject | None:
        """The network, once it is there."""
        value = self._worker.answer.value if self._worker.answer else None
        return value if isinstance(value, Subject) else None

    @property
    def problem(self) -> str:
        """Why it cannot be had, for the user."""
        return self._worker.answer.problem if self._worker.answer else ""

    @property
    def bug(self) -> BaseException | None:
        """What should not have happened, for a traceback."""
        return self._worker.bug

    def _arrive(self) -> Subject | None:
        from grokterm.runs.replay import replay  # loads torch

        trainer = None
        for trainer in replay(self.run, self.wanted):
            self.step = trainer.step
            if self._is_given_up:
                return None
        if trainer is None:
            return None
        records = [record for record in read_journal(self.run.journal) if record.step <= trainer.step]
        state = fold(LabState(self.run.experiment), records)
        history = merged(state.inspections, swaps=state.swaps)
        return Subject(state, trainer.analyze(), history)
