"""Inside tmux pixels are drawn if it says that it passes them on, to a terminal that draws them."""

import re

import pytest

from grokterm.plots.graphics import Graphics
from grokterm.tui.graphics.tmux import pass_through, understand_tmux


@pytest.mark.parametrize(
    ("answer", "understood"),
    [
        (b"1|kitty(0.41.1)|7|13\n", Graphics("kitty", 7, 13, is_inside_tmux=True)),  # as tmux 3.3a answers in kitty
        (b"all|ghostty 1.2.3|10|20\n", Graphics("kitty", 10, 20, is_inside_tmux=True)),
        (b"0|kitty(0.41.1)|7|13\n", None),
        (b"|kitty(0.41.1)|7|13\n", None),
        (b"on|kitty(0.26.5)|7|13\n", None),
        (b"on|XTerm(398)|7|13\n", None),
        (b"on||7|13\n", None),
        (b"on|kitty(0.41.1)||\n", None),
        (b"on|kitty(0.41.1)|0|0\n", None),
        (b"", None),
    ],
)
def test_an_answer_of_tmux_is_understood(answer: bytes, understood: Graphics | None) -> None:
    assert understand_tmux(answer) == understood


def test_every_command_is_wrapped_by_itself_and_comes_out_as_it_was() -> None:
    commands = ["\x1b[?2026h", "\x1b_Ga=T,i=7,m=1;AAAA\x1b\\", "\x1b_Gm=0;BB==\x1b\\", "\x1b[?2026l"]
    wrapped = re.findall(r"\x1bPtmux;((?:\x1b\x1b|[^\x1b])*)\x1b\\", passed := pass_through("".join(commands)))
    assert [inner.replace("\x1b\x1b", "\x1b") for inner in wrapped] == commands
    assert passed == "".join(f"\x1bPtmux;{inner}\x1b\\" for inner in wrapped)
