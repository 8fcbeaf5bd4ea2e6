"""What the terminal and tmux say of themselves, for a report about them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from grokterm.tui.graphics.asking import Asking, can_ask, is_remote
from grokterm.tui.graphics.tmux import ask_tmux

WAIT_SECONDS = 0.8  # a second at most, with all around it
OPTIONS = {
    "allow_passthrough": ("-gw", "allow-passthrough"),
    "default_terminal": ("-g", "default-terminal"),
    "terminal_features": ("-s", "terminal-features"),
    "terminal_overrides": ("-s", "terminal-overrides"),
    "escape_time": ("-s", "escape-time"),
    "focus_events": ("-s", "focus-events"),
}
"""Those of tmux that matter to the lab: where each is kept, and its name."""


def describe_terminal(environ: Mapping[str, str]) -> dict[str, Any]:
    """Describe the terminal; in a pipe nothing is asked."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    size = os.get_terminal_size() if is_terminal else None
    found: dict[str, Any] = {
        "is_terminal": is_terminal,
        "term": environ.get("TERM"),
        "columns": size.columns if size else None,
        "lines": size.lines if size else None,
        "colors": Console().color_system if is_terminal else None,
        "encoding": sys.stdout.encoding,
        "ssh": is_remote(environ),
        "graphics": None,
        "round_trip_seconds": None,
        "is_silent": None,
    }
    if is_terminal and environ.get("TMUX"):
        graphics = ask_tmux()
    elif is_terminal and can_ask(environ):
        answer = Asking(sys.stdin.fileno(), sys.stdout.fileno(), WAIT_SECONDS).end()
        graphics, found["is_silent"] = answer.graphics, answer.is_silent
        found["round_trip_seconds"] = None if answer.is_silent else round(answer.round_trip or 0.0, 4)
    else:
        graphics = None
    found["graphics"] = graphics.protocol if graphics is not None else None
    return found


def describe_tmux(environ: Mapping[str, str]) -> dict[str, Any] | None:
    """Describe the tmux that this runs in; None outside of it."""
    if not environ.get("TMUX"):
        return None
    found: dict[str, Any] = {"version": _tmux("-V").removeprefix("tmux ")}
    return found | {name: _tmux("show-options", f"{scope}v", option) or None for name, (scope, option) in OPTIONS.items()}


def _tmux(*arguments: str) -> str:
    try:
        return subprocess.run(["tmux", *arguments], capture_output=True, text=True, timeout=0.5, check=False).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
