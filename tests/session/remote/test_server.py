"""Viewers, and what they may send."""

import random
import re
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest

from grokterm.errors import UnreachableError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.recording.records import Refused
from grokterm.session.commands import Analyze, Hold, Pause, Release, Resume, StepOnce
from grokterm.session.remote import address, audience, reading, server
from grokterm.session.remote.address import address_of, find_address, listen
from grokterm.session.remote.messages import HELLO, LONGEST_LINE, line
from grokterm.session.remote.reading import check_hello, read_command
from grokterm.session.remote.viewer import AttachedTraining, ask
from grokterm.session.remote.viewing import MOST_WAITING
from grokterm.session.serving import train
from grokterm.session.start import start_session
from grokterm.session.state import LabState
from tests.runs.tensors import same
from tests.session.driving import Driver, acts
from tests.session.remote.serving import Served, Wire, until
from tests.session.remote.test_packing import COMMANDS, assert_same, values

SILENT_SECONDS = 1.5
"""Within which a viewer that misbehaves is closed, on a busy machine."""


SEEN_BEFORE = ("n_earlier_events", "opened_at")
"""What tells a screen which news are old; each has its own."""


def assert_follows(viewer: AttachedTraining, served: Served) -> None:
    def told(state: LabState) -> dict[str, Any]:
        return {name: value for name, value in values(state).items() if name not in SEEN_BEFORE}

    until(lambda: told(viewer.state) == told(served.state), "the state")
    np.testing.assert_array_equal(viewer.state.curves.rows, served.state.curves.rows)


def test_a_viewer_knows_what_was_and_follows_what_happens(served: Served) -> None:
    served.tell(StepOnce())
    viewer = served.attach()
    assert (viewer.run_name, viewer.is_elsewhere) == (served.session.run.name, True)
    assert_follows(viewer, served)
    assert (viewer.state.opened_at, viewer.state.n_earlier_events) == (1, len(served.state.events))
    for command in (StepOnce(), Swap(train_fraction=0.3), Resume(), Pause()):
        viewer.send(command)
        served.obey()
    assert_follows(viewer, served)
    assert acts(served.driver.journal) == [(2, "swap to 30 %")]
    assert viewer.leave(60)


def test_pictures_come_when_asked_for_and_are_those_of_the_moment(served: Served) -> None:
    one, other = served.attach(), served.attach()
    one.send(Analyze())
    until(lambda: served.session.n_commands, "the question")
    other.send(Analyze())  # shares the answer
    until(lambda: len(served.server._audience._looks[0][1]) == 2, "the second question")
    other.send(StepOnce())
    other.send(Analyze())  # does not: it is about the step after
    served.obey(3)
    until(lambda: other.analysis is not None and other.analysis.step == 1, "the second picture")
    until(lambda: one.analysis is not None, "the first picture")
    assert one.analysis is not None
    assert other.analysis is not None
    assert one.analysis.step == 0
    assert_same(other.analysis.snapshot, served.driver.trainer.snapshot())
    assert served.session.n_commands == 0
    first = other.analysis
    other.send(Analyze())
    served.obey()
    until(lambda: other.analysis is not first, "another picture")
    assert other.analysis.snapshot.dataset is first.snapshot.dataset  # the equations are sent once
    for viewer in (one, other):
        assert viewer.leave(60)


def test_two_that_swap_at_once_both_have_their_way_one_after_the_other(served: Served) -> None:
    viewers = [served.attach() for _ in range(4)]
    for viewer, fraction in zip(viewers, (0.5, 0.4), strict=False):
        viewer.send(Swap(train_fraction=fraction))
    served.obey(2)
    for viewer in viewers:
        assert_follows(viewer, served)
        assert viewer.leave(60)
    assert sorted(acts(served.driver.journal)) == [(0, "swap to 40 %"), (0, "swap to 50 %")]


def test_a_viewer_that_never_reads_gets_the_newest_state_and_not_what_it_missed(served: Served) -> None:
    slow, quick = Wire(served.address), served.attach()
    assert slow.hear()["pid"]
    assert slow.hear()["message"] == "changed"
    note = "x" * 10_000
    n_sent = 4 * MOST_WAITING // len(note)
    for _ in range(n_sent):
        served.publish([Refused(step=0, message=note)])
        until(lambda: len(quick.state.refusals) == len(served.state.refusals), "what has happened")  # it delays no other
    said: list[dict[str, Any]] = []
    while not said or said[-1]["message"] != "changed":
        said.append(slow.hear())
    assert 0 < len(said) < n_sent
    n_known = sum(len(one["records"]) for one in said[:-1])
    assert len(said[-1]["grown"]["refusals"]) == n_sent - n_known  # only what it lacks
    slow.close()
    assert quick.leave(60)


