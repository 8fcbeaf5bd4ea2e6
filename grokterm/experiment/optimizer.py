"""The settings of every optimizer."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from grokterm.experiment.kinds import OneOf, by_kind
from grokterm.experiment.modifiers import Modifiers
from grokterm.experiment.optimizers.groups import Groups
from grokterm.experiment.settings import Settings, live

Betas = Annotated[tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]], Field(strict=False)]


class StepSettings(Settings):
    """Settings of the batches and the groups of weights, shared by all gradient-based optimizers."""

    batch_size: Literal["full"] | Annotated[int, Field(ge=1)] = live("full")
    """Equations per step, or "full" for the whole training set."""

    batch_share: float = live(1.0, gt=0, le=1)
    """Upper limit of a batch, as a share of the current training set, rounded up."""

    groups: Groups = Field({})
    """Weights with a learning_rate or weight_decay of their own, by patterns such as embedding*, of which the first counts."""


class GradientDescent(Modifiers, StepSettings):
    """w ← w − η (g + λ w)."""

    kind: Literal["gd"] = "gd"
    """The update rule."""

    learning_rate: float = live(1e6, ge=0)
    """η; the usable scale depends on the network's scaling."""

    weight_decay: float = live(0.0, ge=0)
    """λ, coupled into the gradient."""


class SGD(Modifiers, StepSettings):
    """Gradient descent with momentum: v ← μ v + g + λ w, w ← w − η v."""

    kind: Literal["sgd"] = "sgd"
    """The update rule."""

    learning_rate: float = live(1e5, ge=0)
    """η; the usable scale depends on the network's scaling."""

    momentum: float = live(0.9, ge=0, lt=1)
    """μ."""

    weight_decay: float = live(0.0, ge=0)
    """λ, coupled into the gradient."""


class Adam(Modifiers, StepSettings):
    """Adam with the decay coupled into the gradient (Kingma & Ba, 2014)."""

    kind: Literal["adam"] = "adam"
    """The update rule."""

    learning_rate: float = live(1e-3, ge=0)
    """η."""

    betas: Betas = live((0.9, 0.999))
    """Memory of the first and of the second moment."""

    epsilon: float = live(1e-8, gt=0)
    """Added to the root of the second moment."""

    weight_decay: float = live(0.0, ge=0)
    """λ, coupled into the gradient, unlike in adamw."""


class AdamW(Modifiers, StepSettings):
    """Adam with decoupled weight decay: w ← (1 − η λ) w − η m̂ / (√v̂ + ε) (Loshchilov & Hutter, 2017)."""

    kind: Literal["adamw"] = "adamw"
    """The update rule."""

    learning_rate: float = live(1e-3, ge=0)
    """η."""

    betas: Betas = live((0.9, 0.999))
    """Memory of the first and of the second moment."""

    epsilon: float = live(1e-8, gt=0)
    """Added to the root of the second moment."""

    weight_decay: float = live(0.01, ge=0)
    """λ, decoupled from the gradient."""

    decay_to: Literal["zero", "init"] = "zero"
    """What the weights decay to: zero, or their initial values, w ← w + η λ (w0 − w)."""


class Lion(Modifiers, StepSettings):
    """The sign of a momentum: w ← (1 − η λ) w − η sign(β1 m + (1 − β1) g) (Chen, 2023, arXiv:2302.06675)."""

    kind: Literal["lion"] = "lion"
    """The update rule."""

    learning_rate: float = live(1e-4, ge=0)
    """η: the length of every entry's step; three to ten times less than adamw's."""

    betas: Betas = live((0.9, 0.99))
    """β1, the share of the momentum in a step, and β2 of its memory: m ← β2 m + (1 − β2) g after the step."""

    weight_decay: float = live(0.01, ge=0)
    """λ, decoupled from the gradient; three to ten times more than adamw's."""


