import json
from dataclasses import replace

import pytest

from grokterm.bench.comparison import FLOOR, TRAINING, UPDATE, Comparison, Result
from grokterm.bench.process import NOTEBOOK
from grokterm.cli.console import print_results
from grokterm.experiment.experiment import Experiment
from grokterm.reports.benchmark import speeds
from tests.training.outcome import changed


@pytest.fixture
def comparisons(tiny: Experiment) -> list[Comparison]:
    """One comparison, with numbers that are easily divided."""
    results = (
        Result("fused", "2 threads", {TRAINING: (800.0, 900.0, 1000.0), UPDATE: (1000.0, 1200.0, 1400.0)}, 12_000_000),
        Result(NOTEBOOK, "evaluated each step", {TRAINING: (200.0, 300.0, 200.0), UPDATE: (400.0, 400.0, 400.0)}, None),
        Result(FLOOR, "all rows at once, 1 thread", {UPDATE: (2000.0, 2000.0, 2000.0)}, None),
    )
    return [Comparison("tiny", tiny, "cpu", "2.0", results, {"graph": "a CPU has none"})]


def printed(comparisons: list[Comparison], output: str, capsys: pytest.CaptureFixture[str], load: float | None = 0.25) -> str:
    print_results(*speeds(comparisons, repetitions=3, load=load, output=output))
    return capsys.readouterr().out


def test_a_table_has_medians_and_the_spread_of_ratios(
    comparisons: list[Comparison], capsys: pytest.CaptureFixture[str]
) -> None:
    head, _, *rows = printed(comparisons, "table", capsys).splitlines()
    assert head == "tiny: p = 11, mlp 32 quadratic, doshi, 73 equations, evaluate_every 5, cpu"
    cells = [[cell.strip() for cell in row.split("  ") if cell.strip()] for row in rows[:3]]
    first = "grokterm, fused (auto)|900|4.00 (3.00–5.00)|1,200|3.00 (2.50–3.50)|0.60 (0.50–0.70)|12 MB|2 threads"
    assert cells[0] == first.split("|")
    assert cells[1] == ["notebook", "200", "400", "0.20 (0.20–0.20)", "evaluated each step"]
    assert cells[2] == ["floor", "2,000", "5.00 (5.00–5.00)", "all rows at once, 1 thread"]
    assert rows[3] == "tiny: without graph: a CPU has none"


def test_of_an_ensemble_the_updates_of_all_members_are_counted(
    comparisons: list[Comparison], capsys: pytest.CaptureFixture[str]
) -> None:
    ensembles = [replace(one, experiment=changed(one.experiment, "training.members=10")) for one in comparisons]
    head, _, first, *_, last = printed(ensembles, "table", capsys).splitlines()
    assert head.endswith(", evaluate_every 5, 10 members, cpu")
    assert [cell.strip() for cell in first.split("  ") if cell.strip()][:4] == [
        "grokterm, fused (auto)", "9,000", "4.00 (3.00–5.00)", "12,000",
    ]  # fmt: skip
    assert "as many loops, one after another" in last
    (preset,) = json.loads(printed(ensembles, "json", capsys))["presets"]
    assert preset["members"] == 10
    assert preset["racers"][0]["updates_per_second"] == {TRAINING: 9000, UPDATE: 12_000}
    assert preset["racers"][0]["steps_per_second"][UPDATE]["median"] == 1200


def test_markdown_has_one_row_for_each_and_says_where(
    comparisons: list[Comparison], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(comparisons, "markdown", capsys).splitlines()
    assert [line.split(" | ")[1] for line in lines[2:5]] == ["grokterm, fused (auto)", NOTEBOOK, FLOOR]
    assert len({line.count("|") for line in lines[:5]}) == 1
    assert lines[6].startswith("Measured by `grokterm bench` on ")
    assert "torch 2.0, " in lines[6]
    assert "3 repetitions, load before 0.2" in lines[6]
    assert lines[-1] == "tiny: without graph: a CPU has none"


def test_a_load_that_is_not_known_is_left_out(comparisons: list[Comparison], capsys: pytest.CaptureFixture[str]) -> None:
    assert ", 3 repetitions. " in printed(comparisons, "markdown", capsys, load=None)


def test_the_object_holds_every_repetition(comparisons: list[Comparison], capsys: pytest.CaptureFixture[str]) -> None:
    whole = json.loads(printed(comparisons, "json", capsys))
    assert whole["machine"].keys() == {"processor", "cores", "devices", "torch", "products", "date", "load"}
    assert whole["repetitions"] == 3
    (preset,) = whole["presets"]
    assert (preset["preset"], preset["chosen"], preset["left_out"]) == ("tiny", "fused", {"graph": "a CPU has none"})
    ours, _, floor = preset["racers"]
    assert ours["steps_per_second"][TRAINING] == {
        "median": 900, "low": 800, "high": 1000, "repetitions": [800, 900, 1000],
    }  # fmt: skip
    assert ours["ratios"]["update_to_floor"] == pytest.approx({"median": 0.6, "low": 0.5, "high": 0.7})
    assert floor["steps_per_second"][TRAINING] is floor["ratios"]["training_to_notebook"] is None
