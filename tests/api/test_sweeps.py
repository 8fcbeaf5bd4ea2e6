from pathlib import Path
from typing import Any

import numpy as np
import pytest

import grokterm as gt
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.result import Result
from tests.sweeps.gated_engine import GatedEngine

GRID = {"task.train_fraction": [0.5, 0.7], "optimizer.kind": ["adam", "adamw"]}


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[GatedEngine]:
    """The engines that were started, each of which lets one member through."""
    started: list[GatedEngine] = []

    def start(_name: str, sweep: SweepFolder, **_: object) -> GatedEngine:
        started.append(GatedEngine(sweep, lambda member: Result(key=member.key, grokked_at=None if member.seed else 40)))
        started[-1].n_let = 1
        return started[-1]

    monkeypatch.setattr("grokterm.api.sweeps.make_engine", start)
    monkeypatch.setattr("grokterm.sweeps.scheduler.POLL_SECONDS", 0.0)
    return started


def test_a_sweep_that_is_left_goes_on_and_has_a_row_a_member(preset: Path, tmp_path: Path, engines: list[GatedEngine]) -> None:
    two: Any = np.int64(2)
    sweep = gt.sweep(preset, GRID, seeds=two, overrides={"training.steps": 4}, runs_dir=tmp_path)
    for progress in sweep:
        if progress.n_done == 1:
            break
    assert engines[0].is_stopped.is_set()
    assert (sweep.path / "results.csv").read_text("utf-8").count("\n") == 2
    for progress in sweep:  # noqa: B007 - the last one is looked at
        engines[-1].n_let = 1
    assert (progress.n_done, len(progress.members)) == (8, 8)
    table = gt.open_sweep("grokking-sweep", tmp_path).table("numpy")
    assert table["task.train_fraction"].tolist() == [0.5] * 4 + [0.7] * 4
    assert table["optimizer.kind"].tolist() == ["adam", "adam", "adamw", "adamw"] * 2
    assert table["seed"].tolist() == [0, 1] * 4
    assert [value == 40 for value in table["grokked_at"]] == [True, False] * 4
    with pytest.raises(gt.GroktermError, match="grokking-sweep has no run of a member"):
        sweep.run(table["key"][0])


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        ({"grid": {"task.train_fractio": [0.5, 0.7]}}, "did you mean"),
        ({"grid": {"task.train_fraction": [0.5, 7]}}, "train_fraction"),
        ({"grid": {"task.train_fraction": []}}, "has no values"),
        ({"grid": {"task.train_fraction": 0.5}}, "train_fraction needs a list of values"),
        ({"grid": GRID, "engine": "lokal"}, "engine must be"),
        ({"grid": [0.5]}, "grid must be a dict"),
        (
            {"grid": GRID, "overrides": {"task.train_fraction": 0.4}},
            "task.train_fraction is an axis of the sweep, so one value",
        ),
        ({"grid": GRID, "engine": 3}, "engine must be a name"),
        ({"grid": GRID, "workers": "two"}, "workers must be a whole number"),
        ({"grid": GRID, "name": 3}, "name must be a name or a path, not 3"),
        ({"seeds": "two"}, "seeds must be a whole number"),
        ({}, "nothing is varied"),
    ],
)
def test_what_is_wrong_with_a_sweep_is_said_in_a_line(
    ask: dict[str, object], words: str, preset: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(gt.GroktermError, match=words) as refused:
        gt.sweep(preset, runs_dir=tmp_path, **ask)  # type: ignore[arg-type]
    assert len(str(refused.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")
    assert [*tmp_path.iterdir()] == []
