"""What only a CUDA device can say, in ten minutes: does it train right there, how fast, and do the long presets grok?

    python tests/benchmarks/on_gpu.py --minutes 8 --out FILE

Writes JSON to FILE after every measurement, and Markdown beside it; a signal or the end of the time leaves what there is. Three
parts, each with a share of the time, in processes of their own: checks of every engine against a CPU, and the tests that need
a device; speed, of one member and of many; `grokterm verify` of presets that a CPU takes hours for. `--device cpu --small`
tries it all out.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # the file is run by its path, and grokterm need not be installed
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `grokterm` does

SHARES = {"checks": 0.25, "speed": 0.8, "verify": 1.0}
"""The share of the whole time that is over at the end of each part; what a part leaves is for the next one."""

NEEDED = {
    "checks": ("pydantic", "jaxtyping", "tomlkit", "safetensors", "pytest"),
    "pytest": ("pytest", "hypothesis", "beartype"),
    "speed": ("pydantic", "jaxtyping", "tomlkit"),
    "verify": ("pydantic", "jaxtyping", "tomlkit", "safetensors", "typer", "rich", "platformdirs"),
}

LONG = ("nanda", "report-transformer-50", "report-lstm-50", "power-*", "report-ungrok-*", "varma-*", "report-*", "nanda-*")
"""Presets that a CPU takes hours for; the first three first, the others in order of their cost."""

ASSUMED = {"nanda": 2000.0, "power-add": 1500.0, "liu-essay": 8000.0}
"""Steps a second, where they were not measured, of a full-batch transformer, of minibatches, and of a perceptron."""

TESTS = ("tests/engines/fused/test_dense.py", "tests/engines/test_cuda_graph.py", "tests/engines/test_device.py")
VERDICT = re.compile(r"^(\S+::.+?) (PASSED|FAILED|ERROR|SKIPPED)")


class Benchmark:
    """The results so far, and the time that is left for more."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.device: str = arguments.device
        self._started = monotonic()
        self._end_of_part = 0.0
        self.data: dict[str, Any] = {
            "device": "", "torch": "", "date": date.today().isoformat(), "minutes": arguments.minutes, "small": arguments.small,
            "parts": {}, "flops": None, "checks": [], "speed": [], "verify": [],
        }  # fmt: skip

    def run(self) -> None:
        """Make all measurements that fit into the time."""
        for part, share in SHARES.items():
            self._end_of_part = self._started + 60 * self.arguments.minutes * share
            missing = [name for name in NEEDED[part] if find_spec(name) is None]
            self.data["parts"][part] = f"left out, because it needs {', '.join(missing)}" if missing else "interrupted"
            self.save()
            if not missing:
                getattr(self, part)()
                self.data["parts"][part] = "complete" if self.left > 0 else "the time was up"
            self.save()

    @property
    def left(self) -> float:
        """Seconds left for the part at hand."""
        return self._end_of_part - monotonic()

    def wants(self, part: str, name: str) -> bool:
        """Whether there is time for a measurement, and it was asked for."""
        return self.left > 0 and re.search(self.arguments.only, f"{part}: {name}") is not None

    def add(self, part: str, row: dict[str, Any]) -> None:
        """Keep a result."""
        self.data[part].append(row)
        sys.stderr.write(f"{self.left:5.0f} s left  {part}: {json.dumps(row)[:200]}\n")
        self.save()

    def save(self) -> None:
        """Write the results so far, at once or not at all."""
        from tests.benchmarks.gpu.report import markdown, targets

        whole = self.data | {"targets": [target._asdict() for target in targets(self.data)]}
        out = Path(self.arguments.out)
        for path, text in ((out, json.dumps(whole, indent=1)), (out.with_suffix(".md"), markdown(self.data))):
            fresh = path.with_name(f".{path.name}")
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(path)

    def lines(self, *command: str) -> Iterator[str]:
        """Run a Python module, and yield its lines, until the time of the part is up."""
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        watch = Timer(max(1.0, self.left), lambda: os.killpg(process.pid, signal.SIGKILL))
        watch.start()
        try:
            assert process.stdout
            yield from process.stdout
        finally:
            watch.cancel()
            process.kill()
            process.wait()

    def checks(self) -> None:
        """Compare every engine with a CPU, then run the tests that need a device."""
        for line in self.lines("tests.benchmarks.gpu.peak", self.device, "256" if self.arguments.small else "8192"):
            self.data |= json.loads(line)
        if not self.data["device"]:
            raise SystemExit(f"{self.device} could not be used")
        if not re.match("speed|verify", self.arguments.only):
            for line in self.lines("tests.benchmarks.gpu.checks", self.device, self.arguments.only):
                self.add("checks", json.loads(line))
        missing = [name for name in NEEDED["pytest"] if find_spec(name) is None]
        if missing:
            self.add("checks", {"name": "pytest", "outcome": "skipped", "detail": f"it needs {', '.join(missing)}"})
        elif self.wants("checks", "pytest"):
            # Settings of plug-ins that may be missing here would be warnings, and warnings errors.
            options = (
                "-o",
                "addopts=",
                "-o",
                "filterwarnings=default",
                "-p",
                "no:jaxtyping",
                "-p",
                "no:cacheprovider",
                "-v",
                "--tb=line",
                "-k",
                "on_cuda",
            )
            for line in self.lines("pytest", *options, *TESTS):
                if said := VERDICT.match(line):
                    outcome = {"PASSED": "passed", "SKIPPED": "skipped"}.get(said[2], "failed")
                    self.add("checks", {"name": said[1], "outcome": outcome, "detail": ""})

    def speed(self) -> None:
        """Time one member and many, in the order of worth; the next processes load torch meanwhile."""
        from tests.benchmarks.gpu.speed import experiment_of, prepared, races, time_race

        small = self.arguments.small
        listed = races(with_compiled=self.device != "cpu", small=small)
        waiting = [race for race in listed if self.wants("speed", race.name)]
        upcoming = prepared(waiting[0]) if waiting else {}
        for number, race in enumerate(waiting):
            processes, upcoming = upcoming, prepared(waiting[number + 1]) if race is not waiting[-1] else {}
            seconds = 0.01 if small else 0.3
            experiment = experiment_of(race, self.device, small=small)
            for row in time_race(race, processes, experiment, seconds=seconds, limit=max(1.0, min(90.0, self.left))):
                self.add("speed", row)
            if self.left <= 0:
                break
        for process in upcoming.values():
            process.kill()

    def verify(self) -> None:
        """Hold long presets against what they expect, the cheapest first, as the measured speed has it."""
        with tempfile.TemporaryDirectory() as runs_dir:
            for preset, seconds in {"quick": 0.0}.items() if self.arguments.small else self._long_presets():
                if self.wants("verify", preset) and seconds < self.left:
                    self._verify(preset, runs_dir)

    def _verify(self, preset: str, runs_dir: str) -> None:
        started = monotonic()
        shorter = ("--set", "training.steps=3", "--set", "task.modulus=11") if self.arguments.small else ()
        command = ("grokterm", "verify", preset, "--json", "--device", self.device, "--runs-dir", runs_dir, *shorter)
        try:
            (checked,) = json.loads("".join(self.lines(*command)))["presets"]
            row = {"expectations": checked["expectations"], "not_run": checked["not_run"], "training": checked["seconds"]}
        except ValueError:
            row = {"expectations": [], "not_run": "it failed" if self.left > 0 else "the time was up"}
        self.add("verify", {"preset": preset, "seconds": monotonic() - started, **row})

    def _long_presets(self) -> Sequence[tuple[str, float]]:
        """List presets, and how many seconds each takes at the speed that was measured."""
        from grokterm.experiment.experiment import Experiment
        from grokterm.experiment.reading.presets import group_presets

        rates: dict[str, float] = ASSUMED | {
            row["preset"]: row["training"]["median"]
            for row in self.data["speed"]
            if row["who"] == "auto" and row["members"] == 1 and "training" in row
        }

        def seconds(experiment: Experiment) -> float:
            is_perceptron = "mlp" in experiment.model.architecture
            like = "power-add" if experiment.batch_limit is not None else "liu-essay" if is_perceptron else "nanda"
            return experiment.training.steps / rates[like]

        presets = [preset for group in group_presets().values() for preset in group]
        costs = {
            preset.name: seconds(preset.experiment)
            for preset in presets
            if preset.experiment.expect and any(fnmatch(preset.name, pattern) for pattern in LONG)
        }
        order = sorted(costs, key=lambda name: (LONG.index(name) if name in LONG else len(LONG), costs[name]))
        return [(name, costs[name]) for name in order]


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


def main() -> None:
    """Measure, and keep what there is at any end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8.0, help="the time for all, start-up of processes included")
    parser.add_argument("--out", required=True, metavar="FILE", help="where the JSON goes; the Markdown goes to FILE as .md")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="tiny sizes, few members, to try it out on a CPU")
    parser.add_argument(
        "--only", default="", metavar="REGEX", help='of "checks: NAME", "speed: PRESET × N" and "verify: PRESET"'
    )
    benchmark = Benchmark(parser.parse_args())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        benchmark.run()
    finally:
        benchmark.save()


if __name__ == "__main__":
    main()
