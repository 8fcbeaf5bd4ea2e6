"""What is disturbed: for each, how the disk is before, what is done, and what must be true after a restart."""

import os
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend
from grokterm.experiment.reading.toml import parse_toml
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.packing import unpacked
from grokterm.experiment.recording.records import Acted, Checkpointed, Finished, Refused, Unsaved
from grokterm.experiment.sweep import Sweep
from grokterm.runs.branching import plan_branch
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.export.as_preset import as_preset, write_preset
from grokterm.runs.finding import is_sweep
from grokterm.runs.journal import read_journal, rewind_journal
from grokterm.runs.listing.annotations import Annotations, read_annotations, write_annotations
from grokterm.runs.listing.reading import read_facts
from grokterm.runs.listing.trash import move_to_trash, purge, restore, trashed
from grokterm.runs.owner import this_process
from grokterm.runs.resume import has_ended, resumption
from grokterm.runs.storage.durable import is_draft
from grokterm.runs.storage.making import create_run
from grokterm.runs.storage.unwritable import unwritable
from grokterm.runs.store import Run, list_runs
from grokterm.session.branch import branch_session
from grokterm.session.commands import GoOn, Leave, Resume
from grokterm.session.session import Session
from grokterm.session.start import resume_session, start_session
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.finding import find_sweep
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.lease import Claim, Lease
from grokterm.sweeps.storage.parcel import definition_of, pack, set_up, unpack
from grokterm.sweeps.storage.tables import CSV, write_table
from grokterm.sweeps.work import Work
from tests.benchmarks.crashes.disk import Disk

EXPERIMENT = """
[task]
modulus = 7
train_fraction = 0.6
[model]
architecture = "mlp"
width = 8
[optimizer]
kind = "adamw"
learning_rate = 1e-2
batch_size = 8
[training]
steps = {steps}
evaluate_every = 1
threads = 1
checkpoint_gigabytes = 1.3e-5
"""

ACTS = """
[[interventions]]
at_step = 4
swap = { train_fraction = 0.5 }
[[interventions]]
at_step = 8
set = { "optimizer.learning_rate" = 5e-3 }
[[interventions]]
at_step = 12
save = true
"""

STEPS = 16

NEIGHBOR = "neighbor"

DEAD = 2**22 + 1  # above the largest number of a process

LONG_AGO = 7200.0  # seconds before now: when what is left was touched last, once the machine runs again

Promised = Sequence[Sequence[Any]]


class Scene(NamedTuple):
    """Something that changes files."""

    prepare: Callable[[Path], None]
    act: Callable[[Path, Disk], None]
    check: Callable[[Path, Promised], None]
    """Start again, and look: what was promised is there, and what was begun can be finished."""

    vanishing: str = "runs/ours"
    """The folder that is moved away meanwhile."""


def experiment(*, steps: int = STEPS) -> Experiment:
    """Return one with a few checkpoints, some of which are thinned."""
    return Experiment.from_toml(EXPERIMENT.format(steps=steps) + ACTS)


def prepare_folder(root: Path) -> None:
    """Make a runs folder with another run in it, and files that are not ours."""
    create_run(root / "runs", experiment(), "quick", {}, {"notes.txt": b"mine"}, name=NEIGHBOR, is_timed=False)
    (root / "runs" / ".mine").mkdir()
    (root / "runs" / ".mine" / "journal.jsonl.tmp").write_bytes(b"also mine")


def others(root: Path) -> dict[str, bytes]:
    """Read what no scene may touch."""
    folders = [root / "runs" / NEIGHBOR, root / "runs" / ".mine"]
    return {str(one.relative_to(root)): one.read_bytes() for each in folders for one in each.rglob("*") if one.is_file()}


def long_ago(root: Path) -> None:
    """Let everything have been touched last before the machine was started again."""
    before = time.time() - LONG_AGO
    for path in root.rglob("*"):
        os.utime(path, (before, before))


def hidden_leftovers(root: Path) -> list[str]:
    """Name what hidden files are there that no later process knows as a draft."""
    known = (".trash", ".mine", ".index.sqlite", "-guard", "-damaged")
    return [one.name for one in root.rglob(".*") if not one.name.endswith(known) and not is_draft(one.name)]


def train(session: Session, disk: Disk | None = None, *, extend_to: int = 0) -> None:
    """Train to the end; if something cannot be saved, go on, unless that is of no use. Extend it before, as the lab does."""
    if extend_to:
        session.send(GoOn(extend=Extend(steps=extend_to)))
    for records in session.records(stay=bool(extend_to)):
        is_saved = not any(isinstance(record, Unsaved) for record in records)
        for record in records if is_saved else ():
            if disk is not None and isinstance(record, Checkpointed):
                disk.promise("step", record.step)
        if any(isinstance(record, Unsaved | Refused) for record in records):
            is_useless = disk is None or disk.refuses_for_good or isinstance(records[-1], Refused)
            session.send(Leave() if is_useless else Resume())
        elif extend_to and session.trainer.ended is not None and session.trainer.step == extend_to:
            session.send(Leave())


