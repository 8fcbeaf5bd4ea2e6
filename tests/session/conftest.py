from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.session.start import start_session
from tests.session.driving import Driver


@pytest.fixture
def driver(grokking: Experiment, tmp_path: Path) -> Driver:
    """A new run at step 0, about to train."""
    return Driver(start_session(grokking, tmp_path / "runs", "grokking"))
