import pytest
import torch

from grokterm.models.build import build
from tests.training.every_network import MODULUS, small

with_weights = pytest.mark.parametrize("architecture", ["mlp", "embedding_mlp", "lstm", "transformer"])


def parameters(architecture: str, *assignments: str) -> dict[str, torch.Tensor]:
    experiment = small(architecture, *assignments)
    form = experiment.exact_form
    return {name: value.detach() for name, value in build(experiment.model, MODULUS, 3, form=form).named_parameters()}


@with_weights
def test_the_scale_multiplies_every_parameter_of_every_network(architecture: str) -> None:
    before, after = parameters(architecture), parameters(architecture, "model.init_scale=2.5")
    assert before.keys() == after.keys()
    for name, value in before.items():
        torch.testing.assert_close(after[name], 2.5 * value)


def test_the_scale_multiplies_gains_and_exact_weights_too() -> None:
    norms = parameters("mlp", "model.normalization=batch", "model.init_scale=3.0")
    torch.testing.assert_close(norms["first_norm.gain"], torch.full((12,), 3.0))
    exact = "model.depth=1", "model.scaling=gromov", "model.initialization=analytic"
    torch.testing.assert_close(
        parameters("mlp", *exact, "model.init_scale=0.5")["left"], 0.5 * parameters("mlp", *exact)["left"]
    )


@with_weights
def test_a_given_deviation_is_that_of_all_matrices_and_biases_are_zero(architecture: str) -> None:
    norm = {"transformer": ("model.norm=pre",), "mlp": ("model.normalization=batch",)}
    drawn = parameters(architecture, "model.init_std=0.02", *norm.get(architecture, ()))
    matrices = torch.cat([value.flatten() for value in drawn.values() if value.ndim > 1])
    assert float(matrices.std()) == pytest.approx(0.02, rel=0.1)
    assert abs(float(matrices.mean())) < 0.003
    vectors = {name: value for name, value in drawn.items() if value.ndim == 1}
    gains = {name for name in vectors if name.endswith(("gain", "norm.weight", "mlp.weight", "attention.weight"))}
    assert bool(gains) == (architecture in norm)
    for name, value in vectors.items():
        assert torch.equal(value, torch.full_like(value, 1.0 if name in gains else 0.0)), name


def test_another_deviation_scales_the_same_draw_of_an_mlp() -> None:
    usual, narrow = parameters("mlp", "model.scaling=gromov"), parameters("mlp", "model.scaling=gromov", "model.init_std=0.25")
    for name, value in usual.items():  # whose deviation is 1
        torch.testing.assert_close(narrow[name], 0.25 * value)


def test_scale_and_deviation_multiply() -> None:
    both = parameters("lstm", "model.init_std=0.02", "model.init_scale=10.0")
    torch.testing.assert_close(both["embedding"], parameters("lstm", "model.init_std=0.2")["embedding"])
