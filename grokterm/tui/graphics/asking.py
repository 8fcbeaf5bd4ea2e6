"""Asks the terminal whether it draws pixels, before the application reads the keys."""

import os
import re
import select
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from time import monotonic

from grokterm.plots.graphics import Graphics
from grokterm.tui.graphics.tmux import ask_tmux
from grokterm.tui.graphics.versions import has_placeholders

try:
    import fcntl
    import struct
    import termios
except ImportError:
    termios = None  # type: ignore[assignment] # Windows

# Its name and version, the size of a cell, and last its attributes: every terminal answers these, and they end the answer.
QUESTIONS = b"\x1b[>q\x1b[16t\x1b[c"

_NAME = re.compile(rb"\x1bP>\|([^\x1b]*)\x1b")
_CELL = re.compile(rb"\x1b\[6;(\d+);(\d+)t")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")
_SIXEL = b"4"  # among the attributes

WAIT_SECONDS = 0.3  # of which loading the application takes most or all
REMOTE_WAIT_SECONDS = 1.5  # over ssh: an answer that comes later would be read as keys
MOST_BYTES = 4096
LARGEST_CELL = 200  # pixels: beyond it the answer is not to be trusted


def begin_asking(environ: Mapping[str, str], *, is_wanted: bool) -> Callable[[], Graphics | None]:
    """Ask, unless the answer is not wanted or could not be used; return what waits for the answer."""
    if termios is None or not is_wanted or not may_ask(environ):
        return lambda: None
    if environ.get("TMUX"):
        return ask_tmux
    with suppress(OSError, ValueError, AttributeError, termios.error):  # not a terminal, or closed
        return Asking(sys.__stdin__.fileno(), sys.__stdout__.fileno(), environ).end  # type: ignore[union-attr]
    return lambda: None


class Asking:
    """The terminal has been asked. It answers while the application is loaded; meanwhile it echoes nothing."""

    def __init__(self, keyboard: int, screen: int, environ: Mapping[str, str]) -> None:
        self._keyboard, self._screen = keyboard, screen
        self._deadline = monotonic() + (REMOTE_WAIT_SECONDS if "SSH_CONNECTION" in environ else WAIT_SECONDS)
        self._mode = termios.tcgetattr(keyboard)
        mode = termios.tcgetattr(keyboard)
        mode[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(keyboard, termios.TCSANOW, mode)
        os.write(screen, QUESTIONS)

    def end(self) -> Graphics | None:
        """Read the answer; None where the terminal draws no pixels, or says nothing."""
        answer = b""
        try:
            while not _ATTRIBUTES.search(answer) and len(answer) < MOST_BYTES:
                if not select.select([self._keyboard], [], [], max(self._deadline - monotonic(), 0))[0]:
                    return None
                answer += os.read(self._keyboard, MOST_BYTES)
        finally:
            termios.tcsetattr(self._keyboard, termios.TCSANOW, self._mode)
        return understand(answer, cell=cell_size(), can_encode_sixel=find_spec("textual_image") is not None)


def may_ask(environ: Mapping[str, str]) -> bool:
    """Tell whether the environment leaves any hope of pixels: GNU screen keeps them from the terminal, and so may tmux."""
    term = environ.get("TERM", "")
    is_plain = not term or term in ("dumb", "linux") or bool(environ.get("NO_COLOR"))
    is_in_screen = bool(environ.get("STY")) or term.startswith(("tmux", "screen"))
    return not is_plain and (bool(environ.get("TMUX")) or not is_in_screen)


def understand(answer: bytes, *, cell: tuple[int, int] | None, can_encode_sixel: bool) -> Graphics | None:
    """Return how the terminal draws pixels, or None. It may not say how large a cell is, if that is known.

    Kitty's protocol is used where its Unicode placeholders are known: kitty since 0.28, and Ghostty. Others that have the
    protocol, such as WezTerm and Konsole, lack the placeholders, but have sixel.
    """
    attributes, size = _ATTRIBUTES.search(answer), _CELL.search(answer)
    width, height = (int(size[2]), int(size[1])) if size is not None else cell or (0, 0)
    if attributes is None or not (0 < width <= LARGEST_CELL and 0 < height <= LARGEST_CELL):
        return None
    if can_encode_sixel and _SIXEL in attributes[1].split(b";"):
        return Graphics("sixel", width, height)
    name = _NAME.search(answer)
    return Graphics("kitty", width, height) if name is not None and has_placeholders(name[1]) else None


def cell_size() -> tuple[int, int] | None:
    """Return width and height of a cell now, which change with the size of the font; None where the system does not know."""
    with suppress(OSError, ValueError, AttributeError):
        packed = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, bytes(8))  # type: ignore[union-attr]
        lines, columns, width, height = struct.unpack("HHHH", packed)
        if lines and columns and width and height:
            return width // columns, height // lines
    return None
