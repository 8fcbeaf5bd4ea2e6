"""A disk that fails: it takes the place of `os` in the one module that changes files.

It does what it is told, and keeps a log of it. From the log follows what is left after a process was killed at any of its
changes, or the power was cut: all that POSIX allows of what was not synced, of names and contents apart. It can also refuse.
"""

import errno
import os
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest

from grokterm.runs.storage import durable

Fault = Literal["killed", "full", "full for good", "read-only", "gone"]

ERRORS = {"full": errno.ENOSPC, "full for good": errno.ENOSPC, "read-only": errno.EROFS}

LASTING = ("full for good", "read-only")

PAGE = 100  # bytes: those of a disk are larger, as are journals

NAMES, CONTENTS = ("make", "move", "drop"), ("write", "cut")


class Change(NamedTuple):
    """A change of the disk. Files and folders are numbered, as names come and go."""

    kind: Literal["make", "move", "drop", "write", "cut", "sync"]
    path: Path
    """What the process has called it."""

    number: int
    folders: tuple[int, ...] = ()
    """In which a name changes."""

    names: tuple[str, ...] = ()
    offset: int = 0
    content: bytes = b""


@dataclass
class Files:
    """What is on a disk: of each folder its names, of each file its bytes."""

    folders: dict[int, dict[str, int]] = field(default_factory=dict)
    contents: dict[int, bytes] = field(default_factory=dict)

    def copy(self) -> "Files":
        """Copy it."""
        return Files({number: dict(names) for number, names in self.folders.items()}, dict(self.contents))

    def apply(self, change: Change) -> None:
        """Make a change, also if one before it was lost."""
        number = change.number
        match change.kind:
            case "make":
                self.folders[change.folders[0]][change.names[0]] = number
            case "move":
                self._drop(change.folders[0], change.names[0], number)
                self.folders[change.folders[1]][change.names[1]] = number
            case "drop":
                self._drop(change.folders[0], change.names[0], number)
            case "write":
                before = self.contents[number][: change.offset].ljust(change.offset, b"\0")
                self.contents[number] = before + change.content + self.contents[number][change.offset + len(change.content) :]
            case "cut":
                self.contents[number] = self.contents[number][: change.offset].ljust(change.offset, b"\0")

    def _drop(self, folder: int, name: str, number: int) -> None:
        if self.folders[folder].get(name) == number:
            del self.folders[folder][name]

    def put(self, path: Path, number: int = 0) -> None:
        """Write all that can be reached to a new folder."""
        path.mkdir()
        for name, inner in self.folders[number].items():
            if inner in self.folders:
                self.put(path / name, inner)
            else:
                (path / name).write_bytes(self.contents[inner])

    def key(self, number: int = 0) -> tuple[object, ...]:
        """Return what tells these files from others."""
        names = sorted(self.folders[number].items())
        return tuple((name, self.key(one) if one in self.folders else hash(self.contents[one])) for name, one in names)


