"""The process of one contestant, `python -m grokterm.bench.worker`: answers each JSON line on stdin with one on stdout.

One process each, so that contestants share neither threads nor memory. A process only works while it is being timed.
"""

import json
import signal
import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import torch

from grokterm.bench.contestants import Steps, make_contestant
from grokterm.bench.memory import PeakMemory
from grokterm.engines.device import describe, find_device, synchronize
from grokterm.errors import GroktermError
from grokterm.experiment.experiment import Experiment


def main() -> None:
    """Create the contestant of the first line, then run the steps of each further line."""
    if hasattr(signal, "SIGPIPE"):  # which Windows lacks
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end without a traceback if the parent is gone
    requests = map(json.loads, sys.stdin)
    try:
        first = next(requests, None)
        if first is None:
            return
        experiment = Experiment.from_toml(first["experiment"])
        device = find_device(experiment.device)
        memory = PeakMemory(device)
        contestant = make_contestant(first["contestant"], experiment)
        for steps in contestant.modes.values():
            _timed(steps, 1, device)  # captures CUDA graphs, and fails now if it fails
        about = {"name": contestant.name, "description": contestant.description, "modes": list(contestant.modes)}
        _answer({**about, "device": describe(device), "torch": torch.__version__})
        for request in requests:
            seconds = _timed(contestant.modes[request["mode"]], request["steps"], device)
            _answer({"seconds": seconds, "memory": memory.peak()})
    except GroktermError as error:
        _answer({"error": str(error)})


def _timed(steps: Steps, n_steps: int, device: torch.device) -> float:
    """Return the seconds that steps take, including pending work of the device."""
    synchronize(device)
    started = perf_counter()
    steps(n_steps)
    synchronize(device)
    return perf_counter() - started


def _answer(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
