"""A disk that refuses."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self


def disk_full() -> OSError:
    """What the operating system says when nothing fits any more."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def failing_once(call: Callable[..., Any], *, at: int = 1, number: int = errno.ENOSPC) -> Callable[..., Any]:
    """Stand in for a call that fails the n-th time it is made, with a full disk or so, and works before and after."""
    made = 0

    def stand_in(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the call takes and gives
        nonlocal made
        made += 1
        if made == at:
            raise OSError(number, os.strerror(number))
        return call(*arguments, **options)

    return stand_in


class FullFile:
    """An open file on a disk that takes so many bytes and then no more."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self._file = file
        self._room = room

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, content: bytes) -> None:
        """Write what fits."""
        self._file.write(content[: self._room])
        raise disk_full()


def open_with_room_for(n_bytes: int) -> Callable[[Path, str], FullFile]:
    """Stand in for Path.open on a disk that is nearly full."""
    real = Path.open

    def stand_in(path: Path, mode: str) -> FullFile:
        return FullFile(real(path, mode), n_bytes)  # the caller's `with` closes it

    return stand_in
