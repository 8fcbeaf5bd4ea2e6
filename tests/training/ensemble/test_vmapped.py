"""An ensemble as one program, tried on a CPU: every member is trained as it would be alone, to rounding."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn
from torch.profiler import profile

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.models import initial, mlp
from grokterm.models.network import Network
from grokterm.training import kinds
from grokterm.training import trainer as trainer_module
from grokterm.training.ensemble import equations
from grokterm.training.ensemble.gradient import StackedGradient
from grokterm.training.ensemble.naming import of_member
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from grokterm.training.single import SingleNetwork
from grokterm.training.trainer import Trainer
from tests.models.test_mixture import part
from tests.training.ensemble.seen import SOME_HAVE_SEEN, assert_only_some_have_seen
from tests.training.outcome import Outcome, assert_same_numbers, changed, copied, finish, halts, started, trained_to

CPU = torch.device("cpu")
N_MEMBERS = 3
MLP = ("model.width=16", "model.scaling=standard")
DROPOUT = "model.dropout=0.2"
SHRUNK_AND_DIVIDED = """interventions=[
    { at_step = 13, swap = { train_fraction = 0.3 } },
    { at_step = 30, swap = { operation = "divide" } },
]"""
NETWORKS = {
    "mlp": (*MLP, DROPOUT),
    "three hidden layers": (*MLP, "model.depth=3", 'model.frozen=["first"]', "model.activation=gelu"),
    "tied operands": (*MLP, "model.tied_operands=true"),
    "batch norm": (*MLP, "model.depth=2", "model.normalization=batch"),
    "exact": ("model.initialization=analytic", "optimizer.learning_rate=1e-4"),
    "embedding_mlp": ("model.architecture=embedding_mlp", "model.width=16", "model.d_model=8"),
    "lstm": ("model.architecture=lstm", "model.d_model=8", DROPOUT),
    "transformer": ("model.architecture=transformer", "model.d_model=8", "model.n_layers=2", "model.norm=post", DROPOUT),
    "every token after the operands": (
        "model.architecture=transformer",
        "model.d_model=8",
        "model.sequence=<eos> a op b = c <eos>",
        "model.scored=answer_and_eos",
    ),
}

if TYPE_CHECKING:
    from grokterm.experiment.conditions import Milestone


MUON_STEPS = 4
MUON_TOLERANCE = 2**-8 * 5 * (1e-2 * sqrt(32 / 11)) * MUON_STEPS
"""Each processor rounds bfloat16 (2**-8) in its way, in each of five Newton-Schulz steps of each update of such a length."""


@pytest.fixture
def tiny(tiny: Experiment) -> Experiment:
    """Fewer steps."""
    return changed(tiny, "training.steps=45")


@pytest.fixture(autouse=True)
def _as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "ProcessEnsemble", VmappedEnsemble)


@pytest.fixture
def doubled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compute in float64, so that what AdamW makes of rounding errors stays far below what it makes of a mistake."""
    for module in (initial, mlp):
        monkeypatch.setattr(module, "parameter", lambda values: nn.Parameter(torch.tensor(values, dtype=torch.float64)))
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def ensemble(tiny: Experiment) -> Experiment:
    return changed(tiny, f"training.members={N_MEMBERS}")


def assert_members_equal_solo_runs(experiment: Experiment, rtol: float = 1e-7, atol: float = 1e-9) -> Outcome:
    solos = solo_runs(experiment)
    return assert_members_equal(solos, experiment, rtol, atol)


def solo_runs(experiment: Experiment) -> list[Outcome]:
    """Train each member alone, by autograd as well: a gradient that is written out has losses of less precision."""
    experiment = changed(experiment, f"training.members={N_MEMBERS}", "training.engine=eager")
    return [finish(started(experiment.member(number))) for number in range(N_MEMBERS)]


def assert_members_equal(solos: Sequence[Outcome], experiment: Experiment, rtol: float = 1e-7, atol: float = 1e-9) -> Outcome:
    together = finish(Trainer(changed(experiment, f"training.members={N_MEMBERS}", "training.engine=eager")))
    assert isinstance(together.trainer.trainable, VmappedEnsemble)
    for number, solo in enumerate(solos):
        own = of_member(number, together.trainer.tensors())
        torch.testing.assert_close(own, solo.trainer.tensors(), rtol=rtol, atol=atol)
        rows = zip(together.every(Evaluated), solo.every(Evaluated), strict=True)
        for of_all, of_one in rows:
            assert of_all.rows[number] == pytest.approx(of_one.rows[0], rel=max(1e-4, rtol), abs=1e-6)
    return together


