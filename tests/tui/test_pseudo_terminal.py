"""The real program in a real, if pseudo, terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from grokterm.experiment.recording.records import Started
from grokterm.runs.lock import holder_of
from grokterm.runs.store import Run
from grokterm.session.start import resume_session
from grokterm.training.signals import SAVING
from grokterm.tui.appearance.preferences import change_preferences
from grokterm.tui.appearance.remembered import preferences_path
from grokterm.tui.graphics.asking import ATTRIBUTES, GRAPHICS
from tests.tui.driving import BRIEF, ENDLESS, journal, only_run

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 300.0
"""Starting loads torch, and the machine may be busy."""

KITTY = b"\x1bP>|kitty(0.41.1)\x1b\\\x1b[6;16;8t\x1b[?62;c"  # what kitty says it is
PICTURES = (b"\x1b_G", b"\x1bP")  # how a command of kitty's protocol begins, and one of sixel

ALTERNATE_SCREEN_LEFT, CURSOR_SHOWN = b"\x1b[?1049l", b"\x1b[?25h"
COLOR = re.compile(rb"\x1b\[(?:\d+;)*(?:[34][0-8]|9[0-7]|10[0-7])[;\d]*m")

TAKE_CONTROL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
"""Makes the terminal the one whose end is signaled; without it the program has to notice by itself."""

RUN = "import runpy; runpy.run_module('grokterm', run_name='__main__')"


class Terminal:
    """A pseudo-terminal, and the program in it."""

    def __init__(self, *options: str, text: str, controls: bool = True, answer: bytes = b"", **environ: str) -> None:
        Path("tried.toml").write_text(text, encoding="utf-8")
        self.master, slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        take = TAKE_CONTROL if controls else ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"{take}{RUN}", "--preset", "./tried.toml", *options],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color", "COLORTERM": "", "TMUX": "", "STY": ""} | environ,
        )
        os.close(slave)
        self.output = b""
        self._answer = answer  # to what is asked of the terminal

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def read_until(self, condition: Callable[[], object]) -> None:
        """Read what is painted until a condition holds."""
        deadline = monotonic() + PATIENCE_SECONDS
        while not condition():
            assert monotonic() < deadline, self.output[-2000:].decode(errors="replace")
            if select.select([self.master], [], [], 0.05)[0]:
                with suppress(OSError):  # EIO: the program has gone
                    self.output += os.read(self.master, 65536)
            if self._answer and GRAPHICS + ATTRIBUTES in self.output:
                os.write(self.master, self._answer)
                self._answer = b""

    def read_to_the_end(self) -> int:
        """Read until the program has ended; return its exit code."""
        self.read_until(lambda: self.process.poll() is not None)
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.output += os.read(self.master, 65536)
            except OSError:
                break
        return self.process.returncode

    def shows(self, *words: str) -> Callable[[], bool]:
        return lambda: all(word.encode() in self.output for word in words)

    @property
    def last_words(self) -> str:
        """What is on the terminal after the screen has closed."""
        return self.output.rpartition(ALTERNATE_SCREEN_LEFT)[2].decode()

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.master >= 0:
            os.close(self.master)


@pytest.fixture
def opened() -> Iterator[Callable[..., Terminal]]:
    terminals: list[Terminal] = []

    def open_terminal(*options: str, text: str, controls: bool = True, answer: bytes = b"", **environ: str) -> Terminal:
        terminals.append(Terminal(*options, text=text, controls=controls, answer=answer, **environ))
        return terminals[-1]

    yield open_terminal
    for terminal in terminals:
        terminal.end()


@contextmanager
def in_background(run: Run) -> Iterator[int]:
    """Wait until a process goes on with the run; end it, and wait until it has saved the run."""
    pause = Event()
    while (holder := holder_of(run.path)) is None or run.journal.read_bytes().count(b'"started"') < 2:
        pause.wait(0.02)
    try:
        yield holder.pid
    finally:
        os.kill(holder.pid, signal.SIGTERM)
        while holder_of(run.path) is not None:
            pause.wait(0.02)


def acts() -> list[str]:
    """List the kinds of records of the only run."""
    return [record.record for record in journal(only_run())]


def saved_step() -> int:
    session, _ = resume_session(only_run())
    return session.trainer.step


def test_a_form_leaves_a_signal_that_saves_alone_and_what_is_paused_is_left_without_a_question(
    opened: Callable[..., Terminal],
) -> None:
    terminal = opened(text=ENDLESS)
    terminal.read_until(terminal.shows("Endless", "presets"))
    terminal.process.send_signal(signal.SIGUSR1)
    terminal.press("\r")
    terminal.read_until(terminal.shows("1,000,000", "● training"))
    terminal.press(" ")
    terminal.read_until(terminal.shows("‖ paused"))
    terminal.press("q")
    assert terminal.read_to_the_end() == 0
    assert saved_step() > 0
    assert f"; grokterm open {only_run().name} goes on with it\r\n" in terminal.last_words


def test_signals_that_save_leave_the_lab_open_and_what_trains_is_left_after_a_question(
    opened: Callable[..., Terminal],
) -> None:
    terminal = opened("--start", text=ENDLESS)
    terminal.read_until(terminal.shows("● training", "/ 1,000,000"))
    for number in SAVING:
        n_saves = acts().count("acted")
        for _ in range(2):
            terminal.process.send_signal(number)
        terminal.read_until(lambda: acts()[:-1].count("acted") > n_saves)  # noqa: B023
    terminal.read_until(terminal.shows("Saved"))  # also after a milestone, which saves too
    kinds = acts()
    assert kinds[kinds.index("acted") + 1] == "checkpointed"
    terminal.press("q")
    terminal.read_until(terminal.shows("Save and quit"))
    terminal.press("y")
    assert terminal.read_to_the_end() == 0
    assert saved_step() > 0


def test_a_training_started_at_once_runs_to_its_end(opened: Callable[..., Terminal]) -> None:
    terminal = opened("--start", text=BRIEF)
    terminal.read_until(terminal.shows("ended (complete)"))
    terminal.press("q")
    assert terminal.read_to_the_end() == 0
    assert f"grokterm: {only_run().name} is complete at step 40; " in terminal.last_words


@pytest.mark.parametrize(
    ("number", "code", "variables"),
    [(signal.SIGTERM, 143, {"NO_COLOR": "1"}), (signal.SIGINT, 130, {})],
    ids=["no color", "color"],
)
def test_a_signal_restores_a_screen_of_the_colors_that_are_wanted_with_the_run_saved(
    opened: Callable[..., Terminal], number: signal.Signals, code: int, variables: dict[str, str]
) -> None:
    terminal = opened("--start", text=ENDLESS, **variables)
    terminal.read_until(terminal.shows("● training", "/ 1,000,000"))
    terminal.process.send_signal(number)
    assert terminal.read_to_the_end() == code
    assert ALTERNATE_SCREEN_LEFT in terminal.output
    assert CURSOR_SHOWN in terminal.output
    assert b"Traceback" not in terminal.output
    assert saved_step() > 0
    assert journal(only_run())[-1].record == "finished"
    assert b"38;2;" not in terminal.output  # which ssh does not carry
    assert not any(start in terminal.output for start in PICTURES)
    if variables:
        assert COLOR.findall(terminal.output) == []
        assert GRAPHICS not in terminal.output
        assert b"\x1b[38" not in terminal.output
        assert b"\x1b[48" not in terminal.output
    else:
        assert b"\x1b[38;5;" in terminal.output or b";38;5;" in terminal.output


def test_a_terminal_that_goes_away_leaves_the_training_in_the_background(opened: Callable[..., Terminal]) -> None:
    terminal = opened("--start", text=ENDLESS)
    terminal.read_until(terminal.shows("● training", "/ 1,000,000"))
    terminal.hang_up()
    assert terminal.process.wait(PATIENCE_SECONDS) == 129
    with in_background(only_run()) as pid:
        started = [record for record in journal(only_run()) if isinstance(record, Started)]
        assert [record.owner.pid for record in started if record.owner] == [terminal.process.pid, pid]
        assert started[1].step > 0
        assert os.getsid(pid) == pid


def test_a_terminal_that_goes_away_without_a_signal_ends_the_program_with_the_run_saved(
    opened: Callable[..., Terminal],
) -> None:
    change_preferences(preferences_path(), {"hangup": "save"})
    terminal = opened("--start", text=ENDLESS, controls=False)
    terminal.read_until(terminal.shows("● training", "/ 1,000,000"))
    terminal.hang_up()
    assert terminal.process.wait(PATIENCE_SECONDS) == 129
    assert saved_step() > 0
    assert journal(only_run())[-1].record == "finished"


def test_a_form_whose_terminal_goes_away_ends_too(opened: Callable[..., Terminal]) -> None:
    terminal = opened(text=ENDLESS, controls=False)
    terminal.read_until(terminal.shows("Endless", "presets"))
    terminal.hang_up()
    assert terminal.process.wait(PATIENCE_SECONDS) == 129


def test_a_terminal_that_says_it_draws_pixels_is_sent_some_and_forgets_them(opened: Callable[..., Terminal]) -> None:
    terminal = opened("--start", text=ENDLESS, answer=KITTY)
    terminal.read_until(terminal.shows("training", "/ 1,000,000"))
    terminal.press("2")
    terminal.read_until(terminal.shows("\x1b_Ga=T"))
    terminal.process.terminate()
    assert terminal.read_to_the_end() == 143
    assert b"\x1b_Ga=d,d=I" in terminal.output


def test_without_a_terminal_the_lab_says_what_to_use_instead() -> None:
    Path("tried.toml").write_text(BRIEF, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "grokterm", "--preset", "./tried.toml"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("grokterm: the lab needs a terminal")
    assert done.stdout == ""
