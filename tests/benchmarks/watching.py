"""What does watching cost? One training in the lab, its screen going and standing still in turns of two seconds.

    python tests/benchmarks/watching.py --preset gromov-gd --windows 18

Compares the speed in each window that was watched with the mean of the two around it that were not. Other programs that want
the same cores slow both down, while they come and go between two whole runs (lab_overhead.py). What a screen costs that stands
still, 0.4 % of a core, is in both.
"""

import argparse
import fcntl
import os
import pty
import statistics
import struct
import sys
import tempfile
import termios
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from time import monotonic, thread_time

from grokterm.experiment.reading.overrides import override
from grokterm.experiment.reading.presets import Preset, find_preset
from grokterm.plots.palettes import PALETTES
from grokterm.session.control import Training
from grokterm.tui.app import GroktermApp, Opening
from grokterm.tui.screens.lab import LabScreen

SIZE = (45, 160)
WARM_UP_SECONDS, WINDOW_SECONDS = 5.0, 2.0


def main() -> None:
    """Run the lab in a pseudo-terminal; print speeds and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="gromov-gd")
    parser.add_argument("--windows", type=int, default=18, help="that are watched")
    arguments = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.txt"
        process, master = pty.fork()
        if process == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
            _train(arguments.preset, Turns(2 * arguments.windows + 1, report), Path(folder))
        try:
            while os.read(master, 65536):
                pass
        except OSError:
            os.waitpid(process, 0)
        sys.stdout.write(report.read_text())


@dataclass
class Turns:
    """Decides whether the screen goes or stands still, and notes how fast the training is meanwhile."""

    n_windows: int
    report: Path
    windows: list[tuple[float, float]] = field(default_factory=list)
    """Of each, steps per second and the share of a core that the screen's thread worked; every other was watched."""

    _begun: tuple[float, float, int] | None = None

    @property
    def is_watched(self) -> bool:
        """Whether the screen goes now; the first window is without it."""
        return self._begun is None or len(self.windows) % 2 == 1

    def go_on(self, training: Training) -> None:
        """Begin the next window where it is time for it; say what came out and end after the last."""
        now, work, step = monotonic(), thread_time(), training.state.step
        if self._begun is None:
            self._begun = (now + WARM_UP_SECONDS, work, step) if step else None
            return
        began, worked, first = self._begun
        if now < began:
            self._begun = began, work, step
        elif now >= began + WINDOW_SECONDS:
            self.windows.append(((step - first) / (now - began), (work - worked) / (now - began)))
            self._begun = now, work, step
            if len(self.windows) == self.n_windows:
                self.report.write_text(self._summary())
                os._exit(0)

    def _summary(self) -> str:
        speeds = [speed for speed, _ in self.windows]
        around = [(before + after) / 2 for before, after in pairwise(speeds[::2])]
        ratios = sorted(speed / other for speed, other in zip(speeds[1::2], around, strict=True))
        work = statistics.mean(share for _, share in self.windows[1::2])
        return (
            f"watched {statistics.median(speeds[1::2]):.1f} steps/s, not watched {statistics.median(speeds[::2]):.1f}; "
            f"median ratio {statistics.median(ratios):.3f} of {len(ratios)} "
            f"(half of them {ratios[len(ratios) // 4]:.3f} to {ratios[-1 - len(ratios) // 4]:.3f}); "
            f"screen {100 * work:.2f} % of a core\n"
        )


def _train(name: str, turns: Turns, folder: Path) -> None:
    poll, look = LabScreen._poll, LabScreen._look

    def poll_in_turns(screen: LabScreen) -> None:
        turns.go_on(screen.training)
        if turns.is_watched:
            poll(screen)

    def look_in_turns(screen: LabScreen) -> None:
        if turns.is_watched:
            look(screen)

    LabScreen._poll = poll_in_turns  # type: ignore[method-assign, assignment]
    LabScreen._look = look_in_turns  # type: ignore[method-assign, assignment]
    experiment = override(find_preset(name).settings, ["training.steps=1000000000"]).experiment
    preset = Preset(name, Path(f"{name}.toml"), experiment.to_toml())
    sys.setswitchinterval(0.001)  # as the command does
    GroktermApp(Opening(preset, folder, PALETTES["256"], start=True)).run()
    os._exit(1)


if __name__ == "__main__":
    main()
