"""Pixels inside tmux, which hands commands on to kitty or Ghostty if `allow-passthrough` is on."""

import re
import subprocess

from grokterm.plots.graphics import Graphics
from grokterm.tui.graphics.versions import has_placeholders

WAIT_SECONDS = 0.5
QUESTION = "#{allow-passthrough}|#{client_termtype}|#{client_cell_width}|#{client_cell_height}"

_COMMAND = re.compile(r"\x1b_G[^\x1b]*\x1b\\|\x1b\[\?2026[hl]")


def ask_tmux() -> Graphics | None:
    """Ask tmux whether it passes graphics on, and to which terminal."""
    try:
        asked = ["tmux", "display-message", "-p", QUESTION]
        return understand_tmux(subprocess.run(asked, capture_output=True, timeout=WAIT_SECONDS, check=False).stdout)
    except (OSError, subprocess.SubprocessError):
        return None


def understand_tmux(answer: bytes) -> Graphics | None:
    """Return how the terminal that tmux runs in draws pixels, or None."""
    found = re.fullmatch(rb"(?P<passes>on|all|1|2)\|(?P<terminal>[^|]*)\|(?P<width>\d{1,3})\|(?P<height>\d{1,3})\n", answer)
    if found is None or not has_placeholders(found["terminal"]) or not int(found["width"]) or not int(found["height"]):
        return None
    return Graphics("kitty", int(found["width"]), int(found["height"]), is_inside_tmux=True)


def pass_through(commands: str) -> str:
    """Wrap each command, so that tmux hands it on."""
    return _COMMAND.sub(lambda command: "\x1bPtmux;" + command[0].replace("\x1b", "\x1b\x1b") + "\x1b\\", commands)
