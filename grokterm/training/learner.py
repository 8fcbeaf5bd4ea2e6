"""How a network learns: by following a gradient, or by solving for what a gradient would look for."""

from collections.abc import Callable
from dataclasses import dataclass

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.gradient import GradientBackend
from grokterm.engines.step import Step, make_step
from grokterm.engines.thread_pool import ThreadPool
from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.optim.flat import FlatParameters
from grokterm.optim.modifiers import rule_of
from grokterm.optim.rules import OptimizerState, Weights
from grokterm.training.rfm import FeatureMachine


@dataclass(frozen=True)
class Learner:
    """What a training does to its weights."""

    begin: Callable[[Weights], OptimizerState]
    """The memory before the first step, by name."""

    on_new_training_set: Callable[[Weights, DeviceEquations], Weights]
    """The weights once a training set has come into use, by name: those that follow a gradient stay as they are."""

    flat: FlatParameters
    """The form in which the step takes both."""

    step: Step
    """One update."""

    measures: bool
    """The step can say what a measurement of its batch would."""

    step_invariant_from: float
    """From which step on the number of a step no longer matters to it, but for its random streams."""


def learner_of(experiment: Experiment, pool: ThreadPool, calculus: GradientBackend, weights: Weights) -> Learner:
    """StepRng the settings of an experiment into what its training does to these weights."""
    if isinstance(experiment.optimizer, RecursiveFeatures):
        assert isinstance(experiment.model, KernelModel)
        machine = FeatureMachine(pool, experiment.model, experiment.optimizer)
        return Learner(
            lambda weights: {},
            machine.on_new_training_set,
            FlatParameters(weights, as_one=False),
            machine.step,
            measures=False,
            step_invariant_from=0.0,
        )
    rule, noise = rule_of(experiment.optimizer), experiment.optimizer.weight_noise
    flat = FlatParameters(weights, as_one=not rule.by_tensor)
    step = make_step(calculus, rule, flat, noise)
    measures = not noise and not pool.network.trains_differently
    return Learner(rule.begin, lambda weights, train: weights, flat, step, measures, rule.step_invariant_from)
