"""What a run trains on, as its journal tells it."""

from collections.abc import Iterable

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.recording.records import Acted, Record
from grokterm.runs.resume import change_of
from grokterm.tasks.dataset import Dataset


def dataset_after(experiment: Experiment, records: Iterable[Record]) -> tuple[Dataset, int]:
    """Return the dataset of a run, of an ensemble that of its first member, after these records; and the last swap's step."""
    dataset, swapped_at = experiment.task.dataset(experiment.seed), 0
    for record in records:
        if isinstance(record, Acted) and isinstance(record.action, Swap):
            dataset, swapped_at = record.action.applied(dataset, was_used=record.step > swapped_at), record.step
        elif (change := change_of(experiment, record)) is not None:
            experiment = experiment.changed(change)
            dataset = dataset.with_label_noise(experiment.task.label_noise)
    return dataset, swapped_at
