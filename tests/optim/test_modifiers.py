import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import lr_scheduler, swa_utils

from grokterm.experiment.modifiers import Modifiers
from grokterm.experiment.optimizer import OPTIMIZERS, SGD, Adam, AdamW, GradientDescent, GradientOptimizer, Lion, Muon
from grokterm.experiment.optimizers.groups import Group
from grokterm.optim.modifiers import INITIAL_NORM, MODIFIERS, average_of, perpendicular, rule_of
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import RULES, OptimizerState, Weights

SHAPES = {"left": (5, 3), "bias": (4,), "gate": ()}
ON: dict[str, dict[str, Any]] = {
    "warmup": {"warmup_steps": 5},
    "schedule": {"warmup_steps": 2, "schedule": "cosine", "schedule_steps": 5},
    "clip norm": {"clip_norm": 0.5},
    "clip value": {"clip_value": 0.5},
    "update noise": {"update_noise": 0.5},
    "ema": {"gradient_filter": "ema"},
    "ma": {"gradient_filter": "ma", "filter_window": 4},
    "perpendicular": {"perpendicular_gradient": True},
    "held norm": {"held_norm": 0.8},
    "average": {"average_decay": 0.9},
}
GRADIENT_OPTIMIZERS = [kind for kind in OPTIMIZERS if issubclass(kind, Modifiers)]
everywhere = pytest.mark.parametrize("modifier", ON.values(), ids=ON)


def rng_of(step: int, seed: int = 0) -> StepRng:
    return StepRng(seed, step, torch.device("cpu"))


def normal(seed: int) -> Weights:
    source = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=source, dtype=torch.float64) for name, shape in SHAPES.items()}


def path(settings: GradientOptimizer, n_steps: int = 12) -> Iterator[tuple[Weights, OptimizerState]]:
    """Follow gradients that do not depend on where they lead."""
    weights, rule = normal(0), rule_of(settings)
    state = rule.begin(weights)
    for step in range(n_steps):
        weights, changed = rule.update(normal(step + 1), state, weights, rng_of(step))
        state = state | changed
        yield copied(weights), state


def copied(tensors: Weights) -> Weights:
    return {name: value.clone() for name, value in tensors.items()}


def norm(weights: Weights) -> float:
    return math.sqrt(sum(float(w.square().sum()) for w in weights.values()))


@pytest.mark.parametrize("kind", GRADIENT_OPTIMIZERS)
def test_what_is_off_leaves_the_rule_as_it_is(kind: type[GradientOptimizer]) -> None:
    settings = kind()
    bare = RULES[settings.kind](settings)
    assert all(modify(settings, bare) is bare for name, modify in MODIFIERS.items() if name != "held_norm")
    expected, got = (
        rule.update(normal(1), rule.begin(normal(0)), normal(0), rng_of(0))[0] for rule in (bare, rule_of(settings))
    )
    torch.testing.assert_close(got, expected, rtol=0, atol=0)


DEPENDS: list[tuple[dict[str, Any], bool, bool, float]] = [
    ({}, False, False, 0.0),
    ({"clip_norm": 1.0}, False, True, 0.0),
    ({"clip_value": 1.0}, False, False, 0.0),
    ({"perpendicular_gradient": True}, True, False, 0.0),
    ({"gradient_filter": "ema"}, False, False, 1.0),
    ({"gradient_filter": "ma"}, False, False, math.inf),
    ({"update_noise": 0.1}, True, False, 0.0),
    ({"warmup_steps": 5}, False, False, 5.0),
    ({"warmup_steps": 5, "gradient_filter": "ema"}, False, False, 5.0),
    ({"warmup_steps": 5, "gradient_filter": "ma"}, False, False, math.inf),
    ({"schedule": "cosine", "schedule_steps": 9, "warmup_steps": 5}, False, False, 0.0),
    ({"schedule": "cosine", "schedule_steps": 9, "gradient_filter": "ema"}, False, False, 1.0),
    ({"held_norm": 1.0}, False, True, 0.0),
    ({"average_decay": 0.9}, False, False, 0.0),
    ({"groups": {"*": {"weight_decay": 0.1}}}, True, False, 0.0),
]
"""Whether an update depends on the bounds of tensors and of networks, and from which step on not on its number."""


