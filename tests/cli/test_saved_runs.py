"""A run directory that an earlier version wrote stays readable, whatever the code is called by now."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.store import Run
from tests.cli.process import Here
from tests.runs.records import journaled
from tests.tui.driving import LARGE, app_on_run, state, until

SAVED = Path(__file__).parent / "saved" / "quick-20261128-201526"
"""p = 23, width 24, seed 0: 200 steps, swapped at 120 to half of the table, inspected every 50. Written at 90ba819."""


@pytest.fixture
def saved(tmp_path: Path) -> Run:
    """The run, where it may be written to."""
    return Run(shutil.copytree(SAVED, tmp_path / "runs" / SAVED.name))


def test_its_tensors_and_records_are_those_that_were_written(saved: Run) -> None:
    tensors = load_checkpoint(saved.checkpoints / "step-00000200.safetensors")
    names = {f"{kind}.{name}" for kind in ("weights", "memory.first", "memory.second") for name in ("left", "right", "readout")}
    assert tensors.keys() == names | {"memory.count", "memory.initial_norm"}
    kinds = [record.record for record in journaled(saved.journal)]
    assert {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)} == {
        "started": 1,
        "evaluated": 21,
        "reached": 2,
        "inspected": 7,
        "checkpointed": 3,
        "acted": 1,
        "finished": 1,
    }


def test_inspect_finds_in_it_what_was_found_when_it_was_trained(saved: Run, here: Here) -> None:
    written = [record for record in journaled(saved.journal) if record.record == "inspected"]
    for record in (written[0], written[-1]):
        found = here("inspect", saved.path, "--step", str(record.step), "--json").json
        assert found["ipr"] == pytest.approx(record.ipr, rel=1e-4)
        assert found["matched_frequency_share"] == pytest.approx(record.matched_frequency_share)
        assert found["parameter_norm"] == pytest.approx(record.parameter_norm, rel=1e-5)


def test_plot_draws_it(saved: Run, here: Here) -> None:
    assert "val" in here("plot", saved.path).out


def test_it_goes_on_with_the_weights_and_moments_that_it_had(saved: Run, here: Here) -> None:
    outcome = here("run", "--resume", saved.path, "--set", "training.steps=260", "--json").json
    assert (outcome["steps"], outcome["memorized_at"], outcome["engine"]) == (260, 120, "fused")
    steps = [record.step for record in journaled(saved.journal) if record.record == "evaluated"]
    assert steps == sorted(steps)
    before, after = (load_checkpoint(saved.checkpoints / f"step-00000{step}.safetensors") for step in (200, 260))
    assert float(after["memory.count"]) == float(before["memory.count"]) + 60
    change = np.linalg.norm(after["weights.left"].numpy() - before["weights.left"].numpy())
    assert 0 < change < np.linalg.norm(before["weights.left"].numpy())


async def test_the_lab_opens_it(saved: Run) -> None:
    app = app_on_run(saved)
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        assert (state(app).step, state(app).milestones) == (200, {"memorized": 120})
        assert len(state(app).inspections) == 7


def test_a_run_of_an_engine_that_is_gone_goes_on_by_eager_and_says_so(saved: Run, here: Here) -> None:
    for file in (saved.path / "experiment.toml", saved.path / "meta.json", saved.journal):
        text = file.read_text(encoding="utf-8")
        file.write_text(
            text.replace('engine = "auto"', 'engine = "compiled"')
            .replace('"engine": "fused"', '"engine": "compiled"')
            .replace('"engine":"fused"', '"engine":"compiled"'),
            encoding="utf-8",
        )
    assert here("inspect", saved.path, "--step", "130", "--json").json["step"] == 130
    outcome = here("run", "--resume", saved.path, "--set", "training.steps=260", "--json")
    assert outcome.json["engine"] == "eager"
    assert "engine eager, the steps before were made by compiled" in outcome.err
    assert 'engine = "eager"' in (saved.path / "experiment.toml").read_text(encoding="utf-8")
    again = here("run", "--resume", saved.path, "--set", "training.steps=280", "--json")
    assert "compiled" not in again.err
