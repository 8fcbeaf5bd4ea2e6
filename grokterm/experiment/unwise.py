"""Valid settings that probably fail, or never come to anything: worth a word, no refusal."""

from typing import TYPE_CHECKING

from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.optimizer import RecursiveFeatures, rates_and_decays

if TYPE_CHECKING:
    from grokterm.experiment.experiment import Experiment


def unwise_settings(experiment: "Experiment") -> list[str]:
    """Say in a line of each what will probably go wrong."""
    last = experiment.training.steps
    found = [
        f"interventions[{number}] never happens: at_step {one.at_step:,} comes after the last step, {last:,}"
        for number, one in enumerate(experiment.interventions)
        if one.at_step is not None and one.at_step > last
    ]
    if late := [step for step in experiment.training.checkpoint_at if isinstance(step, int) and step > last]:
        found.append(f"training.checkpoint_at: step {late[0]:,} comes after the last step, {last:,}")
    found += [
        f"interventions[{number}] never happens: {one.when} never comes where {reason}"
        for number, one in enumerate(experiment.interventions)
        if one.condition is not None and (reason := experiment.never_comes(one.condition))
    ]
    optimizer = experiment.optimizer
    if isinstance(optimizer, RecursiveFeatures):
        return found
    if isinstance(experiment.model, MLPModel) and experiment.model.tied_operands and not experiment.task.is_symmetric:
        found.append(
            f"model.tied_operands scores a ∘ b and b ∘ a alike, and {experiment.task.operation} answers them differently"
        )
    scaling = experiment.model.scaling if isinstance(experiment.model, MLPModel) else ""
    if scaling == "gromov" and optimizer.kind == "adamw" and optimizer.weight_decay >= 1:
        found.append(f"weight_decay {optimizer.weight_decay:g} under the gromov scaling collapses to the zero function")
    if scaling in ("doshi", "standard") and optimizer.kind in ("gd", "sgd") and optimizer.learning_rate > 1e3:
        found.append(f"learning_rate {optimizer.learning_rate:g} belongs to the gromov scaling and diverges under {scaling}")
    if (shrinkage := max(rate * decay for rate, decay in rates_and_decays(optimizer))) >= 1:
        found.append(f"learning_rate times weight_decay is {shrinkage:g}: from 1 on, every step turns the weights around")
    return found
