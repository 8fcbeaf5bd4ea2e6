"""A trainer that stands where a checkpoint left a run."""

from collections.abc import Sequence

from grokterm.errors import CheckpointError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.parts import kept_parts, load_parts
from grokterm.runs.store import Run
from grokterm.training.device import find_device
from grokterm.training.engines import with_engine_here
from grokterm.training.ensemble.naming import of_member
from grokterm.training.making import make_trainer
from grokterm.training.records import Checkpointed, Record
from grokterm.training.trainer import Trainer


def restore_trainer(run: Run, experiment: Experiment, records: Sequence[Record]) -> Trainer:
    """Make a trainer that stands at the last checkpoint of these records; at step 0 if there is none.

    The experiment is that of the run or, if that is an ensemble, of one of its members. It goes on by the engine and with the
    threads that it had, where it goes on on a device of the same kind.

    Raises:
        CheckpointError: if the checkpoint or a part of a mixture cannot be read.
        ConfigError: if this machine does not have the device, or not enough memory.
    """
    device = find_device(experiment.device)
    is_where_it_was = str(run.meta.get("device", "")).split(":")[0] == device.type
    threads = run.meta.get("threads") if is_where_it_was else None
    here = with_engine_here(experiment, device, str(run.meta.get("engine", "")) if is_where_it_was else "")
    parts = load_parts(kept_parts(run))
    is_member = run.experiment.training.members > experiment.training.members
    n_threads = threads if isinstance(threads, int) else None
    trainer = make_trainer(here, threads=n_threads, parts=parts)
    trainer.experiment = experiment  # which says what was asked for
    checkpoint = next((record for record in reversed(records) if isinstance(record, Checkpointed)), None)
    if checkpoint is not None:
        path = run.checkpoints / checkpoint.file
        try:
            tensors = load_checkpoint(path)
            if is_member:
                tensors = of_member(experiment.seed - run.experiment.seed, tensors)
            trainer.restore(checkpoint.step, checkpoint.seconds, tensors, records)
        except KeyError as error:
            raise CheckpointError(f"checkpoint {path} belongs to another network: it has no {error.args[0]}") from None
    return trainer
