"""How much is drawn on a terminal that is far away."""

from typing import Literal

LinkChoice = Literal["auto", "full", "calm", "slow"]
