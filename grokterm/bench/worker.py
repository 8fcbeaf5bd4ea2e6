"""The process of one contestant, `python -m grokterm.bench.worker`: makes it as the first request says, then runs steps.

One process each, so that contestants share neither threads nor memory. A process only works while it is being timed.
"""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import torch

from grokterm.bench.contestants import Contestant, Steps, make_contestant
from grokterm.bench.memory import PeakMemory
from grokterm.engines.device import describe, find_device, synchronize
from grokterm.experiment.experiment import Experiment
from grokterm.training.worker_process import requests, serve


class Turns:
    """Makes the contestant by the first request, then runs the steps of each further one."""

    def __init__(self) -> None:
        self._contestant: Contestant | None = None

    def reply(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request."""
        if self._contestant is None:
            return self._begin(request)
        seconds = _timed(self._contestant.modes[request["mode"]], request["steps"], self._device)
        return {"seconds": seconds, "memory": self._memory.peak()}

    def _begin(self, request: Mapping[str, Any]) -> dict[str, Any]:
        experiment = Experiment.from_toml(request["experiment"])
        self._device = find_device(experiment.device)
        self._memory = PeakMemory(self._device)
        contestant = make_contestant(request["contestant"], experiment)
        for steps in contestant.modes.values():
            _timed(steps, 1, self._device)  # captures CUDA graphs, and fails now if it fails
        self._contestant = contestant
        about = {"name": contestant.name, "description": contestant.description, "modes": list(contestant.modes)}
        return {**about, "device": describe(self._device), "torch": torch.__version__}


def main() -> None:
    """Answer requests until there are no more."""
    serve(requests(), Turns().reply)


def _timed(steps: Steps, n_steps: int, device: torch.device) -> float:
    """Return the seconds that steps take, including pending work of the device."""
    synchronize(device)
    started = perf_counter()
    steps(n_steps)
    synchronize(device)
    return perf_counter() - started


if __name__ == "__main__":
    main()
