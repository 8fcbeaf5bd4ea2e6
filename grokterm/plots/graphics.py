"""What a terminal can draw besides characters."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Graphics:
    """How a terminal draws pixels, and how many there are in a cell."""

    protocol: Literal["kitty", "sixel"]
    cell_width: int
    cell_height: int
    is_inside_tmux: bool = False
    """Whether tmux has to be told to pass commands on to the terminal."""