def test_a_viewer_that_vanishes_lets_go_of_what_it_held_and_of_nothing_else(served: Served) -> None:
    served.tell(Resume())
    one, other = Wire(served.address), served.attach()
    for holder in (one, one, other):
        holder.say(line(Hold())) if isinstance(holder, Wire) else holder.send(Hold())
        served.obey()
    one.close()
    served.obey(2)
    assert served.state.is_held
    other.send(Release())
    served.obey()
    assert (served.state.is_held, served.state.phase) == (False, "training")
    other.send(Release())  # it holds nothing more
    other.send(Analyze())
    served.obey()
    until(lambda: other.analysis is not None, "the picture")
    assert served.session.n_commands == 0
    assert other.leave(60)


def test_a_viewer_that_does_not_answer_holds_the_training_no_longer(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "MOST_SILENT", 100)
    served.tell(Resume())
    stopped, lively = Wire(served.address), served.attach()
    for holder in (stopped, lively):
        holder.say(line(Hold())) if isinstance(holder, Wire) else holder.send(Hold())
        served.obey()

    def look(n_times: int) -> None:
        for _ in range(n_times):
            served.server._loop.call_soon_threadsafe(served.server._audience.end_lapsed_holds)

    viewers = served.server._audience._viewers
    look(99)
    until(lambda: all(viewer.n_silent >= 99 for viewer in viewers), "the looks")
    lively.say_alive()
    until(lambda: any(viewer.n_silent < 99 for viewer in viewers), "the word")
    look(2)
    served.obey()
    assert (served.state.is_held, served.state.refusals) == (True, (audience.LAPSED,))
    look(100)
    served.obey()
    assert (served.state.is_held, served.state.phase) == (False, "training")
    stopped.close()
    assert lively.leave(60)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ((line(HELLO), b"\xff\x00{[\n"), "not a command"),
        ((line(HELLO), b'{"kind":"swap"}\n'), "not a command"),
        ((line(HELLO), b"[" * 100_000 + b"\n"), "not a command"),
        ((line(HELLO), b"\n"), "not a command"),
        ((line(HELLO), b"x" * (LONGEST_LINE + 1)), "must have at most"),
        ((line(HELLO), b'{"kind":'), "has to end within"),
        ((b'{"grokterm":"9","protocol":-1}\n',), "this is grokterm"),
        ((b"GET / HTTP/1.1\n",), "the first line must be like"),
        ((b"",), "has to end within"),
    ],
)
def test_what_cannot_be_read_is_answered_and_ends_that_connection_alone(
    said: tuple[bytes, ...], problem: str, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PATIENCE_SECONDS", 0.2)
    viewer, began = served.attach(), monotonic()
    wire = Wire(served.address, *said)
    last = wire.hear_all()[-1]
    assert monotonic() - began < SILENT_SECONDS
    assert (last["message"], problem in last["problem"]) == ("failed", True)
    wire.close()
    viewer.send(StepOnce())
    served.obey()
    assert_follows(viewer, served)
    assert viewer.leave(60)


def mutated(rng: random.Random, text: bytes) -> bytes:
    """Change, remove or add some bytes of a line."""
    content = bytearray(text.rstrip(b"\n"))
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(content) + 1)
        match rng.randrange(4):
            case 0:
                content[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                del content[place : place + rng.randint(1, 9)]
            case 2:
                content[place:place] = rng.choice([b'"', b"{", b"}", b"[", b"\\", b"null", b"1e999", b"\x00", b"\xc3", b"\r"])
            case 3:
                content[place:place] = content[: rng.randrange(len(content) + 1)]
    return bytes(content).replace(b"\n", b"") + b"\n"


def is_refused(text: bytes, *, is_first: bool) -> bool:
    try:
        check_hello(text) if is_first else read_command(text)
    except UnreachableError:
        return True
    return False


def garble(address: Path, n_lines: int, seed: int = 0) -> float:
    """Send mutated lines, each on a connection of its own that has to be closed; return the longest time that it took."""
    rng, longest, n_sent = random.Random(seed), 0.0, 0
    while n_sent < n_lines:
        is_first = rng.random() < 0.2
        text = mutated(rng, line(HELLO) if is_first else line(rng.choice(COMMANDS)))
        if not is_refused(text, is_first=is_first):
            continue
        began = monotonic()
        wire = Wire(address, text) if is_first else Wire(address, line(HELLO), text)
        last = wire.hear_all()[-1]
        wire.close()
        assert last.get("message") == "failed", (text, last)
        longest, n_sent = max(longest, monotonic() - began), n_sent + 1
    return longest


def test_mutated_lines_leave_the_training_untouched(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    viewer, before = served.attach(), values(served.state)
    assert garble(served.address, 300) < SILENT_SECONDS
    assert served.session.n_commands == 0
    assert values(served.state) == before
    viewer.send(StepOnce())
    served.obey()
    assert_follows(viewer, served)
    assert viewer.leave(60)
    assert capfd.readouterr().err == ""


def test_the_end_of_the_training_is_the_end_of_the_connection(served: Served) -> None:
    viewer = served.attach()
    viewer.send(Analyze())
    served.obey()
    viewer.send(Resume())
    served.obey()
    while served.driver.trainer.ended is None:
        served.publish(served.driver.listen())
    served.close()
    until(lambda: not viewer.is_alive(), "the end")
    assert_follows(viewer, served)
    assert (viewer.state.ended, viewer.has_died) == ("complete", False)
    assert viewer.analysis is not None
    assert viewer.analysis.step == viewer.state.steps  # the last picture comes by itself
    viewer.send(Analyze())
    assert not viewer.state.refusals
    viewer.send(Pause())
    assert viewer.state.refusals == (f"process {viewer.server.pid}, which trained it, has ended: what it saved is open",)
    assert (viewer.failure, viewer.bug) == ("", None)


def test_a_viewer_whose_training_has_died_keeps_the_last_state_and_says_so(served: Served) -> None:
    viewer = served.attach()
    assert viewer.state.phase == "paused"
    served.close()  # before the run has ended
    until(lambda: not viewer.is_alive(), "the end")
    assert (viewer.state.phase, viewer.state.ended, viewer.state.step) == ("ended", "interrupted", 0)
    assert (viewer.has_died, viewer.state.refusals) == (True, ())
    assert "has died at step 0: what it saved is open" in viewer.epitaph
    with pytest.raises(UnreachableError, match="is not being trained on this host by this user"):
        AttachedTraining(served.session.run)


def test_a_training_of_another_protocol_is_not_attached_to(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    other = HELLO.model_copy(update={"grokterm": "9.9.9", "protocol": 99})
    monkeypatch.setattr(server, "HELLO", other)
    with pytest.raises(
        UnreachableError, match=r"trained by grokterm 9\.9\.9 \(protocol 99\), and this is grokterm .*: attach with"
    ):
        AttachedTraining(served.session.run)


@pytest.mark.parametrize("said", [b"SSH-2.0\n", HELLO.model_dump_json().encode() + b"\n"], ids=["other", "less"])
def test_what_is_no_training_is_not_attached_to(said: bytes, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "line", lambda _: said)
    with pytest.raises(
        UnreachableError, match=f"what answers at {served.address} is no training: {re.escape(repr(said[:60]))}"
    ):
        ask(served.address)


def test_a_training_that_is_stopped_is_said_not_to_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{ask.__module__}.ANSWER_SECONDS", 0.01)
    listener = listen(address_of(tmp_path))
    assert listener is not None
    with listener, pytest.raises(UnreachableError, match=r"no training answers at .*: it is busy, or stopped"):
        ask(address_of(tmp_path))


def test_a_socket_that_vanishes_is_made_again(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.01)
    served = Served(driver)
    viewer = served.attach()
    served.address.unlink()
    served.address.parent.rename(served.address.parent.with_name("elsewhere"))
    until(lambda: find_address(served.session.run.path), "another socket")
    again = served.attach()
    served.tell(Pause())
    for one in (viewer, again):
        assert_follows(one, served)
        assert one.leave(60)
    served.close()
    assert not served.address.exists()


def test_a_training_without_a_place_for_its_socket_says_so_once_and_goes_on(
    tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no folder").touch()
    monkeypatch.setattr(address, "_folders", lambda: iter([tmp_path / "no folder"]))
    *_, (_, state) = train(start_session(tiny, tmp_path, "tiny"))
    assert (state.ended, len(state.refusals)) == ("complete", 1)
    assert state.refusals[0].startswith("no other screen can be attached to this training: ")


def test_serving_changes_no_number(grokking: Experiment, tmp_path: Path) -> None:
    def trained(folder: str, *, is_watched: bool) -> Driver:
        driver = Driver(start_session(grokking, tmp_path / folder, "grokking"))
        served = Served(driver)
        viewer = served.attach() if is_watched else None
        while driver.trainer.ended is None:
            if viewer is not None:
                viewer.send(Analyze())
            served.publish(driver.listen())
        served.close()
        return driver

    watched, alone = trained("watched", is_watched=True), trained("alone", is_watched=False)
    assert same(watched.trainer.tensors(), alone.trainer.tensors())
