"""Worker processes that are none: one of its own takes more than a second to load torch."""

import pickle
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from grokterm.training.ensemble import processes
from grokterm.training.ensemble.worker import Calls
from grokterm.training.worker_process import answer_to


class WorkerHere:
    """Answers in the process of the tests; what is asked and answered is pickled, as on its way through a pipe."""

    def __init__(self, reply: Callable[[Any], Any]) -> None:
        self._reply = reply
        self._answers: deque[bytes] = deque()

    def ask(self, request: Any) -> None:  # noqa: ANN401 - whatever a worker understands
        self._answers.append(pickle.dumps(answer_to(pickle.loads(pickle.dumps(request)), self._reply)))

    def answer(self) -> Any:  # noqa: ANN401 - whatever it answers
        return pickle.loads(self._answers.popleft())

    def end(self) -> None:
        """Do nothing: there is no process."""

    kill = end


@contextmanager
def members_here() -> Iterator[None]:
    """Train the members of ensembles in the process of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "WorkerProcess", lambda *_: WorkerHere(Calls().reply))
        yield