class Muon(Modifiers, StepSettings):
    """Orthogonalized momentum for matrices; AdamW for all other parameters (Jordan, 2024).

    Muon is meant for matrices between hidden layers (`muon_for = "hidden"`); by default it moves embedding and readout too,
    because the networks here have few others. Whether it groks sooner than AdamW is contested: arXiv:2504.16041 reports so,
    others do not.
    """

    kind: Literal["muon"] = "muon"
    """The update rule."""

    learning_rate: float = live(1e-3, ge=0)
    """η of Muon."""

    muon_for: Literal["all", "hidden"] = "all"
    """The matrices that Muon moves: all, or those that neither look up operands, tokens or positions nor give the answer."""

    other_learning_rate: Literal["same"] | Annotated[float, Field(ge=0)] = live("same")
    """η of AdamW, which moves all that Muon does not; "same" as Muon's."""

    other_weight_decay: Literal["same"] | Annotated[float, Field(ge=0)] = live("same")
    """λ of AdamW; "same" as Muon's."""

    momentum: float = live(0.95, ge=0, lt=1)
    """μ of the matrices: v ← μ v + (1 − μ) g."""

    nesterov: bool = live(default=True)
    """Nesterov momentum: use μ v + (1 − μ) g with the new v, instead of v."""

    orthogonal_steps: int = live(5, ge=1, lt=100)
    """Newton-Schulz iterations, which bring the singular values near 1."""

    update_scale: Literal["original", "match_rms_adamw"] = "original"
    """Scale of a matrix's update: √max(1, outputs / inputs), or 0.2 √max(outputs, inputs) to match the RMS of AdamW."""

    weight_decay: float = live(0.1, ge=0)
    """λ of Muon, decoupled from the gradient."""

    betas: Betas = live((0.9, 0.999))
    """Memory of the first and of the second moment, where AdamW acts."""

    epsilon: float = live(1e-8, gt=0)
    """Added to the root of the second moment, where AdamW acts."""

    @property
    def elsewhere(self) -> AdamW:
        """The settings of AdamW, which moves what Muon does not."""
        rate, decay = self.other_learning_rate, self.other_weight_decay
        return AdamW(
            learning_rate=self.learning_rate if rate == "same" else rate,
            weight_decay=self.weight_decay if decay == "same" else decay,
            betas=self.betas,
            epsilon=self.epsilon,
        )


class PluginOptimizer(Modifiers, StepSettings):
    """An update rule from a plugin: its class has the arguments of the function as well."""

    kind: str = ""
    """The update rule."""

    learning_rate: float = live(1e-3, ge=0)
    """η."""

    weight_decay: float = live(0.0, ge=0)
    """λ."""

    @property
    def own(self) -> dict[str, Any]:
        """The settings that the function takes."""
        shared = {*Modifiers.model_fields, *StepSettings.model_fields, "kind"}
        return {name: getattr(self, name) for name in type(self).model_fields if name not in shared}

    def __reduce__(self) -> tuple[Any, ...]:
        """Let another process that has loaded the plugin find its class."""
        return _restored, (self.kind, self.model_dump())


def _restored(kind: str, settings: dict[str, Any]) -> Settings:
    return by_kind(OPTIMIZERS, "kind")[kind].model_validate(settings)


class RecursiveFeatures(Settings):
    """No gradient descent: a step is M ← AGOP^power / its maximum, then (K + ridge I) α = Y is solved (Mallinar, 2024)."""

    kind: Literal["agop"] = "agop"
    """The update rule."""

    batch_size: ClassVar[Literal["full"]] = "full"  # constants: all training equations are solved for at once
    batch_share: ClassVar[float] = 1.0

    ridge: float = Field(1e-10, ge=0)
    """Added to the diagonal of the kernel."""

    power: float = Field(0.5, gt=0, le=2)
    """Exponent of the average gradient outer product."""


GradientOptimizer = GradientDescent | SGD | Adam | AdamW | Lion | Muon | PluginOptimizer
"""The gradient-based optimizers."""


def rates_and_decays(optimizer: GradientOptimizer) -> list[tuple[float, float]]:
    """List every pair of a learning rate and a weight decay that acts on some weight."""
    alike = [optimizer, optimizer.elsewhere] if isinstance(optimizer, Muon) else [optimizer]
    grouped = [one.model_copy(update=group.own) for one in alike for group in optimizer.groups.values()]
    return [(one.learning_rate, one.weight_decay) for one in [*alike, *grouped]]


OPTIMIZERS: list[type[GradientOptimizer | RecursiveFeatures]] = [
    GradientDescent,
    SGD,
    Adam,
    AdamW,
    Lion,
    Muon,
    RecursiveFeatures,
]

Optimizer = Annotated[GradientOptimizer | RecursiveFeatures, OneOf(OPTIMIZERS, "kind")]
