from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle, repeat

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.records import Acted
from grokterm.training import trainer as trainer_module
from tests.training.outcome import Outcome, assert_same_numbers, changed, finish, started

LIMITS: dict[str, Callable[[], Iterator[int]]] = {
    "one": lambda: repeat(1),
    "three": lambda: repeat(3),
    "uneven": lambda: cycle([1, 9, 2, 40]),
    "large": lambda: repeat(10_000),
}
FINEST_AND_UNEVEN = ("one", "uneven")
MILESTONES = """interventions=[
    { when = "memorized", set = { "optimizer.weight_decay" = 2.0 } },
    { when = "grokked", swap = { train_fraction = 0.1 } },
]"""


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the length of a chunk to its limit instead of the clock; only a run's first chunk is one step."""
    monkeypatch.setattr(trainer_module, "CHUNK_SECONDS", 1e9)


def assert_chunks_leave_no_trace(experiment: Experiment, names: Iterable[str] = LIMITS) -> Outcome:
    """Return the run in one piece."""
    whole = finish(started(experiment))
    for name in names:
        in_chunks = finish(started(experiment), LIMITS[name]())
        assert [str(fact) for fact in in_chunks.facts] == [str(fact) for fact in whole.facts], (
            name
        )  # nan is not equal to itself
        assert_same_numbers(in_chunks.trainer, whole.trainer)
    return whole


@pytest.mark.parametrize("name", ["tiny", "eventful", "diverging"])
def test_how_a_run_is_cut_into_chunks_leaves_no_trace(name: str, request: pytest.FixtureRequest) -> None:
    assert_chunks_leave_no_trace(request.getfixturevalue(name))


def test_chunks_leave_no_trace_in_noise_and_remembered_gradients(modified: Experiment) -> None:
    assert_chunks_leave_no_trace(modified, FINEST_AND_UNEVEN)


def test_chunks_leave_no_trace_where_milestones_have_consequences(grokking: Experiment) -> None:
    whole = assert_chunks_leave_no_trace(changed(grokking, MILESTONES), FINEST_AND_UNEVEN)
    assert whole.reached_at("grokked") is not None


def test_chunks_leave_no_trace_where_measurements_grow_rare(grokking: Experiment) -> None:
    slow = ("optimizer.learning_rate=1e-3", "training.steps=407", "training.evaluate_every=log")
    experiment = changed(grokking, *slow, MILESTONES)
    whole = assert_chunks_leave_no_trace(experiment, FINEST_AND_UNEVEN)
    assert list(dict.fromkeys(whole.evaluated_at)) == [step for step in range(408) if experiment.training.evaluates(step)]
    assert [one.step > 100 for one in whole.every(Acted)] == [True, True]


def test_a_chunk_is_as_long_as_its_limit(tiny: Experiment) -> None:
    trainer = started(tiny)
    trainer.begin()
    for limit, step in ((1, 1), (2, 3), (1, 4), (9, 13), (1000, 60)):
        trainer.advance(limit)
        assert trainer.step == step


@pytest.mark.parametrize("kind", ["gd", "sgd", "adam", "adamw", "muon"])
def test_a_chunk_copies_to_the_host_once(tiny: Experiment, kind: str, host_copies: Counter[str]) -> None:
    # By autograd, as on a GPU: what is written out is for a CPU, and gives numpy the memory of its tensors.
    settings = ("training.engine=eager", "optimizer.learning_rate=1e-3", "optimizer.batch_size=20", "training.evaluate_every=1")
    trainer = started(changed(tiny, f"optimizer.kind={kind}", *settings))
    trainer.begin()
    assert host_copies == Counter(tolist=1)
    while trainer.step < 60:
        host_copies.clear()
        trainer.advance(20)
        assert trainer.ended is None or trainer.step == 60
        assert host_copies == Counter(tolist=1), f"up to step {trainer.step}"


def test_what_is_done_around_a_rule_copies_nothing_to_the_host(
    tiny: Experiment, modifiers: Sequence[str], host_copies: Counter[str]
) -> None:
    trainer = started(changed(tiny, *modifiers, "training.evaluate_every=50"))
    trainer.begin()
    host_copies.clear()
    trainer.advance(20)
    trainer.advance(20)
    assert host_copies == Counter()


def test_a_chunk_without_an_evaluation_copies_nothing(tiny: Experiment, host_copies: Counter[str]) -> None:
    trainer = started(changed(tiny, "training.evaluate_every=50"))
    trainer.begin()
    host_copies.clear()
    trainer.advance(20)
    trainer.advance(20)
    assert trainer.step == 21
    assert host_copies == Counter()


def test_the_counter_of_copies_sees_a_copy(tiny: Experiment, host_copies: Counter[str]) -> None:
    weight = started(tiny).trainable.weights["left"]
    host_copies.clear()
    assert bool(weight[0, 0] == weight[0, 0].item())
    assert host_copies == Counter({"item": 1, "__bool__": 1})


def test_a_chunk_is_over_when_the_device_is_done(tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that lags behind would make a chunk seem short, and the next one far too long."""
    trainer, waited = started(changed(tiny, "training.evaluate_every=60")), []
    monkeypatch.setattr(trainer_module, "synchronize", lambda _: waited.append(trainer.step))
    trainer.begin()
    trainer.advance(3)
    trainer.advance(4)
    assert waited == [0, 1, 5]
