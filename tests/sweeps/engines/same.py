"""Sweeps that have come to the same."""

from pathlib import Path

import torch

from grokterm.runs.checkpoint import load_checkpoint
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.work import Work


def trained_alone(folder: Path, sweep: SweepFolder) -> SweepFolder:
    """Train the members of a sweep in this process, undisturbed."""
    alone = keep_sweep(folder, sweep.name, sweep.preset, sweep.settings, sweep.sweep)
    for member in alone.members():
        Work(alone).on(member)
    return alone


def assert_same(sweep: SweepFolder, other: SweepFolder) -> list[Result]:
    """Compare results, but how long they took and how often they were begun, and last checkpoints, bit for bit."""
    here, there = sweep.results(), other.results()
    assert here.keys() == there.keys() == {member.key for member in sweep.members()}
    for key, result in here.items():
        begun = {"seconds": result.seconds, "attempts": result.attempts}
        assert result == there[key].model_copy(update=begun)
        weights, same = (_last_checkpoint(folder, key) for folder in (sweep, other))
        assert weights.keys() == same.keys()
        assert all(torch.equal(weights[name], same[name]) for name in weights)
    assert not list((sweep.path / "leases").iterdir())
    return list(here.values())


def _last_checkpoint(sweep: SweepFolder, key: str) -> dict[str, torch.Tensor]:
    run = sweep.run_of(key)
    assert run is not None
    return load_checkpoint(max(run.checkpoints.glob("step-*.safetensors")))
