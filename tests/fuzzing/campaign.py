"""Reads damaged files of one kind, counts what comes of them, and keeps those that are read wrongly, made small."""

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from random import Random
from time import process_time

from grokterm.errors import GroktermError
from tests.fuzzing.kinds import KINDS, Kind
from tests.fuzzing.mutation import mutated
from tests.fuzzing.watching import Watch

MEASURE_EVERY = 200  # inputs, of one of which the memory is measured
MOST_KEPT = 100  # faults that are told apart
MOST_SHRINKING = 10.0  # seconds of the processor to make an input smaller

DEAR = {
    **dict.fromkeys(("journal, listed", "meta of a run", "checkpoint, restored", "index, a row", "preset"), 0.1),
    **dict.fromkeys(("journal", "journal, packed", "journal, followed", "starting weights", "preferences"), 0.3),
    **dict.fromkeys(("settings of a run", "lines of a socket", "mixture of a part", "what a viewer hears"), 0.3),
}
"""Shares of the others' number, of kinds that take milliseconds each."""

OWN = str(Path(__file__).parents[2] / "grokterm")


@dataclass
class Count:
    """What came of the files of one kind."""

    kind: str
    valid: int = 0
    refused: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    faults: dict[str, bytes] = field(default_factory=dict)
    """The first input of each fault, by what it is."""

    n_faulty: int = 0

    @property
    def inputs(self) -> int:
        return self.valid + self.refused + self.n_faulty

    def __str__(self) -> str:
        numbers = (self.inputs, self.valid, self.refused, self.n_faulty)
        return f"{self.kind:22}" + "".join(f"{number:>11,}" for number in numbers) + f"{1000 * self.longest:>12.0f}"


HEADING = f"{'kind':22}{'inputs':>11}{'valid':>11}{'refused':>11}{'faults':>11}{'longest ms':>12}"


def shared_out(n: int) -> dict[str, int]:
    """Share out so many inputs to the kinds."""
    shares = {name: DEAR.get(name, 1.0) for name in KINDS}
    return {name: ceil(n * share / sum(shares.values())) for name, share in shares.items()}


def inputs(kind: Kind, seed: int) -> Callable[[], bytes]:
    """Return what makes one damaged file after the other, the same ones for a seed."""
    random = Random(seed)
    return lambda: mutated(random.choice(kind.good), random.choice(kind.good), kind.form, random)


def campaign(name: str, n: int, folder: Path, watch: Watch, seed: int = 0) -> Count:
    """Read so many damaged files of a kind, in a folder of its own."""
    kind, count = KINDS[name], Count(name)
    for good in kind.good[:3]:
        fault_of(kind, good, folder, watch)  # what is loaded with the first file is none of the others' doing
    make = inputs(kind, seed)
    for number in range(n):
        content = make()
        fault = fault_of(kind, content, folder, watch, measures_memory=number % MEASURE_EVERY == 0)
        count.longest = max(count.longest, watch.seconds)
        if fault in ("valid", "refused"):
            setattr(count, fault, getattr(count, fault) + 1)
            continue
        count.n_faulty += 1
        if fault not in count.faults and len(count.faults) < MOST_KEPT:
            count.faults[fault] = content
    return count


def fault_of(kind: Kind, content: bytes, folder: Path, watch: Watch, *, measures_memory: bool = False) -> str:
    """Read a file; return valid, refused, or what is wrong with how it was read."""
    try:
        with watch.watched(folder, len(content), measures_memory=measures_memory):
            kind.read(content, folder)
    except GroktermError as error:
        return "refused" if "\n" not in str(error) else f"more than a line: {type(error).__name__}"
    except BaseException as error:  # noqa: BLE001 - which is what is looked for
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(OWN)]
        place = f"{Path(frames[-1].filename).relative_to(OWN)}:{frames[-1].lineno}" if frames else "?"
        return f"{type(error).__name__} at {place}: {str(error)[:80]!r}"
    return "valid"


def shrunk(kind: Kind, content: bytes, folder: Path, watch: Watch) -> bytes:
    """Leave out of a file all that its fault does not need, by halves, quarters, ..."""
    wanted, end = _place(fault_of(kind, content, folder, watch, measures_memory=True)), process_time() + MOST_SHRINKING
    size = len(content) // 2
    while size:
        start = 0
        while start < len(content) and process_time() < end:
            less = content[:start] + content[start + size :]
            if _place(fault_of(kind, less, folder, watch, measures_memory=True)) == wanted:
                content = less
            else:
                start += size
        size //= 2
    return content


def _place(fault: str) -> str:
    return fault.partition(": ")[0]


def totals(counts: list[Count]) -> Count:
    """Add up what came of all kinds."""
    sums = Counter[str]()
    for one in counts:
        sums.update(valid=one.valid, refused=one.refused, n_faulty=one.n_faulty)
    return Count("all", sums["valid"], sums["refused"], longest=max(one.longest for one in counts), n_faulty=sums["n_faulty"])
