"""Modifiers of any update rule: before it of the gradient, after it of the new weights.

To add one, write a function (settings, rule) -> rule and list it in MODIFIERS; the settings are in
`grokterm.experiment.modifiers`. One that is off returns a rule with the same update, and costs nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from math import inf

import torch
from torch import Tensor

from grokterm.experiment.optimizer import GradientOptimizer
from grokterm.models.rng import Rng, random_like
from grokterm.optim.groups import rule_by_groups
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import OptimizerState, Rule, Weights, copies, named, zeros

Change = Callable[[Weights, OptimizerState, Weights, StepRng], tuple[Weights, OptimizerState]]
"""(grads, state, weights, rng) -> (changed grads, the entries of the state that are new)."""

Correction = Callable[[Weights, OptimizerState, StepRng], tuple[Weights, OptimizerState]]
"""(new weights, state, rng) -> (changed weights, the entries of the state that are new). Moments are those after the update."""


def rule_of(settings: GradientOptimizer, hidden: Collection[str] = ()) -> Rule:
    """Return the update rule of an optimizer, with its modifiers around it; `hidden` as in `rule_by_groups`."""
    rule = rule_by_groups(settings, hidden)
    for modify in MODIFIERS.values():
        rule = modify(settings, rule)
    return rule


def _clip_norm(settings: GradientOptimizer, rule: Rule) -> Rule:
    """Shorten the gradient of all weights together to at most this norm, as torch.nn.utils.clip_grad_norm_ does."""

    def clipped(grads: Weights, _: OptimizerState, __: Weights, ___: StepRng) -> tuple[Weights, OptimizerState]:
        factor = (settings.clip_norm / (_norm(grads) + 1e-6)).clamp(max=1.0)
        return {name: (g * factor).to(g.dtype) for name, g in grads.items()}, {}

    return replace(_before(rule, clipped), by_network=True) if settings.clip_norm else rule


def _clip_value(settings: GradientOptimizer, rule: Rule) -> Rule:
    """Bring every entry of the gradient within a bound, as torch.nn.utils.clip_grad_value_ does."""
    bound = settings.clip_value

    def clipped(grads: Weights, _: OptimizerState, __: Weights, ___: StepRng) -> tuple[Weights, OptimizerState]:
        return {name: g.clamp(-bound, bound) for name, g in grads.items()}, {}

    return _before(rule, clipped) if bound else rule


def _perpendicular_gradient(settings: GradientOptimizer, rule: Rule) -> Rule:
    """Follow g − (w·g / w·w) w, rescaled to ‖g‖, one tensor at a time (Prieto 2025, arXiv:2501.04697)."""

    def turned(grads: Weights, _: OptimizerState, weights: Weights, __: StepRng) -> tuple[Weights, OptimizerState]:
        return {name: perpendicular(g, weights[name]) for name, g in grads.items()}, {}

    return replace(_before(rule, turned), by_tensor=True) if settings.perpendicular_gradient else rule


def perpendicular(gradient: Tensor, weight: Tensor) -> Tensor:
    """Remove the component along the weight and rescale to the same norm; zero if nothing but rounding is left."""
    smallest = torch.finfo(gradient.dtype)
    across = gradient - weight * ((weight * gradient).sum() / weight.square().sum().clamp(min=smallest.tiny))
    length, left = gradient.norm(), across.norm()
    # A remainder below rounding has no direction to rescale.
    is_some = left > 10 * smallest.eps * length
    return across * torch.where(is_some, length / left, torch.zeros_like(left))  # a plain 0.0 would be copied from the host


def _gradient_filter(settings: GradientOptimizer, rule: Rule) -> Rule:
    """Follow g + λ μ with μ the slow part of the gradient (Grokfast, Lee 2024, arXiv:2405.20233)."""
    match settings.gradient_filter:
        case "ema":
            return _filter_by_running_mean(settings, rule)
        case "ma":
            return _filter_by_window(settings, rule)
    return rule


def _filter_by_running_mean(settings: GradientOptimizer, rule: Rule) -> Rule:
    def filtered(grads: Weights, state: OptimizerState, _: Weights, rng: StepRng) -> tuple[Weights, OptimizerState]:
        share = 1 - settings.filter_memory if rng.step else 1.0  # the mean begins as the first gradient
        slow = {name: torch.lerp(state[f"slow.{name}"], g, share) for name, g in grads.items()}
        raised = {name: g.add(slow[name], alpha=settings.filter_strength) for name, g in grads.items()}
        return raised, named("slow", slow)

    remembering = _before(rule, filtered, lambda weights: named("slow", zeros(weights)))
    return replace(remembering, step_invariant_from=max(rule.step_invariant_from, 1.0))


def _filter_by_window(settings: GradientOptimizer, rule: Rule) -> Rule:
    """Add the mean of the last gradients once there are enough, as the public code does.

    The window is a ring of one tensor a gradient, so that an update replaces one: `window` times the weights in the state, in
    every checkpoint, and copied at every evaluation. The sum is taken anew each time, because a running sum would keep the
    rounding errors of early gradients, which are larger than late ones.
    """
    window = settings.filter_window
    slots = [f"recent-{slot}" for slot in range(window)]

    def filtered(grads: Weights, state: OptimizerState, _: Weights, rng: StepRng) -> tuple[Weights, OptimizerState]:
        latest = named(slots[rng.step % window], {name: g.clone() for name, g in grads.items()})
        if rng.step + 1 < window:
            return grads, latest
        ring = state | latest
        means = {name: torch.stack([ring[f"{slot}.{name}"] for slot in slots]).mean(dim=0) for name in grads}
        return {name: g.add(means[name], alpha=settings.filter_strength) for name, g in grads.items()}, latest

    def begin(weights: Weights) -> OptimizerState:
        return {name: value for slot in slots for name, value in named(slot, zeros(weights)).items()}

    return replace(_before(rule, filtered, begin), step_invariant_from=inf)  # the ring turns with every step


def _update_noise(settings: GradientOptimizer, rule: Rule) -> Rule:
    """End at w − η factor N(0, 1).

    So the efficiency report writes it, and its public code does with Adam. The AdamW of that code divides the noise by 1 − β1ᵗ,
    as it does the momentum, which makes the first noises up to ten times as large; here it does not.
    """
    deviation = settings.learning_rate * settings.update_noise

    def shaken(moved: Weights, _: OptimizerState, rng: StepRng) -> tuple[Weights, OptimizerState]:
        return with_noise(moved, deviation, rng.generator("update noise")), {}

    return replace(_after(rule, shaken), by_tensor=True) if deviation else rule


def with_noise(weights: Weights, deviation: float, rng: Rng) -> Weights:
    """Add N(0, deviation²) to every entry."""
    return {name: w + (deviation * random_like(torch.randn, w, rng)).to(w.dtype) for name, w in weights.items()}


def _schedule(settings: GradientOptimizer, rule: Rule) -> Rule:
    """Scale the learning rate by its share at a step: the whole update is proportional to it, its decay and noise too."""
    is_constant, warmup_steps = settings.schedule == "constant", settings.warmup_steps

    def update(grads: Weights, state: OptimizerState, weights: Weights, rng: StepRng) -> tuple[Weights, OptimizerState]:
        if is_constant and rng.step >= warmup_steps:
            return rule.update(grads, state, weights, rng)
        before = {name: w.clone() for name, w in weights.items()}
        moved, state = rule.update(grads, state, weights, rng)
        share = rng.number("learning rate", settings.rate_share_at, next(iter(before.values())).dtype)
        return {name: torch.lerp(w, moved[name], share) for name, w in before.items()}, state

    if is_constant and not warmup_steps:
        return rule
    varies_until = float(warmup_steps) if is_constant else 0.0  # a replay is told the share, but costs more than none
    return replace(rule, update=update, step_invariant_from=max(rule.step_invariant_from, varies_until))


def _held_norm(settings: GradientOptimizer, rule: Rule) -> Rule:
    """Rescale all trained weights together to a multiple of their initial norm (Omnigrok, Liu 2022, arXiv:2210.01117).

    The initial norm is remembered even while the weights are free, because they may be held from the middle of a run on.
    """

    def rescaled(moved: Weights, state: OptimizerState, _: StepRng) -> tuple[Weights, OptimizerState]:
        factor = settings.held_norm * state[INITIAL_NORM] / _norm(moved)
        return {name: (w * factor).to(w.dtype) for name, w in moved.items()}, {}

    remembering = replace(rule, begin=lambda weights: rule.begin(weights) | {INITIAL_NORM: _norm(weights)})
    return replace(_after(remembering, rescaled), by_network=True) if settings.held_norm else remembering


def _average_decay(settings: GradientOptimizer, rule: Rule) -> Rule:
    """Keep an exponential moving average of the weights beside them, initially these, as torch.optim.swa_utils does."""
    share = 1 - settings.average_decay

    def averaged(moved: Weights, state: OptimizerState, _: StepRng) -> tuple[Weights, OptimizerState]:
        return moved, named(AVERAGE, {name: torch.lerp(state[f"{AVERAGE}.{name}"], w, share) for name, w in moved.items()})

    remembering = replace(rule, begin=lambda weights: rule.begin(weights) | named(AVERAGE, copies(weights)))
    return _after(remembering, averaged) if settings.average_decay else rule


def average_of(state: OptimizerState) -> Weights:
    """Return the averaged weights, by name or as one vector; empty where there is no average."""
    return {key.removeprefix(f"{AVERAGE}."): value for key, value in state.items() if key.startswith(f"{AVERAGE}.")}


AVERAGE = "average"
INITIAL_NORM = "initial_norm"


def _norm(weights: Weights) -> Tensor:
    squares: Tensor = torch.stack([w.square().sum(dtype=torch.promote_types(w.dtype, torch.float32)) for w in weights.values()])
    return squares.sum().sqrt()


def _before(rule: Rule, change: Change, begin: Callable[[Weights], OptimizerState] = lambda _: {}) -> Rule:
    """Change the gradient, then follow it."""

    def update(grads: Weights, state: OptimizerState, weights: Weights, rng: StepRng) -> tuple[Weights, OptimizerState]:
        grads, remembered = change(grads, state, weights, rng)
        moved, changed = rule.update(grads, state, weights, rng)
        return moved, changed | remembered

    return replace(rule, begin=lambda weights: rule.begin(weights) | begin(weights), update=update)


def _after(rule: Rule, correct: Correction) -> Rule:
    """Follow the gradient, then change where that led."""

    def update(grads: Weights, state: OptimizerState, weights: Weights, rng: StepRng) -> tuple[Weights, OptimizerState]:
        moved, changed = rule.update(grads, state, weights, rng)
        moved, remembered = correct(moved, state, rng)
        return moved, changed | remembered

    return replace(rule, update=update)


MODIFIERS: dict[str, Callable[[GradientOptimizer, Rule], Rule]] = {
    "clip_norm": _clip_norm,
    "clip_value": _clip_value,
    "perpendicular_gradient": _perpendicular_gradient,
    "gradient_filter": _gradient_filter,
    "update_noise": _update_noise,
    "schedule": _schedule,
    "held_norm": _held_norm,
    "average_decay": _average_decay,
}
"""By the setting that turns it on, from the rule outwards: the last wraps all others."""
