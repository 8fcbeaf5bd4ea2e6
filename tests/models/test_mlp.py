from collections.abc import Callable
from itertools import product
from math import erf, sqrt
from typing import Any

import numpy as np
import pytest
import torch

from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.models.dropout import dropout
from grokterm.models.mlp import MLP
from grokterm.tasks.operations import OPERATIONS

Matrix = np.ndarray[Any, np.dtype[np.float64]]

P, N = 7, 24

ACTIVATIONS: dict[str, Callable[[Matrix], Matrix]] = {
    "quadratic": lambda z: z * z,
    "cubic": lambda z: z**3,
    "relu": lambda z: np.maximum(z, 0),
    "gelu": lambda z: z * (1 + np.vectorize(erf)(z / sqrt(2))) / 2,
    "sine": np.sin,
    "tanh": np.tanh,
}

SHALLOW: dict[str, tuple[float, float]] = {
    "gromov": (1 / sqrt(2 * P), 1 / N),
    "liu": (1 / sqrt(N), 1 / P),
    "doshi": (1, 1),
    "standard": (1, 1),
}
"""What the sum of the first layer and the scores are multiplied by."""

DEVIATIONS: dict[str, tuple[float, float]] = {
    "gromov": (1, 1),
    "liu": (1, 1),
    "doshi": (0.5 / (2 * 400) ** (1 / 3), 0.5 / (2 * 400) ** (1 / 3)),
    "standard": (1 / sqrt(3 * 2 * 31), 1 / sqrt(3 * 400)),
}
"""Of the initial weights of the first layer and of the readout, at p = 31 and width 400."""


def mlp(modulus: int = P, seed: int = 0, **settings: Any) -> MLP:  # noqa: ANN401 - whatever the settings take
    return MLP(MLPModel(**{"width": N} | settings), modulus, seed)


def table(modulus: int) -> torch.Tensor:
    return torch.tensor(list(product(range(modulus), repeat=2)))


def weights(network: MLP) -> dict[str, Matrix]:
    return {name: value.detach().double().numpy() for name, value in network.named_parameters()}


def one_hot_reference(network: MLP, scaling: str, activation: str) -> Matrix:
    """Score the whole table the long way: two one-hot operands side by side, times one matrix of 2p rows."""
    inputs = np.array([np.concatenate([np.eye(P)[a], np.eye(P)[b]]) for a, b in product(range(P), repeat=2)])
    phi, values = ACTIVATIONS[activation], weights(network)
    first, readout = SHALLOW[scaling]
    hidden = phi(first * inputs @ np.concatenate([values["left"], values["right"]]))
    for name in ("hidden", "hidden_2", "hidden_3")[: len(values) - 3]:
        hidden = phi((1 if scaling == "standard" else 1 / sqrt(N)) * hidden @ values[name])
    return readout * hidden @ values["readout"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    ("scaling", "depth"), [(scaling, depth) for scaling in SHALLOW for depth in ((1,) if scaling == "doshi" else (1, 2, 3, 4))]
)
def test_the_network_computes_its_formula(scaling: str, depth: int, activation: str) -> None:
    network = mlp(scaling=scaling, depth=depth, activation=activation)
    scores = network(table(P)).detach().double().numpy()
    expected = one_hot_reference(network, scaling, activation)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("scaling", SHALLOW)
def test_the_initial_weights_have_the_deviation_of_their_scaling(scaling: str) -> None:
    values = weights(mlp(31, scaling=scaling, width=400))
    for name, deviation in zip(
        ("left", "right", "readout"), DEVIATIONS[scaling][:1] * 2 + DEVIATIONS[scaling][1:], strict=True
    ):
        assert values[name].std() == pytest.approx(deviation, rel=0.03)
        assert abs(values[name].mean()) < 0.04 * deviation


