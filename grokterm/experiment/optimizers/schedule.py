"""Schedules of the learning rate that end. To add one, write a function, list it in SCHEDULES and name it in Modifiers."""

from collections.abc import Callable
from math import cos, pi

SCHEDULES: dict[str, Callable[[float], float]] = {
    "linear": lambda progress: 1 - progress,
    "cosine": lambda progress: (1 + cos(pi * progress)) / 2,
}
"""The share of the way down that is left, by progress from 0 at the end of the warm-up to 1."""
