"""The other end of a worker: one contestant in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment

NOTEBOOK = "notebook"
"""Who has numpy and torch as they come; all others have what grokterm chooses for itself."""

WORKER = (sys.executable, "-m", "grokterm.bench.worker")


class Introduction(NamedTuple):
    """What a contestant says of itself."""

    name: str
    about: str
    modes: list[str]
    device: str
    torch: str


class ContestantProcess:
    """Starts at once; what it is to be it is told later, when nobody is being timed.

    Closing it, or the end of this process, ends it.
    """

    def __init__(self, name: str, command: Sequence[str] = WORKER) -> None:
        self.memory: int | None = None
        self._name = name
        environment = dict(os.environ)
        if name == NOTEBOOK:
            environment.pop("OPENBLAS_NUM_THREADS", None)  # it has all its threads
        else:
            environment.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `grokterm` sets it for itself
        self._process = subprocess.Popen(
            command,
            env=environment,
            start_new_session=True,  # Ctrl+C is for the command, which ends its contestants itself
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "ContestantProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def introduce(self, experiment: Experiment) -> Introduction:
        """Have it made, and return what it says of itself.

        Raises:
            ConfigError: if it cannot be.
        """
        return Introduction(**self._ask({"racer": self._name, "experiment": experiment.to_toml()}))

    def run(self, mode: str, n_steps: int) -> float:
        """Have it make so many steps, and return the seconds they took.

        Raises:
            ConfigError: if it cannot go on.
        """
        said = self._ask({"mode": mode, "steps": n_steps})
        self.memory = said["memory"]
        return float(said["seconds"])

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise ConfigError(f"its process ended with exit code {self._process.wait()}")
        said: dict[str, Any] = json.loads(line)
        if "refused" in said:
            raise ConfigError(said["refused"])
        return said