class Disk:
    """Stands for `os` and `shutil` below a folder."""

    def __init__(self, root: Path, fault: Fault | None = None, at: int = -1, vanishing: Path | None = None) -> None:
        self.log: list[Change] = []
        self.promises: list[tuple[int, Sequence[Any]]] = []  # with how many changes were made before
        self.before = Files({0: {}}, {})
        self._root, self._fault, self._at, self._vanishing = root, fault, at, vanishing
        self._n_numbers = 1
        self._read(root, 0)
        self._now = self.before.copy()
        self._open: dict[int, tuple[int, Path]] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - of os
        return getattr(os, name)

    @contextmanager
    def in_place(self) -> Iterator["Disk"]:
        """Let it take the place of the real one."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(durable, "os", self)
            patch.setattr(durable, "shutil", self)
            yield self

    def promise(self, *what: object) -> None:
        """Note what must be there from now on, whatever happens."""
        self.promises.append((len(self.log), what))

    @property
    def refuses_for_good(self) -> bool:
        """Whether there is no use in trying again."""
        return (self._fault in LASTING and self._is_reached) or (self._fault == "gone" and self._at < 0)

    @property
    def _is_reached(self) -> bool:
        return len(self.log) >= self._at >= 0

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        """Open a file, which may make it."""
        if flags & os.O_CREAT:
            if flags & os.O_EXCL and os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            self._refuse()
        file = os.open(path, flags, mode)
        if flags & os.O_CREAT:
            self._make(path, is_folder=False)
        self._open[file] = self._number(path), path
        return file

    def close(self, file: int) -> None:
        """Close it."""
        del self._open[file]
        os.close(file)

    def write(self, file: int, content: bytes) -> int:
        """Write at the end of a file; on a full disk half of it."""
        number, path = self._open[file]
        try:
            self._refuse()
        except OSError:
            if self._fault == "full" and len(content) > 1:
                self._wrote(file, number, path, bytes(content[: len(content) // 2]))
            raise
        self._wrote(file, number, path, bytes(content))
        return len(content)

    def _wrote(self, file: int, number: int, path: Path, content: bytes) -> None:
        os.write(file, content)
        self._change(Change("write", path, number, offset=len(self._now.contents[number]), content=content))

    def fsync(self, file: int) -> None:
        """Sync a file, or the names of a folder."""
        number, path = self._open[file]
        self._refuse()
        self._change(Change("sync", path, number))

    def truncate(self, path: Path, length: int) -> None:
        """Cut a file."""
        self._refuse(needs_room=False)
        os.truncate(path, length)
        self._change(Change("cut", path, self._number(path), offset=length))

    def mkdir(self, path: Path) -> None:
        """Make a folder."""
        self._refuse()
        os.mkdir(path)
        self._make(path, is_folder=True)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name."""
        self._refuse()
        os.link(source, target)
        self._change(Change("make", target, self._number(source), (self._number(target.parent),), (target.name,)))

    def replace(self, source: Path, target: Path) -> None:
        """Rename a file."""
        self._move(source, target)

    def rename(self, source: Path, target: Path) -> None:
        """Rename a file or a folder."""
        self._move(source, target)

    def _move(self, source: Path, target: Path) -> None:
        self._refuse(needs_room=False)
        number, folders = self._number(source), (self._number(source.parent), self._number(target.parent))
        os.replace(source, target)
        self._change(Change("move", target, number, folders, (source.name, target.name)))

    def unlink(self, path: Path) -> None:
        """Remove a file."""
        self._refuse(needs_room=False)
        number = self._number(path)
        os.unlink(path)
        self._change(Change("drop", path, number, (self._number(path.parent),), (path.name,)))

    def rmtree(self, path: Path) -> None:
        """Remove a folder, one name after the other."""
        for one in sorted(path.iterdir()):
            self.rmtree(one) if one.is_dir() else self.unlink(one)
        self._refuse(needs_room=False)
        number = self._number(path)
        os.rmdir(path)
        self._change(Change("drop", path, number, (self._number(path.parent),), (path.name,)))

    def _make(self, path: Path, *, is_folder: bool) -> None:
        self._n_numbers += 1
        for files in (self._now, self.before):  # it is on no disk before it has a name
            files.folders.update({self._n_numbers: {}} if is_folder else {})
            files.contents.update({} if is_folder else {self._n_numbers: b""})
        self._change(Change("make", path, self._n_numbers, (self._number(path.parent),), (path.name,)))

    def _change(self, change: Change) -> None:
        self._now.apply(change)
        self.log.append(change)

    def _refuse(self, *, needs_room: bool = True) -> None:
        """Let the fault happen, if it is its turn."""
        if not self._is_reached or self._fault is None:
            return
        if self._fault == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._fault == "gone":
            if self._vanishing is not None and self._vanishing.exists():
                names = self._now.folders[self._number(self._vanishing.parent)]
                names["moved"] = names.pop(self._vanishing.name)
                self._vanishing.rename(self._vanishing.with_name("moved"))
            self._at = -1
        elif self._fault != "full for good" or needs_room:
            self._at = self._at if self._fault in LASTING else -1
            raise OSError(ERRORS[self._fault], os.strerror(ERRORS[self._fault]))

    def _number(self, path: Path) -> int:
        """Return the number of what is at a path; what another library has put there is on the disk from the start."""
        number, at = 0, self._root
        for name in path.relative_to(self._root).parts:
            at = at / name
            if name not in self._now.folders[number]:
                self._n_numbers += 1
                content = at.read_bytes()  # or there is no such file
                for files in (self._now, self.before):
                    files.folders[number][name] = self._n_numbers
                    files.contents[self._n_numbers] = content
            number = self._now.folders[number][name]
        return number

    def _read(self, path: Path, number: int) -> None:
        for one in sorted(path.iterdir()):
            self._n_numbers += 1
            self.before.folders[number][one.name] = inner = self._n_numbers
            if one.is_dir():
                self.before.folders[inner] = {}
                self._read(one, inner)
            else:
                self.before.contents[inner] = one.read_bytes()


