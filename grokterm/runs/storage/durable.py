"""All that changes the files of runs, sweeps and settings: whole, and durable where it says so.

A file is written under a hidden name, a draft, and renamed when it is complete: a process that is killed leaves a draft, never
half a file. What is durable is also there after a power cut: its content and its name were handed to the disk before the call
has returned. What is only whole may be lost by one, or be empty: its readers do without.

Nothing else changes these files, and this module does by `os` alone, so that a test can stand in for the disk.
"""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

# What a system answers that does not sync directories: Windows, which does not open them, and some network disks.
UNSYNCABLE = {errno.EACCES, errno.EPERM, errno.EINVAL, errno.EBADF, errno.ENOTSUP}

ABANDONED = 3600.0  # seconds after which a draft that was not touched is that of a process that was killed

PIECE = 2**20  # bytes that are written at once, if they come in smaller parts

BINARY = getattr(os, "O_BINARY", 0)  # on Windows

Content = bytes | Iterable[bytes]
"""Of a file, whole or in parts."""


def write_durably(path: Path, content: Content) -> None:
    """Write a file, or replace it: after a power cut it is complete, or as it was before if this has not returned."""
    _replace(path, content, is_durable=True)
    sync_folder(path.parent)


def write_whole(path: Path, content: Content) -> None:
    """Write a file, or replace it, so that no process reads half of it; a power cut may empty it, or take it away."""
    _replace(path, content, is_durable=False)


def create(path: Path, content: bytes = b"") -> bool:
    """Write a file where there is none, neither whole nor durably; False if there is one: only one process can."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666)
    except FileExistsError:
        return False
    try:
        try:
            _write(file, content)
        finally:
            os.close(file)
    except OSError:
        remove(path)  # on a full disk
        raise
    return True


def append(path: Path, content: bytes, end: int, *, is_durable: bool = False) -> None:
    """Write to a file at this byte, and cut off what came after it; durably with all that was written before, if asked to."""
    is_cut = path.stat().st_size > end
    os.truncate(path, end)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | BINARY)
    try:
        if is_cut:
            os.fsync(file)  # or what is written may come before the rest of a line that was cut off
        _write(file, content)
        if is_durable:
            os.fsync(file)
    finally:
        os.close(file)


def touch(path: Path) -> None:
    """Let a file be of now."""
    os.utime(path)


def rename(source: Path, target: Path) -> None:
    """Rename a file or a folder, durably; a folder that is not empty is not replaced."""
    os.rename(source, target)
    for folder in dict.fromkeys((target.parent, source.parent)):
        sync_folder(folder)


def remove(path: Path) -> None:
    """Remove a file, if there is one."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def remove_tree(path: Path) -> None:
    """Remove a folder with all that is in it, so that no half of it is seen, also if that is interrupted."""
    grave = path if is_draft(path.name) else draft_of(path)
    if grave != path:
        rename(path, grave)
    shutil.rmtree(grave)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, durably, unless they are there."""
    for one in _make_missing(path):
        sync_folder(one.parent)


def write_folder(path: Path, files: Mapping[str, Content], *, inner: Iterable[str] = ()) -> None:
    """Write a folder where there is none, with folders and files in it: after a power cut it is complete, or absent."""
    with filled_draft(path, files, inner=inner) as draft:
        rename(draft, path)


@contextmanager
def filled_draft(
    path: Path, files: Mapping[str, Content], *, inner: Iterable[str] = (), links: Mapping[str, Path] = MappingProxyType({})
) -> Iterator[Path]:
    """Fill a draft of a folder, durably but for its own name: it is renamed within this context, or removed if that fails.

    `links` are files that it shares with other folders, if the disk can do that.
    """
    draft = draft_of(path)
    try:
        _fill(draft, files, inner, links)
        yield draft
    except BaseException:
        with suppress(OSError):
            remove_tree(draft)
        raise


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    try:
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        if error.errno not in UNSYNCABLE:
            raise


def draft_of(path: Path) -> Path:
    """Return a hidden name beside a path for what is to take its place, or for what is about to be removed."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def is_draft(name: str, of: str = "") -> bool:
    """Tell whether a file or a folder is a draft, of this name if one is given."""
    return re.fullmatch(rf"\.{re.escape(of) or '.+'}\.[0-9a-f]{{8}}\.tmp", name, re.DOTALL) is not None


def drop_drafts(folder: Path, of: str = "", *, age: float = ABANDONED) -> None:
    """Remove drafts that killed processes have left: those of this name if one is given, and as old, in seconds."""
    with suppress(OSError):
        drafts = [folder / name for name in os.listdir(folder) if is_draft(name, of)]
        now = disk_time(folder) if drafts and age else 0.0
        for draft in drafts:
            with suppress(OSError):
                if abs(now - draft.stat().st_mtime) > age:
                    remove_tree(draft) if draft.is_dir() and not draft.is_symlink() else remove(draft)


def disk_time(folder: Path) -> float:
    """Return the time by the clock of the disk, which hosts that share a folder agree on."""
    probe = draft_of(folder / "now")
    create(probe)
    try:
        return probe.stat().st_mtime
    finally:
        remove(probe)


def _fill(folder: Path, files: Mapping[str, Content], inner: Iterable[str], links: Mapping[str, Path]) -> None:
    os.mkdir(folder)
    folders = dict.fromkeys([*inner, *(str(Path(name).parent) for name in (*links, *files))])
    for name in folders:
        _make_missing(folder / name)
    for name, source in links.items():
        with suppress(OSError):
            os.link(source, folder / name)
    for name, content in files.items():
        _write_new(folder / name, content, is_durable=True)
    for one in dict.fromkeys(above for name in folders for above in (folder / name, *(folder / name).parents)):
        if one == folder or folder in one.parents:
            sync_folder(one)


def _make_missing(path: Path) -> list[Path]:
    missing = [one for one in reversed((path, *path.parents)) if not one.is_dir()]
    for one in missing:
        try:
            os.mkdir(one)
        except FileExistsError:
            if not one.is_dir():
                raise
    return missing


def _replace(path: Path, content: Content, *, is_durable: bool) -> None:
    draft = draft_of(path)
    try:
        _write_new(draft, content, is_durable=is_durable)
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            remove(draft)  # frees its space on a full disk, which the journal needs
        raise


def _write_new(path: Path, content: Content, *, is_durable: bool) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o666)
    try:
        for piece in _pieces(content):
            _write(file, piece)
        if is_durable:
            os.fsync(file)
    finally:
        os.close(file)


def _write(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def _pieces(content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    piece = bytearray()
    for part in content:
        piece += part
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)
