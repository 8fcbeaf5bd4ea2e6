import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import SECONDS, environment

UNUSED = {"torch._dynamo", "torch._inductor", "sympy", "networkx", "textual", "matplotlib", "plotext"}

WATCHED = """
import gc, json, sys
started = []
def is_importing_torch():
    return getattr(getattr(sys.modules.get("torch"), "__spec__", None), "_initializing", False)
def watch(event, arguments):
    if event == "subprocess.Popen" and arguments[0] != "git" and not is_importing_torch():  # builds for CUDA ask ldconfig then
        started.append(event)
sys.addaudithook(watch)
sys.argv = {command!r}
from grokterm.cli.main import main
try:
    main()
finally:
    counts = {{"processes": len(started), "frozen": gc.get_freeze_count()}}
    report = {{"modules": sorted(sys.modules), "gc": gc.isenabled()}} | counts
    sys.stderr.write("\\n" + json.dumps(report))
"""

TINY = """
device = "cpu"
task.modulus = 5
model.architecture = "mlp"
model.width = 8
optimizer.kind = "gd"
optimizer.learning_rate = 1.0
training.steps = 2
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a process has loaded and done that ran a tiny experiment on the CPU."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "tiny.toml").write_text(TINY, encoding="utf-8")
    script = WATCHED.format(command=["grokterm", "run", "--preset", "./tiny.toml", "--runs-dir", str(Path("runs"))])
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=False,
        cwd=folder,
        env=environment(),
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, object] = json.loads(done.stderr.splitlines()[-1])
    return report


def test_a_run_on_the_cpu_loads_no_compiler_and_nothing_that_draws(report: dict[str, object]) -> None:
    modules = report["modules"]
    assert isinstance(modules, list)
    assert "torch" in modules
    assert UNUSED.isdisjoint(modules)


def test_a_run_on_the_cpu_starts_no_other_process_than_git_in_a_checkout(report: dict[str, object]) -> None:
    assert report["processes"] == 0


def test_what_torch_brings_is_left_out_of_garbage_collection_which_goes_on(report: dict[str, object]) -> None:
    assert isinstance(report["frozen"], int)
    assert report["frozen"] > 100_000
    assert report["gc"] is True
