"""A metric that is added from outside, one function and one row, is everywhere where metrics are."""

from io import StringIO
from math import log
from pathlib import Path

import pytest
from rich.console import Console

from grokterm.errors import ConfigError
from grokterm.experiment.expectation import Expect
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.metrics import METRICS, Metric
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.records import RECORD
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.inspection.metrics import NETWORK_METRICS
from grokterm.reports.network import report
from grokterm.runs.journal import read_journal
from grokterm.runs.results.metrics import RUN_METRICS, RunMetrics
from grokterm.runs.results.norms import Norms
from grokterm.runs.results.outcomes import read_outcome
from grokterm.runs.results.verification import judge
from grokterm.runs.store import Run
from grokterm.session.start import start_session
from tests.training.outcome import changed

NAME = "largest_weight"


def largest_weight(analysis: NetworkAnalysis) -> float | None:
    if analysis.form is None:
        return None
    return max(float(abs(values).max()) for values in analysis.snapshot.parameters.values())


@pytest.fixture(autouse=True)
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, NAME, Metric("largest weight", ".2f", "of all parameters", ("sum of terms",)))
    monkeypatch.setitem(NETWORK_METRICS, NAME, largest_weight)


def trained(experiment: Experiment, folder: Path) -> Run:
    session = start_session(changed(experiment, "training.steps=10", "training.inspect_every=5"), folder, "tiny")
    for _ in session.records():
        pass
    return session.run


def reported(metrics: RunMetrics) -> list[str]:
    console = Console(file=StringIO(), width=400)
    with console.capture() as captured:
        console.print(*report([metrics]))
    return [line.strip() for line in captured.get().splitlines()]


def test_inspect_has_it_in_its_table_and_in_its_json(tiny: Experiment, tmp_path: Path) -> None:
    metrics = RunMetrics(run := trained(tiny, tmp_path), None, Norms(run))
    value = largest_weight(metrics.analysis)
    assert value is not None
    assert metrics.facts()[NAME] == value
    (row,) = [line for line in reported(metrics) if line.startswith("largest weight")]
    assert row.split(maxsplit=3)[2:] == [f"{value:.2f}", "of all parameters"]


def test_a_network_that_lacks_it_says_why(tiny: Experiment, tmp_path: Path) -> None:
    metrics = RunMetrics(run := trained(changed(tiny, "task.operation=cubic"), tmp_path), None, Norms(run))
    assert metrics.facts()[NAME] is None
    reasons = [line for line in reported(metrics) if line.startswith("– the operation is not a sum of terms: ")]
    assert "largest weight" in reasons[0]


@pytest.mark.parametrize(("wanted", "is_met"), [((0.0, 100.0), True), ((100.0, 200.0), False)])
@pytest.mark.parametrize("name", [NAME, f"{NAME} @ 5"])
def test_a_preset_may_expect_it_and_verification_holds_the_run_to_it(
    name: str, wanted: tuple[float, float], tiny: Experiment, tmp_path: Path, *, is_met: bool
) -> None:
    expect = Expect.from_settings({"evidence": "ours", name: wanted})
    (verdict,) = judge(expect, [read_outcome(trained(tiny, tmp_path), expect)])
    assert verdict.measure == name
    assert verdict.values[0] is not None
    assert verdict.is_met is is_met


def test_the_journal_keeps_it_and_gives_it_back(tiny: Experiment, tmp_path: Path) -> None:
    inspected = [record for record in read_journal(trained(tiny, tmp_path).journal) if isinstance(record, Inspected)]
    assert [record.step for record in inspected if record.metric(NAME)] == [0, 5, 10]
    assert RECORD.validate_json(inspected[0].model_dump_json(exclude_none=True)) == inspected[0]


def test_a_journal_that_has_it_can_be_read_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Inspected.model_validate({"step": 5, "ipr": 0.5, NAME: 2.0}).model_dump_json(exclude_none=True)
    assert NAME in line
    monkeypatch.delitem(METRICS, NAME)
    assert RECORD.validate_json(line) == Inspected(step=5, ipr=0.5)


def test_one_of_a_whole_run_is_added_in_the_same_way(tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def share_of_run(metrics: RunMetrics) -> float:
        return metrics.step / metrics.norms.n_steps

    monkeypatch.setitem(METRICS, "share_of_run", Metric("share of run", ".1f", "of its steps"))
    monkeypatch.setitem(RUN_METRICS, "share_of_run", share_of_run)
    metrics = RunMetrics(run := trained(tiny, tmp_path), 5, Norms(run))
    assert metrics.facts()["share_of_run"] == 0.5
    assert any(line.startswith("share of run") and " 0.5 " in line for line in reported(metrics))
    expect = Expect.from_settings({"evidence": "ours", "share_of_run @ 5": (0.5, 0.5)})
    assert [verdict.is_met for verdict in judge(expect, [read_outcome(run, expect)])] == [True]


def test_without_its_row_no_preset_may_expect_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(METRICS, NAME)
    with pytest.raises(ConfigError, match=f"{NAME} is not measured"):
        Expect.from_settings({"evidence": "ours", NAME: (0.0, 1.0)})


@pytest.mark.parametrize(
    ("model", "n_classes"),
    [
        ({"architecture": "mlp", "width": 8}, 11),
        ({"architecture": "transformer", "d_model": 8}, 12),  # and =
        ({"architecture": "transformer", "d_model": 8, "sequence": "<eos> a op b = c <eos>"}, 14),  # and the operator and <eos>
        ({"architecture": "lstm", "d_model": 8, "vocabulary": 20}, 20),
    ],
    ids=str,
)
def test_the_loss_at_chance_is_that_of_all_answers_a_network_chooses_from(
    tiny: Experiment, tmp_path: Path, model: dict[str, object], n_classes: int
) -> None:
    experiment = Experiment.from_settings(tiny.settings() | {"model": model})
    table = reported(RunMetrics(run := trained(experiment, tmp_path), None, Norms(run)))
    losses = [line.split() for line in table if line.startswith(("restricted loss", "excluded loss"))]
    assert [row[3] for row in losses] == 2 * [f"{log(n_classes):#.2g}"]
