"""What no single change shows: an index of mixed pages, a clock that goes backwards, two hosts on one folder."""

import errno
import os
import platform
import random
import signal
import socket
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path

import pytest

from grokterm.errors import RunHeldError
from grokterm.experiment.recording.records import Checkpointed, Finished
from grokterm.runs.journal import read_journal
from grokterm.runs.listing import file as index_file
from grokterm.runs.listing.annotations import Annotations, write_annotations
from grokterm.runs.listing.index import RunIndex
from grokterm.runs.listing.row import RunRow
from grokterm.runs.lock import MARKER, RunLock
from grokterm.runs.owner import this_process
from grokterm.runs.storage.durable import draft_of, drop_drafts
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import list_runs
from grokterm.session.start import start_session
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.lease import STALE, Claim, Lease
from grokterm.sweeps.work import Work
from tests.benchmarks.crashes.disk import forked
from tests.benchmarks.crashes.scenes import experiment, train

YEAR = 3.2e7  # seconds

PAGE = 4096  # bytes, of SQLite

MOST_MIXED = 32  # of two versions of an index


def mixed_pages(root: Path) -> None:
    """After a power cut each page of the index may be that of before or of now: no row is read that is not true."""
    for number in range(3):
        create_run(root, experiment(steps=16 + number), "quick", {}, name=f"run-{number}", is_timed=False)
    path = root / index_file.NAME
    with pytest.MonkeyPatch.context() as patch:  # by another version, which has read something else
        patch.setattr(index_file, "code_version", lambda: 1)
        RunIndex(root).rows()
        with closing(sqlite3.connect(path)) as database, database:
            bases = {key: index_file._sum(text) for key, text in database.execute("SELECT * FROM bases")}
            for name, base, entry in database.execute("SELECT name, base, entry FROM runs").fetchall():
                stale = entry.replace("quick", "stale")
                row = stale, index_file._sum(name, base, stale, base=bases[base]), name
                database.execute("UPDATE runs SET entry = ?, sum = ? WHERE name = ?", row)
    versions = [path.read_bytes()]
    RunIndex(root).rows()
    versions.append(path.read_bytes())
    write_annotations(root / "run-1", Annotations(note="changed"))
    create_run(root, experiment(), "quick", {}, name="run-3", is_timed=False)
    (root / "run-0").rename(root.parent / "run-0")
    RunIndex(root).rows()
    versions.append(path.read_bytes())
    path.unlink()
    truth = RunIndex(root).rows()
    for before, now in ((versions[0], versions[1]), (versions[1], versions[2]), (versions[0], versions[2])):
        for mixed in _mixed(before, now):
            path.write_bytes(mixed)
            found = RunIndex(root).rows()
            assert found == truth, f"{_difference(found, truth)} of an index of mixed pages"


