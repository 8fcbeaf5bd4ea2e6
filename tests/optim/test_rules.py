import importlib.util
from math import sqrt
from typing import Any

import pytest
import torch

from grokterm.experiment.optimizer import SGD, Adam, AdamW, GradientDescent, GradientOptimizer, Lion, Muon
from grokterm.optim import adam
from grokterm.optim.modifiers import rule_of
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import Weights, orthogonalized

TURN = StepRng(0, 0, torch.device("cpu"))
SHAPES = {"left": (5, 3), "readout": (3, 5)}
BF16_WAY = float(torch.finfo(torch.bfloat16).eps) * 0.01
"""One update of rate 0.01 rounded otherwise: Muon multiplies in bfloat16, and not every processor adds in one order."""

RULES: list[tuple[GradientOptimizer, str, dict[str, Any]]] = [
    (GradientDescent(learning_rate=0.1), "SGD", {"lr": 0.1}),
    (GradientDescent(learning_rate=0.1, weight_decay=0.3), "SGD", {"lr": 0.1, "weight_decay": 0.3}),
    (SGD(learning_rate=0.02), "SGD", {"lr": 0.02, "momentum": 0.9}),
    (
        SGD(learning_rate=0.02, momentum=0.5, weight_decay=0.3),
        "SGD",
        {"lr": 0.02, "momentum": 0.5, "weight_decay": 0.3},
    ),
    (SGD(learning_rate=0.02, momentum=0.0), "SGD", {"lr": 0.02}),
    (Adam(learning_rate=0.01), "Adam", {"lr": 0.01}),
    (
        Adam(learning_rate=0.01, betas=(0.8, 0.98), epsilon=1e-6, weight_decay=0.3),
        "Adam",
        {"lr": 0.01, "betas": (0.8, 0.98), "eps": 1e-6, "weight_decay": 0.3},
    ),
    (Adam(learning_rate=0.01, betas=(0.0, 0.0)), "Adam", {"lr": 0.01, "betas": (0.0, 0.0)}),
    (AdamW(learning_rate=0.01), "AdamW", {"lr": 0.01, "weight_decay": 0.01}),
    (
        AdamW(learning_rate=0.01, betas=(0.9, 0.98), weight_decay=5.0),
        "AdamW",
        {"lr": 0.01, "betas": (0.9, 0.98), "weight_decay": 5.0},
    ),
    (Muon(learning_rate=0.01), "Muon", {"lr": 0.01}),
    (
        Muon(learning_rate=0.01, momentum=0.8, nesterov=False, orthogonal_steps=3, weight_decay=2.0),
        "Muon",
        {"lr": 0.01, "momentum": 0.8, "nesterov": False, "ns_steps": 3, "weight_decay": 2.0},
    ),
    (
        Muon(learning_rate=0.01, update_scale="match_rms_adamw"),
        "Muon",
        {"lr": 0.01, "adjust_lr_fn": "match_rms_adamw"},
    ),
]


def normal(seed: int, dtype: torch.dtype = torch.float32) -> Weights:
    source = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=source).to(dtype) for name, shape in SHAPES.items()}


def followed(
    settings: GradientOptimizer, n_steps: int, dtype: torch.dtype = torch.float32, *, then: GradientOptimizer | None = None
) -> Weights:
    """Follow gradients by a rule, the last half of them by another one of its kind."""
    weights, rule = normal(0, dtype), rule_of(settings)
    state = rule.begin(weights)
    for step in range(n_steps):
        rule = rule_of(then) if then and step == n_steps // 2 else rule
        weights, changed = rule.update(normal(step + 1, dtype), state, weights, TURN)
        state |= changed
    return weights


@pytest.mark.parametrize(("settings", "optimizer", "options"), RULES)
def test_a_rule_follows_a_hundred_gradients_as_torch_does(
    settings: GradientOptimizer, optimizer: str, options: dict[str, Any]
) -> None:
    if not hasattr(torch.optim, optimizer):
        pytest.skip(f"this torch has no {optimizer}")  # Muon came with 2.9
    # torch stores a matrix outputs first, and its Muon looks at which side is longer.
    leaves = {name: value.T.contiguous().requires_grad_() for name, value in normal(0).items()}
    reference = getattr(torch.optim, optimizer)(list(leaves.values()), **options)
    for step in range(100):
        for name, slope in normal(step + 1).items():
            leaves[name].grad = slope.T.contiguous()
        reference.step()
    for name, value in followed(settings, 100).items():
        reference_value = leaves[name].detach().T
        error = float((value - reference_value).norm() / reference_value.norm())
        assert error < (BF16_WAY if isinstance(settings, Muon) else 1e-6), f"{name} is off by {error:.1e}"


