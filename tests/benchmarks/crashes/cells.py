"""The cells of the matrix: each change of a scene, disturbed in each way."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

from grokterm.errors import GroktermError
from grokterm.runs import owner
from grokterm.runs.storage import durable
from tests.benchmarks.crashes.disk import Change, Disk, Fault, Files, after_kill, after_power_cut, forked
from tests.benchmarks.crashes.scenes import DEAD, SCENES, Promised, Scene, hidden_leftovers, long_ago, others

KILLED, POWER = "killed", "power cut"

FAULTS: tuple[Fault, ...] = get_args(Fault)

COLUMNS = (KILLED, POWER, *("SIGKILL" if one == "killed" else one for one in FAULTS))

THINGS = {
    r"/journal\.jsonl$": "journal",
    r"/checkpoints/step-": "checkpoint",
    r"/checkpoints$": "folder of checkpoints",
    r"/lock\.json$": "lock, owner",
    r"/annotations\.json$": "notes",
    r"/experiment\.toml$": "experiment.toml",
    r"/meta\.json$": "meta.json",
    r"preferences\.toml$|/config$": "settings",
    r"/sweep\.toml$": "sweep.toml",
    r"/leases/": "lease",
    r"/results/": "result",
    r"/results\.(csv|parquet)$": "table",
    r"/\.trash": "trash",
    r"ours\.toml$": "preset",
    r"/(leases|results|members)$": "folder of a sweep",
    r"/members/[^/]+$": "run of a member",
    r"/sweep$": "folder of a sweep",
    r"/[^/]+$": "folder of a run",
}
"""What a path is, by the first pattern that fits."""

VERBS = {"make": "create", "move": "rename", "drop": "remove", "cut": "truncate", "sync": "fsync", "write": "write"}


class Cell(NamedTuple):
    """What came of a change that was disturbed in one way."""

    scene: str
    boundary: str
    column: str
    problem: str
    """Empty if nothing was lost."""


def boundary(change: Change, root: Path) -> str:
    """Say what is changed, and how."""
    path = "/" + re.sub(r"\.(.+?)\.[0-9a-f]{8}\.tmp", r"\1", change.path.relative_to(root).as_posix())
    return f"{next(name for pattern, name in THINGS.items() if re.search(pattern, path))}: {VERBS[change.kind]}"


@contextmanager
def as_a_dead_process() -> Iterator[None]:
    """Let what is written down of this process be that of one which is gone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, "os", _Os(getpid=lambda: DEAD))
        yield


@contextmanager
def not_waiting() -> Iterator[None]:
    """Sync nothing: what is looked at afterwards is looked at by this machine, which has power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(durable, "os", _Os(fsync=lambda _: None))
        yield


class _Os:
    """The real one, but for some calls."""

    def __init__(self, **calls: Callable[..., Any]) -> None:
        vars(self).update(calls)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - of os
        return getattr(os, name)


@contextmanager
def prepared(scene: Scene) -> Iterator[Path]:
    """Prepare a scene in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="crash-") as folder, not_waiting():
        root = Path(folder).resolve() / "root"
        root.mkdir()
        scene.prepare(root)
        yield root


def record(scene: Scene, root: Path) -> Disk:
    """Let a scene happen, undisturbed, and return what it has changed."""
    disk = Disk(root)
    with as_a_dead_process(), disk.in_place():
        scene.act(root, disk)
    return disk


def crashes(name: str, columns: Sequence[str] = (KILLED, POWER), every: int = 1) -> Iterator[Cell]:
    """Cut a scene off before each of its changes, and after the last, and start again with each disk that may be left."""
    scene = SCENES[name]
    with prepared(scene) as root:
        untouched = others(root)
        disk = record(scene, root)
        seen = set[tuple[object, ...]]()
        for at in range(0, len(disk.log) + 1, every):
            promised = [what for made, what in disk.promises if made <= at]
            where = boundary(disk.log[min(at, len(disk.log) - 1)], root)
            for column, left in ((KILLED, after_kill), (POWER, after_power_cut)):
                if column not in columns:
                    continue
                problem = ""
                for files in left(disk, at):
                    if (key := (len(promised), files.key())) not in seen:
                        seen.add(key)
                        problem = problem or _problem_with(scene, files, promised, untouched)
                yield Cell(name, where, column, problem and f"change {at}: {problem}")


def _problem_with(scene: Scene, files: Files, promised: Promised, untouched: dict[str, bytes]) -> str:
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        root = Path(folder).resolve() / "root"
        files.put(root)
        return problem_after(scene, root, promised, untouched)


def problem_after(scene: Scene, root: Path, promised: Promised, untouched: dict[str, bytes]) -> str:
    """Start again; say what is wrong, in a line, if anything is."""
    long_ago(root)
    try:
        with not_waiting():
            scene.check(root, promised)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return f"{type(error).__name__}: {error}".splitlines()[0].replace(str(root), "")
    if others(root) != untouched:
        return "files of others are touched"
    return f"{leftovers[0]} is left" if (leftovers := hidden_leftovers(root)) else ""


def refusals(name: str, faults: Sequence[Fault] = FAULTS, every: int = 1) -> Iterator[Cell]:
    """Let each change of a scene be refused, or the process killed there; then start again."""
    scene = SCENES[name]
    with prepared(scene) as root:
        undisturbed = record(scene, root)
        places = [boundary(change, root) for change in undisturbed.log]
    for fault in faults:
        if fault == "gone" and not scene.vanishing:
            continue
        for at in range(0, len(places), every):
            with prepared(scene) as root:
                problem = _refused(scene, root, fault, at, [what for made, what in undisturbed.promises if made <= at])
            yield Cell(name, places[at], "SIGKILL" if fault == "killed" else fault, problem and f"change {at}: {problem}")


def _refused(scene: Scene, root: Path, fault: Fault, at: int, promised: Promised) -> str:
    vanishing, untouched = root / scene.vanishing, others(root)
    disk = Disk(root, fault, at, vanishing)
    if fault == "killed":
        os.waitpid(forked(lambda: _acted(scene, root, disk)), 0)
        return problem_after(scene, root, promised, untouched)
    with as_a_dead_process(), disk.in_place():
        try:
            scene.act(root, disk)
        except GroktermError as error:
            if "\n" in str(error):
                return f"more than a line: {error}"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            return f"not told in a line: {type(error).__name__}: {error}".splitlines()[0].replace(str(root), "")
    if (moved := vanishing.with_name("moved")).exists():
        if vanishing.exists():
            return f"the folder that is gone was made again, with {[one.name for one in vanishing.iterdir()]}"
        moved.rename(vanishing)
    return problem_after(scene, root, [what for _, what in disk.promises], untouched)


def _acted(scene: Scene, root: Path, disk: Disk) -> None:
    with disk.in_place():
        scene.act(root, disk)
