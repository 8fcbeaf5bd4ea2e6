"""Contestants that are timed in the process of the tests."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from grokterm.bench import process
from grokterm.bench.worker import Turns
from tests.training.worker_here import WorkerHere


@contextmanager
def contestants_here() -> Iterator[None]:
    """Let each have a worker of its own that is no process; afterwards torch has its threads again."""
    n_threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "WorkerProcess", lambda *_, **__: WorkerHere(Turns().reply))
        yield
    torch.set_num_threads(n_threads)