def outcome(run: Run) -> dict[str, Any]:
    """Return what came of a run: bits, evaluations, and what was done to it."""
    records = list(unpacked(read_journal(run.journal)))
    last = max(run.checkpoints.glob("step-*.safetensors"))
    return {
        "last": last.name,
        "tensors": {name: value.numpy().tobytes() for name, value in load_checkpoint(last).items()},
        "evaluated": [one for one in records if isinstance(one, Evaluated)],
        "acted": [(one.step, str(one.action)) for one in records if isinstance(one, Acted)],
        "reasons": [one.reason for one in records if isinstance(one, Finished)],
    }


def own_runs(root: Path) -> list[Run]:
    """List the runs, but for the one that was there."""
    return [run for run in list_runs(root / "runs") if run.name != NEIGHBOR]


def finished(run: Run, promised: Promised, assignments: Sequence[str] = ()) -> dict[str, Any]:
    """Look at a run as a list does, go on with it from no less than was promised, and return what has come of it."""
    assert not (problem := read_facts(run.path).shown.get("problem")), problem
    checkpoint = rewind_journal(run.journal).checkpoint
    step, least = 0 if checkpoint is None else checkpoint.step, max((one[1] for one in promised if one[0] == "step"), default=0)
    assert step >= least, f"step {least} was saved, and step {step} is there"
    if not has_ended(resumption(run, assignments).experiment, read_journal(run.journal)):
        train(resume_session(run, assignments)[0])
    drafts = [path.name for path in run.checkpoints.iterdir() if is_draft(path.name)]
    assert not drafts, f"{drafts} are left"
    return outcome(Run(run.path))


# A new run


def _begin(root: Path, disk: Disk) -> None:
    session = start_session(experiment(), root / "runs", "quick", "ours", is_timed=False)
    disk.promise("run")
    train(session, disk)


def _check_begun(root: Path, promised: Promised) -> None:
    runs = own_runs(root)
    assert len(runs) == 1 or not (runs or promised), f"{len(runs)} runs"
    for run in runs:
        same(finished(run, promised), expected("run"))


# One that goes on, with a line after its last checkpoint


def _prepare_half(root: Path) -> None:
    prepare_folder(root)
    _interrupted(root / "runs", 10)


def _interrupted(folder: Path, step: int, name: str = "ours") -> Run:
    session = start_session(experiment(), folder, "quick", name, is_timed=False)
    for records in session.records():
        if any(record.step >= step for record in records):
            break
    session.lock.give_back()
    return session.run


def _resume(root: Path, disk: Disk) -> None:
    train(resume_session(own_runs(root)[0], ["training.steps=20"])[0], disk)


def _check_resumed(root: Path, promised: Promised) -> None:
    (run,) = own_runs(root)
    same(finished(run, promised, ["training.steps=20"]), expected("resume"))


# One that has ended, and is extended in the lab


def _prepare_ended(root: Path) -> None:
    prepare_folder(root)
    train(start_session(experiment(), root / "runs", "quick", "ours", is_timed=False))


def _extend(root: Path, disk: Disk) -> None:
    train(resume_session(own_runs(root)[0], paused=True)[0], disk, extend_to=20)


def _check_extended(root: Path, promised: Promised) -> None:
    found, wanted = finished(own_runs(root)[0], promised, ["training.steps=20"]), expected("resume")
    same(found, {name: wanted[name] for name in ("last", "tensors", "evaluated")})


# Small files


def _note(root: Path, disk: Disk) -> None:
    for number, one in enumerate(NOTES[1:], start=1):
        write_annotations(own_runs(root)[0].path, one)
        disk.promise("note", number)


NOTES = (Annotations(), Annotations(note="first", is_pinned=True), Annotations(tags=("second",)), Annotations())


def _check_note(root: Path, promised: Promised) -> None:
    n = len(promised)
    assert read_annotations(own_runs(root)[0].path) in NOTES[n : n + 2]


def _throw_away(root: Path, disk: Disk) -> None:
    folder = root / "runs"
    move_to_trash(folder / "ours")
    disk.promise("trash")
    restore(folder, "ours")
    disk.promise("back")
    move_to_trash(folder / "ours")
    disk.promise("trash")
    purge(folder)
    disk.promise("gone")


