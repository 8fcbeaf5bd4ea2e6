import pytest

from grokterm.experiment.experiment import Experiment
from tests.training.outcome import changed

EVENTS = """interventions=[
    { at_step = 7, set = { "optimizer.learning_rate" = 5e-3 } },
    { at_step = 13, swap = { train_fraction = 0.3 } },
    { at_step = 22, save = true },
    { at_step = 30, swap = { train_fraction = 0.5, seed = 3 } },
    { at_step = 41, swap = { operation = "subtract" } },
]"""


@pytest.fixture
def eventful(tiny: Experiment) -> Experiment:
    """Minibatches that part an epoch unevenly, and one intervention of every kind."""
    return changed(tiny, "optimizer.batch_size=20", "task.label_noise=0.1", EVENTS)


@pytest.fixture
def diverging(tiny: Experiment) -> Experiment:
    """Weights that leave the range of numbers within some steps."""
    return changed(tiny, "optimizer.kind=gd", "optimizer.learning_rate=1e4", "optimizer.weight_decay=0.0")
