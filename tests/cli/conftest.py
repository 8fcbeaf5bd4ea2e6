import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grokterm.cli.main import main
from grokterm.experiment.experiment import Experiment
from grokterm.runs.command_line import USUAL
from grokterm.runs.store import Run
from grokterm.session.remote.address import served_addresses
from grokterm.session.start import start_session
from grokterm.training.signals import ENDING, SAVING
from tests.cli.process import QUIET, Here, Outcome


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
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Here]:
    """Run a command in this process, which is sooner at hand than one of its own, and take back what it sets for itself."""
    handlers = {number: signal.getsignal(number) for number in (*ENDING, *SAVING)}

    def run(*arguments: str | Path, **variables: str) -> Outcome:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["grokterm", *map(str, arguments)])
            for name in (*QUIET, "GROKTERM_RUNS_DIR", USUAL):
                patch.setenv(name, "")  # to be taken back also if it is not there yet
                patch.delenv(name)
            for name, value in variables.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as caught:
                main()
        code = caught.value.code or 0
        assert isinstance(code, int)
        return Outcome(code, *capsys.readouterr())

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def _alone(runtime_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What else trains on this host is not found."""

    def of_this_test() -> list[Path]:
        return [address for address in served_addresses() if address.is_relative_to(runtime_directory)]

    monkeypatch.setattr("grokterm.session.attaching.served_addresses", of_this_test)