def _check_thrown(root: Path, promised: Promised) -> None:
    stages = ["back", "trash", "back", "trash", "gone"]
    folder, here = root / "runs", {run.name for run in own_runs(root)}
    place = "back" if here else "trash" if trashed(folder) else "gone"
    assert place in stages[len(promised) : len(promised) + 2], f"it is {place} after {len(promised)} moves"
    if place == "trash":
        restore(folder, "ours")
    if place != "gone":
        same(finished(own_runs(root)[0], []), expected("run"))


def _set(root: Path, disk: Disk) -> None:
    from grokterm.tui.appearance.preferences import change_preferences

    for number, name in enumerate(("dracula", "nord"), start=1):
        change_preferences(root / "config" / "preferences.toml", {"theme": name, "bell": False})
        disk.promise("set", number)


def _check_set(root: Path, promised: Promised) -> None:
    from grokterm.tui.appearance.preferences import read_preferences

    found, n = read_preferences(root / "config" / "preferences.toml"), len(promised)
    assert not found.problems, found.problems
    stages = [("grokterm-dark", True), ("dracula", False), ("nord", False)]
    seen = ("grokterm-dark" if found.values.theme.startswith("grok") else found.values.theme, found.values.bell)
    assert seen in stages[n : n + 2], f"{seen} after {n} changes"


def _write_preset(root: Path, disk: Disk) -> None:
    for number in range(2):
        write_preset(as_preset(own_runs(root)[0]), root / "runs" / "ours.toml", may_overwrite=True)
        disk.promise("preset", number)


def _check_preset(root: Path, promised: Promised) -> None:
    path = root / "runs" / "ours.toml"
    assert path.exists() or not promised
    if path.exists():
        Experiment.from_toml(path.read_text("utf-8"))


def _branch(root: Path, disk: Disk) -> None:
    parent = Run(root / "runs" / "ours")
    session, _ = branch_session(plan_branch(parent, 9, ["optimizer.learning_rate=1e-3"]), root / "runs")
    disk.promise("run")
    train(session, disk)


def _check_branch(root: Path, promised: Promised) -> None:
    runs = [run for run in own_runs(root) if run.name != "ours"]
    assert len(runs) == 1 or not (runs or promised), f"{len(runs)} runs"
    for run in runs:
        same(finished(run, promised), expected("branch"))
    same(outcome(Run(root / "runs" / "ours")), expected("run"))


# Sweeps

TABLES: tuple[dict[str, Any], ...] = ({"seeds": 1}, {"seeds": 2})


def _sweep(root: Path, table: dict[str, Any]) -> SweepFolder:
    return keep_sweep(root / "runs", "sweep", "quick", parse_toml(EXPERIMENT.format(steps=STEPS)), Sweep.from_settings(table))


def _define(root: Path, disk: Disk) -> None:
    for number, table in enumerate(TABLES, start=1):
        _sweep(root, table)
        disk.promise("sweep", number)


def _check_defined(root: Path, promised: Promised) -> None:
    path, n = root / "runs" / "sweep", len(promised)
    assert is_sweep(path) or not n
    if is_sweep(path):
        assert SweepFolder(path).sweep.seeds in [0, 1, 2][max(1, n) : n + 2]
        assert SweepFolder(path).preset == "quick"
        assert len(SweepFolder(path).members()) >= n
    assert len(_sweep(root, TABLES[1]).members()) == 2


MEASURED = {"measure": "ipr", "seeds": 1}


def _prepare_sweep(root: Path) -> None:
    prepare_folder(root)
    _sweep(root, MEASURED)


def _prepare_lean_sweep(root: Path) -> None:
    prepare_folder(root)
    _sweep(root, MEASURED | {"keep": "results"})


def _work(root: Path, disk: Disk) -> None:
    sweep = find_sweep(root / "runs", "sweep")
    (member,) = sweep.members()
    if Work(sweep).on(member).status == "done":
        disk.promise("result")


def _check_worked(root: Path, promised: Promised) -> None:
    del promised
    sweep = find_sweep(root / "runs", "sweep")
    (member,) = sweep.members()
    statuses = [Work(sweep).on(member).status for _ in range(3)]
    assert statuses[-1] == "done", statuses
    same(_result(sweep, member), expected("member"))


def _result(sweep: SweepFolder, member: Member) -> dict[str, Any]:
    result = sweep.result_of(member.key)
    assert result is not None
    return result.model_dump(exclude={"seconds", "attempts"})


def _tabulate(root: Path, disk: Disk) -> None:
    sweep = find_sweep(root / "runs", "sweep")
    results = sweep.results()
    for number, some in enumerate(({}, results), start=1):
        write_table(sweep, sweep.members(), some)
        disk.promise("table", number)


def _prepare_result(root: Path) -> None:
    _prepare_sweep(root)
    sweep = find_sweep(root / "runs", "sweep")
    Work(sweep).on(sweep.members()[0])


