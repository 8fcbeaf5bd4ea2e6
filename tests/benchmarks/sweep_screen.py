"""How long does a key take on the screen of a sweep with many members, while results come in?

    python -m tests.benchmarks.sweep_screen --members 10000

Members get made-up results, most of them before the screen opens and the others while keys are pressed: nothing is trained.
Each time is from a key to the end of its painting. Once as lines over one axis, once as a map over two.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter, thread_time

import numpy as np

from grokterm.experiment.reading.presets import find_preset
from grokterm.experiment.sweep import Sweep
from grokterm.models.processor import available_cores, processor
from grokterm.plots.palettes import PALETTES
from grokterm.sweeps.live import LiveSweep
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.result import Result
from grokterm.tui.app import GroktermApp, Opening
from grokterm.tui.screens.sweep import SweepScreen
from tests.sweeps.gated_engine import GatedEngine

SIZE = (160, 45)
KEYS = ["down", "pagedown", "up", "end", "home", "m"] * 20
REST_SECONDS = 0.05  # between two keys, in which a result comes
PATIENCE_SECONDS = 30.0  # for a key: then the screen has failed
WAITING = 0.05  # share of members without a result at first


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=10_000)
    n = parser.parse_args().members
    _say(f"{n:,} members; {processor()}, {available_cores()} cores, load {os.getloadavg()[0]:.1f}")
    side = round(n**0.5)
    decays, rates = ([number / count for number in range(count)] for count in (side, side))
    tables = {
        "10 points": {"grid": {"optimizer.weight_decay": decays[:10]}, "seeds": n // 10},
        f"{side} x {side}": {
            "grid": {"optimizer.weight_decay": decays, "task.train_fraction": [0.1 + rate / 2 for rate in rates]}
        },
    }
    for name, table in tables.items():
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["GROKTERM_CONFIG_DIR"] = scratch
            sweep = keep_sweep(Path(scratch), "many", "quick", find_preset("quick").settings, Sweep.from_settings(table))
            members = sweep.members()
            for member in members[: round(len(members) * (1 - WAITING))]:
                sweep.keep_result(_made_up(member))
            asyncio.run(_measure(sweep, name, len(members)))


def _made_up(member: Member) -> Result:
    return Result(key=member.key, val_accuracy=int(member.key, 16) % 1000 / 1000, seconds=1.0)


async def _measure(sweep: SweepFolder, name: str, n_members: int) -> None:
    engines: list[GatedEngine] = []

    def engine_of(sweep: SweepFolder) -> GatedEngine:
        engines.append(GatedEngine(sweep, _made_up))
        return engines[-1]

    live = LiveSweep(sweep, engine_of, works=True)
    started = perf_counter()
    app = GroktermApp(Opening(find_preset("quick"), sweep.path.parent, PALETTES["256"], sweep=live))
    async with app.run_test(size=SIZE) as pilot:
        while not engines or not isinstance(app.screen, SweepScreen) or len(live.state.members) < n_members:
            await asyncio.sleep(0.05)
        _say(f"{name:<12} all there after {perf_counter() - started:.1f} s")
        await pilot.pause(1.0)
        seconds, worked, began = [], thread_time(), perf_counter()
        for key in KEYS:
            engines[0].n_let += 1
            seconds.append(await _painted(app, key))
            await asyncio.sleep(REST_SECONDS)
        share = (thread_time() - worked) / (perf_counter() - began)
        middle, late, most = (1000 * float(value) for value in np.quantile(seconds, [0.5, 0.95, 1]))
        _say(
            f"{name:<12} a key: median {middle:.0f} ms, p95 {late:.0f} ms, at most {most:.0f} ms; screen {share:.0%} of a core"
        )
        live.leave(60.0)


async def _painted(app: GroktermApp, key: str) -> float:
    started, painted = perf_counter(), asyncio.Event()
    app.simulate_key(key)
    app.call_later(lambda: app.screen.call_after_refresh(painted.set))
    await asyncio.wait_for(painted.wait(), PATIENCE_SECONDS)
    return perf_counter() - started


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
