"""`grokterm runs export RUN --format ...`, and `grokterm run --log ...`."""

from pathlib import Path

import pytest
import torch

from grokterm.runs.store import Run
from grokterm.session.detached import Begun
from tests.cli.process import Here, assert_refused


def test_the_files_are_named_like_the_run_and_printed(here: Here, finished: Run) -> None:
    outcome = here("runs", "export", "-", "--format", "csv")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [f"{finished.name}.csv", f"{finished.name}-events.csv"]
    assert Path(f"{finished.name}.csv").read_text().startswith("network,seed,step,train_loss")
    assert_refused(here("runs", "export", "-", "--format", "csv"), f"{finished.name}.csv exists", "--force")
    assert here("runs", "export", "-", "--format", "csv", "--force").code == 0


def test_weights_are_of_the_step_that_is_named(here: Here, finished: Run) -> None:
    names = []
    for step, named in (("20", ("--step", "20")), ("60", ("--step", "last"))):
        outcome = here("runs", "export", "tiny", "--format", "state_dict", *named)
        names.append(f"{finished.name}-step-{step}.pt")
        assert (outcome.code, outcome.out) == (0, f"{names[-1]}\n"), outcome.err
    first, last = (torch.load(name, weights_only=True) for name in names)
    assert first["left"].shape == last["left"].shape == (11, 32)
    assert not torch.equal(first["left"], last["left"])


def test_a_split_goes_to_a_file_too(here: Here, finished: Run) -> None:
    printed = here("runs", "export", "tiny", "--format", "split").out
    assert here("runs", "export", "tiny", "--format", "split", "--out", "mine.csv").out == "mine.csv\n"
    assert Path("mine.csv").read_text() == printed


def test_a_name_with_escape_codes_is_printed_plainly(here: Here, finished: Run) -> None:
    finished.path.rename(finished.path.with_name("a\x1b[31mb"))
    outcome = here("runs", "export", "-", "--format", "csv")
    assert outcome.out == "ab.csv\nab-events.csv\n"


def test_what_cannot_be_exported_is_refused(here: Here, finished: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: str | Path, says: str) -> None:
        assert_refused(here("runs", "export", "tiny", *arguments), says)

    refused("--format", "parket", says="--format 'parket' is unknown: did you mean 'parquet'?")
    refused("--format", "csv", "--step", "3", says="--format csv is not of one step: leave out --step")
    refused("--format", "state_dict", "--step", "grokkd", says="is no step")
    refused("--format", "state_dict", "--step", "61", says="has reached step 60, not 61")
    refused("--format", "transformer_lens", says="model.architecture mlp is no transformer")
    refused("--format", "csv", "--out", finished.path, "--force", says="is a folder, and no export")
    refused("--format", "csv", "--out", "-", says="--out names a file or a folder, not stdout")
    refused("--preset", "x.toml", "--out", "y", says="--out has no effect with --preset FILE")
    monkeypatch.setattr("grokterm.runs.export.table.find_spec", lambda _: None)
    refused("--format", "parquet", says="--format parquet needs pyarrow: pip install 'grokterm[tables]'")
    assert_refused(here("run", "--preset", "quick", "--log", "wandb"), "pip install 'grokterm[wandb]'")


def test_a_run_and_one_that_goes_on_write_their_logs(here: Here, preset: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs tensorboard")
    run = here("run", "--preset", preset, "--log", "tensorboard", "--json").json["run"]
    folder = Path("runs", run, "log")
    assert b"val_accuracy" in next(folder.iterdir()).read_bytes()
    more = here("run", "--resume", run, "--set", "training.steps=70", "--log", "tensorboard:logs")
    assert (more.code, more.err) == (0, "")
    assert len(list(Path("logs", run).iterdir())) == 1
    ended = here("run", "--resume", run, "--log", "tensorboard")
    assert ended.err == f"nothing is left to train, and to log: grokterm runs export {run} --format tensorboard writes it\n"
    assert len(list(folder.iterdir())) == 1


def test_a_run_in_the_background_is_asked_for_the_same_logs(here: Here, preset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard", reason="needs tensorboard")
    asked = list[str]()

    def begin(arguments: list[str]) -> tuple[Begun, str]:
        asked.extend(arguments)
        return Begun(name="x", pid=1, socket=""), ""

    monkeypatch.setattr("grokterm.session.detached.begin", begin)
    assert here("run", "--preset", preset, "--detach", "--log", "tensorboard", "--log", "tensorboard:a b").code == 0
    assert asked[2:-2] == ["--log=tensorboard", "--log=tensorboard:a b"]


def test_a_log_that_fails_does_not_end_the_training(here: Here, preset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grokterm.runs.export.live.MODULE", "grokterm.nowhere")
    outcome = here("run", "--preset", preset, "--log", "tensorboard", "--json")
    assert outcome.code == 0
    assert outcome.json["ended"] == "complete"
    (line,) = outcome.err.splitlines()
    assert line.startswith("--log tensorboard: ")
    assert line.endswith("the training goes on without it")
