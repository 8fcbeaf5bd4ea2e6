"""A process with one contestant in it: `python -m grokterm.bench.worker`; it answers each JSON line on stdin by one on stdout.

Each contestant has a process, so that it has the threads that it would have alone, and its own memory. Only the one whose turn
it is does anything.
"""

import json
import signal
import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import torch

from grokterm.bench.contestants import Contestant, Steps, make_contestant
from grokterm.bench.memory import MemoryWatch
from grokterm.engines.device import describe, find_device
from grokterm.errors import GroktermError
from grokterm.experiment.experiment import Experiment


def main() -> None:
    """Make the contestant that the first line asks for, then the steps that each further line asks for."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever asked has gone: nobody has to be told
    lines = map(json.loads, sys.stdin)
    try:
        wanted = next(lines, None)
        if wanted is None:
            return
        experiment = Experiment.from_toml(wanted["experiment"])
        device = find_device(experiment.device)
        watch = MemoryWatch(device)
        contestant = make_contestant(wanted["racer"], experiment)
        for steps in contestant.modes.values():
            _timed(steps, 1, device)  # what is captured is captured now, and what fails fails now
        _answer(_introduction(contestant, device))
        for line in lines:
            seconds = _timed(contestant.modes[line["mode"]], line["steps"], device)
            _answer({"seconds": seconds, "memory": watch.peak()})
    except GroktermError as error:
        _answer({"refused": str(error)})


def _introduction(contestant: Contestant, device: torch.device) -> dict[str, Any]:
    return {
        "name": contestant.name,
        "about": contestant.about,
        "modes": list(contestant.modes),
        "device": describe(device),
        "torch": torch.__version__,
    }


def _timed(steps: Steps, n_steps: int, device: torch.device) -> float:
    """Return the seconds that so many steps take until their last number is there."""
    _wait_for(device)
    started = perf_counter()
    steps(n_steps)
    _wait_for(device)
    return perf_counter() - started


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _answer(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
