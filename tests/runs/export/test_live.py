"""A log that grows with a journal, and a process that writes one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from grokterm.errors import ConfigError, StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.export import live
from grokterm.runs.export.follower import follow
from grokterm.runs.export.live import LiveLogs, Wanted, parse_logs
from grokterm.runs.export.measured import Event
from grokterm.runs.journal import JournalWriter
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from tests.runs.records import checkpointed, evaluated, finished, started


@dataclass
class Told:
    """A log that keeps what it is told."""

    steps: list[int] = field(default_factory=list)
    happened_at: list[int] = field(default_factory=list)
    is_closed: bool = False

    def measured(self, network: int, step: int, values: Mapping[str, float], at: float) -> None:
        assert network == 0
        assert values["val_loss"] == 0.5
        assert at > 0
        self.steps.append(step)

    def happened(self, event: Event, at: float) -> None:
        self.happened_at.append(event.step)

    def flush(self) -> None:
        assert not self.is_closed

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def run(tiny: Experiment, tmp_path: Path) -> Run:
    return create_run(tmp_path / "runs", tiny, "tiny", {})


def followed(run: Run, looks: list[Callable[[], object]]) -> list[Told]:
    """Follow a journal that changes before each look at it."""
    logs, changes = list[Told](), list(looks)

    def open_log(_: Run, _folder: Path) -> Told:
        logs.append(Told())
        return logs[-1]

    def is_over(_: float) -> bool:
        changes.pop(0)()
        return not changes

    follow(run, open_log, run.path / "log", is_over)
    return logs


def test_a_log_grows_with_the_journal(run: Run) -> None:
    writer = JournalWriter(run.journal)
    looks: list[Callable[[], object]] = [
        lambda: None,
        lambda: writer.write([started(), evaluated(0), evaluated(5)]),
        lambda: None,
        lambda: writer.write([evaluated(10), finished(10)]),
    ]
    (log,) = followed(run, looks)
    assert (log.steps, log.happened_at, log.is_closed) == ([0, 5, 10], [10], True)


def test_a_journal_that_was_rewound_is_told_anew(run: Run) -> None:
    writer = JournalWriter(run.journal)
    writer.write([started(), evaluated(0), checkpointed(0)])
    end = run.journal.stat().st_size
    writer.write([evaluated(5), evaluated(10)])
    first, second = followed(run, [lambda: None, lambda: JournalWriter(run.journal, end).write([evaluated(7), evaluated(9)])])
    assert (first.steps, first.is_closed) == ([0, 5, 10], True)
    assert (second.steps, second.is_closed) == ([0, 7, 9], True)


def test_a_log_that_is_asked_for_is_read() -> None:
    assert parse_logs(["tensorboard", "tensorboard:logs"]) == (Wanted("tensorboard"), Wanted("tensorboard", Path("logs")))
    assert Path("logs").is_dir()
    assert [str(one) for one in parse_logs(["tensorboard:a:b", "tensorboard"])] == ["tensorboard:a:b", "tensorboard"]
    place = Wanted("tensorboard", Path("logs")).place(Run(Path("runs/x")))
    assert (place, Wanted("tensorboard").place(Run(Path("runs/x")))) == (Path("logs/x"), Path("runs/x/log"))


def test_a_log_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for texts, message in (
        (["tensorbord"], r"--log 'tensorbord' is unknown.*tensorboard"),
        (["csv"], "--log 'csv' is unknown"),
        (["tensorboard:"], "needs a folder behind the colon"),
        (["tensorboard", "tensorboard"], "--log tensorboard is there twice"),
    ):
        with pytest.raises(ConfigError, match=message):
            parse_logs(texts)
    Path("file").touch()
    with pytest.raises(StorageError, match="file cannot be made"):
        parse_logs(["tensorboard:file"])
    monkeypatch.setattr("grokterm.runs.export.table.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"--log wandb needs wandb: pip install 'grokterm\[wandb\]'"):
        parse_logs(["wandb"])


def test_a_process_that_cannot_be_started_is_named_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(live, "TemporaryFile", no_room)
    logs = LiveLogs([Wanted("tensorboard")])
    logs.begin(run)
    assert logs.failures() == ["--log tensorboard: No space left on device: the training goes on without it"]
    assert logs.end() == []


def test_a_process_that_fails_is_named_once(run: Run, tmp_path: Path) -> None:
    JournalWriter(run.journal).write([started(), evaluated(0)])
    (tmp_path / "file").touch()
    logs = LiveLogs([Wanted("tensorboard", tmp_path / "file")])
    logs.begin(run)
    (said,) = logs.end()
    assert said.startswith("--log tensorboard: ")
    assert said.endswith(": the training goes on without it")
    assert logs.failures() == logs.end() == []