@pytest.mark.parametrize("kind", GRADIENT_OPTIMIZERS)
def test_a_rule_says_what_its_update_depends_on(kind: type[GradientOptimizer]) -> None:
    for changes, by_tensor, by_network, invariant_from in DEPENDS:
        rule = rule_of(kind.from_settings({"kind": kind.model_fields["kind"].default, **changes}))
        assert rule.by_tensor == (by_tensor or kind is Muon), changes
        assert (rule.by_network, rule.step_invariant_from) == (by_network, invariant_from), changes


@everywhere
@pytest.mark.parametrize("kind", GRADIENT_OPTIMIZERS)
def test_a_modified_rule_looks_at_what_it_is_given_alone_and_its_memory_keeps_names_and_shapes(
    kind: type[GradientOptimizer], modifier: dict[str, Any]
) -> None:
    weights, gradient, rule = normal(0), normal(1), rule_of(kind(**modifier))
    state = rule.begin(weights)
    for step in range(6):
        grads, states = [copied(gradient) for _ in range(2)], [copied(state) for _ in range(2)]
        moved = []
        for given, own in zip(grads, states, strict=True):
            new_weights, changed = rule.update(given, own, copied(weights), rng_of(step))
            assert changed.keys() <= state.keys()
            own |= changed
            moved.append(new_weights)
        for value in grads[0].values():
            value.fill_(torch.nan)  # a backend may overwrite its gradient with the next one
        torch.testing.assert_close((moved[0], states[0]), (moved[1], states[1]), rtol=0, atol=0)
        assert {name: value.shape for name, value in states[0].items()} == {name: v.shape for name, v in state.items()}
        assert list(moved[0]) == list(weights)  # noise is drawn in this order
        weights, state = moved[0], states[0]


@everywhere
def test_a_modified_rule_keeps_the_precision_of_the_weights_and_takes_norms_in_single(modifier: dict[str, Any]) -> None:
    weights = {name: value.bfloat16() for name, value in normal(0).items()}
    rule = rule_of(AdamW(**modifier))
    state = rule.begin(weights)
    moved, changed = rule.update(copied(weights), state, copied(weights), rng_of(7))
    kept = {name for name, one in (state | changed).items() if one.dtype != torch.bfloat16}
    assert {one.dtype for one in moved.values()} == {torch.bfloat16}
    assert kept == {"count", INITIAL_NORM}
    assert float(state[INITIAL_NORM]) == pytest.approx(norm(normal(0)), rel=1e-2)


def test_a_state_has_the_names_that_checkpoints_have() -> None:
    weights = {"w": torch.ones(2, 2), "b": torch.ones(2)}
    for settings, names in (
        (GradientDescent(gradient_filter="ma", filter_window=2), "initial_norm recent-0.w recent-0.b recent-1.w recent-1.b"),
        (SGD(gradient_filter="ema"), "initial_norm slow.w slow.b velocity.w velocity.b"),
        (Adam(average_decay=0.9), "initial_norm average.w average.b count first.w first.b second.w second.b"),
        (AdamW(decay_to="init"), "initial_norm initial.w initial.b count first.w first.b second.w second.b"),
        (Lion(), "initial_norm velocity.w velocity.b"),
        (Muon(), "initial_norm velocity.w count first.b second.b"),
        (
            AdamW(groups={"w": Group(weight_decay=0.1)}),
            "initial_norm count@w@adamw count@@adamw first.w first.b second.w second.b",
        ),
    ):
        assert sorted(rule_of(settings).begin(weights)) == sorted(names.split())


def test_modifiers_are_named_by_the_settings_that_turn_them_on() -> None:
    assert MODIFIERS.keys() <= GradientDescent.model_fields.keys()


@pytest.mark.parametrize("kind", GRADIENT_OPTIMIZERS)
def test_what_may_change_while_training_does_not_change_the_names_of_the_memory(kind: type[GradientOptimizer]) -> None:
    rules = [
        rule_of(kind(learning_rate=rate, weight_decay=value, update_noise=value, filter_strength=value, held_norm=value))
        for rate, value in ((0.1, 0.0), (0.0, 1.0), (0.1, 1.0))
    ]
    assert len({tuple(rule.begin(normal(0))) for rule in rules}) == 1


def test_a_checkpoint_holds_no_tensor_twice() -> None:
    weights = normal(0)
    rule = rule_of(AdamW(decay_to="init", gradient_filter="ma", filter_window=3, held_norm=1.0))
    held = [*weights.values(), *rule.begin(weights).values()]
    assert len({value.data_ptr() for value in held}) == len(held)


