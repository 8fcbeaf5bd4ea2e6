"""Where plugins are found, in which order, and what is refused in one line."""

import os
import pickle
from collections.abc import Callable
from importlib.metadata import EntryPoint
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

import grokterm
from grokterm.errors import ConfigError, PluginError, RunNotFoundError
from grokterm.plugins import loading
from grokterm.plugins.loading import load_inherited, load_plugins, load_shipped, loaded_files
from grokterm.plugins.registry import PROVIDED, hash_of
from grokterm.runs.listing.index import list_rows
from grokterm.sweeps.listing import ListedSweeps
from grokterm.tasks.operations import OPERATIONS
from grokterm.training import worker_process
from tests.plugins.conftest import Command, unload
from tests.test_manual import commands

Write = Callable[[str], Path]

OWN = "import grokterm\n@grokterm.operation({!r})\ndef own(a, b, p):\n    return a\n"


def test_a_file_in_the_current_folder_is_loaded_unless_that_is_the_folder_of_a_run(tmp_path: Path) -> None:
    Path(loading.HERE).write_text(OWN.format("here"), encoding="utf-8")
    Path("experiment.toml").touch()
    assert load_plugins() == []
    Path("experiment.toml").unlink()
    assert load_plugins() == ["loaded grokterm_plugins.py: operation here"]
    assert load_plugins([tmp_path / loading.HERE]) == []  # once is enough


def test_processes_that_are_started_load_the_same_files_and_refuse_others(plugin: Write) -> None:
    load_plugins([plugin(OWN.format("inherited"))])
    inherited = dict(os.environ)
    unload()
    assert load_inherited() == []
    os.environ |= inherited
    load_inherited()
    assert "inherited" in OPERATIONS
    unload()
    plugin(OWN.format("edited"))
    os.environ |= inherited
    with pytest.raises(PluginError, match=r"plugin mine\.py has changed since the training began"):
        load_inherited()


def test_a_worker_process_that_cannot_load_them_answers_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        raise PluginError("it has changed")

    answered = BytesIO()
    monkeypatch.setattr(worker_process, "answers", lambda: answered)
    monkeypatch.setattr(worker_process, "load_inherited", load)
    worker_process.serve(iter(["asked"]), str)
    assert str(pickle.loads(answered.getvalue())) == "it has changed"


def test_files_go_to_hosts_that_do_not_see_them(plugin: Write) -> None:
    path = plugin(OWN.format("far"))
    load_plugins([path])
    shipped = loaded_files()
    unload()
    path.unlink()
    load_shipped(shipped)
    assert PROVIDED["operation", "far"].sha256 == hash_of(shipped[0][1])
    with pytest.raises(PluginError, match=r"mine\.py has changed"):
        load_shipped([(str(path), b"")])


def test_an_installed_package_offers_plugins_by_entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "offered.py").write_text(OWN.format("offered"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("mine", "offered", loading.GROUP)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [point] if group == loading.GROUP else [])
    assert load_plugins() == ["loaded mine: operation offered"]
    assert PROVIDED["operation", "offered"].sha256 == hash_of((tmp_path / "offered.py").read_bytes())
    assert load_inherited() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ny = x / 0\n", "plugin mine.py cannot be loaded: mine.py:2: ZeroDivisionError: division by zero"),
        ("import nowhere", "plugin mine.py cannot be loaded: mine.py:1: ModuleNotFoundError: No module named 'nowhere'"),
        ("def f(:", "plugin mine.py cannot be loaded: mine.py:1: SyntaxError: invalid syntax"),
        ("raise SystemExit", "plugin mine.py cannot be loaded: mine.py:1: SystemExit"),
        (OWN.format("add"), "plugin mine.py: operation 'add' is taken: choose another name"),
        (OWN.format("own") * 2, "plugin mine.py: operation 'own' is taken by mine.py: choose another name"),
        (OWN.format("\x1b[31m"), "plugin mine.py: operation '\\x1b[31m' is no name: choose letters, digits and _"),
        (
            OWN.format("own").replace("'own'", "'own', 'a\x07'"),
            "plugin mine.py: label of operation own must be a text that can",
        ),
        (OWN.format("own").replace("'own'", "'own', '{q}'"), "plugin mine.py: label '{q}' of operation own failed: "),
    ],
)
def test_a_plugin_that_fails_is_one_line_and_a_usage_error(command: Command, plugin: Write, text: str, said: str) -> None:
    refused = command("presets", "show", "quick", "--plugins", str(plugin(text)))
    assert refused.code == 2
    assert refused.err.startswith(f"grokterm: {said}")
    assert refused.err.count("\n") == 1
    assert refused.out == ""


