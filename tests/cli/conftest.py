from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.runs.store import Run
from grokterm.session.remote.address import served_addresses
from grokterm.session.start import start_session
from tests.cli.process import Here, Outcome, run_here


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
def here(capsys: pytest.CaptureFixture[str]) -> Here:
    """Run a command in this process."""

    def run(*arguments: str | Path, **variables: str) -> Outcome:
        code = run_here(*arguments, **variables)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def _alone(runtime_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What else trains on this host is not found."""

    def of_this_test() -> list[Path]:
        return [address for address in served_addresses() if address.is_relative_to(runtime_directory)]

    monkeypatch.setattr("grokterm.session.attaching.served_addresses", of_this_test)
