"""The training loop of a typical grokking notebook: the baseline for grokterm's speed.

torch.nn modules, loss.backward(), torch.optim with defaults, torch's default number of threads. The MLP reads one-hot operands
from a dense float matrix and is evaluated at every step, as in the public notebooks of Gromov (2023), Doshi (2023) and Liu's
essay; any other network is evaluated as the preset says. Minibatches are drawn by torch.randperm. The loop is not slowed down
needlessly: data are on the device, validation is scored without gradients, and the metrics of a full batch
come from the forward pass of its own step.

Network, initial weights, split and settings are the experiment's, so that both reach the same losses.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from grokterm.bench.embedding_mlp import PlainEmbeddingMLP
from grokterm.bench.lstm import PlainLSTM
from grokterm.bench.transformer import PlainTransformer
from grokterm.engines.batches import batch_size
from grokterm.engines.device import find_device
from grokterm.errors import ConfigError
from grokterm.experiment.architectures.embedding_mlp import EmbeddingMLPModel
from grokterm.experiment.architectures.lstm import LSTMModel
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.architectures.transformer import TransformerModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.settings import Settings
from grokterm.models.build import network_of
from grokterm.models.mlp import MLP
from grokterm.models.network import Network
from grokterm.tasks.equations import Equations

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "gd": torch.optim.SGD,
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}
ARGUMENTS = {"learning_rate": "lr", "weight_decay": "weight_decay", "momentum": "momentum", "betas": "betas", "epsilon": "eps"}
"""Names of our settings in torch.optim."""

AROUND = ("warmup_steps", "batch_size", "batch_share")
"""Further settings of the optimizer that may differ from the defaults."""

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": functional.mse_loss,
    "cross_entropy": functional.cross_entropy,
    "softmax_mse": lambda scores, targets: functional.mse_loss(scores.softmax(dim=1), targets),
}

INITIAL = ("init_scale", "init_std")
"""Settings of every supported network that may differ from the defaults: they are in the weights that it is given."""

SUPPORTED = {
    MLPModel: ("width", "activation", "scaling", "initialization"),
    TransformerModel: ("n_layers", "d_model", "n_heads", "d_mlp", "activation", "biases", "initialization", "vocabulary"),
    LSTMModel: ("n_layers", "d_model", "sequence", "vocabulary"),
    EmbeddingMLPModel: ("d_model", "width", "depth", "vocabulary"),
}
"""The supported networks, and their own settings that may differ from the defaults."""

PLAIN: dict[type[Settings], Callable[[Any, Network], nn.Module]] = {
    TransformerModel: PlainTransformer,
    LSTMModel: PlainLSTM,
    EmbeddingMLPModel: PlainEmbeddingMLP,
}
"""The networks over tokens."""


class OneHotMLP(nn.Module):
    """f(x) = W2 φ(W1 x) over two one-hot operands; x includes the first layer's prefactor."""

    def __init__(self, network: MLP) -> None:
        super().__init__()
        modulus, width = network.left.shape
        self.activation, self.readout_scale = network.activation, network.readout_scale
        self.first = nn.Linear(2 * modulus, width, bias=False)
        self.readout = nn.Linear(width, modulus, bias=False)
        self.load_state_dict({"first.weight": torch.cat([network.left, network.right]).T, "readout.weight": network.readout.T})

    def forward(self, operands: Float[Tensor, "batch operands"]) -> Float[Tensor, "batch elements"]:
        """Score every residue as the answer."""
        scores: Tensor = self.readout(self.activation(self.first(operands))) * self.readout_scale
        return scores


class SplitSide(NamedTuple):
    """One side of the split, on the device."""

    inputs: Tensor
    answers: Int[Tensor, " equations"]
    targets: Tensor
    """Second argument of the loss: the answers, or one-hot rows."""


