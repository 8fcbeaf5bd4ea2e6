"""What to do where a file cannot be written."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grokterm.errors import StorageError

ADVICE = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EACCES: "make it writable",
    errno.EPERM: "make it writable",
    errno.EROFS: "make it writable",
    errno.EEXIST: "move the file away that is in its place",
    errno.ENOTDIR: "move the file away that is in its place",
}
"""By the number of an error, in the imperative."""


def unwritable(path: Path, error: OSError, otherwise: str = "") -> StorageError:
    """Return the error of a path that cannot be written: which folder is gone, or the reason and what to do, or `otherwise`."""
    if error.errno == errno.ENOENT and (lost := gone(path)):
        return StorageError(lost)
    advice = " or ".join(filter(None, (ADVICE.get(error.errno or 0, ""), otherwise)))
    return StorageError(f"{path} cannot be written: {error.strerror}" + (f": {advice}" if advice else ""))


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a runs folder, or something in it, is written into an error of a line.

    Raises:
        StorageError: then.
    """
    try:
        yield
    except OSError as error:
        raise unwritable(path, error, "choose another folder with --runs-dir") from None


def gone(path: Path) -> str:
    """Say which folder of a path is not there any more; empty if it is all there."""
    lost = next((one for one in reversed((path, *path.parents)) if not one.exists()), None)
    return "" if lost is None else f"its folder is gone: {lost} was moved or deleted: put it back"
