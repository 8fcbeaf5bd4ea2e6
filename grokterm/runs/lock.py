"""The lock of a run, so that one process at a time writes to it, and says to the others which one that is."""

import errno
import warnings
from contextlib import suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout
from pydantic import ValidationError

from grokterm.errors import RunHeldError, StorageError
from grokterm.experiment.reading.escaping import escaped_text
from grokterm.experiment.recording.owner import Owner
from grokterm.runs.command_line import command_line
from grokterm.runs.owner import life, this_process
from grokterm.runs.storage.durable import drop_drafts, remove, write_whole
from grokterm.runs.storage.unwritable import gone, unwritable

LOCK, MARKER, HOLDER = "lock", "lock.soft", "lock.json"

# What a network disk answers that cannot lock files.
LOCKLESS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


class Holder(Owner):
    """The process that holds a run, as the file beside its lock says."""

    socket: str = ""
    """Where it takes commands; empty if it takes none."""

    inode: int | None = None
    """Of the lock: a copy of the folder, made meanwhile, has another one."""


class RunLock:
    """The right to write to a run. The system gives it back when the process ends, however it ends.

    Where a disk cannot lock files, a file that only one process can create stands for the lock: a process that is killed leaves
    it behind, and it is taken over from one that this host knows to be dead.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: BaseFileLock | None = None
        self.socket = ""  # where this process takes commands

    @property
    def is_held(self) -> bool:
        """Whether this is the one that may write."""
        return self._lock is not None

    def take(self) -> None:
        """Take the lock, unless it is held already.

        Raises:
            RunHeldError: one line: who holds it.
            StorageError: one line: why the folder cannot be locked.
        """
        if self._lock is not None:
            return
        if lost := gone(self._folder):
            raise StorageError(lost)  # a lock would make the folder again, and be all that it holds
        try:
            self._lock = _acquire(self._folder)
            self._write()
            drop_drafts(self._folder)
            drop_drafts(self._folder / "checkpoints", age=0)  # which only the one writes that holds the lock
        except Timeout:
            raise RunHeldError(refusal(self._folder)) from None
        except OSError as error:
            self.give_back()
            raise unwritable(self._folder, error, "choose another folder with --runs-dir") from None

    def serve_at(self, socket: str) -> None:
        """Tell other processes where this one takes commands, from now on or once the lock is taken."""
        self.socket = socket
        if self._lock is not None:
            self._write()

    def give_back(self) -> None:
        """Give the lock back, if it is held."""
        if self._lock is None:
            return
        with suppress(OSError):  # the folder may be gone, or read-only by now
            remove(self._folder / HOLDER)
        self._lock.release()
        self._lock = None

    def _write(self) -> None:
        holder = Holder(**this_process().model_dump(), socket=self.socket, inode=_inode(self._folder))
        write_whole(self._folder / HOLDER, escaped_text(holder.model_dump_json()).encode())


def was_locked(folder: Path) -> bool:
    """Tell whether a run was ever locked: those of older versions were not."""
    return _inode(folder) is not None


def holder_of(folder: Path) -> Holder | None:
    """Return the process that holds a run; None if none does, as far as this host can tell. Takes no lock itself."""
    holder = _read(folder)
    return None if holder is None or holder.inode != _inode(folder) or life(holder) == "dead" else holder


def is_held_here(folder: Path) -> bool:
    """Tell whether this process is the one that holds a run."""
    holder = holder_of(folder)
    return holder is not None and (holder.host, holder.pid) == (this_process().host, this_process().pid)


def refusal(folder: Path) -> str:
    """Say in one line who holds a run, and what to do instead."""
    holder, name = holder_of(folder), folder.name
    if holder is None:
        marker = folder / MARKER
        return f"run {name} is held by another process" + (f": if there is none, delete {marker}" if marker.exists() else "")
    here = this_process()
    if life(holder) == "unknown" and holder.host != here.host:
        return f"run {name} is trained by process {holder.pid} on {holder.host}: {command_line('open', folder)} follows it"
    return f"run {name} is trained by process {holder.pid}: {command_line('attach', folder)} shows it"


def _acquire(folder: Path) -> BaseFileLock:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # newer versions of filelock turn to a marker themselves, and warn
            return _acquired(FileLock(folder / LOCK, thread_local=False))
    except Timeout:
        raise
    except (NotImplementedError, OSError) as error:  # the former is what filelock makes of ENOSYS
        if isinstance(error, OSError) and error.errno not in LOCKLESS:
            raise
    marker = folder / MARKER
    try:
        return _acquired(SoftFileLock(marker, thread_local=False))
    except Timeout:
        holder = _read(folder)
        if holder is None or life(holder) != "dead":
            raise
    remove(marker)
    return _acquired(SoftFileLock(marker, thread_local=False))


def _acquired(lock: BaseFileLock) -> BaseFileLock:
    lock.acquire(timeout=0)
    return lock


def _read(folder: Path) -> Holder | None:
    try:
        return Holder.model_validate_json((folder / HOLDER).read_bytes())
    except (OSError, ValidationError):
        return None


def _inode(folder: Path) -> int | None:
    try:
        return (folder / LOCK).stat().st_ino
    except OSError:
        return None
