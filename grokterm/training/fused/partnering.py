"""The process of a partner: `python -m grokterm.training.fused.partnering MEMORY WAKING`.

Both are descriptors of what it shares with the process that trains, with which it ends. Its standard input is its order.
"""

import os
import pickle
import sys
from time import perf_counter

import torch

from grokterm.training.fused.lane import Lane
from grokterm.training.fused.partner import ASKED, ASLEEP, BEGUN, DONE, MEASURING, Common, Order

WATCHING = 2e-3
"""Seconds without a request after which it sleeps: longer than an evaluation takes."""


def main() -> None:
    """Work on the blocks whenever it is asked for."""
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    order: Order = pickle.load(sys.stdin.buffer)
    common, waking = Common(int(sys.argv[1]), order), int(sys.argv[2])
    lane = Lane(order.layer, order.loss, max(map(len, order.blocks)))
    desks, notes = lane.lay_out(order.blocks), common.notes
    while _is_asked(notes, waking):
        notes[BEGUN] = number = notes[ASKED]
        slopes, seen = lane.work(common.scaled, desks, measuring=bool(notes[MEASURING]))
        common.slopes.copy_(slopes)
        if seen:
            common.seen.copy_(torch.stack(seen))
        notes[DONE] = number


def _is_asked(notes: memoryview, waking: int) -> bool:
    """Wait for the next request; return whether there will be one."""
    done, end = notes[DONE], perf_counter() + WATCHING
    while notes[ASKED] == done:
        if perf_counter() < end:
            continue
        notes[ASLEEP] = 1
        if notes[ASKED] == done and not os.read(waking, 4096):
            return False
        notes[ASLEEP], end = 0, perf_counter() + WATCHING
    return True


if __name__ == "__main__":
    main()