@pytest.mark.parametrize(
    ("settings", "optimizer", "changes", "options"),
    [
        (SGD(learning_rate=0.02), "SGD", {"momentum": 0.5}, {"momentum": 0.5}),
        (Adam(learning_rate=0.01), "Adam", {"betas": (0.5, 0.9), "epsilon": 1e-3}, {"betas": (0.5, 0.9), "eps": 1e-3}),
        (
            AdamW(learning_rate=0.01),
            "AdamW",
            {"betas": (0.5, 0.9), "weight_decay": 2.0},
            {"betas": (0.5, 0.9), "weight_decay": 2.0},
        ),
    ],
)
def test_numbers_that_are_changed_on_the_way_act_as_in_a_parameter_group_of_torch(
    settings: GradientOptimizer, optimizer: str, changes: dict[str, Any], options: dict[str, Any]
) -> None:
    leaves = {name: value.requires_grad_() for name, value in normal(0).items()}
    begun = {"lr": settings.learning_rate, **({"momentum": 0.9} if optimizer == "SGD" else {})}
    reference = getattr(torch.optim, optimizer)(list(leaves.values()), **begun)
    for step in range(40):
        if step == 20:
            reference.param_groups[0].update(options)
        for name, slope in normal(step + 1).items():
            leaves[name].grad = slope
        reference.step()
    for name, value in followed(settings, 40, then=settings.model_copy(update=changes)).items():
        assert float((value - leaves[name].detach()).norm() / value.norm()) < 1e-6, name


@pytest.mark.parametrize(("settings", "optimizer", "options"), [rule for rule in RULES if not isinstance(rule[0], Muon)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.bfloat16, 0.02)])
def test_a_rule_follows_gradients_of_another_precision_as_torch_does(
    settings: GradientOptimizer, optimizer: str, options: dict[str, Any], dtype: torch.dtype, tolerance: float
) -> None:
    leaves = {name: value.requires_grad_() for name, value in normal(0, dtype).items()}
    reference = getattr(torch.optim, optimizer)(list(leaves.values()), **options)
    for step in range(20):
        for name, slope in normal(step + 1, dtype).items():
            leaves[name].grad = slope
        reference.step()
    for name, value in followed(settings, 20, dtype).items():
        assert value.dtype == dtype
        assert float((value - leaves[name].detach()).norm() / value.norm()) < tolerance


@pytest.mark.parametrize(("settings", "optimizer", "options"), [rule for rule in RULES if isinstance(rule[0], Adam | AdamW)])
def test_adam_written_out_follows_a_hundred_gradients_as_torch_does(
    settings: GradientOptimizer, optimizer: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adam, "fused_operation", lambda *_: None)
    test_a_rule_follows_a_hundred_gradients_as_torch_does(settings, optimizer, options)


