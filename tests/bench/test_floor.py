import pytest
import torch

from grokterm.bench.floor import Floor, Products, ProductShape, layers_of
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.presets import find_preset
from grokterm.models.build import build
from tests.training.outcome import changed


def layers(experiment: Experiment) -> list[ProductShape]:
    network = build(experiment.model, experiment.task.modulus, experiment.seed)
    return list(layers_of(network, experiment.task.train_size))


def test_the_first_layer_of_a_perceptron_is_looked_up_and_not_multiplied(tiny: Experiment) -> None:
    assert layers(tiny) == [ProductShape(73, 32, 11)]
    assert layers(changed(tiny, "model.scaling=gromov", "model.depth=3")) == [
        ProductShape(73, 32, 32),
        ProductShape(73, 32, 32),
        ProductShape(73, 32, 11),
    ]


def test_a_transformer_projects_tokens_and_reads_the_last_position() -> None:
    assert layers(find_preset("nanda").experiment) == [
        ProductShape(114, 128, 128),
        ProductShape(342, 128, 128),
        ProductShape(342, 128, 128),
        ProductShape(3831, 128, 128),
        ProductShape(3831, 128, 512),
        ProductShape(3831, 512, 128),
        ProductShape(3831, 128, 114),
    ]


def test_an_lstm_projects_tokens_and_has_nothing_to_recall_at_the_first() -> None:
    assert layers(find_preset("small-lstm").experiment) == [
        ProductShape(54, 128, 512),
        *[ProductShape(1404, 128, 512)] * 2,
        ProductShape(1404, 128, 54),
    ]


def test_a_perceptron_over_embeddings_projects_residues() -> None:
    assert layers(find_preset("small-embedding-mlp").experiment) == [
        *[ProductShape(53, 128, 256)] * 2,
        ProductShape(1404, 256, 256),
        ProductShape(1404, 256, 56),
    ]


def test_later_blocks_see_every_position() -> None:
    rows = [layer.rows for layer in layers(find_preset("report-transformer-50").experiment)]
    n, p = 4704, 97
    assert rows == [*[6 * (p + 3)] * 3, *[6 * n] * 3, 2 * n, *[6 * n] * 2, *[2 * n] * 3, 2 * n]  # a c and an <eos> are read


def test_the_products_are_those_of_a_layer_and_its_gradient() -> None:
    products = Products([ProductShape(5, 3, 2)], torch.device("cpu"))
    ((inputs, weights, grad),), ((inputs_grad, weights_grad, outputs),) = products.operands, products.results
    products.multiply()
    torch.testing.assert_close(outputs, inputs @ weights)
    inputs.requires_grad_()
    weights.requires_grad_()
    expected = torch.autograd.grad(inputs @ weights, [inputs, weights], grad)
    torch.testing.assert_close((inputs_grad, weights_grad), expected)


def test_the_products_of_an_ensemble_are_those_of_each_member() -> None:
    stacked = Products([ProductShape(5, 3, 2)], torch.device("cpu"), members=4)
    stacked.multiply()
    alone = Products([ProductShape(5, 3, 2)], torch.device("cpu"))
    for member in range(4):
        alone.operands = [tuple(operand[member] for operand in stacked.operands[0])]
        alone.multiply()
        torch.testing.assert_close(tuple(result[member] for result in stacked.results[0]), alone.results[0])


@pytest.mark.parametrize(("by_torch", "n_threads"), [(False, 1), (True, 2)])
def test_a_floor_is_made_by_either_kind_of_threads(tiny: Experiment, by_torch: bool, n_threads: int) -> None:  # noqa: FBT001
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        floor = Floor(tiny, by_torch=by_torch)
        floor.update(3)
    finally:
        torch.set_num_threads(before)
    assert floor.plan.n_threads == n_threads


@pytest.mark.parametrize("change", ["model.frozen=['first']", "model.normalization=batch"])
def test_a_network_whose_products_are_not_listed_has_no_floor(tiny: Experiment, change: str) -> None:
    with pytest.raises(ConfigError, match="no floor is known"):
        Floor(changed(tiny, change), by_torch=False)
