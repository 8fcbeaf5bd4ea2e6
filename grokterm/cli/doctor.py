"""`grokterm doctor`: what a bug report begins with."""

import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from grokterm.cli.console import print_results
from grokterm.cli.options import RUNS, AsJson, RunsDir


def doctor(*, as_json: AsJson = False, runs_dir: RunsDir = RUNS) -> None:
    """Describe this machine, its terminal and its torch, and say what is wrong with them."""
    import json

    from grokterm.reports.doctor import SHOWN, advice, report
    from grokterm.runs.storage.disk import describe_folder
    from grokterm.tui.graphics.examining import describe_terminal, describe_tmux

    needed = _needed()
    facts: dict[str, Any] = {
        "versions": _versions({package for packages in needed.values() for package in packages}),
        "extras": {extra: _extra(extra, packages) for extra, packages in needed.items() if extra},
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


def _needed() -> dict[str, list[str]]:
    """Name the packages that grokterm needs, and by extra those that it can use."""
    from importlib.metadata import PackageNotFoundError, requires
    from re import match

    found: dict[str, list[str]] = {}
    with suppress(PackageNotFoundError):
        for one in requires("grokterm") or ():
            if parts := match(r"([\w.-]+)(?:.*extra == ['\"]([\w-]+))?", one):
                found.setdefault(parts[2] or "", []).append(parts[1])
    found.pop("test", None)
    return found


def _versions(packages: Iterable[str]) -> dict[str, str | None]:
    """Name the versions of Python, the system and these packages."""
    from grokterm import __version__

    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    found = {name: _version(name) for name in sorted(packages)}
    return {"grokterm": __version__, "python": platform.python_version(), "system": system, **found}


def _extra(name: str, packages: Iterable[str]) -> str:
    """Say whether an extra is there, and if not, how it comes there."""
    missing = [package for package in packages if _version(package) is None]
    return f"without {', '.join(missing)}: pip install 'grokterm[{name}]'" if missing else "there"


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> dict[str, Any]:
    from grokterm.models.processor import available_cores, instruction_sets, processor

    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return {
        "model": processor(),
        "instruction_sets": " ".join(instruction_sets()) or None,
        "cores": os.cpu_count(),
        "affinity": affinity,
        "usable_cores": available_cores(),
    }


def _torch() -> dict[str, Any]:
    try:
        from grokterm.session.torch_import import import_torch

        import_torch()
        from grokterm.engines.machine import describe_torch
        from grokterm.engines.versions import commit

        return {**describe_torch(), "grokterm_commit": commit() or None}
    except (ImportError, OSError, RuntimeError) as error:
        return {"problem": " ".join(str(error).split())}


def _anonymous(text: str) -> str:
    """Leave out who uses this machine."""
    home = str(Path.home())
    return text.replace(home, "~") if home != "/" else text
