"""When a training writes a checkpoint, and which of them it keeps."""

from collections.abc import Iterable

from grokterm.engines.device import minding_the_device
from grokterm.experiment.recording.records import Acted, Branched, Checkpointed, Finished, Paused, Reached, Record
from grokterm.runs.checkpoint import save_checkpoint
from grokterm.runs.store import Run
from grokterm.runs.thinning import GIGABYTE, checkpoint_sizes, thinned
from grokterm.training.trainer import Trainer

# Seconds of training between two checkpoints, besides those at milestones, actions, pauses and the end.
CHECKPOINT_SECONDS = 60.0

LANDMARKS = (Reached, Acted)  # near whose steps checkpoints are kept


class Checkpoints:
    """The checkpoints of a training, of which `earlier` records tell."""

    def __init__(self, trainer: Trainer, run: Run, earlier: Iterable[Record]) -> None:
        self._trainer = trainer
        self._run = run
        self._saved_seconds = trainer.seconds
        self._saved_step = -1
        self._landmarks: set[int] = set()
        self._branched_at: set[int] = set()
        self.take_note(earlier)

    @property
    def is_first(self) -> bool:
        """Whether the next one is the first that is written here."""
        return self._saved_step < 0

    def take_note(self, records: Iterable[Record]) -> None:
        """Take note of what has happened, near which checkpoints are kept."""
        for record in records:
            if isinstance(record, LANDMARKS):
                self._landmarks.add(record.step)
            elif isinstance(record, Branched):
                self._branched_at.add(record.step)

    def is_due(self, records: Iterable[Record]) -> bool:
        """Whether one is to be written after these records."""
        step, training = self._trainer.step, self._trainer.experiment.training
        return (
            self._trainer.seconds - self._saved_seconds >= CHECKPOINT_SECONDS
            or any(isinstance(record, Reached | Acted | Paused | Finished) for record in records)
            or (step != self._saved_step and training.next_checkpoint(step - 1) == step)
        )

    def write(self) -> tuple[Checkpointed, tuple[int, ...]]:
        """Write one; return also the steps of those that are to make room for it.

        Raises:
            StorageError: if the write fails.
            OutOfMemoryError: if the device has no memory for a copy.
            DeviceLostError: if it fails.
        """
        trainer, training, folder = self._trainer, self._trainer.experiment.training, self._run.checkpoints
        with minding_the_device():
            file = save_checkpoint(folder, trainer.step, trainer.tensors(), trainer.experiment)
        self._saved_seconds, self._saved_step = trainer.seconds, trainer.step
        sizes = checkpoint_sizes(folder)
        kept = self._branched_at | {step for step in sizes if training.next_checkpoint(step - 1) == step}
        dropped = thinned(sizes, training.checkpoint_gigabytes * GIGABYTE, near=self._landmarks, kept=kept)
        left = [size for step, size in sizes.items() if step not in dropped]
        saved = Checkpointed(step=trainer.step, file=file, seconds=trainer.seconds, n_kept=len(left), n_bytes=sum(left))
        return saved, dropped
