"""Which checkpoint of a run that diverged can be gone on from."""

from pathlib import Path

from grokterm.errors import CheckpointError
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.store import Run
from grokterm.runs.thinning import checkpoint_name, checkpoint_sizes


def last_good_step(run: Run, before: int) -> int | None:
    """Return the newest step before another one at which there is a checkpoint of finite numbers alone; None without one."""
    earlier = (step for step in sorted(checkpoint_sizes(run.checkpoints), reverse=True) if step < before)
    return next((step for step in earlier if _is_finite(run.checkpoints / checkpoint_name(step))), None)


def _is_finite(checkpoint: Path) -> bool:
    try:
        return all(bool(tensor.isfinite().all()) for tensor in load_checkpoint(checkpoint).values())
    except CheckpointError:
        return False
