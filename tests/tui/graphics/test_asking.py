"""The terminal is asked what it draws; whatever it says, nothing of it is left to be read as keys."""

import os
import pty
import select
import termios
from collections.abc import Iterator
from threading import Timer

import pytest

from grokterm.plots.graphics import Graphics
from grokterm.tui.graphics.asking import ATTRIBUTES, GRAPHICS, Answer, Asking, begin_asking, may_ask, understand

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


SSH = {"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}


@pytest.mark.parametrize(
    ("environ", "pixels", "link"),
    [
        ({"TERM": "xterm-kitty"}, False, True),
        ({"TERM": "xterm-kitty", **SSH}, False, False),
        ({"TERM": "dumb", **SSH}, True, True),
        ({"TERM": "tmux-256color", **SSH}, True, True),
    ],
)
def test_a_terminal_is_not_asked_what_is_not_wanted_or_cannot_be_said(
    environ: dict[str, str], *, pixels: bool, link: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grokterm.tui.graphics.asking.Asking", None)
    assert begin_asking(environ, pixels=pixels, link=link)() == Answer()


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
    asking = Asking(program, program, 0.3)
    assert os.read(terminal, 100) == GRAPHICS + ATTRIBUTES
    timers = [Timer(0.01 * number, os.write, (terminal, part)) for number, part in enumerate(parts)]
    for timer in timers:
        timer.start()
    answer = asking.end()
    assert (answer.graphics, answer.is_silent) == (Graphics("kitty", 7, 13), False)
    assert answer.round_trip is not None
    assert 0.01 * (len(parts) - 1) <= answer.round_trip < 0.3
    assert not select.select([program], [], [], 0)[0]
    assert not select.select([terminal], [], [], 0)[0]  # it was not echoed
    assert termios.tcgetattr(program) == before


def test_a_terminal_that_says_nothing_draws_no_pixels_and_is_not_waited_for_long(ends: tuple[int, int]) -> None:
    terminal, program = ends
    before = termios.tcgetattr(program)
    answer = Asking(program, program, 0.05, pixels=False).end()
    assert os.read(terminal, 100) == ATTRIBUTES
    assert (answer.graphics, answer.is_silent) == (None, True)
    assert answer.round_trip is not None
    assert answer.round_trip >= 0.05
    assert termios.tcgetattr(program) == before
