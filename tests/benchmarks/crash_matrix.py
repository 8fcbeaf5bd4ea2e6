"""Disturb every change that is made on the disk, in every way, start again, and see what is lost.

    python tests/benchmarks/crash_matrix.py

A change is a file or a folder that is created, written to, synced, renamed or removed. Before and after each, and in the middle
of each write, the process is killed, or the power is cut, which loses what was not synced: contents and names apart, in each
order that matters. Or the disk is full, once or for good, read-only, or the folder is gone. SIGKILL is the real signal, to a
process of its own; the others are simulated below the one module that changes files. After each, what was said to be durable
must be there, a run go on to the same bits as one that was left alone, no file be read half, and no other file be touched.

It prints how often each change was disturbed in each way, in brackets how often something was lost, and what. Exit code 1 if
anything was. Linux only. `--only run,trash` takes some scenes; `--every 5` disturbs every fifth change.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))  # the file is run by its path

from tests.benchmarks.crashes.cells import COLUMNS, FAULTS, Cell, crashes, refusals
from tests.benchmarks.crashes.scenes import SCENES
from tests.benchmarks.crashes.special import CHECKS, problem_of

PROCESSES = 2

MEMORY = Path("/dev/shm")


def main() -> int:
    """Disturb, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(SCENES), help="scenes, with commas between them")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if MEMORY.is_dir():  # what a real disk does is not measured here
        tempfile.tempdir = str(MEMORY)
    begun = monotonic()
    parts = [(name, what, options.every) for name in options.only.split(",") for what in ("crashes", *FAULTS)]
    with ProcessPoolExecutor(PROCESSES, get_context("fork")) as pool:
        checked = [(check.__name__.replace("_", " "), pool.submit(problem_of, check)) for check in CHECKS]
        cells = [cell for found in pool.map(_part, parts) for cell in found]
        problems = {name: future.result() for name, future in checked}
    lines = [*_matrix(cells), "", *(f"{name}: {problem or 'holds'}" for name, problem in problems.items()), ""]
    lost = [f"{cell.scene}, {cell.boundary}, {cell.column}: {cell.problem}" for cell in cells if cell.problem]
    n_lost = len(lost) + sum(map(bool, problems.values()))
    lines += [*lost, f"{len(cells):,} disturbances, {len(problems)} checks, {n_lost} lost, in {monotonic() - begun:.0f} s"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if n_lost else 0


def _part(part: tuple[str, str, int]) -> list[Cell]:
    name, what, every = part
    with Path("/dev/null").open("w", encoding="utf-8") as sys.stderr:  # members say that they begin again
        return list(crashes(name, every=every) if what == "crashes" else refusals(name, [what], every))  # type: ignore[list-item]


def _matrix(cells: Sequence[Cell]) -> Iterator[str]:
    counted: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        counted[cell.boundary][cell.column].append(bool(cell.problem))
    width = max(map(len, counted), default=0)
    yield "  ".join(["change".ljust(width), *(column.rjust(13) for column in COLUMNS)])
    for boundary, row in sorted(counted.items()):
        yield "  ".join([boundary.ljust(width), *(_count(row[column]).rjust(13) for column in COLUMNS)])


def _count(lost: Sequence[bool]) -> str:
    return "" if not lost else f"{len(lost)}" + (f" ({sum(lost)})" if any(lost) else "")


if __name__ == "__main__":
    sys.exit(main())
