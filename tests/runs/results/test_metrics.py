from pathlib import Path

import pytest
import torch
from rich.console import Console

from grokterm.errors import CheckpointError
from grokterm.experiment.expectation import Expect
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.metrics import METRICS, SEEN_METRICS, expected_metrics
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.inspection.metrics import NETWORK_METRICS
from grokterm.reports.network import report
from grokterm.runs.results import metrics
from grokterm.runs.results.metrics import RUN_METRICS, RunMetrics, inspect
from grokterm.runs.results.norms import Norms, in_silence
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from grokterm.session.start import start_session
from grokterm.training.trainer import Trainer
from tests.session.driving import with_settings
from tests.training.outcome import changed, finish, started, trained_to

DIVERGING = {"learning_rate": 1e30, "weight_decay": 0.0}


def trained(experiment: Experiment, folder: Path) -> Run:
    session = start_session(experiment, folder, "tiny")
    for _ in session.records():
        pass
    return session.run


def measured(run: Run, *names: str) -> dict[str, float | None]:
    return inspect(run, Expect.from_settings({"evidence": "ours", **dict.fromkeys(names, (0, 1))}).inspected)


def norm_of(trainer: Trainer) -> float:
    weights = [value.double().flatten() for name, value in trainer.tensors().items() if name.startswith("weights.")]
    return float(torch.cat(weights).norm())


def test_every_function_that_measures_has_a_row_and_every_row_that_can_be_expected_a_function() -> None:
    fields = {name.partition(".")[0] for name in METRICS}
    assert fields == {*NETWORK_METRICS, *RUN_METRICS, "train_accuracy", "val_accuracy", "seen_accuracy", "median_score"}


def test_every_number_of_a_network_that_has_grokked_can_be_expected(grokking: Experiment, tmp_path: Path) -> None:
    names = [name for name in expected_metrics() if name != "gradient_symmetricity"]  # which takes a token embedding
    found = measured(trained(grokking, tmp_path), *names)
    assert list(found) == names
    assert all(isinstance(value, float) for value in found.values())
    assert found["phase_alignment.mean"] == pytest.approx(0.0, abs=0.1)
    assert found["phase_alignment.resultant"] == pytest.approx(1.0, abs=0.1)


def test_an_untrained_network_has_not_grown(tiny: Experiment, tmp_path: Path) -> None:
    frozen = with_settings(tiny, model={"frozen": ["first"]}, training={"steps": 0})
    found = measured(trained(frozen, tmp_path), "norm_growth", "parameter_norm")
    assert found == {"norm_growth": 1.0, "parameter_norm": pytest.approx(norm_of(Trainer(frozen)))}


def test_the_last_checkpoint_is_measured_where_no_step_is_named(tiny: Experiment, tmp_path: Path) -> None:
    run, last = trained(tiny, tmp_path), norm_of(trained_to(tiny, 60).trainer)
    grown = last / norm_of(Trainer(tiny))
    found = measured(run, "parameter_norm", "norm_growth")
    assert found == {"parameter_norm": pytest.approx(last, rel=1e-6), "norm_growth": pytest.approx(grown, rel=1e-6)}


def test_a_number_is_measured_at_the_step_that_it_names(tiny: Experiment, tmp_path: Path) -> None:
    found = measured(trained(tiny, tmp_path), "parameter_norm @ 30", "norm_growth@0", "parameter_norm @ 60")
    assert found == {
        "parameter_norm @ 30": pytest.approx(norm_of(trained_to(tiny, 30).trainer), rel=1e-6),
        "norm_growth@0": 1.0,
        "parameter_norm @ 60": pytest.approx(norm_of(trained_to(tiny, 60).trainer), rel=1e-6),
    }


def test_each_step_is_come_to_once(tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int | None] = []

    class Counted(RunMetrics):
        def __init__(self, run: Run, step: int | None, norms: Norms) -> None:
            steps.append(step)
            super().__init__(run, step, norms)

    monkeypatch.setattr(metrics, "RunMetrics", Counted)
    measured(trained(tiny, tmp_path), "ipr", "gini", "ipr @ 30", "gini @ 30", "exact_fit")
    assert steps == [None, 30]


def test_norms_are_those_of_the_steps_that_the_efficiency_report_names(grokking: Experiment, tmp_path: Path) -> None:
    run = trained(grokking, tmp_path)
    norms = Norms(run)
    assert norms.memorized_at is not None
    assert norms.late_at == 98
    at = {step: norm_of(trained_to(grokking, step).trainer) for step in (norms.memorized_at, 98)}
    found = measured(run, "memorized_norm", "late_norm")
    assert found == {
        "memorized_norm": pytest.approx(at[norms.memorized_at], rel=1e-6),
        "late_norm": pytest.approx(at[98], rel=1e-6),
    }


