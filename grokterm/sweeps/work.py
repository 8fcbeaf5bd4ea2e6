"""Work on members of a sweep: the one thing that every engine does, in whichever process and on whichever host."""

import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from grokterm.engines.device import is_out_of_memory
from grokterm.errors import (
    CheckpointError,
    DeviceLostError,
    GroktermError,
    OutOfMemoryError,
    RunHeldError,
    RunNotFoundError,
    StorageError,
)
from grokterm.experiment.recording.records import Unsaved
from grokterm.plots.sanitize import plain_text
from grokterm.runs.journal import read_journal
from grokterm.runs.resume import has_ended
from grokterm.runs.storage.unwritable import gone
from grokterm.runs.store import Run
from grokterm.runs.thinning import checkpoint_sizes, drop_checkpoints
from grokterm.session.commands import Leave
from grokterm.session.start import resume_session, start_session
from grokterm.sweeps.measuring.measures import result_of_run
from grokterm.sweeps.members import Member, experiment_at, key_of, on_one_thread
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import Lease
from grokterm.sweeps.storage.result import Result

if TYPE_CHECKING:
    from grokterm.session.session import Session

MOST_ATTEMPTS = 5  # processes that may die of one member without a further checkpoint: the reason is probably the member's

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
            StorageError: if the folder of the sweep cannot be written, or the sweep is not what it was: no other member could
                be trained either.
            DeviceLostError: if the device fails.
            RunNotFoundError: if its definition cannot be read.
        """
        _ = self._sweep.settings, self._sweep.sweep  # or each member would fail for it
        if self._sweep.result_of(member.key) is not None:
            return Report(member.key, "done")
        if self._is_stopped:
            return Report(member.key, "stopped")
        try:
            lease = Lease.take(self._sweep.lease_of(member.key), self._sweep.saved_step(member.key))
            if lease is None:
                return Report(member.key, "elsewhere")
            with lease:
                return Report(member.key, self._train(member, lease))
        except RunHeldError:
            return Report(member.key, "elsewhere")
        except OSError as error:
            raise StorageError(f"{self._sweep.path} cannot be written: {error.strerror}") from None

    def _train(self, member: Member, lease: Lease) -> Status:
        attempts = lease.claim.attempts
        if self._sweep.result_of(member.key) is not None:
            return "done"  # by a process that has given it back meanwhile
        if attempts > MOST_ATTEMPTS:
            problem = f"the process that trained it died {MOST_ATTEMPTS} times: it may need more memory than there is"
            return self._keep(lease, Result(key=member.key, outcome="failed", problem=problem, attempts=MOST_ATTEMPTS))
        try:
            run = self._trained(member, lease)
            if run is None:
                return "stopped"
            result = result_of_run(run, self._sweep.sweep, attempts)
        except (StorageError, DeviceLostError, OSError):  # as would every other member
            raise
        except Exception as error:  # noqa: BLE001 - a bug of one member leaves the others alone; its traceback is not lost
            return self._keep(lease, Result(key=member.key, outcome="failed", problem=_problem(error), attempts=attempts))
        self._keep(lease, result)
        if self._sweep.sweep.keep == "results":
            drop_checkpoints(run.checkpoints, checkpoint_sizes(run.checkpoints))
        return "done"

    def _keep(self, lease: Lease, result: Result) -> Status:
        """Write what came of a member, unless that is for another process to say."""
        if not lease.is_held:
            raise RunHeldError(f"member {result.key} was taken over")
        self._sweep.keep_result(result)
        return "done"

    def _trained(self, member: Member, lease: Lease) -> Run | None:
        """Train a member to its end; None if it was stopped before."""
        self._sweep.put_back(member.key)
        if lease.claim.attempts > 1:
            self._sweep.drop_drafts(member.key)
        session = self._session_of(member)
        if isinstance(session, Run):
            return session
        return session.run if self.train(session, [lease]) else None

    def train(self, session: "Session", leases: Sequence[Lease]) -> bool:
        """Train to the end; False if it was stopped before.

        Raises:
            RunHeldError: if one of the leases is lost.
            StorageError: if the run cannot be written.
        """
        self._session = session
        if self._is_stopped:
            session.send(Leave())
        try:
            for records in session.records():
                if any(lease.is_lost for lease in leases):
                    raise RunHeldError(f"run {session.run.name} was taken over")
                if unsaved := next((record for record in records if isinstance(record, Unsaved)), None):
                    raise (StorageError if all(lease.is_held for lease in leases) else RunHeldError)(unsaved.message)
        finally:
            self._session = None
        return session.trainer.ended != "interrupted"

    def _session_of(self, member: Member) -> "Session | Run":
        """Go on with a member, or begin it, also if its run is damaged; one that has ended is returned as it is."""
        try:
            if (run := self._sweep.run_of(member.key)) is not None:
                return run if has_ended(run.experiment, read_journal(run.journal)) else resume_session(run)[0]
        except (CheckpointError, RunNotFoundError) as error:
            sys.stderr.write(f"{plain_text(f'member {member.key} begins again: {error}')}\n")
        if lost := gone(self._sweep.members_folder):
            raise StorageError(lost)  # a run would make the folder again, and be all that it holds
        self._sweep.set_aside(member.key)
        varied = experiment_at(member.point, self._sweep.settings, self._sweep.sweep)
        if key_of(varied, member.seed) != member.key:
            raise StorageError(f"sweep {self._sweep.name} was edited since it was begun here: begin it again")
        experiment = on_one_thread(varied, member.seed)
        folder, preset = self._sweep.members_folder, self._sweep.preset
        return start_session(experiment, folder, preset, member.key, is_timed=False, sources=self._sweep.runs)


def _problem(error: Exception) -> str:
    """Say in one line why a member has failed."""
    if isinstance(error, OutOfMemoryError) or is_out_of_memory(error):
        return "out of memory"
    if isinstance(error, GroktermError):
        return str(error)
    sys.stderr.write("".join(traceback.format_exception(error)))
    return f"bug: {type(error).__name__}: {error}".splitlines()[0]
