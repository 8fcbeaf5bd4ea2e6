from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from weakref import ref

import pytest

from grokterm.errors import CheckpointError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Stop
from grokterm.experiment.recording.records import Finished, Record
from grokterm.runs.journal import read_journal
from grokterm.runs.naming import Named
from grokterm.runs.store import list_runs
from grokterm.session.commands import Analyze, Command, Leave, Pause, Resume, SetPace
from grokterm.session.detached import Outset
from grokterm.session.session import Session
from grokterm.session.start import resume_session, start_session
from grokterm.session.state import LabState
from grokterm.session.thread import OpenedSession, TrainingThread
from tests.runs.tensors import same
from tests.session.driving import Driver, undisturbed

SECONDS = 120.0
"""How long to wait for what comes at once."""

Start = Callable[..., TrainingThread]


@pytest.fixture
def start(grokking: Experiment) -> Iterator[Start]:
    """Start threads that end with the test, and have been told something before."""
    threads = []

    def start(opener: Callable[[], OpenedSession], *commands: Command) -> TrainingThread:
        threads.append(TrainingThread(opener, LabState(grokking)))
        for command in commands:
            threads[-1].send(command)
        threads[-1].start()
        return threads[-1]

    yield start
    for thread in threads:
        assert thread.leave(SECONDS)


def until(thread: TrainingThread, condition: Callable[[], bool]) -> None:
    """Wait for a condition, but not for ever."""
    pause = Event()
    for _ in range(int(SECONDS / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError(f"it never came: the thread is at {thread.state.phase}, {thread.failure or thread.bug}")


class Screen:
    """Refers to itself, as what has a parent and children does."""

    itself: "Screen"


def new_run(experiment: Experiment, folder: Path) -> Callable[[], OpenedSession]:
    return lambda: (start_session(experiment, folder, "grokking"), ())


def test_a_thread_trains_to_the_end_and_stays_to_be_asked(start: Start, grokking: Experiment, tmp_path: Path) -> None:
    thread = start(new_run(grokking, tmp_path))
    until(thread, lambda: thread.state.phase == "ended")
    assert thread.state.ended == "complete"
    assert thread.run_name == list_runs(tmp_path)[0].name
    thread.send(Analyze())
    until(thread, lambda: thread.analysis is not None)
    assert thread.is_alive()


def test_what_was_there_when_a_training_began_is_freed_when_it_is_gone(
    start: Start, grokking: Experiment, tmp_path: Path
) -> None:
    def train_briefly() -> None:
        thread = start(new_run(grokking, tmp_path))
        until(thread, lambda: thread.state.phase == "ended")

    train_briefly()  # the first in a process, which leaves the modules to themselves
    screen = Screen()
    screen.itself = screen
    known = ref(screen)
    train_briefly()
    del screen
    train_briefly()
    assert known() is None


def test_leaving_saves_and_ends_the_thread(start: Start, grokking: Experiment, tmp_path: Path) -> None:
    thread = start(new_run(grokking, tmp_path), SetPace(steps_per_second=1))
    until(thread, lambda: thread.state.step > 0)
    assert thread.leave(SECONDS)
    (run,) = list_runs(tmp_path)
    assert thread.state.ended == "interrupted"
    assert isinstance(read_journal(run.journal)[-1], Finished)
    resumed = Driver(resume_session(run)[0])
    resumed.train()
    assert same(resumed.trainer.tensors(), undisturbed(grokking).tensors())


def test_what_is_said_before_the_session_is_open_is_heard_in_order(start: Start, grokking: Experiment, tmp_path: Path) -> None:
    said = Event()

    def opener() -> OpenedSession:
        assert said.wait(SECONDS)
        return start_session(grokking, tmp_path, "grokking"), ()

    thread = start(opener)
    assert (thread.run_name, thread.analysis) == ("", None)
    for command in (Pause(), Resume(), Stop(), Leave()):
        thread.send(command)
    said.set()
    thread.join(SECONDS)
    assert (thread.state.step, thread.state.ended) == (0, "stopped")


def test_what_the_user_can_mend_is_a_failure_and_not_a_bug(start: Start) -> None:
    def opener() -> OpenedSession:
        raise CheckpointError("checkpoint x cannot be read")

    thread = start(opener)
    thread.join(SECONDS)
    assert thread.failure == "checkpoint x cannot be read"
    assert thread.bug is None
    assert thread.state.phase == "failed"


def test_a_bug_is_kept_for_the_screen_to_raise(start: Start) -> None:
    bug = ValueError("should not happen")

    def opener() -> OpenedSession:
        raise bug

    thread = start(opener)
    thread.join(SECONDS)
    assert thread.bug is bug
    assert thread.failure == ""


def test_a_thread_on_a_saved_run_knows_its_past_and_waits(start: Start, driver: Driver) -> None:
    driver.pause_at(6)
    driver.leave()
    thread = start(lambda: resume_session(driver.session.run, paused=True))
    until(thread, lambda: thread.state.phase == "paused")
    assert thread.state.step == 6
    assert thread.state.curves.column("step").tolist() == [0, 2, 4, 6]
    thread.send(Resume())
    until(thread, lambda: thread.state.ended == "complete")
    assert thread.state.curves.column("step").tolist() == list(range(0, 101, 2))


def test_a_part_that_is_left_says_what_is_to_be_trained_after_it(grokking: Experiment, tmp_path: Path) -> None:
    whole = Named(grokking, "whole", "whole")

    def parts() -> Iterator[tuple[str, Session]]:
        yield "part 1 of 1", start_session(grokking, tmp_path, "part")

    thread = TrainingThread(new_run(grokking, tmp_path), LabState(grokking), parts, whole=whole)
    thread.send(SetPace(steps_per_second=1))
    thread.start()
    until(thread, lambda: thread.state.step > 0)
    assert thread.leave(SECONDS)
    (part,) = list_runs(tmp_path)
    assert thread.saved_run == part
    assert thread.outset == Outset(pace=1, whole=whole)


def test_what_comes_too_late_for_a_part_is_told_to_what_follows(
    grokking: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parts() -> Iterator[tuple[str, Session]]:
        part = start_session(grokking, tmp_path, "part")
        records = part.records

        def left_late(**how: bool) -> Iterator[list[Record]]:
            yield from records(**how)
            part.send(Leave())

        monkeypatch.setattr(part, "records", left_late)
        yield "part 1 of 1", part

    thread = TrainingThread(new_run(grokking, tmp_path), LabState(grokking), parts)
    thread.start()
    thread.join(SECONDS)
    assert (thread.state.step, thread.state.ended) == (0, "interrupted")


def test_a_part_of_a_mixture_says_which_it_is_while_it_trains(grokking: Experiment, tmp_path: Path) -> None:
    seen: list[str] = []

    def parts() -> Iterator[tuple[str, Session]]:
        for which in ("part 1 of 2", "part 2 of 2"):
            yield which, start_session(grokking, tmp_path, "part")
            seen.append(thread.state.part)

    thread = TrainingThread(new_run(grokking, tmp_path), LabState(grokking), parts)
    thread.start()
    until(thread, lambda: len(list_runs(tmp_path)) == 3 and thread.state.phase == "ended" and not thread.state.part)
    assert seen == ["part 1 of 2", "part 2 of 2"]
    assert thread.state.part == ""
    assert thread.leave(SECONDS)
