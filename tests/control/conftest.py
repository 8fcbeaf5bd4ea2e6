from pathlib import Path

import pytest

from grokterm.control.opening import start_session
from grokterm.experiment.experiment import Experiment
from tests.control.driving import Driver


@pytest.fixture
def driver(grokking: Experiment, tmp_path: Path) -> Driver:
    """A new run at step 0, about to train."""
    return Driver(start_session(grokking, tmp_path / "runs", "grokking"))
