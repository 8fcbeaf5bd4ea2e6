"""Reads damaged files of every kind: each must be refused in a line or read as something valid, and nothing else may happen.

    python tests/benchmarks/fuzz_files.py --inputs 1000000
    python tests/benchmarks/fuzz_files.py --inputs 20000 --kind journal --seed 7 --keep /tmp/faults

Prints for each kind how many inputs were read, were valid and were refused, and the processor time of the slowest. A fault is
another exception, more than a second, memory beyond ten times the file, code that is run, or a file that is written outside the
folder of the run; the first input of each is kept, made small, and the exit code is 1.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.fuzzing.campaign import HEADING, Count, campaign, shared_out, shrunk, totals
from tests.fuzzing.kinds import KINDS
from tests.fuzzing.watching import Watch

MOST_MEMORY = 4 * 2**30  # bytes of addresses beyond those that a process has when it begins


def work(job: tuple[str, int, int]) -> Count:
    """Read so many files of a kind, from a seed on, in a process of its own."""
    name, n, seed = job
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MOST_MEMORY,) * 2)
    watch = Watch()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        count = campaign(name, n, Path(folder), watch, seed)
        count.faults = {fault: shrunk(KINDS[name], content, Path(folder), watch) for fault, content in count.faults.items()}
    return count


def main() -> None:
    """Read the files, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--kind", choices=KINDS, action="append", help="only these kinds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-faults"), help="where inputs are kept that are read wrongly")
    given = parser.parse_args()
    shares = dict.fromkeys(given.kind, -(-given.inputs // len(given.kind))) if given.kind else shared_out(given.inputs)
    counts = list[Count]()
    _say(HEADING)
    jobs = [(name, n, given.seed) for name, n in shares.items()]
    with multiprocessing.get_context("spawn").Pool(given.processes, maxtasksperchild=1) as pool:
        for count in pool.imap(work, jobs):
            counts.append(count)
            _say(str(count))
            for fault, content in count.faults.items():
                given.keep.mkdir(parents=True, exist_ok=True)
                (path := given.keep / f"{count.kind.replace(' ', '-')}-{sha256(content).hexdigest()[:8]}").write_bytes(content)
                _say(f"    {fault}\n        {path}: {content[:100]!r}")
    _say(str(totals(counts)))
    sys.exit(any(count.faults for count in counts))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
