import numpy as np
import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.recording.records import Acted
from grokterm.inspection.snapshot import LayerPicture, Snapshot
from grokterm.session.state import LabState, fold
from grokterm.tasks.groups import symmetric
from grokterm.tasks.operations import OPERATIONS
from grokterm.views.pictures import spectrum_picture, weight_picture

P = 23


def state(operation: str) -> LabState:
    return LabState(Experiment.from_settings({"task": {"operation": operation, "modulus": P}}))


def snapshot(matrix: np.ndarray, *, rows: str = "residues") -> Snapshot:
    dataset = Experiment().task.dataset(seed=0)
    layers = {"left": LayerPicture("first operand", matrix, rows)}
    return Snapshot(7, layers, parameters={}, statistics={}, dataset=dataset, circuit=None)


def logarithmic_wave(frequency: int) -> np.ndarray:
    """A wave over the discrete logarithm of the residues; 0, which has none, holds 0."""
    powers = OPERATIONS["multiply"].index(P)
    matrix = np.zeros((P, 1))
    matrix[powers, 0] = np.cos(2 * np.pi * frequency * np.arange(P - 1) / (P - 1))
    return matrix


def test_a_product_is_transformed_over_the_discrete_logarithm() -> None:
    picture = spectrum_picture(snapshot(logarithmic_wave(4)), "left", state("multiply"))
    assert picture is not None
    assert picture.shares[3] == pytest.approx(1.0)


def test_over_the_residues_themselves_the_same_weights_are_noise() -> None:
    picture = spectrum_picture(snapshot(logarithmic_wave(4)), "left", state("add"))
    assert picture is not None
    assert picture.shares.max() < 0.5
    assert weight_picture(snapshot(logarithmic_wave(4)), "left", "frequency", state("add")).rows == "residues"


def test_a_matrix_between_hidden_layers_has_no_spectrum_and_one_order() -> None:
    hidden = snapshot(np.eye(5), rows="neurons")
    assert spectrum_picture(hidden, "left", state("add")) is None
    assert weight_picture(hidden, "left", "frequency", state("add")).order == "raw"


def test_sorted_by_frequency_a_product_shows_its_rows_by_logarithm() -> None:
    picture = weight_picture(snapshot(logarithmic_wave(2)), "left", "frequency", state("multiply"))
    assert picture.matrix[:, 0] == pytest.approx(np.cos(2 * np.pi * 2 * np.arange(P - 1) / (P - 1)))
    assert picture.rows == "powers of a primitive root"
    raw = weight_picture(snapshot(logarithmic_wave(2)), "left", "raw", state("multiply"))
    assert raw.matrix.shape == (P, 1)


def test_after_a_swap_of_the_operation_pictures_follow_the_new_one() -> None:
    swapped = fold(state("add"), [Acted(step=3, action=Swap(operation="multiply"), n_train=9, n_val=9)])
    assert swapped.operation == "multiply"
    picture = spectrum_picture(snapshot(logarithmic_wave(4)), "left", swapped)
    assert picture is not None
    assert picture.shares[3] == pytest.approx(1.0)


def permutations() -> LabState:
    return LabState(Experiment.from_settings({"task": {"operation": "s5_product", "modulus": 120}}))


def test_the_spectrum_of_a_group_is_over_its_irreducible_representations() -> None:
    sign = symmetric(5).representations[-1].character
    picture = spectrum_picture(snapshot(np.stack([sign, 1 + sign], axis=1)), "left", permutations())
    assert picture is not None
    assert picture.representations == [one.name for one in symmetric(5).representations]
    assert picture.shares.round(9).tolist() == [pytest.approx(1 / 3), 0, 0, 0, 0, 0, pytest.approx(2 / 3)]
    assert [picture.name(number) for number in picture.key_frequencies] == ["trivial", "sign"]
    assert picture.of_neurons[-1].tolist() == pytest.approx([0.5, 1.0])


def test_permutations_have_no_order_by_frequency() -> None:
    shot = snapshot(np.random.default_rng(0).normal(size=(120, 3)))
    picture = weight_picture(shot, "left", "frequency", permutations())
    assert (picture.order, picture.rows) == ("raw", "permutations")
    assert picture.matrix.tolist() == shot.layers["left"].weights.tolist()
    assert weight_picture(shot, "left", "deviation", permutations()).order == "deviation"


def test_an_expression_is_looked_at_over_the_residues() -> None:
    task = {"operation": "expression", "expression": "a + 2*b", "modulus": P}
    asked = LabState(Experiment.from_settings({"task": task}))
    picture = spectrum_picture(snapshot(np.cos(2 * np.pi * 5 * np.arange(P) / P)[:, np.newaxis]), "left", asked)
    assert picture is not None
    assert picture.shares[4] == pytest.approx(1.0)
    swapped = fold(asked, [Acted(step=3, action=Swap(operation="multiply"), n_train=9, n_val=9)])
    assert swapped.definition.label == "a · b mod {p}"
    back = fold(swapped, [Acted(step=4, action=Swap(operation="expression"), n_train=9, n_val=9)])
    assert back.definition.label == "a + 2*b mod {p}"
