"""Work on members of a sweep: the one thing that every engine does, in whichever process and on whichever host."""

import sys
import traceback
from typing import TYPE_CHECKING, Literal, NamedTuple

from grokterm.errors import GroktermError, OutOfMemoryError, StorageError
from grokterm.experiment.records import Record, Unsaved
from grokterm.runs.journal import read_journal
from grokterm.runs.resume import has_ended
from grokterm.runs.store import Run
from grokterm.runs.thinning import checkpoint_sizes, drop_checkpoints
from grokterm.session.commands import Leave
from grokterm.session.start import resume_session, start_session
from grokterm.sweeps.folder import SweepFolder
from grokterm.sweeps.lease import Lease
from grokterm.sweeps.measures import result_of_run
from grokterm.sweeps.members import Member, experiment_at, on_one_thread
from grokterm.sweeps.result import Result

if TYPE_CHECKING:
    from grokterm.session.session import Session

MOST_ATTEMPTS = 3  # processes that may die of one member: the reason is probably the member's

Status = Literal["done", "elsewhere", "stopped"]


class Report(NamedTuple):
    """What a worker says of a member."""

    key: str
    status: Status
    """Done: there is a result. Elsewhere: another process works on it. Stopped: it can be gone on with."""


class Work:
    """Works on one member at a time. `stop` may be called from another thread; everything else belongs to one."""

    def __init__(self, sweep: SweepFolder) -> None:
        self._sweep = sweep
        self._session: Session | None = None
        self._is_stopped = False

    def stop(self) -> None:
        """Save and end what is trained, and begin nothing more."""
        self._is_stopped = True
        if (session := self._session) is not None:
            session.send(Leave())

    def on(self, member: Member) -> Report:
        """Train a member to its end, from where it was left, unless that is done or another process does.

        What the member refuses is its result, like a bug.

        Raises:
            StorageError: if the folder of the sweep cannot be written: no other member could be trained either.
        """
        if self._sweep.result_of(member.key) is not None:
            return Report(member.key, "done")
        if self._is_stopped:
            return Report(member.key, "stopped")
        try:
            lease = Lease.take(self._sweep.lease_of(member.key))
            if lease is None:
                return Report(member.key, "elsewhere")
            with lease:
                return Report(member.key, self._train(member, lease.claim.attempts))
        except OSError as error:
            raise StorageError(f"{self._sweep.path} cannot be written: {error.strerror}") from None

    def _train(self, member: Member, attempts: int) -> Status:
        if attempts > MOST_ATTEMPTS:
            problem = f"the process that trained it died {MOST_ATTEMPTS} times: it may need more memory than there is"
            return self._fail(member, problem, attempts)
        try:
            run = self._trained(member)
            if run is None:
                return "stopped"
            result = result_of_run(run, self._sweep.sweep, attempts)
        except StorageError:
            raise
        except OutOfMemoryError:
            return self._fail(member, "out of memory", attempts)
        except GroktermError as error:
            return self._fail(member, str(error), attempts)
        except Exception as error:  # noqa: BLE001 - a bug of one member leaves the others alone; its traceback is not lost
            sys.stderr.write(traceback.format_exc())
            return self._fail(member, f"bug: {type(error).__name__}: {error}".splitlines()[0], attempts)
        self._sweep.keep_result(result)
        if self._sweep.sweep.keep == "results":
            drop_checkpoints(run.checkpoints, checkpoint_sizes(run.checkpoints))
        return "done"

    def _fail(self, member: Member, problem: str, attempts: int) -> Status:
        self._sweep.keep_result(Result(key=member.key, outcome="failed", problem=problem, attempts=attempts))
        return "done"

    def _trained(self, member: Member) -> Run | None:
        """Train a member to its end; None if it was stopped before."""
        run = self._sweep.run_of(member.key)
        if run is not None and has_ended(run.experiment, read_journal(run.journal)):
            return run
        if run is None:
            varied = experiment_at(member.point, self._sweep.settings, self._sweep.sweep)
            experiment = on_one_thread(varied, member.seed)
            session = start_session(experiment, self._sweep.path / "members", self._sweep.preset, member.key, is_timed=False)
        else:
            session, _ = resume_session(run)
        self._session = session
        if self._is_stopped:
            session.send(Leave())
        records: list[Record] = []
        try:
            for records in session.records():
                if unsaved := next((record for record in records if isinstance(record, Unsaved)), None):
                    raise StorageError(unsaved.message)
        finally:
            self._session = None
        return None if session.trainer.ended == "interrupted" else session.run
