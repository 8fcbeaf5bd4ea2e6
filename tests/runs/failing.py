"""A disk that refuses."""

import errno
import os
from collections.abc import Callable
from typing import Any


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


def write_with_room_for(n_bytes: int) -> Callable[[int, bytes], int]:
    """Stand in for os.write on a disk that takes so many bytes and then no more."""
    real, room = os.write, n_bytes

    def stand_in(file: int, content: bytes) -> int:
        nonlocal room
        if not room:
            raise disk_full()
        n_written = real(file, content[:room])
        room -= n_written
        return n_written

    return stand_in
