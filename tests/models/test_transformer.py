from math import erf, sqrt
from typing import Any

import numpy as np
import pytest
import torch

from grokterm.models.hook_points import forward_hooks
from grokterm.models.transformer import Transformer
from tests.models.sequences import BOTH, P, equations, transformer

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Weights = dict[str, Matrix]

SETTINGS: dict[str, dict[str, Any]] = {
    "nanda": {},
    "normal, deeper": {"n_layers": 3},
    "report": {
        "n_layers": 2,
        "norm": "post",
        "positions": "sinusoidal",
        "biases": False,
        "initialization": "torch",
        "vocabulary": 12,
        **BOTH,
    },
    "pre": {"n_layers": 2, "norm": "pre", "initialization": "torch", "activation": "gelu"},
    "pre, sinusoidal": {"norm": "pre", "positions": "sinusoidal", "sequence": "<eos> a op b = c <eos>"},
    "post, learned": {"norm": "post", "n_heads": 1, **BOTH},
    "half constant attention": {"n_layers": 2, "attention_rate": 0.4},
    "constant attention, without =": {"sequence": "a b", "attention_rate": 0.0},
    "one head a feature": {"n_heads": 12, "biases": False},
}


def layer_norm(vector: Matrix, weights: Weights, name: str) -> Matrix:
    if f"{name}.weight" not in weights:
        return vector
    centered = vector - vector.mean()
    scaled: Matrix = centered / sqrt((centered**2).mean() + 1e-5) * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return scaled


def wave(position: int, feature: int, d_model: int) -> float:
    angle = position / 10_000 ** (2 * (feature // 2) / d_model)
    return float(np.cos(angle) if feature % 2 else np.sin(angle))


def attended(vectors: list[Matrix], weights: Weights, block: str, n_heads: int, rate: float) -> list[Matrix]:
    """Every position looks at itself and at what came before, one head at a time."""
    size = len(vectors[0]) // n_heads
    sums = []
    for position in range(len(vectors)):
        heads = []
        for head in range(n_heads):
            mine = slice(head * size, (head + 1) * size)
            query = vectors[position] @ weights[f"{block}.query"][:, mine]
            keys = [one @ weights[f"{block}.key"][:, mine] for one in vectors[: position + 1]]
            values = [one @ weights[f"{block}.value"][:, mine] for one in vectors[: position + 1]]
            shares = np.exp([query @ key / sqrt(size) for key in keys])
            shares = rate * shares / shares.sum() + (1 - rate)
            heads.append(sum(share * value for share, value in zip(shares, values, strict=True)))
        sums.append(np.concatenate(heads) @ weights[f"{block}.output"])
    return sums


def thought(vector: Matrix, weights: Weights, block: str, activation: str) -> Matrix:
    hidden = vector @ weights[f"{block}.mlp_in"] + weights.get(f"{block}.mlp_in_bias", 0.0)
    active = np.maximum(hidden, 0) if activation == "relu" else hidden * (1 + np.vectorize(erf)(hidden / sqrt(2))) / 2
    return np.asarray(active @ weights[f"{block}.mlp_out"] + weights.get(f"{block}.mlp_out_bias", 0.0))


def reference(network: Transformer, tokens: list[int], settings: dict[str, Any]) -> Matrix:
    """Score one equation the long way: every position of every layer, vector by vector."""
    weights = {name: value.detach().double().numpy() for name, value in network.named_parameters()}
    d_model = weights["embedding"].shape[1]
    places = weights.get("places", np.array([[wave(row, column, d_model) for column in range(d_model)] for row in range(9)]))
    vectors = [weights["embedding"][token] + places[place] for place, token in enumerate(tokens)]
    for number in range(settings.get("n_layers", 1)):
        block = f"blocks.{number}"
        entering = [layer_norm(one, weights, f"{block}.before_attention") for one in vectors]
        moved = attended(entering, weights, block, network.blocks[0].n_heads, settings.get("attention_rate", 1))
        vectors = [
            layer_norm(one + change, weights, f"{block}.after_attention") for one, change in zip(vectors, moved, strict=True)
        ]
        activation = settings.get("activation", "relu")
        changes = [thought(layer_norm(one, weights, f"{block}.before_mlp"), weights, block, activation) for one in vectors]
        vectors = [
            layer_norm(one + change, weights, f"{block}.after_mlp") for one, change in zip(vectors, changes, strict=True)
        ]
    scores = [layer_norm(one, weights, "final_norm") @ weights["readout"] for one in vectors]
    return np.array(scores[-2:]) if "scored" in settings else scores[-1]


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("n_rows", [3, 25], ids=["few equations", "more equations than tokens"])
def test_the_network_computes_its_formula(name: str, n_rows: int) -> None:
    network = transformer(**SETTINGS[name])
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in network.parameters():  # also those that start at zero or one
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.3)
    tokens = network.encode(equations())[0][:n_rows]
    expected = np.array([reference(network, row, SETTINGS[name]) for row in tokens.tolist()])
    np.testing.assert_allclose(network(tokens).detach().numpy(), expected, rtol=1e-4, atol=1e-4)


def test_attention_is_seen_alike_where_the_question_is_worked_out_once() -> None:
    network = transformer()
    tokens, _ = network.encode(equations())
    assert "scores" in network.token_features(len(tokens))
    seen: list[torch.Tensor] = []
    with forward_hooks({network.blocks[0].pattern: seen.append}):
        network(tokens)
        network(tokens, token_features=network.token_features(1))  # too few to work out more than what each token is
    at_once, one_by_one = seen
    assert at_once.shape == (25, 3, 1, 3)
    torch.testing.assert_close(at_once, one_by_one)


@pytest.mark.parametrize("settings", [{"n_layers": 2}, BOTH])
def test_a_question_that_depends_on_the_equation_is_asked_by_each(settings: dict[str, Any]) -> None:
    assert "scores" not in transformer(**settings).token_features(25)


@pytest.mark.parametrize("norm", ["none", "pre", "post"])
def test_a_token_does_not_change_what_was_said_before_it(norm: str) -> None:
    network = transformer(norm=norm, n_layers=2, **BOTH)
    tokens, _ = network.encode(equations())
    others = torch.cat([tokens[:, :-1], (tokens[:, -1:] + 1) % P], dim=1)
    before, after = network(tokens).unbind(dim=1)
    before_others, after_others = network(others).unbind(dim=1)
    torch.testing.assert_close(before, before_others)
    assert not torch.allclose(after, after_others)


def test_initial_weights_have_the_deviation_of_their_source() -> None:
    large: dict[str, Any] = {"modulus": 97, "d_model": 128, "d_mlp": 512, "n_heads": 4}
    nanda = transformer(**large).state_dict()
    for name in ("embedding", "blocks.0.query", "blocks.0.output", "blocks.0.mlp_in", "blocks.0.mlp_out"):
        assert float(nanda[name].std()) == pytest.approx(1 / sqrt(128), rel=0.03), name
    assert float(nanda["readout"].std()) == pytest.approx(1 / sqrt(98), rel=0.03)
    assert not nanda["blocks.0.mlp_in_bias"].any()
    torch_like = transformer(**large, initialization="torch").state_dict()
    assert float(torch_like["embedding"].std()) == pytest.approx(1, rel=0.03)
    for name, inputs in (("blocks.0.key", 128), ("blocks.0.mlp_out", 512), ("blocks.0.mlp_in_bias", 128), ("readout", 128)):
        assert float(torch_like[name].abs().max()) == pytest.approx(1 / sqrt(inputs), rel=0.02), name
