"""How a network learns: by following a gradient, or by solving for what a gradient would look for."""

from collections.abc import Callable
from dataclasses import dataclass

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.gradient import Calculus
from grokterm.engines.step import Step, make_step
from grokterm.engines.thread_pool import Team
from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.optim.flat import Packing
from grokterm.optim.modifiers import rule_of
from grokterm.optim.rules import Memory, Weights
from grokterm.training.rfm import FeatureMachine


@dataclass(frozen=True)
class Learner:
    """What a training does to its weights."""

    begin: Callable[[Weights], Memory]
    """The memory before the first step, by name."""

    meet: Callable[[Weights, DeviceEquations], Weights]
    """The weights once a training set has come into use, by name: those that follow a gradient stay as they are."""

    packing: Packing
    """The form in which the step takes both."""

    step: Step
    """One update."""

    measures: bool
    """The step can say what a measurement of its batch would."""

    settles_at: float
    """From which step on the number of a step no longer matters to it, but for its random streams."""


def learner_of(experiment: Experiment, team: Team, calculus: Calculus, weights: Weights) -> Learner:
    """Turn the settings of an experiment into what its training does to these weights."""
    if isinstance(experiment.optimizer, RecursiveFeatures):
        assert isinstance(experiment.model, KernelModel)
        machine = FeatureMachine(team, experiment.model, experiment.optimizer)
        return Learner(
            lambda weights: {}, machine.meet, Packing(weights, as_one=False), machine.step, measures=False, settles_at=0.0
        )
    rule, noise = rule_of(experiment.optimizer), experiment.optimizer.weight_noise
    packing = Packing(weights, as_one=not rule.by_tensor)
    step = make_step(calculus, rule, packing, noise)
    measures = not noise and not team.network.trains_differently
    return Learner(rule.begin, lambda weights, train: weights, packing, step, measures, rule.settles_at)
