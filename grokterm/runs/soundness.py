"""From which checkpoint of a run that diverged another one may begin, and how it is kept from the same."""

from pathlib import Path

from grokterm.errors import CheckpointError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.store import Run
from grokterm.runs.thinning import checkpoint_name, checkpoint_sizes


def can_branch(experiment: Experiment) -> bool:
    """Whether what diverged can be changed on the way: not so of a kernel machine, whose branch would come to the same."""
    return not isinstance(experiment.optimizer, RecursiveFeatures)


def remedy(experiment: Experiment) -> str:
    """Say what to begin again with."""
    return "a lower optimizer.learning_rate" if can_branch(experiment) else "a larger optimizer.ridge"


def last_good_step(run: Run, before: int) -> int | None:
    """Return the newest step before another one at which there is a checkpoint of finite numbers alone; None without one."""
    earlier = (step for step in sorted(checkpoint_sizes(run.checkpoints), reverse=True) if step < before)
    return next((step for step in earlier if _is_finite(run.checkpoints / checkpoint_name(step))), None)


def _is_finite(checkpoint: Path) -> bool:
    try:
        return all(bool(tensor.isfinite().all()) for tensor in load_checkpoint(checkpoint).values())
    except CheckpointError:
        return False
