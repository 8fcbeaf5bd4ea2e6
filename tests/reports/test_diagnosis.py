"""What is said of a network, on its way from noise to a circuit."""

from pathlib import Path

import numpy as np
import pytest

from grokterm.analysis.circuit import Certificate
from grokterm.experiment.experiment import Experiment
from grokterm.reports.diagnosis import cleaner, verdict
from grokterm.runs.results.metrics import RunMetrics
from grokterm.runs.results.norms import Norms
from grokterm.runs.store import Run
from grokterm.session.start import start_session
from tests.training.outcome import changed

COUNT = "neurons have one frequency in all three matrices"
NOTHING_TOLD = "nothing can be told from frequencies: in noise too every neuron may have one in all three matrices"


def trained(experiment: Experiment, folder: Path) -> Run:
    session = start_session(experiment, folder, "grokking")
    for _ in session.records():
        pass
    return session.run


def seen_at(run: Run, step: int | None = None) -> RunMetrics:
    return RunMetrics(run, step, Norms(run))


def certificate_of(seen: RunMetrics) -> Certificate:
    assert seen.analysis.certificate is not None
    return seen.analysis.certificate


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (0, f"It has not memorized: no frequency structure, 2 of 128 {COUNT}, as many as in noise (up to 4)."),
        (12, "It has not memorized, and a circuit is forming: "),
        (24, "It memorizes and has a circuit: "),
        (48, "It generalizes in part and has a circuit: "),
        (100, "It generalizes and has a circuit: "),
    ],
)
def test_a_network_is_followed_to_its_circuit(step: int, said: str, grokking: Experiment, tmp_path: Path) -> None:
    assert verdict(seen_at(trained(grokking, tmp_path), step)).startswith(said)


def test_a_memorized_random_table_has_no_structure(tiny: Experiment, tmp_path: Path) -> None:
    memorized = changed(tiny, "task.operation=random", "model.width=64", "training.steps=300", "optimizer.weight_decay=0.0")
    assert verdict(seen_at(trained(memorized, tmp_path))).startswith("It memorizes: no frequency structure, ")


def test_frequencies_without_phases_are_no_circuit(grokking: Experiment, tmp_path: Path) -> None:
    exact = changed(grokking, "model.initialization=analytic", "training.steps=0")
    seen = seen_at(trained(exact, tmp_path))
    assert verdict(seen) == "It generalizes: every neuron is one wave, the exact solution of Gromov (2023)."
    phases = seen.analysis.certificate.phases if seen.analysis.certificate else None
    assert phases is not None
    phases[2] += np.arange(phases.shape[1])  # every answer turned by another angle
    vars(seen).pop("inspected", None)
    assert "but their phases do not add up" in verdict(seen)


def test_a_circuit_is_the_cleanest_in_every_respect_or_it_is_not_named(grokking: Experiment, tmp_path: Path) -> None:
    run = trained(grokking, tmp_path)
    early, late = seen_at(run, 50), seen_at(run, 100)
    assert cleaner({"early": early, "late": late}).startswith("The cleanest circuit is late's, in every respect: IPR ")
    assert cleaner({"late": late, "again": seen_at(run, 100)}).startswith("No circuit is the cleanest in every respect: IPR ")


