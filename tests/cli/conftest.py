import sys
from pathlib import Path

import pytest

from grokterm.cli.main import main
from grokterm.experiment.experiment import Experiment
from grokterm.runs.store import Run
from grokterm.session.start import start_session
from tests.cli.process import Here, Outcome


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


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """Run a command in this process, which is sooner at hand than one of its own."""

    def run(*arguments: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["grokterm", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        code = caught.value.code or 0
        assert isinstance(code, int)
        return Outcome(code, *capsys.readouterr())

    return run