def test_a_file_that_is_not_there_is_refused(command: Command) -> None:
    assert command("runs", "--plugins", "nowhere.py").err.endswith("nowhere.py cannot be read: No such file or directory\n")


def test_help_loads_nothing_and_a_preset_names_nothing_to_load(command: Command) -> None:
    Path(loading.HERE).write_text("raise SystemError", encoding="utf-8")
    assert command("run", "--help").code == 0
    Path(loading.HERE).unlink()
    Path("mine.toml").write_text('[task]\noperation = "cube_sum"', encoding="utf-8")
    assert command("presets", "show", "./mine.toml").code == 2
    assert "cube_sum" not in OPERATIONS


def test_every_command_that_reads_experiments_takes_plugins() -> None:
    without = {name for name, options in commands().items() if "--plugins" not in options}
    assert without <= {"doctor", "settings", "help", "serve"}


def test_a_file_that_was_edited_or_had_failed_is_loaded_anew(plugin: Write) -> None:
    path = plugin(OWN.format("own") + "raise ValueError")
    with pytest.raises(PluginError, match=r"mine\.py cannot be loaded: mine\.py:5: ValueError"):
        load_plugins(path)
    for body in ("a", "b"):
        plugin(OWN.format("own").replace("return a", f"return {body}"))
        assert load_plugins([path]) == ["loaded mine.py: operation own"]
        assert os.environ[loading.HASHES] == PROVIDED["operation", "own"].sha256
    assert OPERATIONS["own"].answers(np.array([[1, 2]]), 5, 0).tolist() == [2]
    assert load_plugins(path) == []
    plugin(2 * OWN.format("own"))
    with pytest.raises(PluginError, match=r"operation 'own' is taken by mine\.py"):
        load_plugins(path)


@pytest.mark.parametrize("named", ["by the experiment", "by an axis"])
def test_a_sweep_goes_on_only_with_the_file_that_it_began_with(plugin: Write, tmp_path: Path, named: str) -> None:
    path = plugin(OWN.format("own"))
    load_plugins(path)
    settings: dict[str, object]
    grid: dict[str, object]
    if named == "by the experiment":
        settings, grid = {"task.operation": "own"}, {"task.train_fraction": [0.4, 0.5]}
    else:
        settings, grid = {}, {"task.operation": ["add", "own"]}
    for _ in range(2):
        grokterm.sweep("./tiny.toml", grid, overrides=settings, runs_dir=tmp_path / "runs")
    plugin(OWN.format("own").replace("return a", "return b"))
    load_plugins(path)
    with pytest.raises(
        ConfigError, match=r"sweep tiny-sweep cannot go on: operation own of mine\.py .* is that of mine\.py now"
    ):
        grokterm.sweep("./tiny.toml", grid, overrides=settings, runs_dir=tmp_path / "runs")
    unload()
    with pytest.raises(RunNotFoundError, match=r"sweep tiny-sweep needs operation own of mine\.py .*: load it with --plugins"):
        grokterm.sweep("tiny-sweep", seeds=2, runs_dir=tmp_path / "runs")
    (row,) = list_rows(tmp_path / "runs", others=ListedSweeps())
    assert (row.problem, row.lacks, row.members, row.state) == ("", "operation own of mine.py", 2, "interrupted")
