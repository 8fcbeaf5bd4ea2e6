"""Replay of a saved run to any step it has reached: trained again from the checkpoint before, in memory only."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from grokterm.engines.device import describe, find_device
from grokterm.engines.table import resumed_engine
from grokterm.errors import CheckpointError, ConfigError, OutOfMemoryError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.packing import since, unpacked, until
from grokterm.experiment.recording.records import Checkpointed, Record, Started
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.edited import check_unedited
from grokterm.runs.journal import reached_step, read_journal
from grokterm.runs.mixture_parts import copied_parts, load_parts
from grokterm.runs.resume import check_reached
from grokterm.runs.store import Run
from grokterm.training.ensemble.naming import of_member
from grokterm.training.trainer import Trainer, make_trainer


def trainer_at(run: Run, step: int | None = None, device: str | None = None, member: int = 0) -> Trainer:
    """Return a trainer at a step of a run: `replay` to its end, with the same errors."""
    return deque(replay(run, step, device, member=member), maxlen=1).pop()


def replay(
    run: Run,
    step: int | None = None,
    device: str | None = None,
    records: Sequence[Record] | None = None,
    *,
    member: int = 0,
) -> Iterator[Trainer]:
    """Train a run again up to a step, including the actions taken at it.

    Yields the same trainer at every step from the newest usable checkpoint on. `step` defaults to that of the newest
    checkpoint, `device` to the run's own or, if this machine lacks it, the CPU. Another device may differ by rounding.
    `records` are those of the journal, where they have been read. Of an ensemble, one member is trained.

    Raises:
        ConfigError: if the run has not reached this step, or this machine lacks the device or the memory.
        CheckpointError: if the journal cannot be read, or there is neither a step nor a checkpoint.
        RunNotFoundError: if the experiment cannot be read.
        OutOfMemoryError: if the device has no memory left for a step.
    """
    records = read_journal(run.journal) if records is None else records
    last = _newest_checkpoint(run, records) if step is None else step
    check_reached(run, last, records)
    past = [_of_member(member, record) for record in until(records, last)]
    experiment = run.experiment.member(member).on_device(device or _device_of(past))
    yield from replay_records(run, experiment, past, last)


def replay_on(run: Run, trainer: Trainer, past: Sequence[Record], last: int) -> Iterator[Trainer]:
    """Go on with a replay: train its trainer up to a later step by the records of the run until there; as `replay` does."""
    later = [_of_member(0, record) for record in since(past, trainer.step)]
    return _trained_again(run, trainer, later, last)


def replay_records(run: Run, experiment: Experiment, past: Sequence[Record], last: int) -> Iterator[Trainer]:
    """Train again up to step `last` by these records of a run, or of a member of it; as `replay` does.

    `experiment` is as `restore_trainer` has it.
    """
    trainer, later = _at_newest_checkpoint(run, experiment, past)
    return _trained_again(run, trainer, later, last)


def _trained_again(run: Run, trainer: Trainer, later: Sequence[Record], last: int) -> Iterator[Trainer]:
    try:
        for _ in train_again(trainer, later, last):
            yield trainer
    except OutOfMemoryError:
        raise OutOfMemoryError(
            f"{describe(trainer.device)} has not enough memory to train run {run.name} again from step {trainer.step:,}:"
            " free some of it, or choose another device"
        ) from None


def _of_member(number: int, record: Record) -> Record:
    return record.of_member(number) if isinstance(record, Evaluated) else record


def _newest_checkpoint(run: Run, records: Sequence[Record]) -> int:
    step = next((record.step for record in reversed(records) if isinstance(record, Checkpointed)), None)
    if step is None:
        raise CheckpointError(f"run {run.name} has no checkpoint: choose a step up to {reached_step(records):,}")
    return step


def _device_of(records: Sequence[Record]) -> str:
    """Return the device of these records or, if this machine lacks it, the CPU."""
    name = next((record.device.split()[0] for record in reversed(records) if isinstance(record, Started)), "cpu")
    try:
        find_device(name)
    except ConfigError:
        return "cpu"
    return name


def _at_newest_checkpoint(run: Run, experiment: Experiment, past: Sequence[Record]) -> tuple[Trainer, Sequence[Record]]:
    """Return a trainer at the newest readable checkpoint, or at step 0, and the records since."""
    for number in range(len(past), 0, -1):
        if isinstance(record := past[number - 1], Checkpointed) and (run.checkpoints / record.file).exists():
            try:
                return restore_trainer(run, experiment, past[:number]), past[number:]
            except CheckpointError:
                continue
    return restore_trainer(run, experiment, ()), past


def train_again(trainer: Trainer, records: Iterable[Record], last: int) -> Iterator[int]:
    """Train up to step `last` and apply these records; yield every step, the first one too, after its records.

    Interventions come from the records, not from the experiment: only they know what was skipped, and when a milestone was
    reached. Nothing is evaluated.

    Raises:
        OutOfMemoryError: if the device has no memory left for a step.
    """
    remaining = unpacked(records)
    record = next(remaining, None)
    while True:
        while record is not None and record.step <= trainer.step:
            trainer.replay_record(record)
            record = next(remaining, None)
        yield trainer.step
        if trainer.step >= last:
            return
        with trainer.computing():
            for _ in trainer.trainable.advance(trainer.step + 1, lambda _: False):
                pass


def restore_trainer(run: Run, experiment: Experiment, records: Sequence[Record]) -> Trainer:
    """Create a trainer at the last checkpoint of these records, or at step 0.

    `experiment` is that of the run or, of an ensemble, of one of its members. Engine and number of threads are those of the
    run, if the device is of the same kind.

    Raises:
        CheckpointError: if the checkpoint or a part of a mixture cannot be read.
        ConfigError: if this machine lacks the device or the memory, or experiment.toml was edited since.
    """
    device = find_device(experiment.device)
    same_device = str(run.meta.get("device", "")).split(":")[0] == device.type
    threads = run.meta.get("threads") if same_device else None
    engine = resumed_engine(experiment, device, str(run.meta.get("engine", "")) if same_device else "")
    n_threads = threads if isinstance(threads, int) else None
    trainer = make_trainer(experiment, engine=engine, threads=n_threads, parts=load_parts(copied_parts(run)))
    checkpoint = next((record for record in reversed(records) if isinstance(record, Checkpointed)), None)
    if checkpoint is not None:
        path = run.checkpoints / checkpoint.file
        try:
            tensors = load_checkpoint(path)
            if run.experiment.training.members > experiment.training.members:
                tensors = of_member(experiment.seed - run.experiment.seed, tensors)
            trainer.restore(checkpoint.step, checkpoint.seconds, tensors, records)
            check_unedited(run, path, trainer.experiment)
        except KeyError as error:
            check_unedited(run, path, trainer.experiment)
            raise CheckpointError(f"checkpoint {path} belongs to another network: it has no {error.args[0]}") from None
    return trainer
