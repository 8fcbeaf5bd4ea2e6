"""What does a sweep cost besides the work of its members? And its folder, with very many of them?

    python -m tests.benchmarks.sweep_scale --members 10000

Members are untrained networks, measured once. They are made by a plain loop in one process, a tenth of them before the sweep
and a tenth after it, and by a sweep: the difference of the two is what scheduling costs. It is told in time on the wall, which
needs a quiet machine, and in time of the processor, of all processes together. Memory of scheduler and worker is printed at
each tenth of the way: results stay in memory, everything else must stay as large as it was. Then the folder is read again.
With --made-up nothing is trained, and only what is done with the results is timed.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import TypeVar

from grokterm.bench.memory import resident
from grokterm.experiment.reading.toml import parse_toml
from grokterm.experiment.sweep import Sweep
from grokterm.models.processor import available_cores, processor
from grokterm.session.start import start_session
from grokterm.sweeps.engines.local import LocalEngine
from grokterm.sweeps.members import Member, experiment_at, on_one_thread
from grokterm.sweeps.scheduler import Grid, Scheduler
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.storage.tables import write_table

T = TypeVar("T")

SETTINGS = parse_toml(
    """
    [task]
    modulus = 7
    [model]
    architecture = "mlp"
    width = 8
    [optimizer]
    kind = "adamw"
    learning_rate = 1e-3
    [training]
    steps = 0
    """
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=10, help="of the grid, each with as many seeds")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--made-up", action="store_true")
    options = parser.parse_args()
    _say(f"{processor()}, {available_cores()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch:
        decays = [number / options.points for number in range(options.points)]
        table = {"grid": {"optimizer.weight_decay": decays}, "seeds": options.members // options.points}
        sweep = keep_sweep(Path(scratch), "many", "many", SETTINGS, Sweep.from_settings(table))
        members = _timed("make the members", sweep.members)
        if options.made_up:
            _timed("write all results", lambda: _make_up(sweep, members))
        else:
            _compare(sweep, members, options.workers, Path(scratch))
        before = resident("VmRSS")
        read = _timed("read all results", sweep.results)
        assert len(read) == len(members)
        _say(f"results in memory: {(resident('VmRSS') - before) / len(members) / 1000:.1f} KB each")
        _timed("sweep again, with nothing to do", lambda: list(Scheduler(sweep, Grid(members), LocalEngine(sweep, 1)).run()))
        _timed("write the table", lambda: write_table(sweep, members, read))


def _compare(sweep: SweepFolder, members: list[Member], n_workers: int, scratch: Path) -> None:
    """Work on the members in a sweep, and on a fifth of them in a plain loop."""
    share = members[: max(1, len(members) // 10)]
    plain = [_plain(sweep, share, scratch / "before")]
    swept = _sweep(sweep, members, n_workers)
    plain.append(_plain(sweep, share, scratch / "after"))
    for what, number in (("wall", 0), ("processor", 1)):
        before, after = (one[number] for one in plain)
        taken = swept[number] * (n_workers if what == "wall" else 1)
        _say(f"a member, {what}: {before:.2f} and {after:.2f} ms in a plain loop, {taken:.2f} ms in the sweep")
    files = [path for path in sweep.path.rglob("*") if path.is_file()]
    disk = sum(path.stat().st_blocks * 512 for path in sweep.path.rglob("*"))
    _say(f"the folder: {len(files) / len(members):.1f} files and {disk / len(members) / 1000:.1f} KB a member")


def _make_up(sweep: SweepFolder, members: list[Member]) -> None:
    """Write a result of each member, with a number everywhere."""
    numbers = {name: 0.1234567 for name, field in Result.model_fields.items() if field.annotation == float | None}
    told = {"ended": "complete", "host": "a-host", "device": "cpu", "engine": "fused", "grokterm": "1.0", "torch": "2.0"}
    result = Result.model_validate({"key": "", **numbers, **told, "grokked_at": 1200, "memorized_at": 900, "steps": 3000})
    for member in members:
        sweep.keep_result(result.model_copy(update={"key": member.key}))


def _plain(sweep: SweepFolder, members: list[Member], folder: Path) -> tuple[float, float]:
    """Make members one after the other; return milliseconds for each, on the wall and of the processor."""
    wall, processor_time = perf_counter(), process_time()
    for member in members:
        experiment = on_one_thread(experiment_at(member.point, SETTINGS, sweep.sweep), member.seed)
        for _ in start_session(experiment, folder, "many", member.key, is_timed=False).records():
            pass
    return 1000 * (perf_counter() - wall) / len(members), 1000 * (process_time() - processor_time) / len(members)


def _sweep(sweep: SweepFolder, members: list[Member], n_workers: int) -> tuple[float, float]:
    """Sweep; return milliseconds for each member from the first to the last tenth, on the wall and of the processor."""
    engine, seen, tenth = LocalEngine(sweep, n_workers), [], 0
    for progress in Scheduler(sweep, Grid(members), engine).run():
        if 10 * progress.n_done >= (tenth + 1) * len(members) and len(engine.workers) == n_workers:
            tenth = 10 * progress.n_done // len(members)
            pids = [worker.pid for worker in engine.workers]
            seen.append((progress.n_done, perf_counter(), process_time() + sum(map(_processor_time_of, pids))))
            workers = ", ".join(f"{_resident_of(pid):.1f}" for pid in pids)
            _say(f"{progress.n_done:9,} members   scheduler {resident('VmRSS') / 1e6:.1f} MB   workers {workers} MB")
    n_members, wall, processor_time = (last - first for first, last in zip(seen[0], seen[-1], strict=True))
    return 1000 * wall / n_members, 1000 * processor_time / n_members


def _processor_time_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_of(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _timed(what: str, function: Callable[[], T]) -> T:
    started, processor_time = perf_counter(), process_time()
    found = function()
    _say(f"{what}: {perf_counter() - started:.2f} s, {process_time() - processor_time:.2f} of the processor")
    return found


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