def _check_tabulated(root: Path, promised: Promised) -> None:
    path, n = root / "runs" / "sweep" / CSV, len(promised)
    lines = path.read_text("utf-8").splitlines() if path.exists() else None
    found = 0 if lines is None else len(lines)
    assert lines is None or lines, "an empty table"
    assert found in [0, 1, 2][n : n + 2], f"{found} lines after {n} tables"


def _prepare_parcel(root: Path) -> None:
    """Begin a member here; it has been finished elsewhere."""
    _prepare_sweep(root)
    sweep = find_sweep(root / "runs", "sweep")
    (member,) = sweep.members()
    there = set_up(definition_of(sweep), root / "there" / "sweep")
    Work(there).on(member)
    work = Work(sweep)
    session = work._session_of(member)
    assert isinstance(session, Session)
    for records in session.records():
        if any(record.step >= 10 for record in records):
            session.send(Leave())


def _unpack(root: Path, disk: Disk) -> None:
    sweep, there = find_sweep(root / "runs", "sweep"), SweepFolder(root / "there" / "sweep")
    (member,) = sweep.members()
    try:
        if unpack(pack(there, member.key), sweep):
            disk.promise("unpacked")
    except OSError as error:  # as whoever has asked for it does
        raise unwritable(root, error) from None


def _check_unpacked(root: Path, promised: Promised) -> None:
    sweep = find_sweep(root / "runs", "sweep")
    (member,) = sweep.members()
    if promised:  # the run: a result that is lost is made from it again
        run = sweep.run_of(member.key)
        assert run is not None
        assert has_ended(run.experiment, read_journal(run.journal))
    else:
        sweep.put_back(member.key)  # as `Work` does
        assert sweep.saved_step(member.key) >= 8, "what was trained here is lost"
    _check_worked(root, promised)


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Say in what two outcomes differ."""
    differing = [name for name in wanted if found.get(name) != wanted[name]]
    assert not differing, f"{', '.join(differing)} differ from the undisturbed"


def _claim(root: Path, disk: Disk) -> None:
    """Take over the lease of a dead process, and give it back."""
    try:
        if (lease := Lease.take(root / "runs" / "leases" / "key")) is not None:
            with lease:
                disk.promise("lease")
    except OSError as error:  # as whoever works on a member does
        raise unwritable(root, error) from None


def _prepare_claimed(root: Path) -> None:
    prepare_folder(root)
    path = root / "runs" / "leases" / "key"
    path.parent.mkdir()
    path.write_bytes(Claim(**this_process().model_dump() | {"pid": DEAD}, nonce="0", attempts=3).model_dump_json().encode())


def _check_claimed(root: Path, promised: Promised) -> None:
    del promised
    path = root / "runs" / "leases" / "key"
    for _ in range(2):
        if (lease := Lease.take(path)) is not None:
            with lease:
                assert lease.is_held
            break
    else:
        raise AssertionError("no process can claim it")
    assert not [one.name for one in path.parent.iterdir() if not is_draft(one.name)]


SCENES = {
    "run": Scene(prepare_folder, _begin, _check_begun),
    "resume": Scene(_prepare_half, _resume, _check_resumed),
    "extend": Scene(_prepare_ended, _extend, _check_extended),
    "branch": Scene(_prepare_ended, _branch, _check_branch),
    "notes": Scene(_prepare_ended, _note, _check_note),
    "trash": Scene(_prepare_ended, _throw_away, _check_thrown),
    "preset": Scene(_prepare_ended, _write_preset, _check_preset),
    "settings": Scene(prepare_folder, _set, _check_set, vanishing=""),
    "define": Scene(prepare_folder, _define, _check_defined, vanishing=""),
    "member": Scene(_prepare_sweep, _work, _check_worked, vanishing="runs/sweep"),
    "lean member": Scene(_prepare_lean_sweep, _work, _check_worked, vanishing="runs/sweep"),
    "parcel": Scene(_prepare_parcel, _unpack, _check_unpacked, vanishing="runs/sweep"),
    "table": Scene(_prepare_result, _tabulate, _check_tabulated, vanishing="runs/sweep"),
    "lease": Scene(_prepare_claimed, _claim, _check_claimed, vanishing="runs/leases"),
}


@cache
def expected(name: str) -> dict[str, Any]:
    """Return what comes of a scene that is not disturbed."""
    with TemporaryDirectory() as folder:
        root, scene = Path(folder).resolve(), SCENES[name]
        scene.prepare(root)
        scene.act(root, Disk(root))
        if name == "member":
            sweep = find_sweep(root / "runs", "sweep")
            return _result(sweep, sweep.members()[0])
        return outcome(next(run for run in own_runs(root) if name != "branch" or run.name != "ours"))
