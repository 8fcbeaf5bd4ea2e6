"""Where the server listens."""

import errno
import socket
from ipaddress import ip_address

from grokterm.errors import ConfigError


def listen(host: str, port: int, *, insecure: bool) -> socket.socket:
    """Listen at a port, 0 for a free one; what other machines can reach only if that is `insecure`ly wanted.

    Raises:
        ConfigError: if it is not, the host is unknown here, or the port is taken.
    """
    try:
        family, _, _, _, found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        address = str(found[0]), port
        if not insecure and not ip_address(address[0]).is_loopback:
            raise ConfigError(
                f"--host {host} lets other machines in, unencrypted: leave it out and use ssh -L, or add --insecure"
            )
        return socket.create_server(address, family=family)
    except (socket.gaierror, UnicodeError):
        raise ConfigError(f"--host {host!r} is unknown here: leave it out, or name an address of this machine") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(f"port {port} is taken: choose another with --port, or a free one with --port 0") from None
        reason = "an address of another machine" if error.errno == errno.EADDRNOTAVAIL else error.strerror
        raise ConfigError(f"--host {host} --port {port} cannot be listened at: {reason}") from None


def address_of(listening: socket.socket) -> str:
    """Return where a browser finds it, as `http://127.0.0.1:8000`."""
    host, port = listening.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def ways_to(listening: socket.socket) -> list[str]:
    """Say how a browser gets there, from this machine and from another one."""
    host, port = listening.getsockname()[:2]
    if not ip_address(host).is_loopback:
        return [
            "grokterm: warning: nothing is encrypted: what reads along on the way may act as you here, with the token",
            "grokterm: open this in a browser; Ctrl+C ends it",
        ]
    ends = f"[{host}]" if ":" in host else host
    return [
        f"grokterm: open this in a browser; on another machine, first: ssh -L {port}:{ends}:{port} {socket.gethostname()}",
        "grokterm: with it anybody can act as you here: keep it to yourself; Ctrl+C ends it",
    ]
