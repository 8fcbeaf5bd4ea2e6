"""The settings of the multilayer perceptron over one-hot operands."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grokterm.experiment.architectures.initial import InitialWeights

LayerName = Literal["first", "hidden", "readout"]


class MLPModel(InitialWeights):
    """A multilayer perceptron over two one-hot operands (Gromov, 2023)."""

    architecture: Literal["mlp"] = "mlp"
    """The kind of network."""

    width: int = Field(500, ge=1, le=65536)
    """Neurons per hidden layer."""

    depth: int = Field(1, ge=1, le=4)
    """Number of hidden layers."""

    activation: Literal["quadratic", "cubic", "relu", "gelu", "sine", "tanh"] = "quadratic"
    """The φ of the hidden layers."""

    scaling: Literal["gromov", "doshi", "liu", "standard"] = "gromov"
    """Prefactors and initial weight scale, as one choice; learning rates and decays of one do not suit another."""

    initialization: Literal["random", "analytic"] = "random"
    """Initial weights: random, or the exact solution of a sum (Gromov, 2023)."""

    frequencies: tuple[Annotated[int, Field(ge=1)], ...] = Field((), strict=False)
    """Frequencies of the exact solution, which neurons take in turn: [5] for a single one; empty for all."""

    tied_operands: bool = False
    """Whether both operands share their weights, whose gradient is the sum of both; a ∘ b and b ∘ a then score alike."""

    dropout: float = Field(0.0, ge=0, lt=1)
    """Dropout probability of each hidden layer, after φ."""

    normalization: Literal["none", "batch"] = "none"
    """Batch normalization before φ, with a trained gain and bias per neuron."""

    frozen: tuple[LayerName, ...] = Field((), strict=False)
    """Layers that are not trained: ["first"] gives random features."""

    @model_validator(mode="after")
    def _layers_agree(self) -> Self:
        if self.scaling == "doshi" and self.depth > 1:
            raise ValueError(f"depth must be 1 under the doshi scaling, not {self.depth}: choose gromov, liu or standard")
        missing = sorted(set(self.frozen) - set(self.layers))
        if missing:
            raise ValueError(
                f"frozen names the layer {missing[0]!r}, and a network of depth {self.depth} has {', '.join(self.layers)}"
            )
        if set(self.frozen) == set(self.layers):
            raise ValueError("frozen names every layer: leave one to train, or set training.steps to 0")
        return self

    @model_validator(mode="after")
    def _frequencies_are_used(self) -> Self:
        if self.frequencies and self.initialization != "analytic":
            raise ValueError("frequencies are those of the exact solution: set initialization analytic, or leave them out")
        if len(set(self.frequencies)) < len(self.frequencies):
            raise ValueError(f"frequencies names one of {list(self.frequencies)} twice: name each once")
        return self

    @model_validator(mode="after")
    def _exact_weights_solve(self) -> Self:
        needed = {"depth": 1, "activation": "quadratic", "normalization": "none"}
        for name, value in needed.items() if self.initialization == "analytic" else ():
            if (given := getattr(self, name)) != value:
                raise ValueError(
                    f"{name} must be {value} for initialization analytic, not {given}:"
                    f" choose {name} {value} or initialization random"
                )
        if self.initialization == "analytic" and self.tied_operands:
            raise ValueError(
                "initialization analytic has a phase of its own for each operand, unlike tied_operands: leave one out"
            )
        if self.initialization == "analytic" and self.start_from:
            raise ValueError("start_from brings weights of its own, unlike initialization analytic: leave one out")
        if self.initialization == "analytic" and self.init_std != "auto":
            raise ValueError(f"init_std {self.init_std:g} draws random weights, unlike initialization analytic: leave one out")
        return self

    @property
    def layers(self) -> tuple[LayerName, ...]:
        """Layers from operands to answer."""
        return ("first", "hidden", "readout") if self.depth > 1 else ("first", "readout")

    @property
    def label(self) -> str:
        """The network in a few words."""
        widths = " × ".join([str(self.width)] * self.depth)
        norm = "" if self.normalization == "none" else ", batch norm"
        tied = ", tied operands" if self.tied_operands else ""
        start = "" if self.initialization == "random" else f", {self.initialization}"
        start += f" at {', '.join(map(str, self.frequencies))}" if self.frequencies else ""
        return f"{self.architecture} {widths} {self.activation}, {self.scaling}{norm}{tied}{start}"
