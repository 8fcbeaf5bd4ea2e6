"""One contestant in its own process: the parent's side of `grokterm.bench.worker`."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.training.signals import start_child

NOTEBOOK = "notebook"  # the contestant with the default threads of numpy

WORKER = (sys.executable, "-m", "grokterm.bench.worker")


class ContestantInfo(NamedTuple):
    """The contestant's answer to `start`."""

    name: str
    description: str
    modes: list[str]
    device: str
    torch: str


class ContestantProcess:
    """A process that starts at once; `start` creates the contestant in it. Ends with its context or with this process."""

    def __init__(self, name: str, command: Sequence[str] = WORKER) -> None:
        self.memory: int | None = None
        self.name = name
        environment = dict(os.environ)
        if name == NOTEBOOK:
            environment.pop("OPENBLAS_NUM_THREADS", None)  # which grokterm.cli.main sets
        self._process = start_child(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "ContestantProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._process.communicate()

    def kill(self) -> None:
        """End the process, also from another thread: a request that waits for its answer fails then."""
        self._process.kill()

    def start(self, experiment: Experiment) -> ContestantInfo:
        """Create the contestant and run a first step of each mode.

        Raises:
            ConfigError: if that fails.
        """
        return ContestantInfo(**self._request({"contestant": self.name, "experiment": experiment.to_toml()}))

    def run(self, mode: str, n_steps: int) -> float:
        """Run steps, and return the seconds they took.

        Raises:
            ConfigError: if that fails.
        """
        answer = self._request({"mode": mode, "steps": n_steps})
        self.memory = answer["memory"]
        return float(answer["seconds"])

    def _request(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise ConfigError(f"its process ended with exit code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ConfigError(answer["error"])
        return answer