@pytest.mark.usefixtures("doubled")
@pytest.mark.parametrize("settings", NETWORKS.values(), ids=NETWORKS)
def test_a_member_of_any_network_equals_its_solo_run(eventful: Experiment, settings: tuple[str, ...]) -> None:
    assert_members_equal_solo_runs(changed(eventful, *settings))


@pytest.mark.usefixtures("doubled")
@pytest.mark.parametrize("kind", ["gd", "sgd", "adam", "adamw", "lion"])
@pytest.mark.parametrize("size", ['"full"', "20"])
def test_a_member_equals_its_solo_run_under_any_rule(eventful: Experiment, kind: str, size: str) -> None:
    rate = "optimizer.learning_rate=1e-2"
    assert_members_equal_solo_runs(changed(eventful, f"optimizer.kind={kind}", rate, f"optimizer.batch_size={size}"))


def test_a_member_in_float64_equals_its_solo_run(eventful: Experiment) -> None:
    assert_members_equal_solo_runs(changed(eventful, *NETWORKS["mlp"], "training.precision=float64"))


def test_a_member_in_bfloat16_equals_its_solo_run_to_rounding(modified: Experiment) -> None:
    few = changed(modified, "training.precision=bfloat16", "training.steps=3", "interventions=[]")
    together, solo = finish(Trainer(changed(few, "training.members=2"))), finish(started(few.member(1)))
    assert together.every(Evaluated)[0].rows[1]["train_loss"] == pytest.approx(solo.every(Evaluated)[0].train_loss, rel=0.01)
    torch.testing.assert_close(of_member(1, together.trainer.tensors()), solo.trainer.tensors(), rtol=0.05, atol=0.02)


@pytest.mark.usefixtures("doubled")
@pytest.mark.parametrize("network", [(), ("model.depth=2", "model.scaling=standard", "optimizer.muon_for=hidden")])
def test_a_member_equals_its_solo_run_under_muon(eventful: Experiment, network: tuple[str, ...]) -> None:
    """Its bfloat16 turns the last digit of a gradient into the third of an update, so that only a few can be compared."""
    few = ("optimizer.kind=muon", f"training.steps={MUON_STEPS}", "interventions=[]", *network)
    assert_members_equal_solo_runs(changed(eventful, *few), rtol=1e-3, atol=MUON_TOLERANCE)


@pytest.mark.usefixtures("doubled")
@pytest.mark.parametrize("kind", ["gd", "adamw"])
def test_a_member_draws_the_noise_and_remembers_the_gradients_of_its_solo_run(modified: Experiment, kind: str) -> None:
    experiment = modified if kind == "adamw" else changed(modified, f"optimizer.kind={kind}", "optimizer.learning_rate=1e-2")
    assert_members_equal_solo_runs(experiment)


@pytest.mark.usefixtures("doubled")
@pytest.mark.parametrize("filtered", ["ema", "ma"])
def test_rules_that_treat_all_entries_alike_update_one_matrix(eventful: Experiment, filtered: str) -> None:
    settings = ("optimizer.gradient_filter=" + filtered, "optimizer.filter_window=6", "optimizer.warmup_steps=12")
    trainer = assert_members_equal_solo_runs(changed(eventful, *settings)).trainer
    assert isinstance(trainer.trainable, VmappedEnsemble)
    n_weights = trainer.trainable.n_parameters
    assert [weights.shape for weights in trainer.trainable.state.weights.values()] == [(N_MEMBERS, n_weights)]


@pytest.mark.usefixtures("doubled")
@pytest.mark.parametrize("loss", ["cross_entropy", "softmax_mse", "stablemax"])
def test_a_member_equals_its_solo_run_under_any_loss(eventful: Experiment, loss: str) -> None:
    assert_members_equal_solo_runs(changed(eventful, f"loss.kind={loss}", "loss.precision=float64"))


@pytest.mark.usefixtures("doubled")
@pytest.mark.parametrize("size", ['"full"', "9", "20"])
def test_training_sets_of_unequal_size_are_filled_up(tiny: Experiment, size: str) -> None:
    """Symmetric cuts lie where the pairs of a seed allow it, and a division leaves out what divides by zero."""
    batches = (f"optimizer.batch_size={size}", "optimizer.batch_share=0.9")
    experiment = changed(tiny, "task.split=symmetric", *batches, SHRUNK_AND_DIVIDED)
    trainer = assert_members_equal_solo_runs(experiment).trainer
    assert isinstance(trainer.trainable, VmappedEnsemble)
    assert len({len(dataset.train) for dataset in trainer.trainable._datasets}) > 1
    assert len({len(dataset.val) for dataset in trainer.trainable._datasets}) > 1


@pytest.mark.usefixtures("doubled")
def test_members_of_which_only_some_hold_out_what_they_were_trained_on_are_measured_as_alone(tiny: Experiment) -> None:
    assert_only_some_have_seen(assert_members_equal_solo_runs(changed(tiny, *SOME_HAVE_SEEN)))


