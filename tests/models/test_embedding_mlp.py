import pytest
import torch
from torch import nn

from grokterm.models.embedding_mlp import EmbeddingMLP
from tests.models.sequences import embedding_mlp, equations


def library_mlp(network: EmbeddingMLP) -> nn.Sequential:
    """Put the weights of a network into the modules of torch."""
    weights = [network.first, *network.hidden, network.readout]
    biases = [network.first_bias, *network.hidden_biases, network.readout_bias]
    embedding = nn.Embedding(*network.embedding.shape)
    embedding.weight = network.embedding
    layers: list[nn.Module] = [embedding, nn.Flatten()]
    for weight, bias in zip(weights, biases, strict=True):
        linear = nn.Linear(*weight.shape)
        with torch.no_grad():
            linear.weight.copy_(weight.T)
            linear.bias.copy_(bias)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("vocabulary", ["auto", 13])
def test_the_network_computes_what_plain_layers_do(depth: int, vocabulary: int | str) -> None:
    network = embedding_mlp(depth=depth, vocabulary=vocabulary)
    tokens, _ = network.encode(equations())
    torch.testing.assert_close(network(tokens), library_mlp(network)(tokens), rtol=1e-5, atol=1e-6)


def test_the_initial_weights_have_the_range_of_torch() -> None:
    network = embedding_mlp(31, d_model=64, width=100)
    for weight, bias in ((network.first, network.first_bias), (network.readout, network.readout_bias)):
        expected = float(nn.Linear(*weight.shape).weight.abs().max().detach())
        assert float(weight.abs().max().detach()) == pytest.approx(expected, rel=0.02)
        assert float(bias.abs().max().detach()) == pytest.approx(expected, rel=0.2)
    assert float(network.embedding.std().detach()) == pytest.approx(1, rel=0.05)
    assert [one.shape[0] for one in network.hidden] == [100]
