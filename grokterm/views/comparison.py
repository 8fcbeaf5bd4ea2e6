"""A second network to look at: a saved run at one of its steps."""

from grokterm.runs.journal import read_journal
from grokterm.runs.store import Run
from grokterm.session.background import Analyst
from grokterm.session.state import LabState, fold
from grokterm.views.history import merged
from grokterm.views.view import Subject


class Approach:
    """Comes to a step of a run in a thread of its own, which ends there."""

    def __init__(self, run: Run, step: int | None) -> None:
        self.run = run
        self.wanted = step
        """None: its newest checkpoint."""

        self.step: int | None = None
        """How far it has come; None while it is loading."""

        self._analyst = Analyst()
        self._is_given_up = False

    def start(self) -> None:
        """Set out."""
        self._analyst.start()
        self._analyst.ask(self, self._arrive)

    def give_up(self) -> None:
        """Go no further."""
        self._is_given_up = True
        self._analyst.leave()

    @property
    def subject(self) -> Subject | None:
        """The network, once it is there."""
        value = self._analyst.answer.value if self._analyst.answer else None
        return value if isinstance(value, Subject) else None

    @property
    def problem(self) -> str:
        """Why it cannot be had, for the user."""
        return self._analyst.answer.problem if self._analyst.answer else ""

    @property
    def bug(self) -> BaseException | None:
        """What should not have happened, for a traceback."""
        return self._analyst.bug

    def _arrive(self) -> Subject | None:
        from grokterm.runs.replay import approach  # loads torch

        trainer = None
        for trainer in approach(self.run, self.wanted):
            self.step = trainer.step
            if self._is_given_up:
                return None
        if trainer is None:
            return None
        records = [record for record in read_journal(self.run.journal) if record.step <= trainer.step]
        state = fold(LabState(self.run.experiment), records)
        history = merged(state.inspections, swaps=state.swaps)
        return Subject(state, trainer.examine(), history)
