"""`grokterm doctor`: what a bug report begins with."""

import os
import platform
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from grokterm.cli.console import print_results
from grokterm.cli.options import RUNS, AsJson, RunsDir


def doctor(*, as_json: AsJson = False, runs_dir: RunsDir = RUNS) -> None:
    """Describe this machine, its terminal and its torch, and say what is wrong with them."""
    import json

    from grokterm.reports.doctor import SHOWN, advice, report
    from grokterm.runs.disk import describe_folder
    from grokterm.tui.graphics.examining import describe_terminal, describe_tmux

    facts: dict[str, Any] = {
        "versions": _versions(),
        "terminal": describe_terminal(os.environ),
        "tmux": describe_tmux(os.environ),
        "processor": _processor(),
        "torch": _torch(),
        "folder": describe_folder(runs_dir),
        "environment": {name: os.environ[name] for name in sorted(SHOWN & os.environ.keys())},
    }
    facts["advice"] = list(advice(facts))
    said = _anonymous(json.dumps(facts, allow_nan=False))
    print_results(said if as_json else report(json.loads(said)))


def _versions() -> dict[str, str | None]:
    """Name the versions of Python, the system and every package that grokterm needs or can use."""
    from re import match

    from grokterm import __version__

    try:
        needed = requires("grokterm") or []
    except PackageNotFoundError:
        needed = []
    names = sorted(
        {found[0] for one in needed if "extra == 'test'" not in one.replace('"', "'") and (found := match(r"[\w.-]+", one))}
    )
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return {"grokterm": __version__, "python": platform.python_version(), "system": system, **{n: _version(n) for n in names}}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> dict[str, Any]:
    from grokterm.models.processor import available_cores, processor

    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return {"model": processor(), "cores": os.cpu_count(), "affinity": affinity, "usable_cores": available_cores()}


def _torch() -> dict[str, Any]:
    try:
        from grokterm.session.torch_import import import_torch

        import_torch()
        from grokterm.engines.machine import describe_torch

        return describe_torch()
    except (ImportError, OSError, RuntimeError) as error:
        return {"problem": " ".join(str(error).split())}


def _anonymous(text: str) -> str:
    """Leave out who uses this machine."""
    home = str(Path.home())
    return text.replace(home, "~") if home != "/" else text
