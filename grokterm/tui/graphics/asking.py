"""Asks the terminal whether it draws pixels, and how far away it is, before the application reads the keys."""

import os
import re
import select
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from threading import Thread
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

# Its name and version, and the size of a cell; then its attributes: every terminal answers these, and they end the answer.
GRAPHICS, ATTRIBUTES = b"\x1b[>q\x1b[16t", b"\x1b[c"

_NAME = re.compile(rb"\x1bP>\|([^\x1b]*)\x1b")
_CELL = re.compile(rb"\x1b\[6;(\d+);(\d+)t")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")
_SIXEL = b"4"  # among the attributes

WAIT_SECONDS = 0.3  # of which loading the application takes most or all
REMOTE_WAIT_SECONDS = 1.5  # over ssh: an answer that comes later would be read as keys
MOST_BYTES = 4096
MULTIPLEXERS = ("tmux", "screen")  # of TERM, as they set it
LARGEST_CELL = 200  # pixels: beyond it the answer is not to be trusted


@dataclass(frozen=True)
class Answer:
    """What is known of a terminal."""

    graphics: Graphics | None = None
    """How it draws pixels; None where it does not, or was not asked."""

    round_trip: float | None = None
    """Seconds until its answer was here, or as long as it was waited for; None if it was not asked."""

    is_silent: bool = False


def begin_asking(environ: Mapping[str, str], *, pixels: bool, link: bool) -> Callable[[], Answer]:
    """Ask for pixels, and over ssh how far away the terminal is; return what waits for the answer.

    Nothing is asked that is not wanted, or whose answer could not be used: tmux and GNU screen answer for the terminal.
    """
    wants_pixels = pixels and may_ask(environ)
    if not can_ask(environ) or not (wants_pixels or (link and is_remote(environ))):
        return lambda: Answer(graphics=ask_tmux() if wants_pixels and environ.get("TMUX") else None)
    wait = REMOTE_WAIT_SECONDS if is_remote(environ) else WAIT_SECONDS
    with suppress(OSError, ValueError, AttributeError, termios.error):  # not a terminal, or closed
        keyboard, screen = sys.__stdin__.fileno(), sys.__stdout__.fileno()  # type: ignore[union-attr]  # there is a terminal
        return Asking(keyboard, screen, wait, pixels=wants_pixels).end
    return Answer


class Asking:
    """The terminal has been asked. It answers while the application is loaded; meanwhile it echoes nothing."""

    def __init__(self, keyboard: int, screen: int, wait: float, *, pixels: bool = True) -> None:
        self._keyboard = keyboard
        self._answer = b""
        self._mode = termios.tcgetattr(keyboard)
        mode = termios.tcgetattr(keyboard)
        mode[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(keyboard, termios.TCSANOW, mode)
        os.write(screen, (GRAPHICS if pixels else b"") + ATTRIBUTES)
        self._asked_at = self._answered_at = monotonic()
        self._deadline = self._asked_at + wait
        self._thread = Thread(target=self._read, daemon=True)  # knows when the answer came, however long the loading takes
        self._thread.start()

    def end(self) -> Answer:
        """Return the answer, once it is here or was waited for."""
        try:
            self._thread.join()
        finally:
            termios.tcsetattr(self._keyboard, termios.TCSANOW, self._mode)
        graphics = understand(self._answer, cell=cell_size(), can_encode_sixel=find_spec("textual_image") is not None)
        return Answer(graphics, self._answered_at - self._asked_at, is_silent=_ATTRIBUTES.search(self._answer) is None)

    def _read(self) -> None:
        with suppress(OSError):  # the terminal is gone
            while not _ATTRIBUTES.search(self._answer) and len(self._answer) < MOST_BYTES:
                if not select.select([self._keyboard], [], [], max(self._deadline - monotonic(), 0))[0]:
                    break
                self._answer += os.read(self._keyboard, MOST_BYTES)
        self._answered_at = monotonic()


def can_ask(environ: Mapping[str, str]) -> bool:
    """Tell whether this system lets a program ask its terminal, and the terminal answers for itself."""
    return termios is not None and answers_itself(environ)


def is_remote(environ: Mapping[str, str]) -> bool:
    """Tell whether the terminal is at the other end of ssh."""
    return bool(environ.get("SSH_CONNECTION"))


def answers_itself(environ: Mapping[str, str]) -> bool:
    """Tell whether a question reaches the terminal, and it is one that answers."""
    term = environ.get("TERM", "")
    return bool(term) and term != "dumb" and not (environ.get("TMUX") or environ.get("STY") or term.startswith(MULTIPLEXERS))


def may_ask(environ: Mapping[str, str]) -> bool:
    """Tell whether the environment leaves any hope of pixels: GNU screen keeps them from the terminal, and so may tmux."""
    term = environ.get("TERM", "")
    is_plain = not term or term in ("dumb", "linux") or bool(environ.get("NO_COLOR"))
    is_in_screen = bool(environ.get("STY")) or term.startswith(MULTIPLEXERS)
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
        packed = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, bytes(8))  # type: ignore[union-attr]  # there is a terminal
        lines, columns, width, height = struct.unpack("HHHH", packed)
        if lines and columns and width and height:
            return width // columns, height // lines
    return None
