"""Loops of a caller: what they run through is closed when Python ends, while it can still save something."""

import atexit
from collections.abc import Generator
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakSet

Item = TypeVar("Item")

_begun: WeakSet[Generator[Any, None, None]] = WeakSet()


def closed_at_exit(loop: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """Close a generator at the end of Python, if it is then still suspended: a traceback may have kept it."""
    _begun.add(loop)
    return loop


@atexit.register
def _close() -> None:
    for loop in [*_begun]:
        with suppress(ValueError):  # another thread is in it, and ends with Python
            loop.close()
