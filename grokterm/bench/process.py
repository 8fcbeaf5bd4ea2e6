"""One contestant in its own process: the parent's side of `grokterm.bench.worker`."""

import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from grokterm.errors import ConfigError, GroktermError
from grokterm.experiment.experiment import Experiment
from grokterm.training.worker_process import WorkerProcess

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
    """A process that starts at once; `start` creates the contestant in it. Ends with its context or with this process.

    Requests and answers are plain values, so that its program need not know grokterm.
    """

    def __init__(self, name: str, command: Sequence[str] = WORKER) -> None:
        self.memory: int | None = None
        self.name = name
        environment = dict(os.environ)
        if name == NOTEBOOK:
            environment.pop("OPENBLAS_NUM_THREADS", None)  # which grokterm.cli.main sets
        self._process = WorkerProcess("was to be timed", command, environment=environment, stderr=None)
        self.kill = self._process.kill

    def __enter__(self) -> "ContestantProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

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
        self._process.ask(request)
        answer: Any = self._process.answer()
        if isinstance(answer, GroktermError):
            raise ConfigError(str(answer))
        if isinstance(answer, Exception):  # a bug, or what a compiler says
            sys.stderr.write(str(answer))
            raise ConfigError(str(answer).strip().splitlines()[-1])
        return dict(answer)
