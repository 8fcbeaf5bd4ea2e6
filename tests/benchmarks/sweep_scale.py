"""What does a sweep cost besides the work of its members? And its folder, with very many of them?

    python -m tests.benchmarks.sweep_scale --members 10000

Members are untrained networks, measured once. They are made by a plain loop in one process, a tenth of them before the sweep
and a tenth after it; then by a sweep with one worker: the difference of the two is what scheduling costs. Memory of scheduler
and worker is printed at each tenth of the way: results stay in memory, everything else must stay as large as it was. Then the
folder is read again. With --made-up nothing is trained, and only what is done with the results is timed.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from grokterm.bench.memory import resident
from grokterm.experiment.sweep import Sweep
from grokterm.experiment.toml import parse_toml
from grokterm.models.processor import available_cores, processor
from grokterm.session.start import start_session
from grokterm.sweeps.engines.local import LocalEngine
from grokterm.sweeps.folder import SweepFolder, keep_sweep
from grokterm.sweeps.members import Member, experiment_at, on_one_thread
from grokterm.sweeps.result import Result
from grokterm.sweeps.scheduler import Grid, Scheduler

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


def _compare(sweep: SweepFolder, members: list[Member], n_workers: int, scratch: Path) -> None:
    """Work on the members in a sweep, and on a fifth of them in a plain loop."""
    share = members[: max(1, len(members) // 10)]
    before = _plain(sweep, share, scratch / "before")
    swept = _sweep(sweep, members, n_workers)
    after = _plain(sweep, share, scratch / "after")
    plain = (before + after) / 2
    _say(f"a member: {plain:.2f} ms in a plain loop ({before:.2f} before, {after:.2f} after), {swept:.2f} ms in the sweep, "
         f"{swept * n_workers - plain:+.2f} ms of a worker")  # fmt: skip
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


def _plain(sweep: SweepFolder, members: list[Member], folder: Path) -> float:
    """Make members one after the other; return milliseconds for each."""
    started = perf_counter()
    for member in members:
        experiment = on_one_thread(experiment_at(member.point, SETTINGS, sweep.sweep), member.seed)
        for _ in start_session(experiment, folder, "many", member.key, is_timed=False).records():
            pass
    return 1000 * (perf_counter() - started) / len(members)


def _sweep(sweep: SweepFolder, members: list[Member], n_workers: int) -> float:
    """Sweep; return milliseconds for each member, from the first report on."""
    engine, begun, tenth = LocalEngine(sweep, n_workers), (0.0, 0), 0
    for progress in Scheduler(sweep, Grid(members), engine).run():
        if begun[1] == 0 and progress.n_done:
            begun = perf_counter(), progress.n_done
        if 10 * progress.n_done >= (tenth + 1) * len(members):
            tenth = 10 * progress.n_done // len(members)
            workers = ", ".join(f"{_resident_of(worker.pid):.1f}" for worker in engine.workers)
            _say(f"{progress.n_done:9,} members   scheduler {resident('VmRSS') / 1e6:.1f} MB   workers {workers or '-'} MB")
    return 1000 * (perf_counter() - begun[0]) / (len(members) - begun[1])


def _resident_of(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _timed(what: str, function: Callable[[], T]) -> T:
    started = perf_counter()
    found = function()
    _say(f"{what}: {perf_counter() - started:.2f} s")
    return found


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
