import numpy as np
import pytest
import torch

from grokterm.errors import ConfigError
from grokterm.experiment.architectures.mixture import MixtureModel
from grokterm.experiment.experiment import Experiment
from grokterm.models.build import build
from grokterm.models.mixture import Mixture, MixturePart
from grokterm.tasks.equations import Equations

P = 7
TABLE = torch.cartesian_prod(torch.arange(P), torch.arange(P))


def part(name: str, seed: int = 0, modulus: int = P, loss: str = "softmax_mse", **model: object) -> MixturePart:
    experiment = Experiment.from_settings(
        {
            "seed": seed,
            "task": {"modulus": modulus},
            "model": {"architecture": "mlp", "width": 9, "scaling": "standard", **model},
            "loss": {"kind": loss},
        }
    )
    return MixturePart(name, experiment, build(experiment.model, modulus, seed))


def mixture(generalizer: MixturePart, memorizer: MixturePart, **settings: float) -> Mixture:
    network = build(MixtureModel.from_settings(dict(settings)), P, 0, {"generalizer": generalizer, "memorizer": memorizer})
    assert isinstance(network, Mixture)
    return network


def test_at_the_start_a_mixture_says_nothing() -> None:
    assert torch.equal(mixture(part("a"), part("b", seed=1))(TABLE), torch.zeros(P * P, P))


def test_a_mixture_is_the_weighted_sum_of_what_its_parts_say() -> None:
    a, b = part("a"), part("b", seed=1, loss="mse")
    network = mixture(a, b, generalizer_speed=2.0, memorizer_speed=10.0)
    with torch.no_grad():
        network.generalizer_weight.fill_(0.3)
        network.memorizer_weight.fill_(-0.1)
        expected = 0.6 * a.network(TABLE).softmax(dim=1) - 1.0 * b.network(TABLE)  # probabilities where the loss had them
        torch.testing.assert_close(network(TABLE), expected)


def test_only_the_four_numbers_are_trained() -> None:
    network = mixture(part("a"), part("b"))
    trained = {name for name, _ in network.named_parameters()} - network.frozen
    assert trained == {"generalizer_weight", "generalizer_speed", "memorizer_weight", "memorizer_speed"}


def test_the_speed_of_a_part_scales_the_gradient_of_its_weight() -> None:
    a = part("a")
    network = mixture(a, part("b"), memorizer_speed=10.0)  # the same network twice
    slopes = torch.autograd.grad(network(TABLE)[:, 0].sum(), [network.generalizer_weight, network.memorizer_weight])
    assert slopes[1].item() == pytest.approx(10 * slopes[0].item())


def test_a_mixture_reads_as_its_parts_do() -> None:
    a = part("a")
    equations = Equations(np.array([[1, 2], [3, 4]]), np.array([3, 0]))
    for ours, theirs in zip(mixture(a, part("b")).encode(equations), a.network.encode(equations), strict=True):
        assert torch.equal(ours, theirs)


def test_every_layer_of_a_mixture_is_a_parameter_of_it() -> None:
    network = mixture(part("a"), part("b"))
    assert {layer.parameter for layer in network.layers} == set(network.frozen)


def test_a_part_with_batch_normalization_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"model.generalizer must be a network without batch normalization, and a has it"):
        mixture(part("a", normalization="batch"), part("b"))


def test_parts_of_another_modulus_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model.memorizer must be trained on a task of 7 elements, and that of b has 11"):
        mixture(part("a"), part("b", modulus=11))
