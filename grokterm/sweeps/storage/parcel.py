"""A sweep's definition, and members, as they travel to a host that does not see the sweep's folder, and back."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grokterm.runs.finding import is_sweep
from grokterm.runs.lock import HOLDER, LOCK, MARKER
from grokterm.runs.storage.durable import filled_draft, remove, remove_tree, rename, write_folder
from grokterm.runs.store import SWEEP
from grokterm.sweeps.storage.folder import FOLDERS, META, REPLACED, SweepFolder
from grokterm.sweeps.storage.lease import Lease
from grokterm.sweeps.storage.result import Result

Files = Mapping[str, bytes]
"""What a folder holds, by path."""

OF_A_PROCESS = {LOCK, MARKER, HOLDER}

MARK = ".seen-"


@dataclass(frozen=True)
class Parcel:
    """A member: its run, ended or not, and what came of it."""

    key: str
    run: Files
    result: Result | None = None


def mark_of(folder: Path, nonce: str) -> Path:
    """Return the file by which a host tells whether it sees the folder of a sweep: a lease of the process that submits."""
    return folder / f"{MARK}{nonce}"


def definition_of(sweep: SweepFolder) -> Files:
    """Read what a sweep is defined by, without its members."""
    own = {name: (sweep.path / name).read_bytes() for name in (SWEEP, META)}
    return own | {f"files/{name}": content for name, content in _read(sweep.path / "files").items()}


def set_up(definition: Files, path: Path) -> SweepFolder:
    """Make a folder of a sweep, unless another process has.

    Raises:
        OSError: if it cannot be written.
    """
    if not is_sweep(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # private, as it is a temporary folder
        try:
            write_folder(path, definition, inner=FOLDERS)
        except OSError:
            if not is_sweep(path):
                raise
    return SweepFolder(path)


def pack(sweep: SweepFolder, key: str) -> Parcel:
    """Read a member.

    Raises:
        OSError: if it cannot be read.
    """
    return Parcel(key, _read(sweep.place_of(key)), sweep.result_of(key))


def take_out(sweep: SweepFolder, key: str) -> Parcel:
    """Read a member, and remove it here.

    Raises:
        OSError: if it cannot be read.
    """
    parcel = pack(sweep, key)
    with suppress(OSError):
        remove_tree(sweep.place_of(key))
    remove(sweep.result_file(key))
    return parcel


def unpack(parcel: Parcel, sweep: SweepFolder) -> bool:
    """Write a member, whole or not at all, unless it has ended here; False if another process works on it.

    Raises:
        OSError: if it cannot be written.
    """
    if sweep.result_of(parcel.key) is not None:
        return True
    lease = Lease.take(sweep.lease_of(parcel.key))
    if lease is None:
        return False
    with lease:
        if parcel.run:
            sweep.put_back(parcel.key)
            _replace(parcel.run, sweep, parcel.key)
        if parcel.result is not None:
            sweep.keep_result(parcel.result)
    return True


def _replace(files: Files, sweep: SweepFolder, key: str) -> None:
    path = sweep.place_of(key)
    try:
        with filled_draft(path, files, inner=["checkpoints"]) as draft:  # the folder also where only results are kept
            if path.exists():
                rename(path, path.with_name(f".{path.name}{REPLACED}"))
            rename(draft, path)
    finally:
        sweep.put_back(key)


def _read(folder: Path) -> Files:
    """Read a folder without drafts; a file that a process removes meanwhile is left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.name not in OF_A_PROCESS:
            with suppress(FileNotFoundError):
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found
