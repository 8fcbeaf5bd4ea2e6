"""A preset that trains in a fraction of a second, and a folder for its runs."""

from pathlib import Path

import pytest

import grokterm as gt
from tests.conftest import GROKKING
from tests.training.fixtures import EVENTS


@pytest.fixture(scope="package")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Memorizes at about step 20, groks at about 50, evaluated every 2 of 60 steps."""
    path = tmp_path_factory.mktemp("presets") / "grokking.toml"
    path.write_text(GROKKING.replace('title = "Grokking"', 'title = "Grokking"\ndevice = "cpu"'), "utf-8")
    return path


@pytest.fixture(scope="package")
def swapped(preset: Path, tmp_path_factory: pytest.TempPathFactory) -> gt.Training:
    """A run of 45 steps that was changed and swapped on the way, inspected every 15 of them; not to be changed."""
    changes = ["training.steps=45", "training.inspect_every=15", "optimizer.batch_size=100", EVENTS]
    return gt.train(preset, changes, runs_dir=tmp_path_factory.mktemp("runs")).finish()
