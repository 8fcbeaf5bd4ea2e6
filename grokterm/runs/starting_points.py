"""The run whose weights a new run starts from."""

from pathlib import Path

from grokterm.errors import ConfigError
from grokterm.experiment.architectures.initial import InitialWeights
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.files import is_file
from grokterm.experiment.recording.records import Checkpointed
from grokterm.runs.finding import find_run
from grokterm.runs.journal import read_journal


def with_start(experiment: Experiment, folder: Path) -> Experiment:
    """Return the experiment with a run that it starts from, as in "quick-1@200", replaced by the file of a checkpoint.

    Raises:
        ConfigError: if the run has no checkpoint at that step.
        RunNotFoundError: if there is no such run.
    """
    model = experiment.model
    if not isinstance(model, InitialWeights) or not model.start_from or is_file("model", "start_from", model.start_from):
        return experiment
    name, at, step = model.start_from.rpartition("@")
    run = find_run(folder, name if at else model.start_from)
    known = {one.step: run.checkpoints / one.file for one in read_journal(run.journal) if isinstance(one, Checkpointed)}
    files = {str(number): path for number, path in known.items() if path.is_file()}
    if not files:
        raise ConfigError(f"model.start_from: run {run.name} has no checkpoint: train it again, or choose another run")
    if at and step not in files:
        raise ConfigError(
            f"model.start_from: run {run.name} has no checkpoint at step {step}: choose one of {', '.join(files)}, or train it"
            f" again with training.checkpoint_at"
        )
    path = files[step] if at else list(files.values())[-1]
    settings = experiment.settings()
    settings["model"] |= {"start_from": str(path.absolute())}
    return Experiment.from_settings(settings)
