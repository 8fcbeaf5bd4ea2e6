"""The terminal is asked what it draws; whatever it says, nothing of it is left to be read as keys."""

import os
import pty
import select
import termios
from collections.abc import Iterator
from threading import Timer

import pytest

from grokterm.plots.graphics import Graphics
from grokterm.tui.graphics.asking import QUESTIONS, Asking, begin_asking, may_ask, understand

KITTY = b"\x1bP>|kitty(0.41.1)\x1b\\\x1b[6;13;7t\x1b[?62;c"  # as kitty answers
XTERM = b"\x1bP>|XTerm(398)\x1b\\\x1b[?63;1;2;4;6;9;15;16;22;28c"  # as xterm -ti vt340 answers
WEZTERM = b"\x1bP>|WezTerm 20240203-110809-5046fc22\x1b\\\x1b[6;16;8t\x1b[?65;4;6;18;22c"


@pytest.mark.parametrize(
    ("answer", "understood"),
    [
        (KITTY, Graphics("kitty", 7, 13)),
        (KITTY.replace(b"0.41.1", b"0.27.1"), None),
        (b"\x1bP>|ghostty 1.2.3\x1b\\\x1b[6;34;17t\x1b[?62;22;52c", Graphics("kitty", 17, 34)),
        (XTERM, Graphics("sixel", 6, 12)),
        (XTERM.replace(b";4;", b";44;"), None),
        (WEZTERM, Graphics("sixel", 8, 16)),
        (b"\x1b[?62;4c", Graphics("sixel", 6, 12)),
        (b"\x1bP>|kitty(0.41.1)\x1b\\\x1b[?62;c", Graphics("kitty", 6, 12)),
        (b"qqq" + KITTY + b"\x1b[A", Graphics("kitty", 7, 13)),
        (b"\x1b[6;0;0t\x1b[?62;4c", None),
        (b"\x1b[6;99999;7t\x1b[?62;4c", None),
        (b"\x1b[?6c", None),
        (b"\x1bP>|kitty(0.41.1)\x1b\\\x1b[6;13;7t", None),
        (b"kitty 4c", None),
        (b"", None),
    ],
)
def test_an_answer_is_understood(answer: bytes, understood: Graphics | None) -> None:
    assert understand(answer, cell=(6, 12), can_encode_sixel=True) == understood


def test_sixel_needs_its_encoder_and_the_size_of_a_cell() -> None:
    assert understand(WEZTERM, cell=(8, 16), can_encode_sixel=False) is None
    assert understand(XTERM, cell=None, can_encode_sixel=True) is None


@pytest.mark.parametrize(
    ("environ", "may"),
    [
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-256color"}, True),
        ({}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, False),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, True),
        ({"TERM": "xterm-kitty", "STY": "1.host"}, False),
        ({"TERM": "tmux-256color"}, False),
        ({"TERM": "screen"}, False),
    ],
)
def test_a_terminal_that_cannot_draw_pixels_is_not_asked(environ: dict[str, str], *, may: bool) -> None:
    assert may_ask(environ) is may


def test_a_terminal_is_not_asked_if_pixels_are_not_wanted(capfd: pytest.CaptureFixture[str]) -> None:
    assert begin_asking({"TERM": "xterm-kitty"}, is_wanted=False)() is None
    assert begin_asking({"TERM": "dumb"}, is_wanted=True)() is None
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """The terminal's end of a line, and the program's."""
    terminal, program = pty.openpty()
    yield terminal, program
    os.close(terminal)
    os.close(program)


@pytest.mark.parametrize("parts", [[KITTY], [KITTY[:9], KITTY[9:30], KITTY[30:]]], ids=["whole", "in parts"])
def test_an_answer_is_read_to_its_end(ends: tuple[int, int], parts: list[bytes]) -> None:
    terminal, program = ends
    before = termios.tcgetattr(program)
    asking = Asking(program, program, {})
    assert os.read(terminal, 100) == QUESTIONS
    timers = [Timer(0.01 * number, os.write, (terminal, part)) for number, part in enumerate(parts)]
    for timer in timers:
        timer.start()
    assert asking.end() == Graphics("kitty", 7, 13)
    assert not select.select([program], [], [], 0)[0]
    assert not select.select([terminal], [], [], 0)[0]  # it was not echoed
    assert termios.tcgetattr(program) == before


def test_a_terminal_that_says_nothing_draws_no_pixels(ends: tuple[int, int]) -> None:
    _, program = ends
    before = termios.tcgetattr(program)
    assert Asking(program, program, {}).end() is None
    assert termios.tcgetattr(program) == before
