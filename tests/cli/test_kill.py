import json
import random
import shutil
from pathlib import Path
from threading import Event

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.runs.journal import rewind_journal
from grokterm.runs.store import Run
from grokterm.session.start import start_session
from tests.benchmarks.kill_and_resume import Trial, differences, write_preset
from tests.cli.background import started, training, wait_for_lines
from tests.cli.process import Here

STEPS = 800


def kill_at(trial: Trial, step: int) -> bool:
    """Kill a run once its journal tells of this step; tell whether it was still alive."""
    pause = Event()
    with trial.start() as child:
        while child.poll() is None and step_of(trial) < step:
            pause.wait(0.01)
        child.kill()
    return child.returncode < 0


def step_of(trial: Trial) -> int:
    """Read the step from the last whole line: as a reader of all lines would be busier than the run."""
    lines = trial.run.journal.read_bytes()[-10_000:].splitlines(keepends=True) if trial.run else []
    steps = [json.loads(line)["step"] for line in lines[-2:] if line.endswith(b"\n")]
    return max((step[-1] if isinstance(step, list) else step for step in steps), default=0)


def undisturbed(preset: Path, folder: Path) -> Run:
    """Train in this process."""
    session = start_session(Experiment.from_toml(preset.read_text(encoding="utf-8")), folder, "first")
    for _ in session.records():
        pass
    return session.run


def test_a_killed_run_is_told_from_one_that_trains(preset: Path, tmp_path: Path, here: Here) -> None:
    with started(training(preset)) as child:
        run = wait_for_lines(tmp_path / "runs", 5)
        alive = here("runs", "show", run.name, "--json").json
        assert (alive["ended"], alive["status"], alive["owner"]["pid"]) == (None, "training", child.pid)
        assert here("runs").out.splitlines()[1].split()[1:4] == ["not", "yet", f"({child.pid})"]
        child.kill()
        child.wait()
    killed = here("runs", "show", run.name, "--json").json
    assert (killed["ended"], killed["status"]) == ("killed", "killed")
    assert here("runs").out.splitlines()[1].split()[1] == "killed"
    words = f"ended         killed at step {killed['steps']:,}: grokterm run --resume {run.name} goes on from step"
    assert f"{words} {killed['checkpointed_at']:,}" in here("runs", "show", run.name).out.splitlines()
    longer = f"training.steps={killed['steps'] + 20}"
    assert here("run", "--resume", run.name, "--set", longer, "--json").json["ended"] == "complete"


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_like_one_that_nobody_disturbed(tmp_path: Path) -> None:
    preset = write_preset(tmp_path, STEPS)
    expected = undisturbed(preset, tmp_path / "undisturbed")
    trial, draw, resumed_at = Trial(preset, tmp_path / "killed"), random.Random(0), set()
    for first in (100, 400):  # the second some checkpoints after the first
        assert kill_at(trial, first + draw.randrange(150)), "it ended before it was killed"
        assert trial.run is not None
        checkpoint = rewind_journal(trial.run.journal).checkpoint
        resumed_at.add(checkpoint.step if checkpoint else 0)
    assert len(resumed_at) > 1, "every kill came after the same checkpoint"
    assert differences(trial.finish(), expected) == []


def test_a_difference_of_one_bit_would_be_seen(tmp_path: Path) -> None:
    first = undisturbed(write_preset(tmp_path, 16), tmp_path)
    second = Run(shutil.copytree(first.path, tmp_path / "second"))
    assert differences(first, second) == []
    newest = max(second.checkpoints.iterdir())
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(content)
    assert len(differences(second, first)) == 1
    second.journal.write_bytes(b"".join(second.journal.read_bytes().splitlines(keepends=True)[:-1]))
    assert "how it ended" in differences(second, first)