PROPORTIONAL: list[tuple[GradientOptimizer, str, dict[str, Any]]] = [
    (SGD(learning_rate=0.02, weight_decay=0.3), "SGD", {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.3}),
    (Adam(learning_rate=0.01, weight_decay=0.3), "Adam", {"lr": 0.01, "weight_decay": 0.3}),
    (AdamW(learning_rate=0.01, weight_decay=2.0), "AdamW", {"lr": 0.01, "weight_decay": 2.0}),
]
Scheduler = Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]


def warmed_up(n_steps: int) -> Scheduler:
    return lambda of: lr_scheduler.LambdaLR(of, lambda step: min(1.0, step / n_steps))


SCHEDULED: dict[str, tuple[dict[str, Any], Scheduler]] = {
    **{f"warm-up of {steps}": ({"warmup_steps": steps}, warmed_up(steps)) for steps in (1, 7, 30)},
    "linear": (
        {"schedule": "linear", "schedule_steps": 25, "final_share": 0.2},
        lambda of: lr_scheduler.LinearLR(of, start_factor=1.0, end_factor=0.2, total_iters=25),
    ),
    "linear to the end": (
        {"schedule": "linear", "schedule_steps": 25},
        lambda of: lr_scheduler.LinearLR(of, start_factor=1.0, end_factor=0.0, total_iters=25),
    ),
    "cosine": (
        {"schedule": "cosine", "schedule_steps": 40, "final_share": 0.1},
        lambda of: lr_scheduler.CosineAnnealingLR(of, T_max=40, eta_min=0.1 * of.param_groups[0]["lr"]),
    ),
    "warm-up and cosine": (
        {"schedule": "cosine", "schedule_steps": 45, "warmup_steps": 5},
        lambda of: lr_scheduler.LambdaLR(of, lambda s: s / 5 if s < 5 else (1 + math.cos(math.pi * (s - 5) / 40)) / 2),
    ),
    "inverse square root": (
        {"schedule": "inverse_sqrt", "warmup_steps": 8},
        lambda of: lr_scheduler.LambdaLR(of, lambda s: min(s / 8, math.sqrt(8 / s) if s else 0.0)),
    ),
}


@pytest.mark.parametrize(("changes", "scheduler"), SCHEDULED.values(), ids=SCHEDULED)
@pytest.mark.parametrize(("settings", "optimizer", "options"), PROPORTIONAL, ids=["sgd", "adam", "adamw"])
def test_a_schedule_of_the_learning_rate_is_that_of_torch(
    settings: GradientOptimizer, optimizer: str, options: dict[str, Any], changes: dict[str, Any], scheduler: Scheduler
) -> None:
    leaves = {name: value.requires_grad_() for name, value in normal(0).items()}
    reference = getattr(torch.optim, optimizer)(list(leaves.values()), **options)
    schedule = scheduler(reference)
    scheduled = type(settings).from_settings(settings.model_dump() | changes)
    for step, (weights, _) in enumerate(path(scheduled, 40)):
        for name, slope in normal(step + 1).items():
            leaves[name].grad = slope
        reference.step()
        schedule.step()
        torch.testing.assert_close(weights, {name: leaf.detach() for name, leaf in leaves.items()}, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["linear", "cosine"])
def test_a_schedule_that_has_ended_keeps_its_share(kind: str) -> None:
    settings = AdamW.from_settings({"kind": "adamw", "schedule": kind, "schedule_steps": 10, "final_share": 0.25})
    assert [settings.rate_share_at(step) for step in (0, 10, 11, 20, 10**9)] == pytest.approx([1, 0.25, 0.25, 0.25, 0.25])


@pytest.mark.parametrize("scale", [0.1, 10.0])
@pytest.mark.parametrize(
    ("settings", "clip"),
    [
        (GradientDescent(learning_rate=0.1, clip_norm=2.0), lambda leaves: torch.nn.utils.clip_grad_norm_(leaves, 2.0)),
        (GradientDescent(learning_rate=0.1, clip_value=0.5), lambda leaves: torch.nn.utils.clip_grad_value_(leaves, 0.5)),
    ],
)
def test_clipping_is_that_of_torch(settings: GradientOptimizer, clip: Callable[[list[Tensor]], object], scale: float) -> None:
    weights, grads = normal(0), {name: scale * g for name, g in normal(1).items()}
    leaves = {name: value.clone().requires_grad_() for name, value in weights.items()}
    for name, leaf in leaves.items():
        leaf.grad = grads[name].clone()
    clip(list(leaves.values()))
    rule = rule_of(settings)
    moved, _ = rule.update(grads, rule.begin(weights), copied(weights), rng_of(0))
    for name, leaf in leaves.items():
        assert leaf.grad is not None
        torch.testing.assert_close(moved[name], weights[name] - 0.1 * leaf.grad, rtol=1e-12, atol=0)