@pytest.mark.usefixtures("doubled")
def test_a_member_is_split_anew_as_in_its_solo_run(redrawn: Experiment) -> None:
    together = assert_members_equal_solo_runs(redrawn)
    assert [one.seen_accuracy is None for one in together.every(Evaluated) if one.step in (5, 10, 45)] == [True, False, False]


@pytest.mark.usefixtures("doubled")
def test_the_rows_worked_on_at_a_time_are_bounded(eventful: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Network, "cpu_block_rows", 16)
    experiment = changed(eventful, DROPOUT, 'optimizer.batch_size="full"')
    solos = solo_runs(experiment)
    for at_once in (1, 16, 40, 1000):
        monkeypatch.setattr(equations, "BLOCK_ROWS", at_once)
        assert_members_equal(solos, experiment)


@pytest.mark.usefixtures("doubled")
def test_mixtures_of_the_same_parts_can_be_members(tiny: Experiment) -> None:
    parts = {"generalizer": part("a", modulus=11), "memorizer": part("b", seed=1, modulus=11)}
    model = {"architecture": "mixture", "generalizer": "a", "memorizer": "b"}
    experiment = Experiment.from_settings({**tiny.settings(), "model": model, "training": {"steps": 20, "members": N_MEMBERS}})
    together = finish(Trainer(experiment, parts=parts)).trainer.tensors()
    for number in range(N_MEMBERS):
        solo = finish(Trainer(experiment.member(number), threads=1, parts=parts)).trainer.tensors()
        torch.testing.assert_close(of_member(number, together), solo)


def test_a_checkpoint_of_members_trained_apart_goes_on_as_one_program(eventful: Experiment) -> None:
    experiment = changed(eventful, f"training.members={N_MEMBERS}")
    halted = trained_to(experiment, 33)
    apart = [trained_to(experiment.member(number), 33).trainer.tensors() for number in range(N_MEMBERS)]
    named = {f"member-{number:04d}.{name}": value for number, own in enumerate(apart) for name, value in own.items()}
    assert {name: value.shape for name, value in named.items()} == {
        name: value.shape for name, value in halted.trainer.tensors().items()
    }
    resumed = Trainer(experiment)
    resumed.restore(33, 0.0, named, halted.records)
    torch.testing.assert_close(resumed.tensors(), named, rtol=0, atol=0)
    torch.testing.assert_close(finish(resumed).trainer.tensors(), finish(Trainer(experiment)).trainer.tensors())


def test_a_restored_ensemble_goes_on_as_if_nothing_had_happened(modified: Experiment) -> None:
    experiment = changed(modified, f"training.members={N_MEMBERS}")
    whole = finish(Trainer(experiment)).trainer
    for halted in halts(experiment, [0, 1, 14, 30, 44]):
        resumed = Trainer(experiment)
        resumed.restore(halted.trainer.step, 0.0, copied(halted.trainer), halted.records)
        assert_same_numbers(finish(resumed).trainer, whole)


def test_a_milestone_is_reached_when_the_last_member_has_reached_it(grokking: Experiment) -> None:
    grokking = changed(grokking, "training.steps=60")
    together = finish(Trainer(changed(grokking, f"training.members={N_MEMBERS}")))
    milestones: tuple[Milestone, ...] = ("memorized", "grokked")
    for milestone in milestones:
        steps = [finish(started(grokking.member(number))).reached_at(milestone) for number in range(N_MEMBERS)]
        assert together.reached_at(milestone) == max(step for step in steps if step is not None)


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_a_member_that_diverges_leaves_the_others_alone(ensemble: Experiment, kind: str) -> None:
    experiment = changed(ensemble, f"optimizer.kind={kind}", "optimizer.held_norm=0.9")
    sound, trainer = finish(Trainer(experiment)).trainer, Trainer(experiment)
    broken = {
        name: torch.full_like(value, torch.inf) if name.startswith("member-0001.weights") else value
        for name, value in trainer.tensors().items()
    }
    trainer.trainable.load(broken)
    last = finish(trainer).every(Evaluated)[-1]
    assert [np.isfinite(list(row.values())).all() for row in last.rows] == [True, False, True]
    for number in (0, 2):
        own, expected = (of_member(number, one.tensors()) for one in (trainer, sound))
        torch.testing.assert_close(own, expected, rtol=0, atol=0)


