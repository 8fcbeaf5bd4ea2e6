"""The trained parts of a mixture: found among saved runs, and copied into the run of the mixture."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grokterm.errors import CheckpointError, ConfigError, PresetError
from grokterm.experiment.architectures.mixture import PARTS, MixtureModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.files import copied
from grokterm.experiment.reading.presets import Preset, find_preset
from grokterm.experiment.recording.records import Finished
from grokterm.models.build import network_of
from grokterm.models.mixture import MixturePart
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.finding import exact_run
from grokterm.runs.journal import read_journal, rewind_journal
from grokterm.runs.results.matching import finished_runs, is_readable
from grokterm.runs.store import Run, list_runs


@dataclass(frozen=True)
class FoundParts:
    """Trained and untrained parts of a mixture."""

    runs: Mapping[str, Run]  # by role
    untrained: tuple[Preset, ...]


def find_parts(experiment: Experiment, folder: Path) -> FoundParts:
    """Find the parts of an experiment; none unless it is a mixture.

    Raises:
        ConfigError: if a part is neither a run nor a preset, or is a mixture itself.
        StorageError: if the folder cannot be read.
    """
    runs: dict[str, Run] = {}
    untrained: dict[str, Preset] = {}
    for role in PARTS if isinstance(experiment.model, MixtureModel) else ():
        name = getattr(experiment.model, role)
        found = _find(role, name, folder)
        if isinstance(found.experiment.model, MixtureModel):
            raise ConfigError(f"model.{role}: {name} is a mixture itself: choose a run of another network")
        if found.experiment.training.members > 1:
            raise ConfigError(f"model.{role}: {name} is an ensemble: choose a run of a single network")
        if isinstance(found, Run):
            if any(isinstance(record, Finished) and record.reason == "diverged" for record in read_journal(found.journal)):
                raise ConfigError(f"model.{role}: {found.name} diverged: choose another run")
            runs[role] = found
        else:
            untrained[found.name] = found
    return FoundParts(runs, tuple(untrained.values()))


def load_parts(runs: Mapping[str, Run]) -> dict[str, MixturePart] | None:
    """Load the trained networks; None without parts.

    Raises:
        CheckpointError: if one cannot be read.
    """
    return {role: _load(run) for role, run in runs.items()} or None


def copied_parts(run: Run) -> dict[str, Run]:
    """Return the copies of the parts in the run of a mixture."""
    return {role: Run(run.path / "parts" / role) for role in PARTS} if isinstance(run.experiment.model, MixtureModel) else {}


def part_files(runs: Mapping[str, Run]) -> dict[str, bytes]:
    """Return the files that the run of a mixture copies from its parts, by name, so that it needs no other run.

    Raises:
        CheckpointError: if one cannot be read.
    """
    files = {}
    for role, run in runs.items():
        try:
            for name, content in copied(run.experiment.settings())[1].items():
                files[f"parts/{role}/{name}"] = content
            for path in (run.path / "experiment.toml", run.path / "meta.json", run.journal, _checkpoint(run)):
                files[f"parts/{role}/{path.relative_to(run.path)}"] = path.read_bytes()
        except OSError as error:
            raise CheckpointError(f"run {run.name} cannot be read: {error.strerror}: choose another model.{role}") from None
    return files


def _find(role: str, name: str, folder: Path) -> Run | Preset:
    if (run := exact_run(folder, name)) is not None:  # the beginning of a name is more likely a preset's
        return run
    try:
        preset = find_preset(name)
    except PresetError:
        raise ConfigError(f"model.{role} must be a run in {folder} or a preset, and neither is called {name!r}") from None
    finished = finished_runs(filter(is_readable, list_runs(folder)), preset.experiment)
    return next((run for run in finished if run.experiment.seed == preset.experiment.seed), preset)


def _load(run: Run) -> MixturePart:
    experiment, prefix = run.experiment, "weights."
    network = network_of(experiment)
    tensors = load_checkpoint(path := _checkpoint(run))
    weights = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    try:
        network.load_state_dict(weights)
    except RuntimeError:  # its names or shapes are others
        raise CheckpointError(f"checkpoint {path} belongs to another network than experiment.toml of run {run.name}") from None
    return MixturePart(run.name, experiment, network)


def _checkpoint(run: Run) -> Path:
    checkpoint = rewind_journal(run.journal).checkpoint
    if checkpoint is None:
        raise CheckpointError(f"run {run.name} has no checkpoint: train it again, or choose another run")
    return run.checkpoints / checkpoint.file