def test_adam_moves_alike_where_torch_does_not_tell_which_tensors_are_batched(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = followed(AdamW(learning_rate=0.1), 3)
    spec = importlib.util.find_spec(adam.__name__)
    assert spec is not None
    assert spec.loader is not None
    untold = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as other_torch:
        other_torch.delattr("torch._C._functorch.is_batchedtensor", raising=False)
        spec.loader.exec_module(untold)
    monkeypatch.setattr(adam, "is_batchedtensor", untold.is_batchedtensor)
    torch.testing.assert_close(followed(AdamW(learning_rate=0.1), 3), expected, rtol=0, atol=0)
    test_stacked_networks_follow_adam_as_each_does_alone("adamw", "fused", 5, monkeypatch)


@pytest.mark.parametrize("name", ["_fused_adam_", "_fused_adamw_"])
def test_an_operation_that_torch_lacks_or_has_with_other_arguments_is_not_used(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(weights: object, grads: object) -> None:
        """Take fewer arguments."""

    cpu = torch.device("cpu")
    assert adam.fused_operation(name, cpu) is not None
    monkeypatch.setattr(torch.ops.aten, name, other)
    assert adam.fused_operation.__wrapped__(name, cpu) is None
    assert adam.fused_operation.__wrapped__("_fused_away_", cpu) is None


@pytest.mark.parametrize("settings", [rule[0] for rule in RULES])
def test_the_memory_of_a_rule_keeps_its_names(settings: GradientOptimizer) -> None:
    weights, rule = normal(0), rule_of(settings)
    state = rule.begin(weights)
    assert rule.update(normal(1), state, weights, TURN)[1].keys() <= state.keys()


def test_decay_coupled_into_the_gradient_is_not_decay_apart_from_it() -> None:
    coupled = followed(Adam(learning_rate=0.01, weight_decay=1.0), 20)
    apart = followed(AdamW(learning_rate=0.01, weight_decay=1.0), 20)
    assert not torch.allclose(coupled["left"], apart["left"], rtol=1e-2)


def test_without_decay_adam_and_adamw_agree() -> None:
    adam, adamw = (followed(kind(learning_rate=0.01, weight_decay=0.0), 20) for kind in (Adam, AdamW))
    torch.testing.assert_close(adam, adamw)


@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_the_first_step_of_adam_has_the_length_of_the_learning_rate(kind: type[Adam | AdamW]) -> None:
    still, slope = {"left": torch.zeros(4)}, {"left": torch.tensor([-2.0, -1.0, 1.0, 5.0])}
    rule = rule_of(kind(learning_rate=0.01))
    moved, _ = rule.update(slope, rule.begin(still), still, TURN)
    torch.testing.assert_close(moved["left"], -0.01 * slope["left"].sign(), rtol=1e-6, atol=0)


def test_an_update_of_muon_has_singular_values_near_one() -> None:
    source = torch.Generator().manual_seed(0)
    for shape in ((40, 20), (20, 40)):
        matrix = torch.randn(shape, generator=source) @ torch.diag(torch.logspace(-1, 1, shape[1]))
        values = torch.linalg.svdvals(orthogonalized(matrix, 5).float())
        assert float(values.min()) > 0.5
        assert float(values.max()) < 1.3


def test_an_update_of_muon_does_not_depend_on_the_size_of_the_gradient() -> None:
    matrix = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    expected = orthogonalized(matrix, 5)
    for size in (2.0**-20, 2.0**20):
        assert torch.equal(orthogonalized(size * matrix, 5), expected)
    assert torch.equal(orthogonalized(torch.zeros(3, 2), 5), torch.zeros(3, 2, dtype=torch.bfloat16))


def test_the_scale_of_an_update_of_muon_is_one_of_two() -> None:
    lengths = []
    for scale in ("original", "match_rms_adamw"):
        weights, rule = normal(0), rule_of(Muon(learning_rate=1.0, weight_decay=0.0, update_scale=scale))
        moved, _ = rule.update(normal(1), rule.begin(weights), normal(0), TURN)
        lengths.append({name: float((moved[name] - weights[name]).norm()) for name in SHAPES})
    original, matched = lengths
    for name, (inputs, outputs) in SHAPES.items():
        assert matched[name] / original[name] == pytest.approx(
            0.2 * sqrt(max(inputs, outputs)) / sqrt(max(1, outputs / inputs))
        )


@pytest.mark.parametrize("nesterov", [False, True])
def test_muon_follows_the_momentum_or_where_nesterov_leads(nesterov: bool) -> None:  # noqa: FBT001
    first, second = (normal(step)["left"] for step in (1, 2))
    momentum = 0.9 * 0.1 * first + 0.1 * second
    ahead = 0.1 * second + 0.9 * momentum if nesterov else momentum
    settings = Muon(learning_rate=1.0, weight_decay=0.0, momentum=0.9, nesterov=nesterov)
    weights, rule = {"left": torch.zeros(SHAPES["left"])}, rule_of(settings)
    state, ends = rule.begin(weights), [weights["left"]]
    for gradient in (first, second):
        weights, changed = rule.update({"left": gradient}, state, weights, TURN)
        state |= changed
        ends.append(weights["left"])
    torch.testing.assert_close(ends[1] - ends[2], orthogonalized(ahead, 5).float(), rtol=0, atol=0.02)


def test_muon_leaves_what_is_no_matrix_to_adamw() -> None:
    def moved(kind: type[Muon | AdamW]) -> Weights:
        weights = normal(0) | {"bias": torch.linspace(-1, 1, 5), "scale": torch.tensor(2.0)}
        gradient = normal(1) | {"bias": torch.ones(5), "scale": torch.tensor(-1.0)}
        rule = rule_of(kind(learning_rate=0.01, weight_decay=0.5))
        return rule.update(gradient, rule.begin(weights), weights, TURN)[0]

    muon, adamw = moved(Muon), moved(AdamW)
    assert list(muon) == [*SHAPES, "bias", "scale"]
    assert {name for name in muon if torch.equal(muon[name], adamw[name])} == {"bias", "scale"}


def test_muon_moves_a_matrix_as_it_would_without_a_bias_beside_it() -> None:
    with_bias, matrix = ({"left": normal(0)["left"]} for _ in range(2))
    with_bias["bias"] = torch.zeros(5)
    rule = rule_of(Muon(learning_rate=0.01))
    states = [rule.begin(weights) for weights in (with_bias, matrix)]
    for step in range(5):
        slope = {"left": normal(step + 1)["left"]}
        with_bias, changed = rule.update(slope | {"bias": torch.ones(5)}, states[0], with_bias, TURN)
        states[0] |= changed
        matrix, changed = rule.update(slope, states[1], matrix, TURN)
        states[1] |= changed
    assert torch.equal(with_bias["left"], matrix["left"])
    assert torch.equal(states[0]["velocity.left"], states[1]["velocity.left"])
    assert float(states[1]["velocity.left"].norm()) > 0


def test_decay_to_the_start_is_the_pull_that_its_formula_says() -> None:
    start, still = {"left": torch.tensor([1.0, -2.0])}, {"left": torch.zeros(2)}
    rule = rule_of(AdamW(learning_rate=0.5, weight_decay=0.5, decay_to="init"))
    state, weights = rule.begin(start), {"left": torch.tensor([5.0, -2.0])}
    for expected in ([4.0, -2.0], [3.25, -2.0], [2.6875, -2.0]):
        weights, changed = rule.update(still, state, weights, TURN)
        state |= changed
        torch.testing.assert_close(weights["left"], torch.tensor(expected))


def test_decay_to_the_start_is_that_to_zero_where_the_start_is_zero() -> None:
    start = {name: torch.zeros_like(w) for name, w in normal(0).items()}
    to_zero, to_start = (rule_of(AdamW(learning_rate=0.1, weight_decay=0.3, decay_to=to)) for to in ("zero", "init"))
    ends = [rule.update(normal(1), rule.begin(start), normal(0), TURN)[0] for rule in (to_zero, to_start)]
    torch.testing.assert_close(*ends)


@pytest.mark.parametrize("betas", [(0.9, 0.99), (0.95, 0.5)])
def test_lion_is_the_loop_of_its_paper(betas: tuple[float, float]) -> None:
    rate, decay, (beta1, beta2) = 0.01, 0.5, betas
    weights, momentum = normal(0), {name: torch.zeros(shape) for name, shape in SHAPES.items()}
    for step in range(20):
        for name, gradient in normal(step + 1).items():
            update = torch.sign(beta1 * momentum[name] + (1 - beta1) * gradient)
            weights[name] = weights[name] - rate * (update + decay * weights[name])
            momentum[name] = beta2 * momentum[name] + (1 - beta2) * gradient
    settings = Lion(learning_rate=rate, weight_decay=decay, betas=betas)
    torch.testing.assert_close(followed(settings, 20), weights, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n_networks", [1, 5])
@pytest.mark.parametrize("how", ["fused", "written out"])
@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_stacked_networks_follow_adam_as_each_does_alone(
    kind: str, how: str, n_networks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dims = (-1, -1, -1, -1)
    if how == "written out":
        monkeypatch.setattr(adam, "fused_operation", lambda *_: None)
        dims = (0, -1, 0, 0)  # a gradient's networks may lie elsewhere
    update = adam.AdamUpdate(0.1, (0.8, 0.95), 1e-6, 0.3, is_decoupled=kind == "adamw")

    def moved(count: torch.Tensor, *parts: list[torch.Tensor]) -> torch.Tensor:
        update(count, *parts)
        return count

    source = torch.Generator().manual_seed(0)
    count, shapes = torch.full((n_networks,), 2.0), ((4, 3, n_networks), (2, n_networks))
    parts = [[torch.rand(shape, generator=source).movedim(-1, dim) for shape in shapes] for dim in dims]

    def parts_of(number: int) -> list[list[torch.Tensor]]:
        """Weights, grads and moments."""
        return [[tensor.select(dim, number).clone() for tensor in part] for part, dim in zip(parts, dims, strict=True)]

    alone = [parts_of(number) for number in range(n_networks)]
    torch.vmap(moved, in_dims=(0, *dims))(count, *parts)
    for number, own in enumerate(alone):
        update(count[number], *own)
        torch.testing.assert_close(parts_of(number), own)


def test_stacked_matrices_are_orthogonalized_as_each_is_alone() -> None:
    source = torch.Generator().manual_seed(0)
    for shape in ((6, 4), (4, 6)):
        matrices = torch.randn(5, *shape, generator=source)
        together = torch.vmap(lambda one: orthogonalized(one, 5), in_dims=1)(matrices.movedim(0, 1))
        assert together.dtype == torch.bfloat16
        assert torch.equal(together, torch.stack([orthogonalized(one, 5) for one in matrices]))
