"""Steps that were trained before, trained again."""

from collections import deque
from collections.abc import Iterable, Iterator

from grokterm.training.device import minding_memory
from grokterm.training.records import Record
from grokterm.training.trainer import Trainer


def replay(trainer: Trainer, records: Iterable[Record], last: int) -> Iterator[int]:
    """Train on as these records say that it went, measuring nothing; hand back control at every step.

    A step is yielded, the first one too, once everything has been done that was done there. What an experiment would do by
    itself is left to the records: they know what was skipped, and at which step a milestone was seen.

    Raises:
        OutOfMemoryError: if the device has no memory left for a step.
    """
    waiting = deque(records)
    while True:
        while waiting and waiting[0].step <= trainer.step:
            trainer.recall(waiting.popleft())
        yield trainer.step
        if trainer.step >= last:
            return
        with minding_memory():
            trainer.fit.update()
