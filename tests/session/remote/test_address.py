"""Only its user finds a training, and finds it from anywhere."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from grokterm.errors import UnreachableError
from grokterm.session.remote import address
from grokterm.session.remote.address import LONGEST, address_of, find_address, is_served, listen, served_addresses
from tests.session.remote.serving import Served

NOBODY = 65534

ASK = """
import os, socket, sys
os.setgroups([])
os.setuid(int(sys.argv[1]))
connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
try:
    connection.connect(sys.argv[2])
    connection.settimeout(10)
    print("heard", connection.recv(100))
except OSError as error:
    print(type(error).__name__)
"""


@pytest.fixture(autouse=True)
def runtime(runtime_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory, and no other place for sockets."""
    with tempfile.TemporaryDirectory(dir=runtime_directory) as folder:
        monkeypatch.setattr(address, "_folders", lambda: iter([Path(folder) / "grokterm"]))
        yield Path(folder)


def test_the_folder_and_the_socket_are_closed_to_others(served: Served) -> None:
    assert (served.address.parent.stat().st_mode & 0o777, served.address.stat().st_mode & 0o777) == (0o700, 0o600)
    assert served_addresses() == [served.address]
    served.address.parent.chmod(0o777)
    find_address(served.session.run.path)
    assert served.address.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root becomes another user")
def test_another_user_hears_nothing(served: Served) -> None:
    def asked() -> str:
        command = [sys.executable, "-c", ASK, str(NOBODY), str(served.address)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert asked() == "PermissionError"
    for path in (served.address, *served.address.parents):  # even if both modes were wrong
        if path.stat().st_mode & 0o777 in (0o600, 0o700):
            path.chmod(0o777)
    assert asked() == "heard b''"


def test_a_link_or_a_folder_of_another_user_is_refused(runtime: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (runtime / "grokterm").symlink_to(tmp_path / "real")
    with pytest.raises(UnreachableError, match="is not a folder of this user: remove it"):
        address_of(tmp_path)
    assert find_address(tmp_path) is None


def test_the_socket_of_a_dead_process_is_replaced_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    place = address_of(tmp_path)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place))
    assert (place.exists(), is_served(place), find_address(tmp_path)) == (True, False, None)
    listener = listen(place)
    assert listener is not None
    assert find_address(tmp_path) == place
    assert listen(place) is None
    listener.close()
    assert served_addresses() == []
    assert not place.exists()


def test_a_run_has_one_address_however_it_is_called(tmp_path: Path) -> None:
    real = tmp_path / ("a" * 200)
    (real / "run").mkdir(parents=True)
    (tmp_path / "link").symlink_to(real)
    one, other = address_of(tmp_path / "link" / "run"), address_of(real / "run")
    assert one == other
    assert len(os.fsencode(one)) <= LONGEST


def test_a_path_that_is_too_long_for_a_socket_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: Path
) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(address, "_folders", lambda: iter([deep / "grokterm", runtime / "grokterm"]))
    assert address_of(tmp_path).parent == runtime / "grokterm"
    monkeypatch.setattr(address, "_folders", lambda: iter([deep / "grokterm"]))
    with pytest.raises(UnreachableError, match="too long"):
        address_of(tmp_path)


def test_what_is_asked_by_many_at_once_is_served(runtime: Path) -> None:
    address = runtime / "busy.sock"
    clients = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(9)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener, ExitStack() as stack:
        listener.bind(os.fspath(address))
        listener.listen(0)
        for client in map(stack.enter_context, clients):
            client.settimeout(0)
            with suppress(BlockingIOError):
                client.connect(os.fspath(address))
        assert is_served(address)
    assert not is_served(address)


def test_a_place_that_cannot_be_made_is_named(runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "_folders", lambda: iter([runtime / "gone" / "grokterm"]))
    with pytest.raises(UnreachableError, match=r"/gone/grokterm cannot be made: No such file or directory"):
        address_of(tmp_path)
    with pytest.raises(FileNotFoundError):
        listen(runtime / "gone" / "one.sock")
