from pathlib import Path

import pytest

from grokterm.control.opening import start_session
from grokterm.experiment.experiment import Experiment
from grokterm.runs.store import Run


@pytest.fixture
def preset(tiny: Experiment, tmp_path: Path) -> Path:
    """A preset file that trains in a fraction of a second."""
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.to_toml(), encoding="utf-8")
    return path


@pytest.fixture
def finished(tiny: Experiment, tmp_path: Path) -> Run:
    """A complete run in ./runs."""
    session = start_session(tiny, tmp_path / "runs", "tiny")
    for _ in session.records():
        pass
    return session.run
