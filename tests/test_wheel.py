"""The package as it is shipped."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_brings_its_presets_and_its_manual_and_runs_from_another_folder(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    _call(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", str(wheels), str(ROOT))
    (wheel,) = wheels.glob("grokterm-*.whl")
    python = _empty_environment(tmp_path / "environment")
    _call(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", str(wheel))

    where = _call(python, "-c", "import grokterm; print(grokterm.__file__)", cwd=tmp_path)
    listed = _call(python, "-m", "grokterm", "presets", cwd=tmp_path)
    topics = _call(python, "-m", "grokterm", "help", cwd=tmp_path)
    ran = _call(python, "-m", "grokterm", "run", "--preset", "quick", "--set", "training.steps=2", "--json", cwd=tmp_path)

    assert str(tmp_path) in where
    assert {path.stem for path in (ROOT / "presets").glob("*.toml")} <= set(listed.split())
    assert {path.stem for path in (ROOT / "grokterm" / "help").glob("*.md")} <= set(topics.split())
    assert '"steps": 2' in ran


def _empty_environment(folder: Path) -> str:
    """Make an environment without grokterm that borrows what grokterm depends on, torch above all, from this one."""
    venv.create(folder)
    python = str(folder / "bin" / "python")
    site = _call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(site) / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return python


def _call(*command: str, cwd: Path | None = None) -> str:
    installed_only = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=cwd, env=installed_only, check=True, capture_output=True, text=True).stdout
