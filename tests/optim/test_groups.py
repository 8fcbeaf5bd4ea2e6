from typing import Any

import pytest
import torch

from grokterm.errors import ConfigError
from grokterm.experiment.optimizer import SGD, Adam, AdamW, GradientDescent, GradientOptimizer, Muon
from grokterm.experiment.optimizers.groups import Group
from grokterm.models.build import ARCHITECTURES
from grokterm.optim.groups import check_groups, settings_of
from grokterm.optim.modifiers import rule_of
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import Weights
from tests.training.every_network import small, trainer_of

SHAPES = {"embedding": (5, 3), "hidden.0": (3, 3), "hidden.1": (3, 3), "bias": (3,), "readout": (3, 5)}
HIDDEN = ("hidden.0", "hidden.1")
GROUPS = {
    "hidden.1": Group(weight_decay=2.0),
    "hidden*": Group(learning_rate=0.05),
    "*a*": Group(learning_rate=0.002, weight_decay=0.1),
}
OWN = {
    "embedding": (0.01, 0.5),
    "hidden.0": (0.05, 0.5),
    "hidden.1": (0.01, 2.0),
    "bias": (0.002, 0.1),
    "readout": (0.002, 0.1),
}
"""Learning rate and decay of each weight, of an optimizer with 0.01 and 0.5: its first match counts."""

PLAIN: list[tuple[type[GradientOptimizer], str, dict[str, Any]]] = [
    (GradientDescent, "SGD", {}),
    (SGD, "SGD", {"momentum": 0.9}),
    (Adam, "Adam", {}),
    (AdamW, "AdamW", {}),
]


def normal(seed: int) -> Weights:
    source = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=source) for name, shape in SHAPES.items()}


def followed(settings: GradientOptimizer, n_steps: int) -> Weights:
    weights, rule = normal(0), rule_of(settings, HIDDEN)
    state = rule.begin(weights)
    for step in range(n_steps):
        grads = normal(step + 1)
        weights, changed = rule.update(grads, state, weights, StepRng(0, step, torch.device("cpu")))
        assert changed.keys() <= state.keys()
        assert list(weights) == list(SHAPES)  # noise is drawn in this order
        state |= changed
    return weights


def followed_by_torch(optimizers: dict[str, tuple[str, dict[str, Any]]], n_steps: int) -> Weights:
    """Follow the same gradients by an optimizer of torch for each weight, stored outputs first as torch does."""
    leaves = {name: value.t().contiguous().requires_grad_() for name, value in normal(0).items()}
    references = [getattr(torch.optim, kind)([leaves[name]], **options) for name, (kind, options) in optimizers.items()]
    for step in range(n_steps):
        for name, slope in normal(step + 1).items():
            leaves[name].grad = slope.t().contiguous()
        for reference in references:
            reference.step()
    return {name: leaf.detach().t() for name, leaf in leaves.items()}


