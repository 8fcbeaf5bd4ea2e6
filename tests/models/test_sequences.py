"""What every network over tokens has in common."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from grokterm.models.network import Network
from grokterm.models.sequences import TokenNetwork
from tests.models.sequences import BOTH, FORMATS, NETWORKS, P, embedding_mlp, equations, lstm, transformer

LONG: dict[str, Callable[..., TokenNetwork]] = {
    "transformer": lambda **settings: transformer(n_layers=2, dropout=0.3, **settings),
    "lstm": lambda **settings: lstm(dropout=0.3, **settings),
}
"""Networks that can drop values."""

REPORT: dict[str, Any] = {**BOTH, "vocabulary": 239, "d_model": 128}


def one_equation(network: Network) -> tuple[list[int], int | list[int]]:
    """Write 4 + 3 = 2 mod 5."""
    table = equations()
    (row,) = np.flatnonzero((table.operands == [4, 3]).all(axis=1))
    tokens, answers = network.encode(table)
    return tokens[row].tolist(), answers[row].tolist()


def test_an_equation_is_written_as_its_settings_say() -> None:
    equals, operator, eos = P, P + 1, P + 2
    for build in (transformer, lstm):
        assert one_equation(build(**FORMATS["operands"])) == ([4, 3], 2)
        assert one_equation(build(**FORMATS["short"])) == ([4, 3, equals], 2)
        assert one_equation(build(**FORMATS["long"])) == ([eos, 4, operator, 3, equals], 2)
        assert one_equation(build(**FORMATS["both"])) == ([eos, 4, operator, 3, equals, 2], [2, eos])
    assert one_equation(embedding_mlp()) == ([4, operator, 3, equals], 2)


@pytest.mark.parametrize(("form", "n_classes"), [("short", P + 1), ("long", P + 3), ("both", P + 3), ("roomy", 13)])
@pytest.mark.parametrize("build", [transformer, lstm])
def test_every_token_is_a_class_at_every_scored_position(build: Callable[..., TokenNetwork], form: str, n_classes: int) -> None:
    network = build(**FORMATS[form])
    tokens, answers = network.encode(equations())
    assert network(tokens).shape == (*answers.shape, n_classes)
    assert answers.shape == ((25, 2) if network.n_scored == 2 else (25,))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_batch_is_scored_row_by_row(name: str) -> None:
    network = NETWORKS[name]()
    tokens, _ = network.encode(equations())
    alone = torch.cat([network(row.unsqueeze(0)) for row in tokens])
    torch.testing.assert_close(network(tokens), alone, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("n_equations", [1, 25])
def test_words_say_the_same_whoever_works_them_out(name: str, n_equations: int) -> None:
    network = NETWORKS[name]()
    tokens, _ = network.encode(equations())
    weights = list(network.parameters())
    alone, by_words = network(tokens), network(tokens, None, network.token_features(n_equations))
    torch.testing.assert_close(by_words, alone, rtol=1e-4, atol=1e-6)
    slopes, expected = (torch.autograd.grad(scores.square().sum(), weights) for scores in (by_words, alone))
    torch.testing.assert_close(slopes, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_weight_moves(name: str) -> None:
    network = NETWORKS[name]()
    tokens, answers = network.encode(equations())
    scores = network(tokens)
    loss = functional.cross_entropy(scores.flatten(0, -2), answers.flatten())
    weights = dict(network.named_parameters())
    slopes = torch.autograd.grad(loss, list(weights.values()))
    still = [name for name, slope in zip(weights, slopes, strict=True) if not slope.any()]
    assert still == []


@pytest.mark.parametrize("name", NETWORKS)
def test_stacked_networks_score_as_each_alone(name: str) -> None:
    members = [NETWORKS[name](seed=seed) for seed in (0, 1)]
    tokens, _ = members[0].encode(equations())
    weights, buffers = stack_module_state(members)

    def scores(weights: dict[str, torch.Tensor], buffers: dict[str, torch.Tensor]) -> torch.Tensor:
        one: torch.Tensor = functional_call(members[0], (weights, buffers), (tokens,))
        return one

    expected = torch.stack([member(tokens) for member in members])
    torch.testing.assert_close(vmap(scores)(weights, buffers), expected, rtol=1e-4, atol=1e-6)
    slopes = torch.func.grad(lambda one: vmap(scores)(one, buffers).square().sum())(weights)
    alone = torch.func.grad(lambda one: functional_call(members[1], one, (tokens,)).square().sum())(
        dict(members[1].named_parameters())
    )
    for key, slope in alone.items():
        torch.testing.assert_close(slopes[key][1], slope, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(name: str) -> None:
    first, again, other = (dict(NETWORKS[name](seed=seed).named_parameters()) for seed in (3, 3, 4))
    assert all(torch.equal(first[key], again[key]) for key in first)
    drawn = [key for key in first if "after" not in key and "before" not in key and "norm" not in key and first[key].any()]
    assert drawn
    assert not any(torch.equal(first[key], other[key]) for key in drawn)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_to_look_at_is_a_matrix_of_the_network(name: str) -> None:
    network = NETWORKS[name]()
    weights = dict(network.named_parameters())
    assert len({layer.parameter for layer in network.layers}) == len({layer.label for layer in network.layers})
    for layer in network.layers:
        assert weights[layer.parameter].ndim == 2
    embedding, *_, readout = network.layers
    assert weights[embedding.parameter].shape[0] == weights[readout.parameter].shape[1] >= P
    assert readout.transposed


@pytest.mark.parametrize("name", LONG)
def test_dropout_follows_its_draw_and_spares_a_measurement(name: str) -> None:
    network = LONG[name]()
    tokens, _ = network.encode(equations())

    def scores(seed: int) -> torch.Tensor:
        one: torch.Tensor = network(tokens, torch.Generator().manual_seed(seed))
        return one

    assert torch.equal(scores(1), scores(1))
    assert not torch.equal(scores(1), scores(2))
    assert torch.equal(network(tokens), network(tokens))
    assert torch.equal(network(tokens), LONG[name]().eval()(tokens))


@pytest.mark.parametrize(
    ("network", "n_parameters"),
    [
        (
            transformer(97, n_layers=2, n_heads=4, d_mlp=512, norm="post", positions="sinusoidal", biases=False, **REPORT),
            424_832,
        ),
        (lstm(97, **REPORT), 294_784),
        (embedding_mlp(97, d_model=128, width=256, vocabulary=239), 258_543),
        (transformer(113, d_model=128, n_heads=4, d_mlp=512), 212_224),
    ],
)
def test_a_network_is_as_large_as_its_source_says(network: Network, n_parameters: int) -> None:
    sizes = {key: weight.numel() for key, weight in network.named_parameters()}
    assert sum(sizes.values()) - sizes["embedding"] == n_parameters
