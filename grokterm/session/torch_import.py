"""Importing torch, which is most of the time that a short command takes."""

import gc
import sys
from functools import cache


def import_torch() -> None:
    """Import torch for good: the garbage collector leaves it alone, now and at exit.

    Otherwise it searches those 170,000 objects for cycles time and again, for a third of the time that torch takes.
    """
    if "torch" in sys.modules:
        return
    gc.disable()
    try:
        import torch  # noqa: F401 - the modules that use it import it again
    finally:
        gc.freeze()
        gc.enable()


@cache
def leave_modules_to_themselves() -> None:
    """Let the garbage collector leave alone what is there, once in a process: modules, which take it 0.1 s each time.

    Only once, because what is frozen is never found to be garbage: trainings and screens that are then gone would stay.
    """
    gc.collect()
    gc.freeze()