def test_a_run_that_has_not_come_so_far_has_no_such_norm(tiny: Experiment, tmp_path: Path) -> None:
    run = trained(with_settings(tiny, training={"steps": 4}, optimizer={"learning_rate": 1e-6}), tmp_path)
    assert measured(run, "memorized_norm") == {"memorized_norm": None}
    short = trained(with_settings(tiny, interventions=[{"at_step": 7, "stop": True}]), tmp_path)
    assert measured(short, "late_norm") == {"late_norm": None}


def test_norms_that_take_long_can_be_left_out(grokking: Experiment, tmp_path: Path) -> None:
    asked: list[int | None] = []

    def replay_to(run: Run, step: int | None) -> Trainer:
        asked.append(step)
        return in_silence(run, step)

    norms = Norms(trained(grokking, tmp_path), replay_to, initial_only=True)
    assert (norms.memorized, norms.late, norms.initial is None) == (None, None, False)
    assert asked == [0]


def test_a_step_that_the_run_never_came_to_has_no_numbers(tiny: Experiment, tmp_path: Path) -> None:
    run = trained(tiny, tmp_path)
    assert measured(run, "ipr @ 61") == {"ipr @ 61": None}
    assert measured(run, "ipr @ 60")["ipr @ 60"] is not None


@pytest.mark.parametrize("changes", [("task.operation=cubic",), ("model.depth=2", "model.scaling=standard")])
def test_what_cannot_be_asked_of_a_network_is_none(changes: tuple[str, ...], tiny: Experiment, tmp_path: Path) -> None:
    found = measured(trained(changed(tiny, *changes, "training.steps=3"), tmp_path), *expected_metrics())
    assert found["ipr"] is not None
    for name in ("matched_frequency_share", "phase_alignment.mean", "phase_alignment.resultant", "exact_fit"):
        assert found[name] is None


def test_nothing_is_read_where_nothing_is_asked_for(tiny: Experiment, tmp_path: Path) -> None:
    assert inspect(create_run(tmp_path, tiny, "tiny", {}), {}) == {}


def test_a_run_without_a_checkpoint_is_refused(tiny: Experiment, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="has no checkpoint: choose a step up to 0"):
        measured(create_run(tmp_path, tiny, "tiny", {}), "parameter_norm")


def test_accuracies_are_those_that_the_training_measured(grokking: Experiment, tmp_path: Path) -> None:
    run, halfway = trained(grokking, tmp_path), trained_to(grokking, 40)
    seen, last = RunMetrics(run, 40, Norms(run)), halfway.records[-2]
    assert isinstance(last, Evaluated)
    assert {name: seen.evaluation.pop(name) for name in SEEN_METRICS} == dict.fromkeys(SEEN_METRICS)
    assert {**seen.evaluation, "parameter_norm": seen.inspected.parameter_norm} == pytest.approx(last.rows[0], rel=1e-5)


def test_what_was_trained_on_before_is_reported_where_there_is_any(tiny: Experiment, tmp_path: Path) -> None:
    swapped = with_settings(tiny, interventions=[{"at_step": 20, "swap": {"seed": 7}}])
    run, last = trained(swapped, tmp_path), finish(started(swapped)).every(Evaluated)[-1]
    before, after = (RunMetrics(run, step, Norms(run)) for step in (10, 60))
    assert (before.value("seen_accuracy"), before.facts()["seen_loss"]) == (None, None)
    assert after.value("seen_accuracy") == pytest.approx(last.seen_accuracy)
    assert after.facts()["seen_loss"] == pytest.approx(last.seen_loss, rel=1e-5)
    assert "seen accuracy" not in in_words(before)
    assert "seen accuracy" in in_words(before, after)


def test_a_network_of_three_operands_is_reported_without_what_takes_two(tiny: Experiment, tmp_path: Path) -> None:
    run = trained(changed(tiny, "task.n_operands=3", "task.modulus=5", "task.train_fraction=1.0"), tmp_path)
    said = " ".join(in_words(RunMetrics(run, None, Norms(run))).split())
    assert "a + b + c mod 5; mlp" in said
    assert "– the operation has three operands: matched neurons, phase" in said
    assert "– every equation was trained on: val accuracy" in said


def in_words(*networks: RunMetrics) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        for part in report(networks):
            console.print(part)
    return captured.get()


def test_facts_are_strict_json_also_of_a_run_that_diverged(tiny: Experiment, tmp_path: Path) -> None:
    run = trained(with_settings(tiny, optimizer=DIVERGING), tmp_path)
    facts = RunMetrics(run, None, Norms(run)).facts()
    assert facts["parameter_norm"] is None
    assert facts["train_loss"] is None
    assert facts["run"] == run.name


def test_a_swapped_operation_is_the_one_that_is_inspected(tiny: Experiment, tmp_path: Path) -> None:
    run = trained(with_settings(tiny, interventions=[{"at_step": 7, "swap": {"operation": "multiply"}}]), tmp_path)
    assert [RunMetrics(run, step, Norms(run)).facts()["operation"] for step in (6, 60)] == ["add", "multiply"]
