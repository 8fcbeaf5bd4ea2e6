import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from grokterm.cli import figures
from grokterm.cli.headless import progress
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.inspected import Inspected, PhaseAlignment
from grokterm.runs.journal import JournalWriter
from grokterm.runs.store import Run
from grokterm.runs.thinning import checkpoint_name
from grokterm.session.start import start_session
from tests.cli.process import Here, Outcome, assert_refused
from tests.runs.records import checkpointed
from tests.training.outcome import changed

OF_AN_MLP = ["curves", "weights", "activations", "spectra", "circuit", "confusion", "efficiency"]
SEEN = Inspected(
    step=20,
    ipr=0.3,
    key_frequencies=(2,),
    gini=0.4,
    matched_frequency_share=0.5,
    phase_alignment=PhaseAlignment(mean=0.1, resultant=0.9),
    exact_fit=0.6,
    analytic_agreement=0.7,
    restricted_loss=0.2,
    excluded_loss=3.0,
    parameter_norm=12.0,
    logit_quantiles=tuple(0.1 * level for level in range(20)),
)


def trained(experiment: Experiment, *assignments: str) -> Run:
    session = start_session(changed(experiment, *assignments), Path("runs"), "tiny")
    for _ in session.records():
        pass
    return session.run


def names_of(outcome: Outcome) -> list[str]:
    """Which figures were written, once all files have been found."""
    assert outcome.code == 0, outcome
    paths = [Path(line) for line in outcome.out.splitlines()]
    assert all(path.stat().st_size > 0 for path in paths)
    return list(dict.fromkeys(path.stem for path in paths))


def text_of(folder: str, name: str) -> str:
    return Path(folder, f"{name}.svg").read_text(encoding="utf-8")


def assert_says(folder: str, name: str, words: Sequence[str]) -> None:
    text = text_of(folder, name)
    assert [word for word in words if f">{word}<" not in text] == []


def test_every_figure_that_applies_to_a_run_is_written(here: Here, finished: Run) -> None:
    outcome = here("figures", finished.name, "--dpi", "40")
    assert names_of(outcome) == OF_AN_MLP
    assert outcome.out.splitlines()[:2] == [f"figures/{finished.name}/curves.png", f"figures/{finished.name}/curves.svg"]
    left_out = [line.partition(" is left out: ")[0] for line in outcome.err.splitlines()]
    assert left_out == ["formation", "progress", "attention"]


def test_an_svg_says_what_it_shows_as_text(here: Here, finished: Run) -> None:
    here("figures", finished.name, "--format", "svg", "--out", "f")
    assert_says("f", "curves", ["accuracy", "loss", "step", "train", "val", "10"])
    assert_says(
        "f", "weights", ["a + b mod 11, step 60", "first operand", "answer", "by peak frequency, mixed neurons last", "neuron"]
    )
    assert_says("f", "spectra", ["second operand", "frequency", "share of power,", "even share"])
    assert_says("f", "circuit", ["φ₃", "φ₁ + φ₂", "R² of the exact form"])
    assert_says("f", "confusion", ["train, right: 73"])
    assert_says("f", "efficiency", ["parameter norm"])