def test_values_are_clipped_before_the_norm_and_both_after_a_filter() -> None:
    settings = GradientDescent(learning_rate=1.0, clip_value=0.5, clip_norm=1.0, gradient_filter="ema", filter_strength=9.0)
    moved, _ = next(path(settings))
    clipped = {name: (10 * g).clamp(-0.5, 0.5) for name, g in normal(1).items()}
    expected = {name: w - clipped[name] / norm(clipped) for name, w in normal(0).items()}
    torch.testing.assert_close(moved, expected, rtol=1e-5, atol=1e-6)


def test_the_first_update_of_a_warm_up_moves_nothing() -> None:
    weights, _ = next(path(AdamW(learning_rate=0.1, weight_decay=1.0, warmup_steps=10)))
    torch.testing.assert_close(weights, normal(0), rtol=0, atol=0)


def test_the_noise_of_an_update_has_the_length_of_the_learning_rate_and_depends_on_seed_and_step() -> None:
    still = {"left": torch.zeros(100, 100)}
    rule = rule_of(GradientDescent(learning_rate=0.1, update_noise=0.5))
    draws = [rule.update(still, rule.begin(still), still, rng_of(*when))[0]["left"] for when in ((0, 0), (1, 0), (0, 1))]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        together = torch.stack([draws[one].flatten(), draws[other].flatten()])
        assert abs(float(torch.corrcoef(together)[0, 1])) < 0.05
    for drawn in draws:
        assert abs(float(drawn.mean())) < 0.002
        assert float(drawn.std()) == pytest.approx(0.05, rel=0.05)


def test_the_noise_of_an_update_is_added_to_where_the_rule_leads() -> None:
    quiet, noisy = (list(path(GradientDescent(learning_rate=0.1, update_noise=noise))) for noise in (0.0, 1.0))
    generators = [rng_of(step).generator("update noise") for step in range(len(quiet))]
    offset = {name: torch.zeros_like(w) for name, w in normal(0).items()}
    for (clean, _), (shaken, _), generator in zip(quiet, noisy, generators, strict=True):
        assert isinstance(generator, torch.Generator)
        for name, w in clean.items():
            offset[name] += 0.1 * torch.randn(w.shape, generator=generator, dtype=w.dtype)
            torch.testing.assert_close(shaken[name], w + offset[name])


def test_the_ema_filter_adds_a_running_mean_that_begins_as_the_first_gradient() -> None:
    settings = GradientDescent(learning_rate=0.1, gradient_filter="ema", filter_strength=2.0, filter_memory=0.75)
    weights, slow = normal(0), normal(1)
    for step, (got, _) in enumerate(path(settings)):
        for name, g in normal(step + 1).items():
            slow[name] = 0.75 * slow[name] + 0.25 * g
            weights[name] = weights[name] - 0.1 * (g + 2.0 * slow[name])
        torch.testing.assert_close(got, weights)


@pytest.mark.parametrize("window", [1, 3, 5])
def test_the_ma_filter_adds_the_mean_of_the_last_gradients_once_there_are_enough(window: int) -> None:
    settings = GradientDescent(learning_rate=0.1, gradient_filter="ma", filter_strength=2.0, filter_window=window)
    weights = normal(0)
    for step, (got, _) in enumerate(path(settings)):
        recent = [normal(seed) for seed in range(step + 2 - window, step + 2)] if step + 1 >= window else []
        for name, g in normal(step + 1).items():
            mean = sum(one[name] for one in recent) / window if recent else torch.zeros_like(g)
            weights[name] = weights[name] - 0.1 * (g + 2.0 * mean)
        torch.testing.assert_close(got, weights)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_perpendicular_gradient_is_orthogonal_to_its_weights_and_as_long_as_before(dtype: torch.dtype) -> None:
    for seed in range(20):
        w, g = (normal(2 * seed + one)["left"].to(dtype) for one in (0, 1))
        turned = perpendicular(g, w)
        assert abs(float((turned * w).sum() / turned.norm() / w.norm())) < 10 * torch.finfo(dtype).eps
        torch.testing.assert_close(turned.norm(), g.norm())