class Notebook:
    """A network, its data, its optimizer, and the training loop.

    Raises:
        ConfigError: if this loop does not support the experiment.
    """

    def __init__(self, experiment: Experiment, *, compiled: bool = False) -> None:
        _check_supported(experiment)
        settings, device = experiment.model, find_device(experiment.device)
        network = network_of(experiment)
        dataset = experiment.task.dataset(experiment.seed)
        self.model: nn.Module
        self._evaluates: Callable[[int], bool]
        if isinstance(network, MLP):
            self.model, self._evaluates = OneHotMLP(network), lambda _: True
        else:
            self.model, self._evaluates = PLAIN[type(settings)](settings, network), experiment.training.evaluates
        self.model.to(device)
        self._train, self._val = (
            SplitSide(*(tensor.to(device) for tensor in _side(equations, network, experiment)))
            for equations in (dataset.train, dataset.val)
        )
        self._batch_size = batch_size(experiment.batch_limit, experiment.optimizer.batch_share, len(dataset.train))
        self._order = torch.empty(0, dtype=torch.int64, device=device)
        self._loss = _loss(experiment)
        self._optimizer, self._schedule = _optimizer(experiment, self.model, fused=compiled)
        if compiled:
            self.model.compile(mode="reduce-overhead")
        self.evaluations: dict[int, tuple[float, ...]] = {}
        """Loss and accuracy of train, then of val if there is any, by step."""
        self.step = 0

    def train(self, n_steps: int, *, evaluates: bool = True) -> None:
        """Train, with or without evaluations."""
        for _ in range(n_steps):
            batch = self._next_batch()
            scores = self.model(batch.inputs)
            loss = self._loss(scores, batch.targets)
            if evaluates and self._evaluates(self.step):
                # The whole training set has just been scored, unless this is a minibatch.
                train = (loss.item(), _accuracy(scores, batch)) if batch is self._train else self._measured(self._train)
                self.evaluations[self.step] = (*train, *self._measured(self._val)) if len(self._val.answers) else train
            self._optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            self._optimizer.step()
            if self._schedule:
                self._schedule.step()
            self.step += 1

    def _next_batch(self) -> SplitSide:
        """Return the training set, or the next rows of a shuffle of it."""
        if self._batch_size == len(self._train.answers):
            return self._train
        if len(self._order) == 0:
            self._order = torch.randperm(len(self._train.answers), device=self._order.device)
        rows, self._order = self._order[: self._batch_size], self._order[self._batch_size :]
        return SplitSide(*(tensor[rows] for tensor in self._train))

    @torch.no_grad()
    def _measured(self, side: SplitSide) -> tuple[float, float]:
        scores = self.model(side.inputs)
        return self._loss(scores, side.targets).item(), _accuracy(scores, side)


def _side(equations: Equations, network: Network, experiment: Experiment) -> SplitSide:
    """Return one side of the split as tensors."""
    inputs, answers = network.encode(equations)
    if isinstance(network, MLP):
        inputs = functional.one_hot(inputs, experiment.task.n_elements).flatten(1) * network.first_scale
    if experiment.loss.kind == "cross_entropy":
        return SplitSide(inputs, answers, answers)
    n_classes = network.get_parameter("readout").shape[1]
    return SplitSide(inputs, answers, functional.one_hot(answers, n_classes).to(_precision(experiment)))


def _accuracy(scores: Tensor, side: SplitSide) -> float:
    return (scores.argmax(dim=1) == side.answers).sum().item() / len(side.answers)


def _loss(experiment: Experiment) -> Callable[[Tensor, Tensor], Tensor]:
    loss, precision = LOSSES[experiment.loss.kind], _precision(experiment)
    return lambda scores, targets: loss(scores.to(precision), targets)


def _precision(experiment: Experiment) -> torch.dtype:
    return torch.float64 if experiment.loss.precision == "float64" else torch.float32


def _optimizer(experiment: Experiment, model: nn.Module, *, fused: bool) -> tuple[torch.optim.Optimizer, LambdaLR | None]:
    settings: Any = experiment.optimizer
    arguments = {argument: getattr(settings, name) for name, argument in ARGUMENTS.items() if hasattr(settings, name)}
    optimizer = OPTIMIZERS[settings.kind](model.parameters(), **arguments, fused=fused or None)
    warmup = settings.warmup_steps
    return optimizer, LambdaLR(optimizer, lambda step: min(1.0, step / warmup)) if warmup else None


def _check_supported(experiment: Experiment) -> None:
    model, optimizer, loss = experiment.model, experiment.optimizer, experiment.loss
    if experiment.task.n_operands > 2:
        raise ConfigError("no notebook loop is written for three operands")
    if type(model) not in SUPPORTED or not _has_only(model, (*INITIAL, *SUPPORTED[type(model)])):
        raise ConfigError(f"no notebook loop is written for {model.label}")
    if optimizer.kind not in OPTIMIZERS or not _has_only(optimizer, (*ARGUMENTS, *AROUND)):
        raise ConfigError(f"no notebook loop is written for this optimizer, {optimizer.kind} and what is done around it")
    if experiment.training.precision != "float32":
        raise ConfigError(f"no notebook loop is written for training.precision {experiment.training.precision}")
    if loss.kind not in LOSSES:
        raise ConfigError(f"no notebook loop is written for the loss {loss.kind}")


def _has_only(settings: Settings, names: tuple[str, ...]) -> bool:
    """Whether all other settings have their defaults."""
    given = {name: getattr(settings, name) for name in names if hasattr(settings, name)}
    return type(settings).model_validate(given) == settings