def test_a_run_can_be_looked_at_before_its_end(here: Here, finished: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_SECONDS", -1.0)
    outcome = here("figures", finished.name, "--step", "15", "--format", "svg", "--out", "f", "--only", "weights")
    assert names_of(outcome) == ["weights"]
    assert_says("f", "weights", ["a + b mod 11, step 15"])
    assert f"{finished.name}: step" in outcome.err
    assert " of 15" in outcome.err


def test_a_checkpoint_soon_after_a_milestone_stands_for_it(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    records = [checkpointed(step) for step in (0, 99, 102, 104, 200)]
    for step in (0, 99, 104, 200):  # that of step 102 was thinned out
        (tmp_path / "checkpoints" / checkpoint_name(step)).touch()
    assert [figures._once(Run(tmp_path), step, records) for step in (100, 99, 150, 0)] == [104, 99, 150, 0]


def test_the_same_run_gives_the_same_files(here: Here, finished: Run) -> None:
    for folder in ("one", "other"):
        here("figures", finished.name, "--out", folder, "--dpi", "40", "--only", "curves", "--only", "activations")
    for path in Path("one").iterdir():
        assert path.read_bytes() == Path("other", path.name).read_bytes(), path.name
    assert "<dc:date>" not in text_of("one", "curves")


def test_what_was_inspected_is_drawn_over_steps(here: Here, finished: Run) -> None:
    seen = [SEEN.model_copy(update={"step": step, "ipr": 0.01 * step}) for step in (0, 20, 40, 60)]
    JournalWriter(finished.journal, finished.journal.stat().st_size).write(seen)
    over_steps = ["formation", "progress", "efficiency"]
    only = [option for name in over_steps for option in ("--only", name)]
    outcome = here("figures", finished.name, "--format", "svg", "--out", "f", *only)
    assert sorted(names_of(outcome)) == sorted(over_steps)
    assert_says("f", "progress", ["restricted loss", "excluded loss", "cross-entropy", "Gini", "loss", "train", "val"])
    assert_says("f", "formation", ["IPR", "matched neurons", "agreement", "val accuracy"])
    assert_says("f", "efficiency", ["parameter norm", "5–95 %", "median"])


@pytest.mark.parametrize(
    ("operation", "reason"),
    [("add", "no frequency stands out"), ("cubic", "the operation is not a sum of terms")],
)
def test_progress_that_is_left_out_says_the_one_reason(operation: str, reason: str, here: Here, tiny: Experiment) -> None:
    run = trained(tiny, f"task.operation={operation}", "training.steps=0")
    seen = SEEN.model_copy(update={"key_frequencies": (), "restricted_loss": None, "excluded_loss": None})
    JournalWriter(run.journal, run.journal.stat().st_size).write([seen])
    outcome = here("figures", run.name, "--format", "svg", "--only", "progress", "--only", "formation")
    assert f"progress is left out: {reason}\n" in outcome.err


def test_a_transformer_shows_its_attention_and_has_no_exact_solution(here: Here, tiny: Experiment) -> None:
    network = ("model.architecture=transformer", "model.d_model=16", "model.d_mlp=16", "model.n_heads=2", "training.steps=5")
    run = trained(tiny, *network, "loss.kind=cross_entropy")
    outcome = here("figures", run.name, "--format", "svg", "--out", "f")
    assert "attention" in names_of(outcome)
    assert "circuit is left out: no single hidden layer between operands and answer: transformer" in outcome.err
    assert_says("f", "attention", ["to a", "to b", "to =", "head 1", "head 2"])


@pytest.mark.parametrize(
    "changes",
    [["training.steps=0"], ["task.operation=random"], ["task.operation=divide", "model.depth=2", "model.scaling=standard"]],
)
def test_runs_without_a_circuit_can_be_drawn(here: Here, tiny: Experiment, changes: list[str]) -> None:
    outcome = here("figures", trained(tiny, *changes).name, "--dpi", "40", "--format", "png")
    assert {"weights", "activations", "spectra", "confusion"} <= set(names_of(outcome))


def test_several_runs_are_compared(here: Here, finished: Run, tiny: Experiment) -> None:
    other = trained(tiny, "seed=1", "task.train_fraction=0.7")
    outcome = here("figures", finished.name, other.name, "--format", "svg")
    folder = f"figures/{finished.name}-and-1-more"
    assert names_of(outcome) == ["curves", "compare", "efficiency"]
    assert outcome.out.startswith(f"{folder}/curves.svg\n")
    assert_says(folder, "curves", ["seed 0, train fraction 0.6", "seed 1, train fraction 0.7", "train", "val"])
    assert_says(folder, "compare", ["first operand", "share of power", "activations"])


def test_without_matplotlib_one_line_says_what_to_install(here: Here, finished: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert_refused(here("figures", finished.name), "pip install 'grokterm[figures]'")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "wieghts"], ["no figure of one run is called 'wieghts'", "did you mean 'weights'?"]),
        (["--only", "compare"], ["no figure of one run is called 'compare'", "choose curves, weights"]),
        (["--step", "61"], ["has reached step 60, not 61"]),
        (["--format", "jpg"], ["jpg"]),
        (["--out", "occupied", "--only", "curves"], ["occupied cannot be written", "--out"]),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(
    here: Here, finished: Run, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    (tmp_path / "occupied").write_text("")
    assert_refused(here("figures", finished.name, *arguments), *words)


def test_nothing_to_draw_is_a_mistake(here: Here, finished: Run) -> None:
    outcome = here("figures", finished.name, "--only", "attention")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.splitlines()[-1].startswith("grokterm: nothing was drawn")