def test_an_ensemble_whose_members_all_diverged_ends_where_that_was_seen(diverging: Experiment) -> None:
    experiment = changed(diverging, "training.members=2", "training.evaluate_every=1")
    together = finish(Trainer(experiment))
    steps = [finish(started(experiment.member(number))).reached_at("diverged") for number in range(2)]
    assert together.trainer.ended == "diverged"
    assert together.trainer.step == max(step for step in steps if step is not None)
    assert together.every(Evaluated)[-1].step == together.trainer.step


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_what_is_looked_at_is_the_first_member(ensemble: Experiment, normalization: str) -> None:
    experiment = changed(ensemble, f"model.normalization={normalization}", "optimizer.kind=gd", "optimizer.learning_rate=0.1")
    trainer = finish(Trainer(experiment)).trainer
    together, solo = trainer.snapshot(), finish(started(experiment.member(0))).trainer.snapshot()
    assert together.step == solo.step
    assert (together.dataset.train.operands == solo.dataset.train.operands).all()
    for ours, theirs in ((together.parameters, solo.parameters), (together.statistics, solo.statistics)):
        assert ours.keys() == theirs.keys()
        assert all(np.allclose(value, theirs[name], rtol=1e-4, atol=1e-6) for name, value in ours.items())
    assert trainer.trainable.weights.keys() | trainer.trainable.frozen.keys() == solo.parameters.keys()


def test_a_step_of_all_members_without_memory_leaves_them_as_they_were(
    ensemble: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, together = finish(Trainer(ensemble)).trainer, Trainer(ensemble)
    together.begin()

    def fail(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    with monkeypatch.context() as patch:
        patch.setattr(StackedGradient, "gradient", fail)
        together.advance()
    assert (together.ended, together.trainable.is_intact) == ("out_of_memory", True)
    together.ended = None
    finish(together)
    torch.testing.assert_close(together.tensors(), whole.tensors(), rtol=0, atol=0)


def test_a_swap_that_cannot_be_changes_nothing(ensemble: Experiment) -> None:
    trainer = Trainer(ensemble)
    trainer.begin()
    before = trainer.tensors()
    with pytest.raises(ConfigError):
        trainer.act(Swap(train_fraction=0.999))
    torch.testing.assert_close(trainer.tensors(), before, rtol=0, atol=0)
    assert_same_numbers(finish(trainer).trainer, finish(Trainer(ensemble)).trainer)


def test_training_sets_that_are_normalized_as_one_must_be_of_one_size(tiny: Experiment) -> None:
    experiment = changed(tiny, "training.members=8", "task.split=symmetric", "model.normalization=batch")
    with pytest.raises(ConfigError, match=r"model\.normalization batch .* training sets of one size, not 72 to 73: choose"):
        Trainer(experiment)


def test_a_kernel_machine_is_refused_in_one_line() -> None:
    tables = {"task": {"modulus": 5}, "model": {"architecture": "kernel"}, "optimizer": {"kind": "agop"}}
    experiment = Experiment.from_settings({**tables, "training": {"members": 2}})
    with pytest.raises(ConfigError, match=r"training\.members 2: model\.architecture kernel .*: set device=cpu"):
        VmappedEnsemble(experiment, CPU)


@pytest.mark.parametrize("settings", [(), ("optimizer.batch_size=20",), ("optimizer.kind=muon", DROPOUT)])
def test_a_chunk_copies_to_the_host_once(
    ensemble: Experiment, settings: tuple[str, ...], host_copies: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "CHUNK_SECONDS", 1e9)
    trainer = Trainer(changed(ensemble, *settings, "training.evaluate_every=1"))
    trainer.begin()
    while trainer.ended is None:
        host_copies.clear()
        trainer.advance(20)
        assert host_copies == Counter(tolist=1), f"up to step {trainer.step}"


def test_an_ensemble_is_one_program_wherever_there_is_no_cpu(ensemble: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(kind: str) -> Callable[..., SingleNetwork]:
        def making(*_: object, **__: object) -> SingleNetwork:
            made.append(kind)
            return SingleNetwork(ensemble.member(0), CPU)

        return making

    made: list[str] = []
    for kind in ("ProcessEnsemble", "VmappedEnsemble"):
        monkeypatch.setattr(kinds, kind, make(kind))
    for device in ("cpu", "cuda", "mps"):
        kinds.make_trainable(ensemble, torch.device(device))
    assert made == ["ProcessEnsemble", "VmappedEnsemble", "VmappedEnsemble"]


def test_all_members_are_updated_by_the_operations_of_one_update(ensemble: Experiment) -> None:
    few, many = (operations_of_a_step(changed(ensemble, f"training.members={members}")) for members in (3, 10))
    assert few == many
    assert few["aten::bmm"] == 3
    assert few["aten::embedding_dense_backward"] == 2
    assert "aten::one_hot" not in few


def operations_of_a_step(experiment: Experiment) -> Counter[str]:
    fit = VmappedEnsemble(experiment, CPU)
    with profile() as seen:
        fit.update()
    return Counter({event.key: event.count for event in seen.key_averages() if event.key.startswith("aten::")})
