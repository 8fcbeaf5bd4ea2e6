"""The circuits that quick comes to, held against numbers of others: one run of theirs, seed 0."""

from collections.abc import Iterator, Sequence

import pytest

from grokterm.analysis.fourier import mean_ipr
from grokterm.experiment.reading.presets import find_preset
from grokterm.inspection.analysis import NetworkAnalysis
from tests.inspection.test_analysis import analysis_of
from tests.training.outcome import changed, trained_to


def examined(*steps: int, changes: Sequence[str] = ()) -> Iterator[NetworkAnalysis]:
    """Train once, measuring nothing on the way, and look at each of these steps."""
    silent = ("training.evaluate_every=1000", "training.inspect_every=0")
    experiment = changed(find_preset("quick").experiment, f"training.steps={steps[-1]}", *silent, *changes)
    trainer = trained_to(experiment, 0).trainer
    for step in steps:
        while trainer.step < step:
            trainer.advance(step - trainer.step)
        yield analysis_of(trainer)


@pytest.mark.slow
def test_the_circuit_of_an_addition_becomes_purer() -> None:
    forming, formed, pure = (analysis.inspected() for analysis in examined(42, 100, 400))  # theirs at 1000 was no purer
    for seen, ipr, matched in ((forming, 0.30, 0.91), (formed, 0.84, 0.99), (pure, 0.93, 1.00)):
        assert seen.ipr == pytest.approx(ipr, abs=0.04)  # at step 42 it rises by 0.015 a step
        assert seen.matched_frequency_share == pytest.approx(matched, abs=0.015)
    assert pure.phase_alignment is not None
    assert abs(pure.phase_alignment.mean) < 0.001
    assert pure.phase_alignment.resultant >= 0.998


def test_a_product_is_noise_in_the_order_of_residues_and_waves_in_that_of_logarithms() -> None:
    (analysis,) = examined(120, changes=["task.operation=multiply"])
    raw = [layer.weights.astype("float64") for layer in analysis.snapshot.layers.values()]
    assert mean_ipr(raw) < 0.06
    ipr = analysis.inspected().ipr
    assert ipr is not None
    assert ipr > 0.8
