import copy

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from grokterm.engines import binding
from grokterm.engines.binding import bind
from grokterm.models.build import build
from grokterm.models.network import Network
from tests.training.every_network import MODULUS, small


@pytest.fixture(params=["slots", "attributes"], autouse=True)
def _by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    assert binding.HAS_SLOTS
    monkeypatch.setattr(binding, "HAS_SLOTS", request.param == "slots")


def network_of(architecture: str) -> Network:
    return build(small(architecture).model, MODULUS, 0)


def shifted(network: Network, by: float) -> dict[str, Tensor]:
    """Return other values for every parameter."""
    return {name: value.detach() + by for name, value in network.named_parameters()}


@pytest.mark.parametrize("architecture", ["mlp", "embedding_mlp", "lstm", "transformer"])
def test_a_bound_network_scores_as_functional_call_does_and_is_bound_again(architecture: str) -> None:
    network = network_of(architecture)
    tokens, _ = network.encode(small(architecture).task.dataset(0).train)
    near, far = shifted(network, 0.1), shifted(network, 0.5)
    expected = [functional_call(copy.deepcopy(network), weights, (tokens,)) for weights in (near, far)]
    for weights, scores in zip((near, far), expected, strict=True):
        bind(network, weights)
        torch.testing.assert_close(network(tokens), scores, rtol=0, atol=0)
    assert not torch.equal(*expected)


def test_a_copy_of_a_bound_network_is_bound_on_its_own() -> None:
    network = network_of("mlp")
    tokens, _ = network.encode(small("mlp").task.dataset(0).train)
    near, far = shifted(network, 0.1), shifted(network, 0.5)
    bind(network, near)
    twin, before = copy.deepcopy(network), network(tokens)
    torch.testing.assert_close(twin(tokens), before, rtol=0, atol=0)
    bind(twin, far)
    assert not torch.equal(twin(tokens), before)
    torch.testing.assert_close(network(tokens), before, rtol=0, atol=0)
