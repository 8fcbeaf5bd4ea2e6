"""What trains in another process is found, or one line says why not."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.runs.lock import HOLDER, RunLock
from grokterm.runs.store import Run
from grokterm.session.remote.messages import HELLO
from grokterm.session.start import start_session
from tests.cli.process import Here, assert_refused
from tests.session.driving import Driver
from tests.session.remote.serving import Served


@pytest.fixture
def held(finished: Run) -> Run:
    """A run that this process seems to train."""
    lock = RunLock(finished.path)
    lock.take()
    return finished


@pytest.fixture
def served(tiny: Experiment, tmp_path: Path) -> Iterator[Served]:
    """A run that is served, and about to train."""
    served = Served(Driver(start_session(tiny, tmp_path / "runs", "tiny")))
    yield served
    served.close()


def hold_as(run: Run, **changes: object) -> None:
    """Let another process seem to hold a run."""
    holder = json.loads((run.path / HOLDER).read_text("utf-8"))
    (run.path / HOLDER).write_text(json.dumps(holder | changes), encoding="utf-8")


@pytest.mark.parametrize("command", [("attach",), ("runs", "stop")])
def test_a_run_that_does_not_train_is_told_apart(here: Here, finished: Run, command: tuple[str, ...]) -> None:
    name = finished.name
    assert_refused(here(*command, "nope"), "no run is called 'nope'")
    ended = f"run {name} does not train: it has ended, complete at step 60; grokterm open {name} shows it"
    assert_refused(here(*command, name), ended)
    lines = finished.journal.read_bytes().splitlines(keepends=True)
    finished.journal.write_bytes(b"".join(lines[:-1]))
    killed = (
        f"run {name} does not train: it was killed at step 60; grokterm run --resume {name} goes on from its last checkpoint"
    )
    assert_refused(here(*command, name), killed)


@pytest.mark.parametrize("command", [("attach",), ("runs", "stop")])
def test_a_run_that_trains_on_another_host_is_told_so(here: Here, held: Run, command: tuple[str, ...]) -> None:
    hold_as(held, host="gpu7", pid=4711)
    assert_refused(here(*command, held.name), f"is trained by process 4711 on gpu7: grokterm open {held.name} follows it")


def test_a_process_that_listens_nowhere_cannot_be_attached_to(here: Here, held: Run) -> None:
    assert_refused(here("attach", held.name), f"run {held.name} is not being trained on this host by this user")


@pytest.mark.usefixtures("_alone")
def test_without_a_name_there_must_be_one_that_trains(here: Here, served: Served) -> None:
    assert_refused(here("attach", "--runs-dir", served.session.run.path.parent), "the lab needs a terminal")  # it was found
    served.close()
    assert_refused(here("attach"), "no run trains on this host: grokterm run --detach --preset NAME starts one")


def test_a_training_of_another_version_is_not_attached_to_but_can_be_stopped(
    here: Here, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grokterm.session.remote.server.HELLO", HELLO.model_copy(update={"protocol": 99}))
    run, driver = served.session.run, served.driver
    assert_refused(here("attach", run.name), "protocol 99", "attach with that version")
    signaled = []

    def end(pid: int, number: int) -> None:
        if number:
            signaled.append((pid, number))
            driver.leave()

    monkeypatch.setattr("grokterm.session.attaching.os.kill", end)
    outcome = here("runs", "stop", run.name)
    assert signaled == [(os.getpid(), signal.SIGTERM)]
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"{run.name} is saved at step 0 and has ended; grokterm run --resume {run.name} goes on\n"


def test_only_its_user_can_stop_a_training(here: Here, held: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr("grokterm.session.attaching.os.kill", refuse)
    alone = f"run {held.name} is trained by process {os.getpid()} of another user, who alone can stop it"
    assert_refused(here("runs", "stop", held.name), alone)


def test_a_training_that_ends_as_it_is_to_be_stopped_has_ended(here: Here, held: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: int, number: int) -> None:
        if number:
            (held.path / HOLDER).unlink()
            raise ProcessLookupError

    monkeypatch.setattr("grokterm.session.attaching.os.kill", gone)
    assert here("runs", "stop", held.name).code == 0
