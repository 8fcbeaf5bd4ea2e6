"""A session driven in the test's own thread: every command is answered before the next one is given."""

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.records import Acted, Record
from grokterm.runs.store import Run
from grokterm.session.commands import Command, Leave, Pause, Resume, StepOnce
from grokterm.session.session import Session
from grokterm.training.trainer import Trainer
from tests.runs.records import journaled


class Driver:
    """Tells a session what to do, and keeps what it hears."""

    def __init__(self, session: Session, *, is_attended: bool = False) -> None:
        self.session = session
        self.trainer = session.trainer
        self.heard: list[Record] = []
        self._records = session.records(stay=True, is_attended=is_attended)
        self.listen()

    @property
    def journal(self) -> list[Record]:
        """What is on disk."""
        return journaled(self.session.run.journal)

    def listen(self) -> list[Record]:
        """Let it go on until it reports; a session that waits must have been told something."""
        records = next(self._records)
        self.heard += records
        return records

    def tell(self, command: Command) -> list[Record]:
        """Give a command and return the answer."""
        self.session.send(command)
        return self.listen()

    def pause_at(self, step: int) -> None:
        """Come to a halt after exactly so many steps."""
        self.tell(Pause())
        while self.trainer.step < step:
            self.tell(StepOnce())

    def train_past(self, step: int) -> None:
        """Go on for at least so many steps."""
        self.tell(Resume())
        while self.trainer.step < step:
            self.listen()

    def train(self) -> None:
        """Go on to the end."""
        self.tell(Resume())
        while self.trainer.ended is None:
            self.listen()

    def leave(self) -> None:
        """Let go of the run."""
        self.tell(Leave())
        assert next(self._records, None) is None, "it was told to leave and goes on"


def undisturbed(experiment: Experiment) -> Trainer:
    """Train without a pause, a disk or a command."""
    trainer = Trainer(experiment)
    for _ in trainer.run():
        pass
    return trainer


def with_settings(experiment: Experiment, **sections: object) -> Experiment:
    """Change some sections of an experiment."""
    settings = experiment.settings()
    for name, section in sections.items():
        settings[name] = settings.get(name, {}) | section if isinstance(section, dict) else section
    return Experiment.from_settings(settings)


def files_of(run: Run) -> dict[str, bytes]:
    """Read every file of a run."""
    return {str(path.relative_to(run.path)): path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


def acts(records: list[Record]) -> list[tuple[int, str]]:
    """List what was done to a run, and after which step."""
    return [(record.step, str(record.action)) for record in records if isinstance(record, Acted)]
