"""Make the update rules and the analysis wrong in one place at a time, and see whether a test fails.

    python tests/benchmarks/mutants.py
    python tests/benchmarks/mutants.py --sample 100 --seed 3 --only grokterm/optim/rules.py
    python tests/benchmarks/mutants.py --again --results mutants.jsonl

A comparison, an operator, a constant or a condition becomes another one, an argument, a default or a statement goes away, or
what a function returns does. For each mutant run the tests of the same package that call the function it is in, one variant of
each first, up to the first that fails or to three seconds of processor time. Prints for each module how many were killed by a
failing test, ran into the limit (five times what their tests take, and 10 s), survived, or were called by no test; then those
of the last two with their difference. They are tried in random order, so that those of a run that is stopped are a sample.

Outcomes are kept in --results, and what is there is not tried again, as long as its module is as it was; --again tries those
first that survived, after tests were added. Linux only; some 3,000 mutants take a processor an hour.
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # the file is run by its path

from tests.benchmarks.mutation.changes import Mutant, mutants_of
from tests.benchmarks.mutation.trials import ROOT, Outcome, baseline_of, check_survival, load_what_stays, try_out

PACKAGES = ("grokterm/optim", "grokterm/analysis")
TESTS = ("tests/optim", "tests/analysis", "tests/plugins/test_parts.py")
MEMORY = Path("/dev/shm")  # many small files are written and removed
COLUMNS = ("mutants", "killed", "timeout", "survived", "untested")


def main() -> None:
    """Try the mutants, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=Path, action="append", help="only these modules")
    parser.add_argument("--sample", type=int, help="so many of each package, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--again", action="store_true", help="try those again that survived")
    parser.add_argument("--results", type=Path, default=Path("mutants.jsonl"))
    parser.add_argument("--report", action="store_true", help="try none, and print what is in --results")
    given = parser.parse_args()
    if given.sample is not None and given.sample < 1:
        parser.error(f"--sample {given.sample} is no number of mutants: choose 1 or more")
    mutants = [one for package in PACKAGES for one in _drawn(package, given.only, given.sample, given.seed)]
    if not mutants:
        parser.error(f"--only names no module of {' or '.join(PACKAGES)}")
    outcomes = _read(given.results)
    due = [one for one in mutants if outcomes.get(_key(one)) in (None, *(("survived", "untested") if given.again else ()))]
    random.Random(given.seed).shuffle(due)  # what is done at any time is drawn at random
    due.sort(key=lambda one: _key(one) not in outcomes)
    if due and not given.report:
        _try_all(due, outcomes, given.results)
    tried = [one for one in mutants if _key(one) in outcomes]
    sys.stdout.write("\n".join([*_table(tried, outcomes), "", *_survivors(tried, outcomes), ""]))


def _drawn(package: str, only: Sequence[Path] | None, n: int | None, seed: int) -> list[Mutant]:
    chosen = {path.resolve() for path in only or ()}
    paths = [path for path in sorted((ROOT / package).glob("**/*.py")) if not chosen or path in chosen]
    mutants = [mutant for path in paths for mutant in mutants_of(path)]
    if n is None or n >= len(mutants):
        return mutants
    return sorted(random.Random(seed).sample(mutants, n), key=lambda one: (one.path, one.number))


def _try_all(due: Sequence[Mutant], outcomes: dict[str, Outcome], results: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        paths = {one.path for one in due}
        baseline = baseline_of(paths, TESTS, Path(name))
        load_what_stays(baseline.loaded, paths)
        check_survival(paths, baseline, Path(name))
        for done, mutant in enumerate(due, 1):
            outcome = outcomes[_key(mutant)] = try_out(mutant, baseline, Path(name))
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"mutant": _key(mutant), "outcome": outcome}) + "\n")
            sys.stderr.write(f"\r{done:,} of {len(due):,}")
    sys.stderr.write("\n")


def _key(mutant: Mutant) -> str:
    """Name a mutant of a module as its text is now."""
    return f"{_name(mutant)}@{sha256(mutant.path.read_bytes()).hexdigest()[:12]}#{mutant.number}"


def _name(mutant: Mutant) -> str:
    return str(mutant.path.relative_to(ROOT))


def _read(results: Path) -> dict[str, Outcome]:
    if not results.exists():
        return {}
    lines = map(json.loads, results.read_text("utf-8").splitlines())
    return {line["mutant"]: line["outcome"] for line in lines}


def _table(tried: Sequence[Mutant], outcomes: dict[str, Outcome]) -> Iterable[str]:
    names = dict.fromkeys(map(_name, tried))
    yield "  ".join(["module".ljust(40), *(column.rjust(8) for column in COLUMNS), "   killed or timeout"])
    for name in [*names, *PACKAGES]:
        of_name = [outcomes[_key(one)] for one in tried if _name(one).startswith(name)]
        if not of_name:
            continue
        counts = Counter[str]([*of_name, *["mutants"] * len(of_name)])
        share = (counts["killed"] + counts["timeout"]) / len(of_name)
        yield "  ".join([name.ljust(40), *(f"{counts[column]:8,}" for column in COLUMNS), f"{share:19.1%}"])


def _survivors(tried: Sequence[Mutant], outcomes: dict[str, Outcome]) -> Iterable[str]:
    for mutant in tried:
        outcome = outcomes[_key(mutant)]
        if outcome in ("survived", "untested"):
            yield f"{_name(mutant)}:{mutant.line} #{mutant.number} {mutant.kind}, {outcome}"
            yield from (f"    {line}" for line in mutant.difference)


if __name__ == "__main__":
    main()
