"""Where the socket of a training lies: in a folder that only its user may enter.

The folder is the user's runtime directory, which lies in memory and may go when they log out, else one in the temporary
directory. Who serves takes the first that there is; who looks for a training looks into all of them, because a login over SSH
and a job of the night do not have the same environment.
"""

import os
import socket
import stat
import struct
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from grokterm.errors import UnreachableError

HAS_SOCKETS = hasattr(socket, "AF_UNIX")  # Windows has none

LONGEST = 100  # bytes of a socket's path: macOS takes 103, Linux 107
DRAFT = ".new"  # ends the name of a socket that does not listen yet


def require_sockets(what: str, instead: str) -> None:
    """Check that a process can be reached on this system.

    Raises:
        UnreachableError: if not, with what to do instead.
    """
    if not HAS_SOCKETS:
        raise UnreachableError(f"{what} needs Unix sockets, which this system lacks: {instead}")


def address_of(run: Path) -> Path:
    """Return where the training of a run is to be served.

    Raises:
        UnreachableError: if there is no folder for it.
    """
    name, problems = _name(run), list[str]()
    for folder in _folders():
        address = folder / name
        if len(os.fsencode(address)) + len(DRAFT) > LONGEST:
            continue
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            check_private(folder)
        except OSError as error:
            problems.append(f"{folder} cannot be made: {error.strerror}")
        except UnreachableError as error:
            problems.append(str(error))
        else:
            return address
    raise UnreachableError(problems[-1] if problems else "the paths of temporary directories are too long")


def find_address(run: Path) -> Path | None:
    """Return the socket at which the training of a run is served; None if there is none, or a dead one."""
    return next((folder / _name(run) for folder in _private_folders() if is_served(folder / _name(run))), None)


def served_addresses() -> list[Path]:
    """List the sockets at which trainings of this user are served on this host; remove dead ones."""
    found = []
    for folder in _private_folders():
        for address in sorted(folder.glob("*.sock")):
            if is_served(address):
                found.append(address)
            else:
                address.unlink(missing_ok=True)
    return found


def is_served(address: Path) -> bool:
    """Whether a process listens at a socket; one that a dead process has left does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(os.fspath(address))
        except BlockingIOError:
            return True  # many ask at once
        except OSError:
            return False
    return True


def listen(address: Path) -> socket.socket | None:
    """Listen at an address, with mode 0600, also where a dead process has left its socket; None if another one listens.

    Raises:
        OSError: if the socket cannot be made.
    """
    if is_served(address):
        return None
    draft = address.with_name(f"{address.name}{DRAFT}")
    draft.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(os.fspath(draft))
        draft.chmod(0o600)
        listener.listen(64)
        draft.replace(address)  # complete: a socket that is found accepts
    except OSError:
        listener.close()
        draft.unlink(missing_ok=True)
        raise
    return listener


def check_private(folder: Path) -> None:
    """Check that a folder is this user's own, and close it to others.

    Raises:
        UnreachableError: if it is a link, or another user's: they might listen there.
        OSError: if it cannot be looked at.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise UnreachableError(f"{folder} is not a folder of this user: remove it")
    if stat.S_IMODE(status.st_mode) != 0o700:
        folder.chmod(0o700)


def is_own(connection: socket.socket) -> bool:
    """Whether the other end of a connection is a process of this user; True where the system does not tell."""
    if not hasattr(socket, "SO_PEERCRED"):  # not Linux: the folder alone keeps others out
        return True
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(user == os.getuid())


def _name(run: Path) -> str:
    return f"{sha256(os.fsencode(run.resolve())).hexdigest()[:16]}.sock"


def _folders() -> Iterator[Path]:
    """List the folders where a socket may lie, the best first."""
    user = os.getuid()
    for runtime in dict.fromkeys((os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{user}")):
        with suppress(OSError):
            if runtime.startswith("/") and Path(runtime).stat().st_uid == user:  # `su` keeps the variable of another
                yield Path(runtime) / "grokterm"
    for temporary in dict.fromkeys((tempfile.gettempdir(), "/tmp")):
        yield Path(temporary) / f"grokterm-{user}"


def _private_folders() -> Iterator[Path]:
    for folder in _folders() if HAS_SOCKETS else ():
        try:
            check_private(folder)
        except (OSError, UnreachableError):
            continue
        yield folder
