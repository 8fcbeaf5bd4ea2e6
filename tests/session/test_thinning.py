from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Save, Swap
from grokterm.experiment.recording.records import Checkpointed
from grokterm.reports.run import describe
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.journal import read_journal
from grokterm.runs.replay import trainer_at
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.store import Run
from grokterm.runs.thinning import GIGABYTE, checkpoint_sizes
from grokterm.session.commands import StepOnce
from grokterm.session.start import resume_session, start_session
from tests.runs.tensors import same
from tests.session.driving import Driver, undisturbed, with_settings


@pytest.fixture
def thin(grokking: Experiment, tmp_path: Path) -> Driver:
    """A run with room for about four checkpoints, saved after every step and left at step 30."""
    driver = Driver(start_session(grokking, tmp_path / "roomy", "grokking"))
    driver.pause_at(1)
    (size,) = checkpoint_sizes(driver.session.run.checkpoints).values()
    driver.leave()
    narrow = with_settings(grokking, training={"checkpoint_gigabytes": 4.5 * size / GIGABYTE, "checkpoint_at": [7]})
    driver = Driver(start_session(narrow, tmp_path, "grokking"))
    driver.pause_at(3)
    while driver.trainer.step < 30:
        driver.tell(StepOnce())
        driver.tell(Swap(train_fraction=0.5) if driver.trainer.step == 15 else Save())
    driver.leave()
    return driver


def test_a_run_keeps_what_fits_and_says_so(thin: Driver) -> None:
    run = thin.session.run
    sizes = checkpoint_sizes(run.checkpoints)
    assert len(sizes) == 4
    assert {7, 30} <= sizes.keys()
    last = [one for one in thin.journal if isinstance(one, Checkpointed)][-1]
    assert (last.n_kept, last.n_bytes) == (4, sum(sizes.values()))
    summary = summarize(run, read_journal(run.journal))
    assert (summary.n_checkpoints, summary.checkpoint_bytes) == (4, sum(sizes.values()))
    assert "kept          4 checkpoints, " in describe(summary, run.path)


def test_a_thinned_run_replays_and_resumes_to_the_same_weights(thin: Driver, tmp_path: Path) -> None:
    run = Run(thin.session.run.path)
    gone = {one.step for one in thin.journal if isinstance(one, Checkpointed)} - checkpoint_sizes(run.checkpoints).keys()
    step = max(gone)
    assert trainer_at(run, step).step == step
    resumed = Driver(resume_session(run)[0])
    resumed.train()
    swapped = Experiment.from_settings(
        run.experiment.settings() | {"interventions": [{"at_step": 15, "swap": {"train_fraction": 0.5}}]}
    )
    assert same(load_checkpoint(max(run.checkpoints.iterdir())), undisturbed(swapped).tensors())
