"""Why a training ends that has not come to its last step."""

from typing import Literal

TroubleReason = Literal["diverged", "out_of_memory", "device_lost", "process_died"]

GOES_ON = ("interrupted", "out_of_memory", "device_lost", "process_died")
"""Reasons after which a run can be resumed."""


def in_words(reason: str) -> str:
    """Write a reason as it is read: `out of memory`."""
    return reason.replace("_", " ")
