"""An LSTM without optimizations: torch's own, which every token of every equation enters."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.experiment.architectures.lstm import LSTMModel
from grokterm.models.network import Network


class PlainLSTM(nn.Module):
    """The network of these settings with the weights of `network`; the readout acts on the last position only."""

    def __init__(self, settings: LSTMModel, network: Network) -> None:
        super().__init__()
        weights = dict(network.named_parameters())
        n_tokens, d_model = weights["embedding"].shape
        self.embedding = nn.Embedding(n_tokens, d_model)
        self.recurrences = nn.LSTM(d_model, d_model, settings.n_layers, batch_first=True)
        self.readout = nn.Linear(d_model, n_tokens, bias=False)
        state = {"embedding.weight": weights["embedding"], "readout.weight": weights["readout"].T}
        for number in range(settings.n_layers):
            for ours, theirs in (("input", "ih"), ("recurrent", "hh")):
                state[f"recurrences.weight_{theirs}_l{number}"] = weights[f"recurrences.{number}.{ours}"].T
                state[f"recurrences.bias_{theirs}_l{number}"] = weights[f"recurrences.{number}.{ours}_bias"]
        self.load_state_dict(state)

    def forward(self, tokens: Int[Tensor, "batch tokens"]) -> Float[Tensor, "batch classes"]:
        """Score every token as the next one."""
        states, _ = self.recurrences(self.embedding(tokens))
        scores: Tensor = self.readout(states[:, -1])
        return scores
