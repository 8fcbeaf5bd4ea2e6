"""What trainings are tried with. The process that distributes the tests loads this file too: torch is left to the others."""

from collections import Counter
from collections.abc import Iterator

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.overrides import override

TO_HOST = ("tolist", "item", "cpu", "numpy", "__bool__", "__float__", "__int__", "__index__", "__array__")

EVENTS = """interventions=[
    { at_step = 7, set = { "optimizer.learning_rate" = 5e-3 } },
    { at_step = 13, swap = { train_fraction = 0.3 } },
    { at_step = 17, set = { "optimizer.batch_size" = 15, "task.label_noise" = 0.3, "training.evaluate_every" = 4 } },
    { at_step = 22, save = true },
    { at_step = 30, swap = { train_fraction = 0.5, seed = 3 } },
    { at_step = 41, swap = { operation = "subtract" } },
]"""


LESS_MODIFIED = (
    '5e-3, "optimizer.held_norm" = 0.0, "optimizer.update_noise" = 0.5, "optimizer.filter_memory" = 0.9,'
    ' "optimizer.perpendicular_gradient" = false'
)


REDRAWN = """interventions=[
    { at_step = 7, swap = { seed = 3 } },
    { at_step = 18, swap = { operation = "divide" } },
    { at_step = 26, swap = { seed = 5, train_fraction = 0.2 } },
    { at_step = 33, swap = { operation = "add", train_fraction = 0.25 } },
    { at_step = 40, swap = { seed = 6 } },
]"""


def _changed(experiment: Experiment, *assignments: str) -> Experiment:
    """Change settings as `changed` in outcome.py does, which loads torch."""
    return override(experiment.settings(), assignments).experiment


@pytest.fixture
def redrawn(tiny: Experiment) -> Experiment:
    """New splits: of the whole table, where a part was trained on before, and of what was never trained on."""
    return _changed(tiny, "optimizer.batch_size=20", "task.label_noise=0.1", REDRAWN)


@pytest.fixture
def eventful(tiny: Experiment) -> Experiment:
    """Minibatches that part an epoch unevenly, and one intervention of every kind."""
    return _changed(tiny, "optimizer.batch_size=20", "task.label_noise=0.1", EVENTS)


@pytest.fixture(params=["ema", "ma"])
def modifiers(request: pytest.FixtureRequest) -> list[str]:
    """Everything that can be done around a rule at once, with either filter."""
    return [
        "optimizer.warmup_steps=12",
        "optimizer.schedule=cosine",
        "optimizer.schedule_steps=40",
        "optimizer.final_share=0.1",
        "optimizer.clip_norm=0.05",
        "optimizer.clip_value=0.01",
        "optimizer.weight_noise=0.01",
        "optimizer.update_noise=0.1",
        f"optimizer.gradient_filter={request.param}",
        "optimizer.filter_strength=0.5",
        "optimizer.filter_window=6",
        "optimizer.perpendicular_gradient=true",
        "optimizer.held_norm=0.9",
        "optimizer.average_decay=0.8",
        "optimizer.decay_to=init",
        'optimizer.groups={ "l*t" = { learning_rate = 2e-2 }, readout = { weight_decay = 0.3 } }',
        "model.dropout=0.1",
    ]


@pytest.fixture
def modified(eventful: Experiment, modifiers: list[str]) -> Experiment:
    """An eventful run with everything done around its rule, some of it changed on the way."""
    return _changed(eventful, *modifiers, EVENTS.replace("5e-3", LESS_MODIFIED))


@pytest.fixture
def diverging(tiny: Experiment) -> Experiment:
    """Weights that leave the range of numbers within some steps."""
    return _changed(tiny, "optimizer.kind=gd", "optimizer.learning_rate=1e4", "optimizer.weight_decay=0.0")


@pytest.fixture
def _members_here() -> Iterator[None]:
    """Train the members of ensembles in the process of the tests."""
    from tests.training.worker_here import members_here

    with members_here():
        yield


@pytest.fixture
def host_copies(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the calls that wait for the device and bring numbers to the host."""
    from torch import Tensor

    counted: Counter[str] = Counter()

    def count(name: str) -> None:
        original = getattr(Tensor, name)

        def counting(self: Tensor, *args: object, **options: object) -> object:
            counted[name] += 1
            return original(self, *args, **options)

        monkeypatch.setattr(Tensor, name, counting)

    for name in TO_HOST:
        count(name)
    return counted
