import json
import re
import signal
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from grokterm.experiment.expectation import MetricAtStep
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.metrics import METRICS
from grokterm.reports.network import report
from grokterm.runs.results.metrics import RunMetrics, inspect
from grokterm.runs.results.norms import Norms
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from grokterm.session.start import start_session
from tests.cli.background import SECONDS, started, with_patch
from tests.cli.process import Here, assert_refused, command_line
from tests.session.driving import files_of, with_settings
from tests.training.outcome import changed

CONTRACT = {
    "ipr",
    "key_frequencies",
    "matched_frequency_share",
    "phase_alignment",
    "parameter_norm",
    "analytic_agreement",
    "run",
    "preset",
    "step",
    "operation",
    "modulus",
    "gini",
    "exact_fit",
    "n_matched",
    "restricted_loss",
    "excluded_loss",
    "logit_quantiles",
    "norm_growth",
    "train_accuracy",
    "val_accuracy",
    "memorized_norm",
    "late_norm",
}

AN_ENDLESS_WAY = """
from threading import Event
from grokterm.cli.headless import progress
from grokterm.training.single import SingleNetwork

progress.QUIET_SECONDS = -1.0
SingleNetwork.update = lambda _: Event().wait()
"""


def reported(*seen: RunMetrics, width: int = 1000) -> str:
    """What the report says, on a page that is very wide."""
    console = Console(file=StringIO(), width=width)
    with console.capture() as captured:
        console.print(*report(seen))
    return captured.get()


@pytest.fixture
def grokked(grokking: Experiment, tmp_path: Path) -> Run:
    session = start_session(grokking, tmp_path / "runs", "grokking")
    for _ in session.records():
        pass
    return session.run


