"""A network of a run, as a module of PyTorch."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.models.build import network_of
from grokterm.models.network import Network
from grokterm.models.products import products_by_torch
from grokterm.runs.mixture_parts import copied_parts, load_parts
from grokterm.runs.replay import trainer_at
from grokterm.runs.store import Run


class TrainedNetwork(nn.Module):
    """Scores the answers to operands; `network` is the module inside, which reads tokens."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, operands: Int[Tensor, "equations operands"]) -> Float[Tensor, "equations classes"]:
        """Return the scores before the softmax."""
        with products_by_torch():
            scores: Tensor = self.network(self.network.read(operands))
        return scores if self.network.n_scored == 1 else scores[:, 0]  # of the answer, not of what follows it


def network_at(run: Run, step: int, member: int = 0) -> TrainedNetwork:
    """Return the network of a run, of an ensemble that of the member with this number, at a step; errors as `replay`."""
    trainer = trainer_at(run, step, "cpu", member)
    network = network_of(run.experiment.member(member), load_parts(copied_parts(run)))
    prefix = "weights."
    tensors = {name.removeprefix(prefix): value for name, value in trainer.tensors().items() if name.startswith(prefix)}
    network.load_state_dict(tensors)
    tokens, _ = network.encode(trainer.dataset.train)
    with torch.no_grad(), steady_arithmetic():
        statistics = network.statistics(tokens)
        for name, values in statistics.items():
            network.get_buffer(name).copy_(values)
    return TrainedNetwork(network).eval()
