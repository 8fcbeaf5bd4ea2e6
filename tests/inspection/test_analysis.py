"""What is asked of a network at one step."""

from dataclasses import replace

import numpy as np
import pytest

from grokterm.analysis.confusion import Cell
from grokterm.analysis.observation import Side
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import RECORD
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.inspection.forward_pass import ForwardPass
from grokterm.tasks.groups import symmetric
from grokterm.training.trainer import Trainer
from tests.inspection.test_forward_pass import EVERY_NETWORK
from tests.training.outcome import changed, finish, started


def analysis_of(trainer: Trainer) -> NetworkAnalysis:
    return NetworkAnalysis(trainer.snapshot(), ForwardPass(trainer.trainable.network))


@pytest.fixture
def grokked(grokking: Experiment) -> NetworkAnalysis:
    return analysis_of(finish(started(grokking)).trainer)


@pytest.mark.parametrize("network", EVERY_NETWORK)
def test_every_network_can_be_inspected(tiny: Experiment, network: str) -> None:
    trainer = finish(started(changed(tiny, *EVERY_NETWORK[network], "training.steps=12"))).trainer
    seen = analysis_of(trainer).inspected()
    assert seen.step == 12
    assert seen.ipr is not None
    assert seen.parameter_norm == pytest.approx(
        np.sqrt(
            sum(
                float(value.double().square().sum())
                for value in (trainer.trainable.frozen | trainer.trainable.weights).values()
            )
        )
    )
    assert seen.restricted_loss is not None
    assert seen.excluded_loss is not None
    has_circuit = network in {"mlp", "mlp in bfloat16", "mlp with tied operands", "mlp with batch norm"}
    assert (seen.matched_frequency_share is not None, seen.analytic_agreement is not None) == (has_circuit, has_circuit)


def test_a_network_that_has_grokked_is_close_to_the_exact_solution(grokked: NetworkAnalysis) -> None:
    seen = grokked.inspected()
    assert seen.matched_frequency_share is not None
    assert seen.matched_frequency_share > 0.9
    assert seen.analytic_agreement is not None
    assert seen.analytic_agreement > 0.9
    assert seen.phase_alignment is not None
    assert abs(seen.phase_alignment.mean) < 0.1
    assert seen.phase_alignment.resultant > 0.9
    assert len(seen.logit_quantiles) == 20


def test_one_that_has_not_begun_is_far_from_it(grokking: Experiment) -> None:
    seen = analysis_of(started(grokking)).inspected()
    assert seen.matched_frequency_share is not None
    assert seen.matched_frequency_share < 0.3
    assert seen.analytic_agreement is not None
    assert seen.analytic_agreement < 0.3


def test_tied_operands_are_held_against_noise_that_is_tied(tiny: Experiment) -> None:
    apart, tied = (analysis_of(started(changed(tiny, f"model.tied_operands={word}"))) for word in ("false", "true"))
    assert (apart.matching_chance, tied.matching_chance) == pytest.approx((1 / 5**2, 1 / 5), rel=0.05)


def test_cells_count_what_was_measured(tiny: Experiment) -> None:
    outcome = finish(started(tiny))
    cells, last = analysis_of(outcome.trainer).cells, outcome.every(Evaluated)[-1]
    n_train, n_val = len(outcome.trainer.dataset.train), len(outcome.trainer.dataset.val)
    assert (cells == Cell.of(Side.TRAIN, is_right=True)).sum() == round(last.train_accuracy * n_train)
    assert (cells == Cell.of(Side.VAL, is_right=True)).sum() == round(last.rows[0]["val_accuracy"] * n_val)


def test_maps_lie_over_both_operands(tiny: Experiment) -> None:
    trainer = started(changed(tiny, "task.operation=divide"))
    analysis = analysis_of(trainer)
    place = analysis.forward_pass.neurons[0]
    maps = analysis.maps(place, slice(2, 5))
    left, right = (trainer.trainable.weights[name].numpy() for name in ("left", "right"))
    assert maps.shape == (3, 11, 11)
    assert np.isnan(maps[:, :, 0]).all()
    np.testing.assert_allclose(maps[1, 4, 7], left[4, 3] + right[7, 3], rtol=1e-5)


def test_a_random_table_is_held_against_a_sum_and_is_noise(tiny: Experiment) -> None:
    analysis = analysis_of(started(changed(tiny, "task.operation=random", "task.modulus=97", "model.width=500")))
    seen = analysis.inspected()
    assert seen.ipr == pytest.approx(0.041, abs=0.01)
    assert seen.matched_frequency_share is not None
    assert seen.matched_frequency_share < 0.02
    assert seen.restricted_loss is None


def test_an_operation_that_is_no_sum_has_no_circuit(tiny: Experiment) -> None:
    seen = analysis_of(started(changed(tiny, "task.operation=cubic"))).inspected()
    assert (seen.matched_frequency_share, seen.restricted_loss, seen.analytic_agreement) == (None, None, None)
    assert seen.ipr is not None


def test_permutations_have_no_waves(tiny: Experiment) -> None:
    seen = analysis_of(started(changed(tiny, "task.operation=s5_product", "task.modulus=120", "model.width=8"))).inspected()
    assert (seen.ipr, seen.gini, seen.key_frequencies) == (None, None, ())


def test_a_network_over_a_group_has_a_share_of_power_in_each_representation(tiny: Experiment) -> None:
    shares = analysis_of(started(changed(tiny, "task.operation=s4_product", "model.width=2000"))).representations
    noise = {one.name: one.share_of_noise for one in symmetric(4).representations}
    assert shares == pytest.approx(noise, rel=0.1)
    assert analysis_of(started(tiny)).representations == {}


def test_a_network_that_diverged_can_still_be_looked_at(tiny: Experiment) -> None:
    diverging = changed(tiny, "optimizer.kind=gd", "optimizer.learning_rate=1e4", "optimizer.weight_decay=0.0")
    trainer = finish(started(diverging)).trainer
    assert trainer.ended == "diverged"
    seen = analysis_of(trainer).inspected()
    assert seen.restricted_loss is None
    assert RECORD.validate_json(seen.model_dump_json(exclude_none=True)) == seen


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_not_finite_is_left_out_of_the_journal(tiny: Experiment, broken: float) -> None:
    trainer = started(tiny)
    snapshot = trainer.snapshot()
    readout = np.full_like(snapshot.parameters["readout"], broken)
    layers = {**snapshot.layers, "readout": replace(snapshot.layers["readout"], weights=readout.T)}
    parameters = {**snapshot.parameters, "readout": readout}
    lost = replace(snapshot, layers=layers, parameters=parameters)
    seen = NetworkAnalysis(lost, ForwardPass(trainer.trainable.network)).inspected()
    assert RECORD.validate_json(seen.model_dump_json(exclude_none=True)) == seen
    assert (seen.parameter_norm, seen.logit_quantiles) == (None, ())


def test_the_exact_form_is_held_against_the_truth_and_not_against_noise(tiny: Experiment) -> None:
    exact = changed(tiny, "model.initialization=analytic", "model.width=200", "task.label_noise=0.4", "training.steps=0")
    seen = analysis_of(started(exact)).inspected()
    assert seen.analytic_agreement == 1.0