def test_the_scores_of_a_gromov_network_shrink_as_one_over_root_width() -> None:
    scores = [float(mlp(31, scaling="gromov", width=width)(table(31)).detach().std()) for width in (100, 10_000)]
    assert scores[0] / scores[1] == pytest.approx(10, rel=0.15)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(depth: int) -> None:
    first, again, other = (weights(mlp(depth=depth, seed=seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)


def test_scalings_share_their_draw_up_to_its_deviation() -> None:
    gromov, doshi = weights(mlp(scaling="gromov")), weights(mlp(scaling="doshi"))
    np.testing.assert_allclose(doshi["left"], gromov["left"] * 0.5 / (2 * N) ** (1 / 3), rtol=1e-6)


@pytest.mark.parametrize(("depth", "n_parameters"), [(1, 3 * P * N), (2, 3 * P * N + N * N), (4, 3 * P * N + 3 * N * N)])
def test_a_network_has_no_parameters_but_its_matrices(depth: int, n_parameters: int) -> None:
    assert sum(value.numel() for value in mlp(depth=depth).parameters()) == n_parameters


def test_a_deeper_network_begins_with_the_weights_of_a_shallower_one_up_to_its_readout() -> None:
    shallow, deep = weights(mlp(depth=3)), weights(mlp(depth=4))
    assert list(deep) == ["left", "right", "hidden", "hidden_2", "hidden_3", "readout"]
    assert all(np.array_equal(shallow[name], deep[name]) for name in shallow if name != "readout")


def test_the_two_operands_are_told_apart() -> None:
    network = mlp()
    there, back = network(torch.tensor([[1, 2]])), network(torch.tensor([[2, 1]]))
    assert not torch.allclose(there, back)


def test_tied_operands_share_one_matrix_and_its_gradient_is_that_of_both() -> None:
    tied, apart = mlp(tied_operands=True, depth=2), mlp(depth=2)
    assert [name for name, _ in tied.named_parameters()] == ["operands", "hidden", "readout"]
    shared = {name: tied.operands.detach() for name in ("left", "right")}
    apart.load_state_dict({**shared, "hidden": tied.hidden_weights[0], "readout": tied.readout})
    scores, same = (network(table(P)) for network in (tied, apart))
    assert torch.equal(scores, same)
    torch.testing.assert_close(scores.view(P, P, P), scores.view(P, P, P).transpose(0, 1))
    (grad,) = torch.autograd.grad(scores.square().sum(), [tied.operands])
    left, right = torch.autograd.grad(same.square().sum(), [apart.left, apart.right])
    torch.testing.assert_close(grad, left + right)


def test_tied_operands_begin_with_the_weights_of_the_first() -> None:
    assert torch.equal(mlp(tied_operands=True).operands, mlp().left)


def test_a_batch_is_scored_row_by_row() -> None:
    network, rows = mlp(), table(P)
    whole = network(rows)
    torch.testing.assert_close(whole, torch.cat([network(row.unsqueeze(0)) for row in rows]))
    assert whole.shape == (P * P, P)


def test_dropout_silences_its_share_of_each_hidden_layer_and_keeps_the_mean() -> None:
    ones = torch.ones(200, 300)
    silent = dropout(ones, 0.25, torch.Generator().manual_seed(0))
    torch.testing.assert_close(silent[silent != 0], torch.full((int((silent != 0).sum()),), 1 / 0.75))
    assert float((silent == 0).float().mean()) == pytest.approx(0.25, abs=0.01)


def test_measuring_silences_nothing() -> None:
    network, rows = mlp(dropout=0.5), table(P)
    torch.testing.assert_close(network(rows), mlp()(rows), rtol=0, atol=0)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_dropout_is_a_function_of_its_draw(depth: int) -> None:
    network, rows = mlp(dropout=0.5, depth=depth), table(P)
    first, again, other = (network(rows, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_dropout_acts_on_every_hidden_layer() -> None:
    network, rows = mlp(dropout=0.5, depth=4, activation="relu", width=50), table(P)
    draw = torch.Generator().manual_seed(1)
    active = dropout(torch.relu(network.first_scale * (network.left[rows[:, 0]] + network.right[rows[:, 1]])), 0.5, draw)
    for hidden in network.hidden_weights:
        active = dropout(torch.relu(active @ (network.hidden_scale * hidden)), 0.5, draw)
    expected = active @ (network.readout_scale * network.readout)
    torch.testing.assert_close(network(rows, torch.Generator().manual_seed(1)), expected)


def exact_mlp(operation: str, modulus: int, width: int, **settings: Any) -> MLP:  # noqa: ANN401 - whatever the settings take
    model = MLPModel(width=width, initialization="analytic", **settings)
    return MLP(model, modulus, 0, form=OPERATIONS[operation].sum_form(modulus))


def scores_and_answers(network: MLP, operation: str, modulus: int) -> tuple[torch.Tensor, torch.Tensor]:
    row = OPERATIONS[operation]
    operands = row.operands(modulus)
    answers = torch.from_numpy(row.answers(operands, modulus, 0))
    return network(torch.from_numpy(operands)).detach(), answers


def accuracy(network: MLP, operation: str, modulus: int) -> float:
    scores, answers = scores_and_answers(network, operation, modulus)
    return float((scores.argmax(1) == answers).float().mean())


@pytest.mark.parametrize(
    ("operation", "modulus", "width"),
    [
        ("add", 97, 200),
        ("add", 96, 200),
        ("subtract", 97, 200),
        ("sum_of_squares", 97, 200),
        ("square_of_sum", 97, 500),
        ("multiply", 97, 200),
        ("multiply", 2, 200),
        ("divide", 97, 200),
    ],
)
def test_exact_weights_know_every_answer(operation: str, modulus: int, width: int) -> None:
    assert accuracy(exact_mlp(operation, modulus, width), operation, modulus) == 1


@pytest.mark.parametrize(("operation", "frequencies"), [("add", (1, 2, 3)), ("subtract", (1, 2, 3)), ("multiply", (1,))])
def test_a_single_frequency_answers_everything_if_the_network_is_wide(operation: str, frequencies: tuple[int, ...]) -> None:
    """cos 2πk(a + b − c)/n is largest at c = a + b alone if k and n share no factor; a product modulo 7 has n = 6."""
    for frequency in frequencies:
        assert accuracy(exact_mlp(operation, 7, 4000, frequencies=[frequency]), operation, 7) == 1


def test_a_single_frequency_that_shares_a_factor_with_the_modulus_cannot_tell_all_answers_apart() -> None:
    assert accuracy(exact_mlp("add", 9, 4000, frequencies=[3]), "add", 9) < 0.6
    assert accuracy(exact_mlp("add", 9, 4000, frequencies=[2]), "add", 9) == 1


def test_the_right_answer_of_few_frequencies_scores_one_too() -> None:
    scores, answers = scores_and_answers(exact_mlp("add", 23, 3000, frequencies=[4, 9]), "add", 23)
    assert float(scores.gather(1, answers[:, None]).mean()) == pytest.approx(1, abs=0.02)


def test_without_the_neuron_that_knows_zero_every_product_with_it_is_wrong_but_one() -> None:
    network = exact_mlp("multiply", 97, 200)
    with torch.no_grad():
        network.readout[-1] = 0
    assert accuracy(network, "multiply", 97) == pytest.approx(1 - 2 * 96 / 97**2)


@pytest.mark.parametrize("scaling", ["gromov", "doshi", "liu", "standard"])
@pytest.mark.parametrize("operation", ["add", "multiply"])
def test_the_right_answer_of_exact_weights_scores_one_under_every_scaling(operation: str, scaling: str) -> None:
    network = exact_mlp(operation, 97, 300, scaling=scaling)
    scores, answers = scores_and_answers(network, operation, 97)
    right = scores.gather(1, answers[:, None])
    assert float(right.mean()) == pytest.approx(1, abs=0.02)
    assert accuracy(network, operation, 97) == 1


@pytest.mark.parametrize(("scaling", "amplitude"), [("gromov", (2 * 2 * 97) ** (1 / 3)), ("doshi", (2 / 300) ** (1 / 3))])
def test_the_amplitude_of_exact_weights_is_the_paper_s(scaling: str, amplitude: float) -> None:
    assert np.abs(weights(exact_mlp("add", 97, 300, scaling=scaling))["left"]).max() == pytest.approx(amplitude, rel=1e-3)


def test_wider_exact_networks_leave_less_to_chance() -> None:
    narrow, wide = (accuracy(exact_mlp("add", 97, width), "add", 97) for width in (20, 60))
    assert narrow < wide < 1


def test_exact_weights_lie_row_by_row() -> None:
    assert all(one.is_contiguous() for one in exact_mlp("add", 7, 40).parameters())