def after_kill(disk: Disk, at: int) -> Iterator[Files]:
    """Yield what is left of a process that is killed before a change, or in the middle of it."""
    files = disk.before.copy()
    for change in disk.log[:at]:
        files.apply(change)
    yield files
    if at < len(disk.log) and disk.log[at].kind == "write":
        for n_bytes in {len(disk.log[at].content) // 2, len(disk.log[at].content) - 1} - {0}:
            torn = files.copy()
            torn.apply(disk.log[at]._replace(content=disk.log[at].content[:n_bytes]))
            yield torn


def after_power_cut(disk: Disk, at: int) -> Iterator[Files]:
    """Yield what may be on the disk if the power is cut before a change: what was synced, and any of the rest that matters.

    Of names: none, all, each alone, those up to each. Of contents: none, all, half of the last one, zeros in its place, and
    zeros in the place of a page amid what was added to a file: pages come to the disk in any order.
    """
    log = disk.log[:at]
    synced = [_is_synced(change, log[number + 1 :]) for number, change in enumerate(log)]
    names = [n for n, change in enumerate(log) if change.kind in NAMES and not synced[n]]
    contents = [n for n, change in enumerate(log) if change.kind in CONTENTS and not synced[n]]
    some = [set(names[:n]) for n in range(len(names) + 1)] + [{one} for one in names]
    for kept in some:
        yield _left(disk, log, synced, kept, {})
        if contents:
            yield _left(disk, log, synced, kept, {n: log[n] for n in contents})
    if contents:
        all_but_last, last = {n: log[n] for n in contents[:-1]}, log[contents[-1]]
        for content in (last.content[: len(last.content) // 2], last.content[:-1], bytes(len(last.content))):
            yield _left(disk, log, synced, set(names), all_but_last | {contents[-1]: last._replace(content=content)})
        sure = _left(disk, log, synced, set(names), {})
        yield from _with_holes(sure, _left(disk, log, synced, set(names), {n: log[n] for n in contents}))


def _with_holes(sure: Files, whole: Files) -> Iterator[Files]:
    """Let a page of zeros begin where what is sure of a file ends, and one amid what was added to it."""
    for number, content in whole.contents.items():
        first = len(sure.contents[number])
        if content[:first] != sure.contents[number] or len(content) < first + 2 * PAGE:
            continue
        for start in (first, (first + len(content) - PAGE) // 2):
            files = whole.copy()
            files.contents[number] = content[:start] + bytes(PAGE) + content[start + PAGE :]
            yield files


def _is_synced(change: Change, later: list[Change]) -> bool:
    if change.kind == "sync":
        return True
    needed = set(change.folders) if change.kind in NAMES else {change.number}
    return needed <= {one.number for one in later if one.kind == "sync"}


def _left(disk: Disk, log: list[Change], synced: list[bool], names: set[int], contents: dict[int, Change]) -> Files:
    files = disk.before.copy()
    for number, change in enumerate(log):
        if synced[number] or number in names:
            files.apply(change)
        elif number in contents:
            files.apply(contents[number])
    return files


def forked(call: Callable[[], None]) -> int:
    """Do something in a process of its own; return its number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: those of the parent do nothing now
        child = os.fork()
    if not child:
        try:
            call()
        finally:
            os._exit(0)
    return child
