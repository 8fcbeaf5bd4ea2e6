"""The loop around a session: its records, the state that they fold to, and other processes that watch and control it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from grokterm.experiment.recording.records import Record, Refused
from grokterm.session.remote.server import TrainingServer
from grokterm.session.session import Session
from grokterm.session.state import LabState, fold


def train(
    session: Session, earlier: Sequence[Record] = (), *, stay: bool = False, is_attended: bool = False, part: str = ""
) -> Iterator[tuple[Sequence[Record], LabState]]:
    """Train, and yield what happens with the state after it; first the state after the `earlier` records of the run.

    `stay` and `is_attended`: as `Session.records` says. `part`: of a mixture, which this is. Meanwhile the training is served:
    once it has the lock of the run, a screen of another process can attach to it.
    """
    before = fold(LabState(session.run.experiment, part=part), earlier)
    state = replace(
        before,
        experiment=session.trainer.experiment,  # also with a last step that no record tells, of a resume
        n_earlier_events=len(before.events),
        opened_at=before.step,
    )
    with TrainingServer(session, state) as server:
        yield (), state
        for reported in session.records(stay=stay, is_attended=is_attended):
            records: Sequence[Record] = reported
            if session.lock.is_held and not server.is_open and (problem := server.open()):  # another process may serve a run
                records = (*reported, Refused(step=state.step, message=problem))
            state = fold(state, records) if records else state
            server.publish(records, state)
            yield records, state
