"""Update rules: (grads, state, weights, rng) -> (weights, changes of the state). On the device, no value is read by the host.

To add one, write a function that takes its settings and list it in RULES. Modifiers of any rule are in
`grokterm.optim.modifiers`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, TypeAlias

import torch
from torch import Tensor

from grokterm.experiment.optimizer import SGD, Adam, AdamW, GradientDescent, Lion, Muon
from grokterm.optim.adam import AdamUpdate
from grokterm.optim.rng import StepRng

Weights: TypeAlias = dict[str, Tensor]
OptimizerState: TypeAlias = dict[str, Tensor]
"""What a rule keeps between steps, by "purpose.weight", such as "first.readout"."""


@dataclass(frozen=True)
class Rule:
    """How weights follow a grads."""

    begin: Callable[[Weights], OptimizerState]
    """The state before the first step."""

    update: Callable[[Weights, OptimizerState, Weights, StepRng], tuple[Weights, OptimizerState]]
    """(grads, state, weights, rng) -> (new weights, the entries of the state that are new).

    It may update what it is given in place; an entry of the state that it updates in place need not be returned.
    """

    by_tensor: bool = False
    """It depends on the bounds of tensors; any other treats every entry alike, and may be given one flat vector."""

    step_invariant_from: float = 0.0
    """From which step on an update does not depend on the number of its step; infinite where it always does."""

    by_network: bool = False
    """It depends on the bounds of networks; any other that treats every entry alike may be given several as one."""


def _gradient_descent(settings: GradientDescent) -> Rule:
    def update(grads: Weights, state: OptimizerState, weights: Weights, _: StepRng) -> tuple[Weights, OptimizerState]:
        grads = _with_decay(grads, weights, settings.weight_decay)
        return _moved_along(grads, weights, settings.learning_rate), {}

    return Rule(lambda weights: {}, update)


def _sgd(settings: SGD) -> Rule:
    def update(grads: Weights, state: OptimizerState, weights: Weights, _: StepRng) -> tuple[Weights, OptimizerState]:
        grads = _with_decay(grads, weights, settings.weight_decay)
        velocity = {name: state[f"velocity.{name}"].mul_(settings.momentum).add_(g) for name, g in grads.items()}
        return _moved_along(velocity, weights, settings.learning_rate), named("velocity", velocity)

    return Rule(lambda weights: named("velocity", zeros(weights)), update)


def _adam(settings: Adam) -> Rule:
    adam = AdamUpdate(settings.learning_rate, settings.betas, settings.epsilon, settings.weight_decay, is_decoupled=False)

    def update(grads: Weights, state: OptimizerState, weights: Weights, _: StepRng) -> tuple[Weights, OptimizerState]:
        return _adaptive(adam, grads, state, weights)

    return Rule(_no_moments, update)


def _adamw(settings: AdamW) -> Rule:
    return _adamw_to_init(settings) if settings.decay_to == "init" else _adamw_to_zero(settings)


def _adamw_to_zero(settings: AdamW) -> Rule:
    adamw = AdamUpdate(settings.learning_rate, settings.betas, settings.epsilon, settings.weight_decay, is_decoupled=True)

    def update(grads: Weights, state: OptimizerState, weights: Weights, _: StepRng) -> tuple[Weights, OptimizerState]:
        return _adaptive(adamw, grads, state, weights)

    return Rule(_no_moments, update)


def _adamw_to_init(settings: AdamW) -> Rule:
    adam = AdamUpdate(settings.learning_rate, settings.betas, settings.epsilon, weight_decay=0.0, is_decoupled=True)
    pull = settings.learning_rate * settings.weight_decay

    def update(grads: Weights, state: OptimizerState, weights: Weights, _: StepRng) -> tuple[Weights, OptimizerState]:
        initial = {name: state[f"initial.{name}"] for name in weights}
        pulled = {name: torch.lerp(w, initial[name], pull) for name, w in weights.items()}
        return _adaptive(adam, grads, state, pulled)

    return Rule(lambda weights: _no_moments(weights) | named("initial", copies(weights)), update)


def _lion(settings: Lion) -> Rule:
    (beta1, beta2), kept = settings.betas, 1 - settings.learning_rate * settings.weight_decay

    def update(grads: Weights, state: OptimizerState, weights: Weights, _: StepRng) -> tuple[Weights, OptimizerState]:
        before = {name: state[f"velocity.{name}"] for name in weights}
        signs = {name: torch.lerp(grads[name], velocity, beta1).sign() for name, velocity in before.items()}
        after = {name: torch.lerp(velocity, grads[name], 1 - beta2) for name, velocity in before.items()}
        moved = {name: w.mul_(kept).sub_(signs[name], alpha=settings.learning_rate) for name, w in weights.items()}
        return moved, named("velocity", after)

    return Rule(lambda weights: named("velocity", zeros(weights)), update)


def _muon(settings: Muon) -> Rule:
    elsewhere = _adamw(settings.elsewhere)
    kept = 1 - settings.learning_rate * settings.weight_decay

    def begin(weights: Weights) -> OptimizerState:
        matrices, others = _split_matrices(weights)
        return named("velocity", zeros(matrices)) | (elsewhere.begin(others) if others else {})

    def update(grads: Weights, state: OptimizerState, weights: Weights, rng: StepRng) -> tuple[Weights, OptimizerState]:
        (grads, other_grads), (matrices, others) = _split_matrices(grads), _split_matrices(weights)
        velocity = {name: torch.lerp(state[f"velocity.{name}"], g, 1 - settings.momentum) for name, g in grads.items()}
        moved, changed = elsewhere.update(other_grads, state, others, rng) if others else ({}, {})
        for name, w in matrices.items():
            ahead = torch.lerp(grads[name], velocity[name], settings.momentum) if settings.nesterov else velocity[name]
            change = orthogonalized(ahead, settings.orthogonal_steps)
            rate = settings.learning_rate * _update_scale(settings, w)
            moved[name] = (w * kept).sub_(change, alpha=rate)
        return {name: moved[name] for name in weights}, named("velocity", velocity) | changed

    return Rule(begin, update, by_tensor=True)


class _Orthogonalized(torch.autograd.Function):
    """Has a vmap rule of its own, because the default decomposes addmm, which rounds twice."""

    @staticmethod
    def forward(matrix: Tensor, n_steps: int) -> Tensor:
        is_tall = matrix.shape[-2] > matrix.shape[-1]
        x = (matrix.mT if is_tall else matrix).bfloat16()
        x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
        plus_product = torch.addmm if x.ndim == 2 else torch.baddbmm
        for _ in range(n_steps):
            square = x @ x.mT
            x = plus_product(x, plus_product(square, square, square, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
        return x.mT if is_tall else x

    @staticmethod
    def setup_context(ctx: object, inputs: tuple[Tensor, int], output: Tensor) -> None:
        """Keep nothing: an update is not differentiated."""

    @staticmethod
    def vmap(_: object, in_dims: tuple[int, None], matrices: Tensor, n_steps: int) -> tuple[Tensor, int]:
        return _Orthogonalized.forward(matrices.movedim(in_dims[0], 0), n_steps), 0


def orthogonalized(matrix: Tensor, n_steps: int) -> Tensor:
    """Bring every singular value near 1 by Newton-Schulz steps of a quintic, in bfloat16 like torch.optim.Muon.

    The coefficients are Jordan's: steepest at zero, and singular values that end anywhere between 0.7 and 1.2.
    """
    change: Tensor = _Orthogonalized.apply(matrix, n_steps)  # type: ignore[no-untyped-call]  # torch gives it no types
    return change


def _update_scale(settings: Muon, matrix: Tensor) -> float:
    inputs, outputs = matrix.shape  # torch stores outputs first
    return sqrt(max(1, outputs / inputs)) if settings.update_scale == "original" else 0.2 * sqrt(max(inputs, outputs))


def _split_matrices(tensors: Weights) -> tuple[Weights, Weights]:
    """Separate the matrices from the rest."""
    is_matrix = {name: tensor.ndim == 2 for name, tensor in tensors.items()}
    matrices, others = ({name: t for name, t in tensors.items() if is_matrix[name] is wanted} for wanted in (True, False))
    return matrices, others


def _adaptive(how: AdamUpdate, grads: Weights, state: OptimizerState, weights: Weights) -> tuple[Weights, OptimizerState]:
    in_order = [grads[name].contiguous() for name in weights]  # torch's fused operations take no other strides
    firsts, seconds = ([state[f"{moment}.{name}"] for name in weights] for moment in ("first", "second"))
    how(state["count"].add_(1), list(weights.values()), in_order, firsts, seconds)
    return weights, {}


def _no_moments(weights: Weights) -> OptimizerState:
    count = torch.zeros((), dtype=torch.float32, device=next(iter(weights.values())).device)
    return {"count": count, **named("first", zeros(weights)), **named("second", zeros(weights))}


def _with_decay(grads: Weights, weights: Weights, decay: float) -> Weights:
    """Couple the decay into the gradient, as torch.optim does."""
    return {name: g.add(weights[name], alpha=decay) for name, g in grads.items()} if decay else grads


def _moved_along(grads: Weights, weights: Weights, rate: float) -> Weights:
    return {name: w.sub_(grads[name], alpha=rate) for name, w in weights.items()}


def zeros(weights: Weights) -> Weights:
    """Return zeros of the same shapes."""
    return {name: torch.zeros_like(w) for name, w in weights.items()}


def copies(weights: Weights) -> Weights:
    """Return copies, because a checkpoint holds no tensor twice."""
    return {name: w.clone() for name, w in weights.items()}


def named(purpose: str, tensors: Mapping[str, Tensor]) -> OptimizerState:
    """Prefix each name with a purpose, as in "first.readout"."""
    return {f"{purpose}.{name}": tensor for name, tensor in tensors.items()}


RULES: dict[str, Callable[[Any], Rule]] = {
    "gd": _gradient_descent,
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
    "lion": _lion,
    "muon": _muon,
}
