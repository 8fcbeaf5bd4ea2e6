"""A program in a pseudo-terminal, whose screen and keyboard are elsewhere."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

try:
    import fcntl
    import struct
    import termios
except ImportError:
    pass  # Windows, where `grokterm serve` says that it needs them

MOST_BYTES = 2**16  # read at once
LAST_SECONDS = 0.2  # for what a program wrote just before it ended, if one that it has started keeps the terminal open

AROUND = ("TERM", "TMUX", "STY", "LINES", "COLUMNS", "WINDOWID", "VTE_", "KITTY_", "WEZTERM_", "GHOSTTY_", "ITERM_", "KONSOLE_")
"""How variables of the terminal around this process begin, which is not that of the program."""


class Size(NamedTuple):
    """Of a terminal, in cells."""

    columns: int
    lines: int


class Terminal:
    """Ends its program as a window does that is closed, or a connection that drops: by a hangup."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        output: asyncio.StreamReader,
        screen: asyncio.ReadTransport,
        keyboard: asyncio.WriteTransport,
    ) -> None:
        self._process = process
        self._output = output
        self._screen = screen
        self._keyboard = keyboard
        self.ended = asyncio.create_task(self._end())

    @classmethod
    async def start(cls, command: Sequence[str], size: Size) -> Self:
        """Start a program in a terminal of its own.

        Raises:
            OSError: if the system has no more terminals or processes.
        """
        outside, inside = os.openpty()
        try:
            _resize(outside, size)
            process = await asyncio.create_subprocess_exec(
                *command, stdin=inside, stdout=inside, stderr=inside, env=environment(os.environ), start_new_session=True
            )
        except BaseException:
            os.close(outside)
            raise
        finally:
            os.close(inside)
        loop, output = asyncio.get_running_loop(), asyncio.StreamReader()
        writing = os.fdopen(os.dup(outside), "wb", buffering=0)
        reading = os.fdopen(outside, "rb", buffering=0)
        screen, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(output), reading)
        keyboard, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, writing)
        return cls(process, output, screen, keyboard)

    async def read(self) -> bytes:
        """Wait for what the program writes next; nothing once it has ended, or was hung up."""
        with suppress(OSError):  # EIO: it has ended
            return await self._output.read(MOST_BYTES)
        return b""

    def press(self, keys: str) -> None:
        """Hand keys to the program."""
        self._keyboard.write(keys.encode(errors="replace"))

    def resize(self, size: Size) -> None:
        """Tell the program that its terminal has another size."""
        if not self._screen.is_closing():
            _resize(self._screen.get_extra_info("pipe").fileno(), size)
            self._signal(signal.SIGWINCH)  # which the system sends by itself only to those whose controlling terminal it is

    def hang_up(self) -> None:
        """Take screen and keyboard away."""
        self._close()
        self._signal(signal.SIGHUP)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def _end(self) -> None:
        await self._process.wait()
        await asyncio.sleep(LAST_SECONDS)
        self._close()

    def _close(self) -> None:
        if not self._screen.is_closing():
            self._screen.close()
        if not self._keyboard.is_closing():
            self._keyboard.abort()  # what was typed and not yet read is nothing to wait for


def environment(around: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program in the terminal of a browser: xterm.js, which draws every color and no pixels."""
    kept = {name: value for name, value in around.items() if not name.startswith(AROUND)}
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


def _resize(terminal: int, size: Size) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.lines, size.columns, 0, 0))
