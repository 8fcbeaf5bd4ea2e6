"""How long does the list of runs on the screen take with many runs: to open, to filter, to sort and to scroll?

    python tests/benchmarks/runs_screen.py --runs 10000

Makes the runs as many_runs.py does, with an index. Each time is from a key to the end of its painting.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from textual.pilot import Pilot

from grokterm.experiment.reading.presets import find_preset
from grokterm.models.processor import available_cores, processor
from grokterm.plots.palettes import PALETTES
from grokterm.runs.listing.index import list_rows
from grokterm.tui.app import GroktermApp, Opening
from grokterm.tui.widgets.runs.table import RunTable
from tests.benchmarks.many_runs import make_runs

SIZE = (160, 45)

QUERY = "op:add wd>1 grokked"


def main() -> None:
    """Make the runs, time everything, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    n_runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["GROKTERM_CONFIG_DIR"] = scratch
        folder = Path(scratch, "runs")
        make_runs(folder, n_runs)
        list_rows(folder)
        _say(f"{n_runs:,} runs; {processor()}, {available_cores()} cores, load {os.getloadavg()[0]:.1f}")
        asyncio.run(_measure(GroktermApp(Opening(find_preset("quick"), folder, PALETTES["256"])), n_runs))


async def _measure(app: GroktermApp, n_runs: int) -> None:
    async with app.run_test(size=SIZE) as pilot:
        while "grokterm.session.start" not in sys.modules:  # loaded in the background
            await asyncio.sleep(0.1)
        await pilot.pause()
        opening = await _painted(app, "R", lambda: _n_listed(app) == n_runs)
        _say(f"{'open':<24}{1000 * opening:>8.0f} ms")
        await _settle(pilot)
        await _time(pilot, "page down", ["pagedown"] * 20)
        await _time(pilot, "a run down", ["down"] * 20)
        await _time(pilot, "to the end", ["end", "home"] * 5)
        await _time(pilot, "sort", ["s"] * 17)
        await pilot.press("slash")
        await _time(pilot, f"filter, a letter of {QUERY!r}", [*QUERY])


async def _time(pilot: Pilot[int], what: str, keys: list[str]) -> None:
    names = {" ": "space", ":": "colon", ">": "greater-than_sign"}
    seconds = [await _painted(pilot.app, names.get(key, key), lambda: True) for key in keys]
    _say(f"{what:<40}{1000 * median(seconds):>8.1f} ms{1000 * max(seconds):>8.1f} ms at most")
    await _settle(pilot)


async def _painted(app: object, key: str, is_there: Callable[[], bool]) -> float:
    """Press a key; return after how many seconds something was there, and all messages were handled and painted."""
    assert isinstance(app, GroktermApp)
    started = perf_counter()
    app.simulate_key(key)
    while True:
        painted = asyncio.Event()
        app.call_later(lambda: app.screen.call_after_refresh(painted.set))  # noqa: B023 - of this round
        await painted.wait()
        if is_there():
            return perf_counter() - started
        await asyncio.sleep(0.005)  # as a screen rests, and leaves Python to other threads


async def _settle(pilot: Pilot[int]) -> None:
    await pilot.pause(0.5)


def _n_listed(app: GroktermApp) -> int:
    return sum(table.virtual_size.height - 1 for table in app.screen.query(RunTable))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