def test_a_network_is_one_object_in_strict_json(here: Here, grokked: Run) -> None:
    files = files_of(grokked)
    outcome = here("inspect", grokked.name, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json.keys() >= CONTRACT
    assert outcome.json["phase_alignment"].keys() == {"mean", "resultant"}
    assert (outcome.json["run"], outcome.json["step"]) == (grokked.name, 100)
    assert (outcome.json["operation"], outcome.json["modulus"]) == ("add", 23)
    assert files_of(grokked) == files


def test_several_networks_are_one_line_each(here: Here, grokked: Run, finished: Run) -> None:
    outcome = here("inspect", grokked.name, finished.name, grokked.name, "--step", "20", "--step", "60", "--json")
    assert outcome.code == 0, outcome.err
    objects = [json.loads(line) for line in outcome.out.splitlines()]
    asked = [(run.name, step) for run in (grokked, finished) for step in (20, 60)]
    assert [(one["run"], one["step"]) for one in objects] == asked
    assert all(one.keys() >= CONTRACT for one in objects)


def test_a_circuit_is_described_in_words(here: Here, grokked: Run) -> None:
    outcome = here("inspect", grokked.name)
    assert (outcome.code, outcome.err) == (0, "")
    lines = [line.strip() for line in outcome.out.splitlines()]
    assert lines[0] == f"{grokked.name}, step 100 of 100"
    assert lines[1] == "a + b mod 23; mlp 128 quadratic, doshi; basis: residues"
    assert lines[2].startswith("It generalizes and has a circuit: ")
    assert any(line.startswith("frequency × neurons: 1×") for line in lines)
    assert any(line.startswith("IPR ") and " 0.15 " in line for line in lines)
    assert "\x1b" not in outcome.out


@pytest.mark.parametrize(("width", "has_meanings"), [(40, False), (80, True)])
def test_what_metrics_mean_is_left_out_where_it_would_cut_their_names(width: int, *, has_meanings: bool, grokked: Run) -> None:
    text = reported(RunMetrics(grokked, None, Norms(grokked)), width=width)
    assert "\ntrain accuracy " in text
    assert "…" not in text
    assert ("median score of" in text) == has_meanings


def test_the_cleaner_of_two_circuits_is_named(here: Here, grokked: Run) -> None:
    outcome = here("inspect", grokked.name, "--step", "60", "--step", "100", "--skip-norms")
    assert outcome.code == 0, outcome.err
    assert f"[1] {grokked.name}, step 60 of 100" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("The cleanest circuit is [2]'s, in every respect: IPR ")
    assert "– left out by --skip-norms: C_mem [1] [2], C_gen [1] [2]" in outcome.out


def test_layers_and_curvature_are_added_when_asked_for(here: Here, finished: Run) -> None:
    plain, asked = here("inspect", finished.name), here("inspect", finished.name, "--layers", "--hessian")
    assert (asked.code, asked.err) == (0, "")
    assert asked.out.startswith(plain.out.partition("norm growth")[0])
    added = {line.split()[0]: line.split()[1:] for line in asked.out.splitlines() if line not in plain.out.splitlines()}
    assert {"Hessian", "parameter", "left", "right", "readout"} <= added.keys()
    found = here("inspect", finished.name, "--hessian", "--json").json
    assert float(added["Hessian"][0]) == pytest.approx(found["hessian_eigenvalue"], rel=1e-3)
    assert float(added["left"][3]) == pytest.approx(found["layers"]["left"]["norm"], rel=1e-3)
    assert sum(layer["norm"] ** 2 for layer in found["layers"].values()) == pytest.approx(found["parameter_norm"] ** 2)
    assert "hessian_eigenvalue" not in here("inspect", finished.name, "--json").json


def test_circles_are_measured_where_a_network_has_them(here: Here, tiny: Experiment, tmp_path: Path) -> None:
    transformer = changed(
        tiny, "model.architecture=transformer", "model.d_model=8", "model.attention_rate=0.5", "training.steps=0"
    )
    runs = [start_session(one, tmp_path / "runs", "tiny").run for one in (transformer, changed(tiny, "training.steps=0"))]
    names = {"distance_irrelevance", "gradient_symmetricity", "circularity", "component_share"}
    of_transformer, of_mlp = (here("inspect", run.name, "--step", "0", "--json").json for run in runs)
    assert all(0 < of_transformer[name] <= 1 for name in names)
    assert {name for name in names if of_mlp[name] is None} == {"gradient_symmetricity"}
    said = here("inspect", *(run.name for run in runs), "--step", "0").out
    assert f"gradient symmetricity   {of_transformer['gradient_symmetricity']:.3f}" in said
    assert "no token embedding" not in here("inspect", runs[1].name, "--step", "0").out


def test_a_preset_may_expect_curvature(tiny: Experiment, tmp_path: Path) -> None:
    run = start_session(tiny, tmp_path / "runs", "tiny").run
    assert inspect(run, {"h": MetricAtStep("hessian_eigenvalue", 0)}) == {
        "h": RunMetrics(run, 0, Norms(run)).hessian_eigenvalue
    }


def test_an_exact_solution_is_recognized(here: Here, tmp_path: Path, grokking: Experiment) -> None:
    exact = with_settings(grokking, model={"initialization": "analytic"}, training={"steps": 0})
    run = start_session(exact, tmp_path / "runs", "exact").run
    outcome = here("inspect", run.name, "--step", "0")
    assert "every neuron is one wave, the exact solution of Gromov (2023)." in outcome.out


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["task.operation=random"], ["– the table is random: restricted loss", "compared with a + b"]),
        (["task.operation=cubic"], ["– the operation is not a sum of terms: matched neurons, phase"]),
        (["model.depth=3", "model.scaling=standard"], ["– three hidden layers: matched neurons, phase"]),
        (
            ["task.operation=s5_product", "task.modulus=120", "model.width=8"],
            [
                "– permutations have no waves: IPR",
                "basis: 7 irreducible representations of S5",
                "power by representation (in noise): ",
            ],
        ),
        (["task.operation=multiply"], ["basis: powers of a primitive root modulo 11"]),
        (["task.operation=square_of_sum"], ["IPR says little here", "– the readout of this operation has no phase: phase"]),
        (["task.modulus=2"], ["– frequency 1, half of 2, has no phase: phase, resultant"]),
        (["task.operation=multiply", "task.modulus=3"], ["– frequency 1, half of 2, has no phase: phase, resultant"]),
        (
            ["task.operation=multiply", "task.modulus=2"],
            [
                "– a matrix over residues is constant: Gini",
                "– no neuron has a frequency: modulo 2 the operation has a single term, and a frequency takes two: matched",
            ],
        ),
        (["optimizer.learning_rate=1e30", "optimizer.weight_decay=0.0"], ["It has diverged: its losses are not finite."]),
        (["model.architecture=transformer", "model.d_model=8"], ["answer: transformer: matched neurons, phase"]),
        (
            ["model.architecture=kernel", "optimizer.kind=agop"],
            ["answer: kernel: matched neurons, phase", "– a kernel machine follows no gradient: gradient sparsity"],
        ),
        (
            ["model.normalization=batch", "model.scaling=standard"],
            ["– with batch normalization the loss depends on the batch:"],
        ),
    ],
)
def test_what_does_not_apply_says_why(changes: list[str], words: list[str], tiny: Experiment, tmp_path: Path) -> None:
    session = start_session(changed(tiny, *changes, "training.steps=2"), tmp_path / "runs", "tiny")
    for _ in session.records():
        pass
    said = reported(RunMetrics(session.run, None, Norms(session.run)))
    for word in words:
        assert word in said