def test_only_circuits_of_one_task_are_compared(grokking: Experiment, tmp_path: Path) -> None:
    late = seen_at(run := trained(grokking, tmp_path))
    other = seen_at(trained(changed(grokking, "task.operation=subtract"), tmp_path))
    assert cleaner({"late": late, "noise": seen_at(run, 0)}) == ""
    assert cleaner({"late": late, "other": other}) == ""
    assert cleaner({"late": late}) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            ["model.width=2"],
            "It has not memorized: every neuron is one wave, as in the exact solution of Gromov (2023), but all",
        ),
        (["task.modulus=2"], f"It generalizes, and {NOTHING_TOLD}."),
        (["task.modulus=3"], f"It generalizes, and {NOTHING_TOLD}, but their phases add up."),
        (["task.modulus=4"], "It generalizes: every neuron is one wave, the exact solution of Gromov (2023)."),
        (
            ["task.operation=multiply", "task.modulus=2"],
            "It generalizes, and no neuron has a frequency: modulo 2 the operation has a single term, and a frequency takes",
        ),
        (
            ["task.operation=multiply", "task.modulus=5"],
            "It generalizes: each of the 127 neurons that have waves (of 128) is one wave, the exact solution of Gromov",
        ),
    ],
)
def test_exact_weights_are_a_solution_where_they_solve_something(
    changes: list[str], said: str, grokking: Experiment, tmp_path: Path
) -> None:
    exact = changed(grokking, "model.initialization=analytic", "training.steps=0", *changes)
    assert verdict(seen_at(trained(exact, tmp_path))).startswith(said)


def test_where_neurons_match_by_chance_there_is_no_circuit(grokking: Experiment, tmp_path: Path) -> None:
    """Modulo 3 there is one frequency."""
    seen = seen_at(trained(changed(grokking, "task.modulus=3", "training.steps=0"), tmp_path))
    assert seen.n_matched == 128
    assert verdict(seen) == f"It has not memorized, and {NOTHING_TOLD}."


@pytest.mark.parametrize(
    ("width", "n_unmatched", "said"),
    [
        (6, 0, "and has a circuit: 6 of 6 "),
        (6, 2, "and has a circuit: 4 of 6 "),
        (6, 3, f": 3 of 6 {COUNT}, as many as in noise (up to 3), but each is closer to one wave than in noise, IPR 1.000."),
        (3, 0, f": 3 of 3 {COUNT}, and of so few phases nothing can be told."),
    ],
)
def test_a_narrow_network_is_held_against_noise_as_narrow(
    width: int, n_unmatched: int, said: str, grokking: Experiment, tmp_path: Path
) -> None:
    exact = changed(grokking, "model.initialization=analytic", "training.steps=0", "task.modulus=7", f"model.width={width}")
    seen = seen_at(trained(exact, tmp_path))
    certificate = certificate_of(seen)
    certificate.phases[2] += 0.1  # not quite exact
    certificate.peaks[0, :n_unmatched] = 1 + certificate.frequency[:n_unmatched] % 3
    assert said in verdict(seen)


def test_untrained_narrow_networks_have_no_structure(grokking: Experiment, tmp_path: Path) -> None:
    for modulus in (5, 7, 8):
        narrow = changed(grokking, f"task.modulus={modulus}", "model.width=6", "training.steps=0", "seed=1")
        assert "no frequency structure, " in verdict(seen_at(trained(narrow, tmp_path)))


def test_a_circuit_that_answers_nothing_is_not_forming(grokking: Experiment, tmp_path: Path) -> None:
    seen = seen_at(trained(grokking, tmp_path), 12)
    seen.inspected = seen.inspected.model_copy(update={"analytic_agreement": 0.216})
    assert verdict(seen).endswith(
        f"{COUNT}, more than in noise, but no circuit: replaced by their fitted waves, all neurons together answer 21.6 %"
        " of the table."
    )


def test_neurons_without_waves_are_not_counted_among_those_of_a_circuit(grokking: Experiment, tmp_path: Path) -> None:
    seen = seen_at(trained(grokking, tmp_path))
    certificate_of(seen).frequency[10:] = 0
    assert f"and has a circuit: {seen.n_matched} of the 10 neurons that have waves (of 128) have one" in verdict(seen)


def test_a_circuit_without_phases_is_compared_in_what_both_have(grokking: Experiment, tmp_path: Path) -> None:
    run = trained(grokking, tmp_path)
    early, late = seen_at(run, 50), seen_at(run, 100)
    certificate_of(early).phases[:] = np.nan
    for columns in ({"early": early, "late": late}, {"late": late, "early": early}):
        assert cleaner(columns).startswith("The cleanest circuit is late's, in every respect: IPR ")
        assert "resultant" not in cleaner(columns)
