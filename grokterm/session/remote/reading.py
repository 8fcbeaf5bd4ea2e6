"""What a viewer sends: lines, of which none may be too long, take too long, or say what is not understood."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from pydantic import ValidationError

from grokterm.errors import UnreachableError
from grokterm.session.commands import Command
from grokterm.session.remote.messages import HELLO, LONGEST_LINE, PATIENCE_SECONDS, SAID, Alive, Hello

AT_ONCE = 2**16  # bytes


async def read_lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield lines until the stream ends; the first one is expected at once.

    Raises:
        UnreachableError: if a line is too long, or has begun and does not end.
    """
    loop, rest = asyncio.get_running_loop(), b""
    deadline: float | None = loop.time() + PATIENCE_SECONDS
    while True:
        content = await _read(reader, deadline)
        if not content:
            return
        *lines, rest = (rest + content).split(b"\n")
        if max(map(len, (*lines, rest))) > LONGEST_LINE:
            raise UnreachableError(f"a line must have at most {LONGEST_LINE:,} bytes")
        for one in lines:
            yield one
        if not rest:
            deadline = None
        elif lines or deadline is None:
            deadline = loop.time() + PATIENCE_SECONDS


async def _read(reader: asyncio.StreamReader, deadline: float | None) -> bytes:
    for until in (deadline, 0.0):  # what has come is read, however late this process gets to it
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                return await reader.read(AT_ONCE)
    raise UnreachableError(f"a line has to end within {PATIENCE_SECONDS:g} s")


def check_hello(text: bytes) -> None:
    """Check the first line of a viewer.

    Raises:
        UnreachableError: if it speaks another protocol.
    """
    try:
        hello = Hello.model_validate_json(text)
    except ValidationError:
        raise UnreachableError(f"the first line must be like {HELLO.model_dump_json()}") from None
    if hello.protocol != HELLO.protocol:
        raise UnreachableError(
            f"this is grokterm {HELLO.grokterm} with protocol {HELLO.protocol}, and not {hello.grokterm} with {hello.protocol}"
        )


def read_command(text: bytes) -> Command | Alive:
    """Read a further line of a viewer.

    Raises:
        UnreachableError: if it is no command.
    """
    try:
        return SAID.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise UnreachableError(f"not a command: {first['msg']}") from None
