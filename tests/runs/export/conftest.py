from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Checkpointed, Record
from grokterm.runs.checkpoint import save_checkpoint
from grokterm.runs.export.source import Source
from grokterm.runs.journal import JournalWriter
from grokterm.runs.replay import replay
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from grokterm.session.start import start_session
from grokterm.training.ensemble.naming import with_member
from grokterm.training.trainer import Trainer
from tests.conftest import TINY
from tests.runs import records
from tests.runs.records import finished
from tests.training.outcome import changed, finish, started


def replay_to(run: Run, step: int, member: int) -> Trainer:
    """Train one member again, as the command does, without progress."""
    *_, trainer = replay(run, step, "cpu", member=member)
    return trainer


def trained(experiment: Experiment, folder: Path) -> Source:
    session = start_session(experiment, folder, "tiny")
    for _ in session.records():
        pass
    return Source(session.run, replay_to)


SWAPPED = changed(
    Experiment.from_toml(TINY),
    "training.steps=30",
    "training.inspect_every=10",
    'interventions=[{at_step=12,swap={train_fraction=0.3}},{at_step=13,set={"optimizer.learning_rate"=1e-3}}]',
)


@pytest.fixture(scope="session")
def swapped(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A run that was inspected, and swapped at a step at which it is not evaluated otherwise."""
    return trained(SWAPPED, tmp_path_factory.mktemp("swapped"))


ENSEMBLE = changed(Experiment.from_toml(TINY), "training.members=2", "seed=3", "training.steps=10")


@pytest.fixture(scope="session")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Two members, with seeds 3 and 4, as they would be kept at step 5; put together here, which is sooner done."""
    run = create_run(tmp_path_factory.mktemp("ensemble"), ENSEMBLE, "ensemble", {})
    members = [finish(started(changed(ENSEMBLE.member(number), "training.steps=5"))) for number in (0, 1)]
    both = zip(*(member.every(Evaluated) for member in members), strict=True)
    rows = [(first.step, [list(one.rows[0].values()) for one in (first, second)]) for first, second in both]
    tensors = {name: value for k in (0, 1) for name, value in with_member(k, members[k].trainer.tensors()).items()}
    file = save_checkpoint(run.checkpoints, 5, tensors, ENSEMBLE)
    evaluated = [Evaluated.of(step, numbers) for step, numbers in rows]
    ends: list[Record] = [Checkpointed(step=5, file=file, seconds=1.0), finished(10)]
    JournalWriter(run.journal).write([records.started(), *evaluated, *ends])
    return Source(run, replay_to)
