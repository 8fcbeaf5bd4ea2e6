"""An operation from a file: trained, looked at, and resumed; what is wrong in it is said in a line."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from grokterm.errors import ConfigError, RunNotFoundError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.plugins import plugins_of
from grokterm.experiment.recording.records import Record, Refused
from grokterm.plugins.loading import load_plugins
from grokterm.reports.run import summary_of
from grokterm.runs.branching import plan_branch
from grokterm.runs.export.as_preset import as_preset
from grokterm.runs.journal import JournalWriter
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from grokterm.session.branch import branch_session
from grokterm.session.start import start_session
from grokterm.tasks.operations import OPERATIONS, find_operation
from tests.plugins.conftest import EXAMPLES, Command, unload
from tests.runs.records import acted, evaluated, finished, started
from tests.session.driving import Driver
from tests.training.outcome import changed

Write = Callable[[str], Path]

EXAMPLE = str(EXAMPLES / "operation.py")
CUBES = ("--preset", "./tiny.toml", "--set", "task.operation=cube_sum")


def test_the_example_is_trained_inspected_and_resumed_and_nothing_of_it_without_its_file(command: Command) -> None:
    trained = command("run", "--plugins", EXAMPLE, *CUBES, "--set", "training.steps=20", "--json")
    assert "grokterm: loaded operation.py: operation cube_sum" in trained.err.splitlines()
    run = json.loads(trained.out)["run"]
    assert json.loads(command("inspect", run, "--json", "--plugins", EXAMPLE).out)["step"] == 20
    longer = "--set", "training.steps=40", "--json"
    assert json.loads(command("run", "--resume", run, "--plugins", EXAMPLE, *longer).out)["steps"] == 40
    unload()
    needs = f"grokterm: run {run} needs operation cube_sum of operation.py (sha256 "
    for words in (
        ("inspect", run),
        ("run", "--resume", run),
        ("run", "--from", run),
        ("runs", "export", run, "--format", "csv"),
    ):
        refused = command(*words)
        assert refused.code == 2
        assert refused.err.startswith(needs)
        assert refused.err.endswith("load it with --plugins operation.py\n")
        assert refused.err.count("\n") == 1


def own_run(tiny: Experiment, *records: Record) -> Run:
    """Make a run of the example, which is then no longer loaded."""
    load_plugins([EXAMPLE])
    experiment = changed(tiny, "task.operation=cube_sum", "training.steps=60", "training.stop_when=grokked")
    run = create_run(Path("runs"), experiment, "tiny", {"plugins": plugins_of(experiment)}, name="cubes", is_timed=False)
    JournalWriter(run.journal).write([started(), *records])
    unload()
    return Run(run.path)


def test_a_run_without_its_plugin_is_listed_summed_up_and_deleted(command: Command, tiny: Experiment) -> None:
    own_run(tiny, evaluated(40), finished(40, "grokked"))
    listed = command("runs")
    assert (listed.code, listed.err) == (0, "")
    assert re.search(r"\ncubes +grokked +40 .*  needs operation cube_sum of operation\.py", listed.out)
    (one,) = json.loads(command("runs", "--json").out)
    assert (one["run"], one["ended"], one["lacks"]) == ("cubes", "grokked", "operation cube_sum of operation.py")
    assert "\nneeds         operation cube_sum of operation.py\n" in command("runs", "show", "cubes").out
    load_plugins([EXAMPLE])
    assert "needs" not in command("runs").out  # though nothing of the run has changed
    unload()
    assert command("runs", "delete", "cubes", "--yes").code == 0


def test_a_run_without_its_plugin_is_a_preset_unless_it_was_changed(tiny: Experiment) -> None:
    run = own_run(tiny, evaluated(40), finished(40, "grokked"))
    made = as_preset(run)
    assert made.notes == ("it needs operation cube_sum of operation.py: run it with the same plugins",)
    load_plugins([EXAMPLE])
    assert as_preset(Run(run.path)).settings == Experiment.from_settings(made.settings).settings()
    unload()
    JournalWriter(run.journal, run.journal.stat().st_size).write([acted(40, Swap(seed=3))])
    with pytest.raises(RunNotFoundError, match=r"run cubes needs operation cube_sum of operation\.py"):
        as_preset(run)
    load_plugins([EXAMPLE])
    JournalWriter(run.journal, run.journal.stat().st_size).write([acted(40, Swap(operation="cube_sum")), evaluated(50)])
    unload()
    with pytest.raises(RunNotFoundError, match=r"needs operation cube_sum"):  # and not that the journal is damaged
        summary_of(run, as_json=False)


def test_a_run_goes_on_only_with_the_file_that_it_began_with(command: Command, plugin: Write) -> None:
    path = plugin(Path(EXAMPLE).read_text("utf-8"))
    run = json.loads(command("run", "--plugins", str(path), *CUBES, "--json").out)["run"]
    unload()
    plugin(Path(EXAMPLE).read_text("utf-8").replace("+ b**3", "- b**3"))
    longer = "--set", "training.steps=90", "--plugins", str(path)
    for words in (("run", "--resume", run, *longer), ("run", "--from", run, *longer)):
        refused = command(*words)
        assert refused.code == 2
        assert f"run {run} cannot go on: operation cube_sum of mine.py (sha256 " in refused.err
    exported = command("runs", "export", run, "--preset", "-", "--plugins", str(path))
    assert exported.code == 0
    assert "what is computed now may differ" in exported.err
    assert "it needs mine.py" in exported.err


def test_a_run_turns_to_an_operation_only_where_it_records_the_plugin(tiny: Experiment) -> None:
    load_plugins([EXAMPLE])
    driver = Driver(start_session(tiny, Path("runs"), "parent"))
    driver.session.send(Swap(operation="cube_sum"))
    driver.train()
    refused = next(record for record in driver.heard if isinstance(record, Refused))
    assert refused.message.startswith("operation cube_sum is a plugin's, which this run does not record")
    plan = plan_branch(driver.session.run, 30, ["task.operation=cube_sum", "training.steps=60"])
    branch = branch_session(plan, Path("runs"))[0].run
    assert [one["name"] for one in branch.meta["plugins"]] == ["cube_sum"]
    unload()
    with pytest.raises(RunNotFoundError, match=r"needs operation cube_sum of operation\.py"):
        Run(branch.path).experiment  # noqa: B018 - read, to see whether it can be


def test_a_row_is_added_to_the_table_that_everything_reads() -> None:
    load_plugins([EXAMPLE])
    row = OPERATIONS["cube_sum"]
    assert row.answers(np.array([[2, 3], [4, 5]]), 11, seed=0).tolist() == [(8 + 27) % 11, (64 + 125) % 11]
    assert row.label == "a³ + b³ mod {p}"
    assert row.is_symmetric(11)
    with pytest.raises(ConfigError, match=r"not 'cube_sun': did you mean 'cube_sum'\?"):
        Experiment.from_settings({"task": {"operation": "cube_sun"}})
    with pytest.raises(ConfigError, match="operation cube_sum takes two operands, not three"):
        find_operation("cube_sum", n_operands=3)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("a * b", r"operation wrong must give answers from 0 to 10, not 12 for \(2, 6\): return them % p"),
        ("a / 2", r"operation wrong must return a whole number for each pair, an array of \(121,\), not float64 of \(121,\)"),
        ("a.sum() % p", r"operation wrong must return a whole number for each pair"),
        ("a + nothing", r"operation wrong failed: mine.py:4: NameError: name 'nothing' is not defined"),
        ("exit(3)", r"operation wrong failed: mine.py:4: SystemExit: 3"),
        ("a if times.append(1) or len(times) % 2 else b", "operation wrong gives other answers when it is called again: a run"),
    ],
)
def test_what_is_wrong_in_an_operation_is_said_before_it_trains(body: str, said: str, plugin: Write) -> None:
    load_plugins([plugin(f"import grokterm\n@grokterm.operation('wrong')\ndef wrong(a, b, p, times=[]):\n    return {body}\n")])
    with pytest.raises(ConfigError, match=said):
        Experiment.from_settings({"task": {"operation": "wrong", "modulus": 11}})