@pytest.mark.parametrize(("kind", "optimizer", "options"), PLAIN)
def test_groups_are_those_of_torch(kind: type[GradientOptimizer], optimizer: str, options: dict[str, Any]) -> None:
    got = followed(kind(learning_rate=0.01, weight_decay=0.5, groups=GROUPS), 50)
    leaves = {name: value.requires_grad_() for name, value in normal(0).items()}
    groups = [{"params": [leaves[name]], "lr": rate, "weight_decay": decay} for name, (rate, decay) in OWN.items()]
    reference = getattr(torch.optim, optimizer)(groups, **options)
    for step in range(50):
        for name, slope in normal(step + 1).items():
            leaves[name].grad = slope
        reference.step()
    torch.testing.assert_close(got, {name: leaf.detach() for name, leaf in leaves.items()}, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("groups", [{}, GROUPS])
@pytest.mark.parametrize("muon_for", ["all", "hidden"])
def test_muon_moves_its_matrices_and_adamw_the_rest_as_torch_does(muon_for: Any, groups: dict[str, Group]) -> None:  # noqa: ANN401
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon")  # it came with 2.9
    muon = Muon(
        muon_for=muon_for,
        learning_rate=0.01,
        weight_decay=0.5,
        other_learning_rate=0.003,
        other_weight_decay=0.2,
        betas=(0.8, 0.95),
        epsilon=1e-6,
        groups=groups,
    )
    optimizers: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, shape in SHAPES.items():
        is_moved = len(shape) == 2 and (muon_for == "all" or name in HIDDEN)
        rate, decay = (0.01, 0.5) if is_moved else (0.003, 0.2)
        if groups:
            rate, decay = (
                (own if own != usual else mine) for own, usual, mine in zip(OWN[name], (0.01, 0.5), (rate, decay), strict=True)
            )
        common = {"lr": rate, "weight_decay": decay}
        optimizers[name] = ("Muon", common) if is_moved else ("AdamW", common | {"betas": (0.8, 0.95), "eps": 1e-6})
    got, expected = followed(muon, 10), followed_by_torch(optimizers, 10)
    for name, value in got.items():
        error = float((value - expected[name]).norm() / expected[name].norm())
        assert error < (2e-2 if optimizers[name][0] == "Muon" else 1e-5), f"{name} is off by {error:.1e}"


def test_a_group_without_a_match_of_its_own_is_refused() -> None:
    for pattern in ("embeding*", "embedding"):
        groups = {"*": Group(weight_decay=1.0)} if pattern == "embedding" else {}
        settings = AdamW(groups=groups | {pattern: Group(weight_decay=2.0)})
        with pytest.raises(ConfigError) as refused:
            check_groups(settings, normal(0), HIDDEN)
        names = "embedding, hidden.0, hidden.1, bias, readout"
        said = f"optimizer.groups {pattern!r} is the first match of no weight: this network trains {names}"
        assert str(refused.value) == said


def test_a_rate_for_what_muon_leaves_over_is_refused_where_it_leaves_nothing() -> None:
    matrices = {name: value for name, value in normal(0).items() if value.ndim == 2}
    for written, value in (("other_weight_decay", "0.1"), ("other_learning_rate", "0.001")):
        with pytest.raises(ConfigError) as refused:
            check_groups(Muon.from_settings({"kind": "muon", written: float(value)}), matrices, HIDDEN)
        assert str(refused.value) == (
            f"optimizer.{written} {value} is of no use: muon moves every weight of this network;"
            " set optimizer.muon_for=hidden, or leave it out"
        )
    check_groups(Muon(), matrices, HIDDEN)
    check_groups(Muon(other_weight_decay=0.1), normal(0), HIDDEN)
    check_groups(Muon(other_weight_decay=0.1, muon_for="hidden"), matrices, HIDDEN)


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name != "kernel"])
def test_hidden_matrices_are_all_but_those_of_operands_tokens_positions_and_answers(architecture: str) -> None:
    trainable = trainer_of(small(architecture)).trainable
    outer = {"left", "right", "embedding", "places", "readout"}
    matrices = {name for name, value in trainable.weights.items() if value.ndim == 2}
    assert trainable.network.hidden_matrices & trainable.weights.keys() == matrices - outer
    assert matrices or architecture == "mixture"


@pytest.mark.parametrize("changes", [("model.depth=1",), ('model.frozen=["hidden"]',)])
def test_muon_for_hidden_matrices_is_refused_where_none_is_trained(changes: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as refused:
        trainer_of(small("mlp", "optimizer.kind=muon", "optimizer.muon_for=hidden", *changes))
    assert str(refused.value) == (
        "optimizer.muon_for hidden needs a matrix between hidden layers, and this network trains none:"
        " choose a deeper network, or set optimizer.muon_for=all"
    )


def test_a_group_of_muon_sets_the_rate_of_whichever_rule_its_weights_follow() -> None:
    muon = Muon(muon_for="hidden", groups={"*": Group(learning_rate=0.7)})
    assert settings_of("hidden.0", muon, HIDDEN).kind == "muon"
    assert settings_of("bias", muon, HIDDEN).kind == "adamw"
    assert {settings_of(name, muon, HIDDEN).learning_rate for name in SHAPES} == {0.7}
