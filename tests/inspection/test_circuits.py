"""The circuits that quick comes to, held against numbers of others: one run of theirs, seed 0."""

import pytest

from grokterm.analysis.fourier import mean_ipr
from grokterm.experiment.presets import find_preset
from grokterm.experiment.records import Inspected
from grokterm.inspection.analysis import NetworkAnalysis
from tests.inspection.test_analysis import analysis_of
from tests.training.outcome import changed, trained_to


def examined(step: int, *changes: str) -> NetworkAnalysis:
    return analysis_of(trained_to(changed(find_preset("quick").experiment, "training.steps=1000", *changes), step).trainer)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "ipr", "matched"), [(42, 0.30, 0.91), (100, 0.84, 0.99), (1000, 0.93, 1.00)], ids=["42", "100", "1000"]
)
def test_the_circuit_of_an_addition_becomes_purer(step: int, ipr: float, matched: float) -> None:
    seen = examined(step).inspected()
    assert seen.ipr == pytest.approx(ipr, abs=0.04)  # at step 42 it rises by 0.015 a step
    assert seen.matched_frequency_share == pytest.approx(matched, abs=0.015)
    if step == 1000:
        assert_phases_add_up(seen)


def assert_phases_add_up(seen: Inspected) -> None:
    assert seen.phase_alignment is not None
    assert abs(seen.phase_alignment.mean) < 0.001
    assert seen.phase_alignment.resultant >= 0.998


@pytest.mark.slow
def test_a_product_is_noise_in_the_order_of_residues_and_waves_in_that_of_logarithms() -> None:
    analysis = examined(200, "task.operation=multiply")
    raw = [layer.weights.astype("float64") for layer in analysis.snapshot.layers.values()]
    assert mean_ipr(raw) < 0.06
    ipr = analysis.inspected().ipr
    assert ipr is not None
    assert ipr > 0.8
