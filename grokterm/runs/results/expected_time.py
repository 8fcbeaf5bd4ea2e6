"""How long a run will take here: of a mixture with its parts, of an ensemble with all members."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from grokterm.engines.device import find_device
from grokterm.experiment.architectures.mixture import PARTS, MixtureModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.presets import find_preset
from grokterm.models.build import network_of
from grokterm.models.mixture import MixturePart
from grokterm.models.processor import available_cores
from grokterm.runs.mixture_parts import find_parts, load_parts
from grokterm.runs.starting_points import with_start
from grokterm.training.estimate import Estimate, estimate


def estimate_run(experiment: Experiment, folder: Path, is_wanted: Callable[[], bool] = lambda: True) -> Estimate:
    """Time the first steps of what `start_session` would train, until it is no longer wanted.

    Raises:
        GroktermError: if it cannot be trained here.
    """
    if isinstance(experiment.model, MixtureModel):
        return _of_mixture(experiment, experiment.model, folder, is_wanted)
    experiment, members = with_start(experiment, folder), experiment.training.members
    if members == 1 or find_device(experiment.device).type != "cpu":
        return estimate(experiment, is_wanted=is_wanted)
    one = estimate(experiment.member(0), is_wanted=is_wanted)  # processes side by side, with a core each
    return replace(one, seconds=one.seconds * members / min(members, available_cores()))


def _of_mixture(experiment: Experiment, model: MixtureModel, folder: Path, is_wanted: Callable[[], bool]) -> Estimate:
    found = find_parts(experiment, folder)
    parts, before = dict(load_parts(found.runs) or {}), 0.0
    for preset in found.untrained:
        before += estimate(preset.experiment.on_device(experiment.device), is_wanted=is_wanted).seconds
    for role in PARTS:
        if role not in parts:  # as large as it will be, and as fast
            own = find_preset(getattr(model, role)).experiment
            parts[role] = MixturePart(getattr(model, role), own, network_of(own))
    itself = estimate(experiment, parts, is_wanted)
    return replace(itself, seconds=before + itself.seconds)