def _mixed(before: bytes, now: bytes) -> Iterator[bytes]:
    pages = [[one[at : at + PAGE] for at in range(0, len(one), PAGE)] for one in (before, now)]
    n = max(map(len, pages))
    for own in pages:
        own.extend([b""] * (n - len(own)))
    for choice in random.Random(0).sample([*product((0, 1), repeat=n)], min(2**n, MOST_MIXED)):
        yield b"".join(pages[which][number] for number, which in enumerate(choice))
    for at in range(0, len(now), PAGE // 2):
        yield now[:at]
        yield now[: at - at % PAGE] + bytes(PAGE) + now[at - at % PAGE + PAGE :]


def _difference(found: list[RunRow], truth: list[RunRow]) -> str:
    wrong = [str(one) for one in found if one not in truth] or [f"{one.name} is missing" for one in truth if one not in found]
    return wrong[0][:200]


def lease_from_the_future(root: Path) -> None:
    """A lease that was touched before the clock was set back a year is waited for a minute, like any other."""
    path = _leased(root, host="elsewhere")
    _touched(path, YEAR)
    assert Lease.take(path) is None, "one that may be alive was taken over"
    _touched(path, -STALE - 1)
    assert Lease.take(path) is not None
    path = _leased(root, host="elsewhere", name="dead")
    _touched(path, YEAR)
    Lease.take(path)
    assert abs(path.stat().st_mtime - time.time()) < STALE, "a dead one is waited for a year"


def guard_from_the_future(root: Path) -> None:
    """What a process has left that was killed while it took a lease is passed over a minute later."""
    path, guard = _leased(root, pid=2**22 + 1), root / ".key-guard"
    guard.touch()
    _touched(guard, YEAR)
    Lease.take(path)
    _touched(guard, -STALE - 1)
    Lease.take(path)
    assert Lease.take(path) is not None


def drafts_from_the_future(root: Path) -> None:
    """Drafts of a killed process go, also if they are dated a year ahead; those of now stay."""
    old, new = draft_of(root / "one"), draft_of(root / "one")
    for one in (old, new):
        one.touch()
    _touched(old, YEAR)
    drop_drafts(root)
    assert (old.exists(), new.exists()) == (False, True)


def runs_of_a_clock_set_back(root: Path) -> None:
    """Two runs of the same second, the second made after the clock was set back, are both there, and read when they change."""
    runs = [create_run(root, experiment(), "quick", {}) for _ in range(2)]
    assert len({run.name for run in runs}) == len(list_runs(root)) == 2
    index = RunIndex(root)
    assert len(index.rows()) == 2
    write_annotations(runs[0].path, Annotations(note="later, by an earlier clock"))
    _touched(runs[0].path / "annotations.json", -YEAR)
    assert "later, by an earlier clock" in [row.note for row in index.rows()]


def seconds_of_a_clock_set_back(root: Path) -> None:
    """The seconds of a training never become fewer."""
    session = start_session(experiment(), root, "quick", "ours", is_timed=False)
    clock = iter(range(10**9, 0, -1000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: float(next(clock)))
        train(session)
    seconds = [one.seconds for one in read_journal(session.run.journal) if isinstance(one, Checkpointed | Finished)]
    assert seconds == sorted(seconds)
    assert seconds[0] >= 0


def one_lock_for_two_hosts(root: Path) -> None:
    """A run that is trained on another host is refused in a line that names it, also where the disk cannot lock files."""
    for locks in (True, False):
        run = root / str(locks)
        run.mkdir()
        with _disk(locks=locks):
            child = _elsewhere(lambda run=run: _held(run), wait_for=run / "lock.json")  # type: ignore[misc]
            try:
                with pytest.raises(RunHeldError, match=f"is trained by process {child} on elsewhere"):
                    RunLock(run).take()
            finally:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            if locks:
                RunLock(run).take()
            else:
                with pytest.raises(RunHeldError, match="on elsewhere"):  # it may be alive: only its host knows
                    RunLock(run).take()
                assert (run / MARKER).exists()


def _held(run: Path) -> None:
    lock = RunLock(run)  # which is given back when nothing refers to it
    lock.take()
    signal.pause()
    lock.give_back()


def one_lease_for_two_hosts(root: Path) -> None:
    """A member of a host that is gone is taken over after a minute, not before."""
    path = root / "key"
    child = _elsewhere(lambda: _claimed(path), wait_for=path)
    assert Lease.take(path) is None
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert Lease.take(path) is None
    _touched(path, -STALE - 1)
    assert Lease.take(path) is not None


def _claimed(path: Path) -> None:
    Lease.take(path)
    signal.pause()


def one_sweep_on_two_hosts(root: Path) -> None:
    """Two hosts that work on a sweep make each member once."""
    sweeps = [_swept(root / name) for name in ("one", "two")]
    for member in sweeps[0].members():
        Work(sweeps[0]).on(member)
    child = _elsewhere(lambda: _worked(sweeps[1]))
    _worked(sweeps[1])
    os.waitpid(child, 0)
    _worked(sweeps[1])
    ours, theirs = (
        {key: one.model_dump(exclude={"seconds", "attempts", "host"}) for key, one in sweep.results().items()}
        for sweep in sweeps
    )
    assert ours == theirs
    assert {path.name for path in (sweeps[1].path / "members").iterdir()} == set(ours)
    assert not list((sweeps[1].path / "leases").iterdir())


def _swept(folder: Path) -> SweepFolder:
    from grokterm.experiment.sweep import Sweep

    settings = {name: value for name, value in experiment().settings().items() if name != "interventions"}
    return keep_sweep(folder, "sweep", "quick", settings, Sweep.from_settings({"seeds": 6}))


def _worked(sweep: SweepFolder) -> None:
    for member in sweep.members():
        Work(sweep).on(member)


def _leased(root: Path, name: str = "key", **changed: object) -> Path:
    path = root / name
    path.write_text(Claim.model_validate(this_process().model_dump() | {"nonce": "another"} | changed).model_dump_json())
    return path


def _touched(path: Path, seconds: float) -> None:
    moment = time.time() + seconds
    os.utime(path, (moment, moment))


@contextmanager
def _disk(*, locks: bool) -> Iterator[None]:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with pytest.MonkeyPatch.context() as patch:
        if not locks:
            patch.setattr("fcntl.flock", refuse)
        yield


def _elsewhere(call: Callable[[], None], wait_for: Path | None = None) -> int:
    """Let a process of another host do something; return its number, once a file of it is there."""

    def renamed() -> None:
        platform.node = socket.gethostname = lambda: "elsewhere"
        call()

    child = forked(renamed)
    deadline = time.monotonic() + 30
    while wait_for is not None and not (wait_for.exists() and wait_for.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.002)
    return child


CHECKS = (
    mixed_pages,
    lease_from_the_future,
    guard_from_the_future,
    drafts_from_the_future,
    runs_of_a_clock_set_back,
    seconds_of_a_clock_set_back,
    one_lock_for_two_hosts,
    one_lease_for_two_hosts,
    one_sweep_on_two_hosts,
)


def problem_of(check: Callable[[Path], None]) -> str:
    """Say what is wrong, in a line, if anything is."""
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        root = Path(folder).resolve() / "root"
        root.mkdir()
        try:
            check(root)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - whatever it is, it is the answer
            return f"{type(error).__name__}: {error}".splitlines()[0].replace(str(root), "")
    return ""
