"""Parameter groups: several rules side by side, each of which updates weights of its own."""

from collections.abc import Collection

from grokterm.errors import ConfigError
from grokterm.experiment.optimizer import AdamW, GradientOptimizer, Muon
from grokterm.experiment.optimizers.groups import pattern_of
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import RULES, OptimizerState, Rule, Weights


def rule_by_groups(settings: GradientOptimizer, hidden: Collection[str]) -> Rule:
    """Return the update rule of an optimizer, by group if it has any; `hidden` are the matrices between hidden layers."""
    if not settings.groups and not (isinstance(settings, Muon) and settings.muon_for == "hidden"):
        return RULES[settings.kind](settings)
    rules: dict[str, Rule] = {}
    label_of: dict[str, str] = {}

    def split(weights: Weights) -> dict[str, Weights]:
        """Separate the weights by the rule that they follow."""
        parts: dict[str, Weights] = {}
        for name, weight in weights.items():
            if name not in label_of:
                own = settings_of(name, settings, hidden)
                label_of[name] = label = f"@{pattern_of(name, settings.groups) or ''}@{own.kind}"
                rules[label] = RULES[own.kind](own)
            parts.setdefault(label_of[name], {})[name] = weight
        return parts

    def begin(weights: Weights) -> OptimizerState:
        parts = split(weights).items()
        return {_kept_as(key, own, label): value for label, own in parts for key, value in rules[label].begin(own).items()}

    def update(grads: Weights, state: OptimizerState, weights: Weights, rng: StepRng) -> tuple[Weights, OptimizerState]:
        moved: Weights = {}
        changed: OptimizerState = {}
        for label, own in split(weights).items():
            common = {key.removesuffix(label): value for key, value in state.items() if key.endswith(label)}
            after, remembered = rules[label].update({name: grads[name] for name in own}, state | common, own, rng)
            moved |= after
            changed |= {_kept_as(key, own, label): value for key, value in remembered.items()}
        return {name: moved[name] for name in weights}, changed

    return Rule(begin, update, by_tensor=True)


def settings_of(name: str, settings: GradientOptimizer, hidden: Collection[str]) -> GradientOptimizer:
    """Return the settings by which the weight of this name is updated."""
    pattern = pattern_of(name, settings.groups)
    own = {} if pattern is None else settings.groups[pattern].own
    if isinstance(settings, Muon):
        is_spared = settings.muon_for == "hidden" and name not in hidden
        settings = settings.model_copy(update={**own, **{f"other_{key}": value for key, value in own.items()}})
        return settings.elsewhere if is_spared else settings
    return settings.model_copy(update=own)


def check_groups(settings: GradientOptimizer, weights: Weights, hidden: Collection[str]) -> None:
    """Check what an optimizer says of single weights against those that are trained.

    Raises:
        ConfigError: if it says something of none of them.
    """
    taken = {pattern_of(name, settings.groups) for name in weights}
    if unused := [pattern for pattern in settings.groups if pattern not in taken]:
        raise ConfigError(
            f"optimizer.groups {unused[0]!r} is the first match of no weight: this network trains {', '.join(weights)}"
        )
    if not isinstance(settings, Muon):
        return
    followed = {name: settings_of(name, settings, hidden) for name in weights}
    if all(isinstance(own, AdamW) for own in followed.values()):
        raise ConfigError(
            "optimizer.muon_for hidden needs a matrix between hidden layers, and this network trains none:"
            " choose a deeper network, or set optimizer.muon_for=all"
        )
    written = [name for name in ("other_learning_rate", "other_weight_decay") if getattr(settings, name) != "same"]
    if written and all(isinstance(own, Muon) and weights[name].ndim == 2 for name, own in followed.items()):
        raise ConfigError(
            f"optimizer.{written[0]} {getattr(settings, written[0]):g} is of no use: muon moves every weight of this network;"
            " set optimizer.muon_for=hidden, or leave it out"
        )


def _kept_as(key: str, own: Weights, label: str) -> str:
    """Name an entry of the state of a group's rule: one that belongs to no weight may be in every group."""
    return key if key.partition(".")[2] in own else f"{key}{label}"