@pytest.mark.parametrize(
    ("gradient", "weight", "expected"),
    [
        ([3.0, 4.0], [2.0, 0.0], [0.0, 5.0]),
        ([3.0, -4.0], [-1.0, 0.0], [0.0, -5.0]),
        ([1.0, 1.0], [1.0, -1.0], [1.0, 1.0]),
        ([0.0, 0.0], [1.0, 2.0], [0.0, 0.0]),
        ([3.0, 4.0], [0.0, 0.0], [3.0, 4.0]),
        ([0.1, 0.3], [0.7, 2.1], [0.0, 0.0]),
        ([1e-4, 1e-4], [1.0, -1.0], [1e-4, 1e-4]),
    ],
)
def test_the_perpendicular_part_of_a_small_gradient(gradient: list[float], weight: list[float], expected: list[float]) -> None:
    for dtype in (torch.float32, torch.float64):
        g, w, right = (torch.tensor(values, dtype=dtype) for values in (gradient, weight, expected))
        torch.testing.assert_close(perpendicular(g, w), right, rtol=1e-5, atol=0)


def test_rounding_is_told_from_a_perpendicular_part_by_the_precision_of_the_gradient() -> None:
    small = perpendicular(torch.tensor([1.0, 1.0 + 1e-9], dtype=torch.float64), torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(small, torch.tensor([-1.0, 1.0], dtype=torch.float64), rtol=1e-5, atol=0)
    coarse = perpendicular(torch.tensor([0.1, 0.3], dtype=torch.bfloat16), torch.tensor([0.7, 2.1], dtype=torch.bfloat16))
    assert coarse.tolist() == [0.0, 0.0]


def test_what_a_filter_adds_along_the_weights_is_taken_out_too() -> None:
    settings = GradientDescent(learning_rate=0.1, gradient_filter="ema", perpendicular_gradient=True)
    before = normal(0)
    for after, _ in path(settings):
        for name in ("left", "bias"):
            moved: Tensor = after[name] - before[name]
            assert abs(float((moved * before[name]).sum())) < 1e-12
        before = after


@pytest.mark.parametrize("kind", GRADIENT_OPTIMIZERS)
@pytest.mark.parametrize("held", [0.8, 1.0, 2.5])
def test_a_held_norm_is_held_after_each_update_by_one_factor_for_all_weights(
    kind: type[GradientOptimizer], held: float
) -> None:
    settings = kind(learning_rate=0.1, weight_decay=0.1, warmup_steps=2, update_noise=0.1, held_norm=held)
    for weights, _ in path(settings):
        assert norm(weights) == pytest.approx(held * norm(normal(0)), rel=1e-6)
    first, _ = next(path(settings))  # the warm-up leaves it nothing but the factor
    torch.testing.assert_close(first, {name: held * w for name, w in normal(0).items()})


def test_a_norm_that_is_held_later_is_a_multiple_of_the_initial_one() -> None:
    free, *_, (weights, state) = path(GradientDescent(learning_rate=0.1))
    assert norm(weights) != pytest.approx(norm(normal(0)), rel=0.05)
    held = rule_of(GradientDescent(learning_rate=0.1, held_norm=0.5))
    weights, _ = held.update(normal(1), state, weights, rng_of(20))
    assert norm(weights) == pytest.approx(0.5 * norm(normal(0)))
    assert free[1].keys() == state.keys()


def test_averaged_weights_are_those_of_torch_and_leave_the_weights_alone() -> None:
    network = nn.ParameterDict(normal(0))
    reference = swa_utils.AveragedModel(network, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.75))  # type: ignore[no-untyped-call]
    reference.update_parameters(network)
    settings = AdamW(learning_rate=0.1)
    for (weights, state), (plain, _) in zip(
        path(settings.model_copy(update={"average_decay": 0.75})), path(settings), strict=True
    ):
        for name, w in weights.items():
            network[name].data.copy_(w)
        reference.update_parameters(network)
        torch.testing.assert_close(average_of(state), dict(reference.module.named_parameters()), rtol=0, atol=0)
        torch.testing.assert_close(weights, plain, rtol=0, atol=0)
