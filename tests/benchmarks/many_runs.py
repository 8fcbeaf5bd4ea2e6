"""How long does a list of many runs take: with and without its index, filtered, and to find one by the beginning of its name?

    python tests/benchmarks/many_runs.py --runs 10000

Trains the preset quick once, and makes as many runs of it, each with a seed and a weight decay of its own. Then lists them
without an index, with it, with it in a process of its own, and after one journal has grown; searches and sorts them; finds one
by name, by the beginning of a name, as the newest, and none by a typo; and checks that the list without the index is the same.
Needs 70 KB of disk a run, which are given back. On a disk that is not yet in memory, the first reading takes longer.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from grokterm.errors import RunNotFoundError
from grokterm.models.processor import available_cores, processor
from grokterm.runs.finding import find_run
from grokterm.runs.listing import index as listing
from grokterm.runs.listing.file import IndexFile
from grokterm.runs.listing.index import RunIndex
from grokterm.runs.listing.query import parse_query
from grokterm.runs.listing.row import RunRow
from grokterm.runs.listing.sorting import sorted_rows
from grokterm.sweeps.listing import ListedSweeps

T = TypeVar("T")

LISTED = (
    "from pathlib import Path; from grokterm.runs.listing.index import list_rows;"
    " from grokterm.sweeps.listing import ListedSweeps; list_rows(Path({folder!r}), others=ListedSweeps())"
)

list_rows = partial(listing.list_rows, others=ListedSweeps())

QUERIES = ("quick", "op:add wd>1 grokked", "-wd<=3 seed>=500 val>0.9 age<1d", "nothing is called so")


def main() -> None:
    """Make the runs, time everything, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    n_runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "runs")
        n_lines = make_runs(folder, n_runs)
        _say(f"{n_runs:,} runs of {n_lines} journal lines each; {processor()}, {available_cores()} cores, "
             f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
        _measure(folder)


def _measure(folder: Path) -> None:
    rows = _timed("list, without an index", lambda: list_rows(folder))
    assert _timed("list, from the index", lambda: list_rows(folder)) == rows
    index = RunIndex(folder, ListedSweeps())
    index.rows()
    _timed("list again, as the lab does", index.rows)
    command = [sys.executable, "-c", LISTED.format(folder=str(folder))]
    _timed("list, in a process of its own", lambda: subprocess.run(command, check=True))
    with rows[-1].path.joinpath("journal.jsonl").open("a") as journal:
        journal.write('{"step":200,"record":"paused"}\n')
    _timed("list, after one journal has grown", lambda: list_rows(folder))
    for text in QUERIES:
        found = _timed(f"filter: {text}", partial(_search, text, rows))
        _say(f"    {len(found):,} found")
    _timed("sort by grokked_at", lambda: sorted_rows(rows, "grokked_at"))
    _timed("sort by weight_decay", lambda: sorted_rows(rows, "-wd"))
    middle = rows[len(rows) // 2].name
    _timed("find by name", lambda: find_run(folder, middle))
    _timed("find by the beginning of a name", lambda: find_run(folder, middle[:-2]))
    _timed("find the newest", lambda: find_run(folder, "-"))
    _timed("find none by a typo", lambda: _miss(folder, f"{middle[:9]}x{middle[9:]}"))
    before = list_rows(folder)
    IndexFile.of(folder).path.unlink()
    assert _timed("list, the index deleted", lambda: list_rows(folder)) == before


def make_runs(folder: Path, n_runs: int) -> int:
    """Make runs like one that was trained; return how many lines their journals have."""
    train = [sys.executable, "-m", "grokterm", "run", "--preset", "quick", "--runs-dir", str(folder)]
    subprocess.run(train, check=True, capture_output=True)
    (first,) = folder.iterdir()
    settings = (first / "experiment.toml").read_text("utf-8")
    meta, journal = ((first / name).read_bytes() for name in ("meta.json", "journal.jsonl"))
    for number in range(n_runs - 1):
        run = folder / f"quick-{number:05}-20300102-030405"
        run.mkdir()
        own = settings.replace("seed = 0", f"seed = {number + 1}").replace(
            "weight_decay = 5.0", f"weight_decay = {number % 7}.5"
        )
        (run / "experiment.toml").write_text(own, "utf-8")
        (run / "meta.json").write_bytes(meta)
        (run / "journal.jsonl").write_bytes(journal)
    return journal.count(b"\n")


def _search(text: str, rows: list[RunRow]) -> list[RunRow]:
    return list(filter(parse_query(text).matches, rows))


def _miss(folder: Path, name: str) -> None:
    try:
        find_run(folder, name)
    except RunNotFoundError:
        return
    raise AssertionError(f"{name} was found")


def _timed(what: str, act: Callable[[], T]) -> T:
    started, before = perf_counter(), _cpu()
    result = act()
    wall, used = perf_counter() - started, _cpu() - before
    _say(f"{what:<44}{1000 * wall:>10,.1f} ms{1000 * used:>10,.0f} ms of a processor")
    return result


def _cpu() -> float:
    """Return the processor time of this process and of those it has waited for, which other programs disturb less."""
    return sum(os.times()[:4])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
