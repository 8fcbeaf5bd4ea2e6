import os
import subprocess
import sys
from pathlib import Path

import pytest

from grokterm.experiment.recording.owner import Owner
from grokterm.runs import owner
from grokterm.runs.owner import life, this_process

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def another(**changed: object) -> Owner:
    return this_process().model_copy(update=changed)


def ended_process(*, is_reaped: bool) -> subprocess.Popen[bytes]:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.read()  # until it ends
    child.stdout.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    if is_reaped:
        child.wait()
    return child


def test_this_process_lives() -> None:
    assert life(this_process()) == "alive"


def test_a_process_that_has_gone_is_dead() -> None:
    assert life(another(pid=ended_process(is_reaped=True).pid)) == "dead"


@LINUX
def test_a_process_that_its_parent_has_not_asked_after_is_dead() -> None:
    child = ended_process(is_reaped=False)
    assert life(another(pid=child.pid)) == "dead"
    child.wait()


@LINUX
def test_a_later_process_with_the_same_pid_is_another() -> None:
    now = this_process()
    assert now.start is not None
    assert life(another(start=now.start - 1)) == "dead"


@LINUX
def test_nothing_lives_through_a_restart_of_its_host() -> None:
    assert life(another(boot="another")) == "dead"


@pytest.mark.parametrize("place", ["host", "namespace"])
def test_another_host_or_container_cannot_be_asked(place: str) -> None:
    assert life(another(**{place: "another"})) == "unknown"


def test_a_process_of_another_user_that_hides_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    monkeypatch.setattr(owner, "_start", lambda _: None)
    assert life(another(start=1)) == "alive"


def test_where_there_is_no_proc_the_pid_alone_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(owner, "PROC", tmp_path)
    now = this_process()
    assert (now.namespace, now.boot, now.start) == (None, None, None)
    assert life(now) == "alive"
    assert life(another(pid=ended_process(is_reaped=True).pid)) == "dead"


def test_windows_knows_only_this_process_and_interrupts_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "kill")
    monkeypatch.setattr(sys, "platform", "win32")
    assert life(this_process()) == "alive"
    assert life(another(pid=1)) == "unknown"
