"""Losses and update rules from outside the package."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from grokterm.errors import PluginError
from grokterm.experiment.kinds import by_kind
from grokterm.experiment.loss import LOSS_NAMES
from grokterm.experiment.optimizer import OPTIMIZERS, PluginOptimizer
from grokterm.experiment.signatures import arguments_of, settings_class
from grokterm.optim.losses import LOSSES
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import RULES, OptimizerState, Rule, Weights
from grokterm.plugins.registry import blamed, check_name, provide

Written = TypeVar("Written", bound=Callable[..., Any])

NEEDED = {"learning_rate": 1e-3, "weight_decay": 0.0}
"""Settings that every update rule has, since groups of weights, schedules and the screen rely on them; and usual defaults."""


def loss(name: str) -> Callable[[Written], Written]:
    """Add a loss: a function of scores (batch, classes) and answers (batch) that returns a value for each row.

    Raises:
        PluginError: if the name is taken, or the function returns something else for a few rows, or has no gradient.
    """
    check_name("loss", name, LOSSES)

    def add(function: Written) -> Written:
        what = f"loss {name}"

        def of_rows(scores: Tensor, answers: Tensor) -> Tensor:
            with blamed(what):
                losses: Tensor = function(scores, answers)
            return losses

        scores, answers = torch.linspace(-1, 1, 15).view(3, 5).requires_grad_(), torch.tensor([0, 2, 4])
        losses = of_rows(scores, answers)
        if not isinstance(losses, Tensor) or losses.shape != (3,):
            seen = tuple(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
            raise PluginError(
                f"{what} must return a value for each row, (3,) of 3 rows, not {seen}: take no mean over the batch"
            )
        if not losses.requires_grad:
            raise PluginError(f"{what} has no gradient by the scores: write it in operations of torch")
        if not torch.allclose(losses[:1], of_rows(scores[:1], answers[:1])):
            raise PluginError(f"{what} mixes the rows of a batch: each must have a loss of its own")
        provide("loss", name, function)
        LOSS_NAMES[:] = dict.fromkeys([*LOSS_NAMES, name])
        LOSSES[name] = of_rows
        return function

    return add


def update_rule(name: str, *, state: Sequence[str] = ()) -> Callable[[Written], Written]:
    """Add an update rule: a function (weight, grad, state, *, learning_rate, weight_decay, ...) of one tensor of weights.

    It returns the new weight and a dict of the new state. The state is a dict by the names in `state`, each a tensor like the
    weight, zero before the first step. Further arguments need a type and a default, and become settings of the optimizer,
    which may change while it trains. Momentum, warm-up, noise and all other modifiers are combined with it as with any rule.

    Raises:
        PluginError: if the name is taken, an argument cannot be a setting, or the function returns something else.
    """
    check_name("update rule", name, by_kind(OPTIMIZERS, "kind"))
    what = f"update rule {name}"
    for purpose in state:
        check_name("update rule", purpose, ())

    def add(function: Written) -> Written:
        given, own = (list(arguments_of(what, function).values())[part] for part in (slice(3), slice(3, None)))
        if len(given) < 3 or (lacking := [one for one in NEEDED if one not in {argument.name for argument in own}]):
            needed = lacking[0] if len(given) == 3 else "weight, grad, state"
            written = ", ".join(f"{one}: float = {default}" for one, default in NEEDED.items())
            raise PluginError(f"{what} must take {needed}: write def {name}(weight, grad, state, *, {written}, ...)")
        made = settings_class(what, name, own, PluginOptimizer, kind="kind", is_live=True)

        def rule(settings: PluginOptimizer) -> Rule:
            return _rule(what, function, [f"{name}_{purpose}" for purpose in state], settings)

        _try(what, function, state, made())
        provide("update rule", name, function)
        OPTIMIZERS[:] = (by_kind(OPTIMIZERS, "kind") | {name: made}).values()
        RULES[name] = rule
        return function

    return add


def _rule(what: str, function: Callable[..., Any], purposes: Sequence[str], settings: PluginOptimizer) -> Rule:
    options, prefix = settings.own, f"{settings.kind}_"

    def begin(weights: Weights) -> OptimizerState:
        return {f"{purpose}.{name}": torch.zeros_like(weight) for purpose in purposes for name, weight in weights.items()}

    def update(grads: Weights, state: OptimizerState, weights: Weights, _: StepRng) -> tuple[Weights, OptimizerState]:
        moved: Weights = {}
        changed: OptimizerState = {}
        for name, weight in weights.items():
            before = {purpose.removeprefix(prefix): state[f"{purpose}.{name}"] for purpose in purposes}
            with blamed(what):
                moved[name], after = function(weight, grads[name], before, **options)
                changed |= {f"{purpose}.{name}": after[purpose.removeprefix(prefix)] for purpose in purposes}
        return moved, changed

    return Rule(begin, update, by_tensor=True)


def _try(what: str, function: Callable[..., Any], state: Sequence[str], settings: PluginOptimizer) -> None:
    """Refuse a rule that does not return tensors like the weight."""
    like = torch.ones(3, 2)
    with blamed(what):
        given = function(like.clone(), like.clone(), {purpose: torch.zeros(3, 2) for purpose in state}, **settings.own)
    is_pair = isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Mapping) and set(state) <= set(given[1])
    returned = [given[0], *(given[1][purpose] for purpose in state)] if is_pair else [None]
    if not all(isinstance(one, Tensor) and one.shape == like.shape and one.dtype == like.dtype for one in returned):
        kept = " and ".join(state) or "state"
        raise PluginError(f"{what} must return the new weight, and a dict of the new {kept}, each a tensor like the weight")