def test_scores_that_are_not_finite_are_no_want_of_answers(tiny: Experiment, tmp_path: Path) -> None:
    seen = RunMetrics(run := start_session(tiny, tmp_path / "runs", "tiny").run, 0, Norms(run))
    seen.analysis.logit_quantiles = np.full(20, np.inf)
    assert "– not finite: right score" in reported(seen)


@pytest.mark.parametrize(("value", "written"), [(-1e-9, "0.0000"), (0.0, "0.0000"), (0.01, "+0.0100"), (-0.01, "-0.0100")])
def test_a_phase_that_is_shown_as_zero_has_no_sign(value: float, written: str) -> None:
    assert METRICS["phase_alignment.mean"].written(value) == written


def test_the_frequencies_of_a_network_that_is_no_circuit_are_named(tiny: Experiment, tmp_path: Path) -> None:
    deep = changed(tiny, "model.depth=2", "model.scaling=standard", "training.steps=0")
    seen = RunMetrics(run := start_session(deep, tmp_path / "runs", "tiny").run, 0, Norms(run))
    seen.analysis.spectrum = np.array([0.7, 0.1, 0.1, 0.1, 0.0])
    assert ", mostly in the frequencies 1. It cannot be compared with the exact solution (two hidden layers)." in reported(seen)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "RUN"),
        (["nonsense"], "no run is called 'nonsense'"),
        (["--step", "61"], "has reached step 60, not 61: go on with grokterm run --resume"),
        (["--step", "-1"], "step must be at least 0, not -1"),
        (["--step", "abc"], "--step"),
    ],
)
def test_bad_usage_is_refused_in_one_line(here: Here, arguments: list[str], word: str, finished: Run) -> None:
    names = [finished.name] if "--step" in arguments else []
    assert_refused(here("inspect", *names, *arguments), word)


def test_a_run_without_a_checkpoint_wants_a_step(here: Here, tiny: Experiment, tmp_path: Path) -> None:
    run = create_run(tmp_path / "runs", tiny, "tiny", {})
    assert_refused(here("inspect", run.name), f"run {run.name} has no checkpoint: choose a step up to 0")
    assert here("inspect", run.name, "--step", "0", "--json").json["step"] == 0


def test_a_damaged_checkpoint_is_trained_again(here: Here, finished: Run) -> None:
    expected = here("inspect", finished.name, "--json")
    for path in finished.checkpoints.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    again = here("inspect", finished.name, "--json")
    assert (again.code, again.json) == (0, expected.json)


def test_a_long_way_is_shown_and_can_be_left(finished: Run) -> None:
    command = with_patch(AN_ENDLESS_WAY, command_line("inspect", finished.name, "--step", "50"))
    with started(command) as child:
        assert child.stderr is not None
        line = child.stderr.readline()
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=SECONDS)
    assert re.fullmatch(rf"{finished.name}: step \d+ of \d+\n", line)  # to the step, or to one whose norm is wanted
    assert (child.returncode, out) == (130, "")
