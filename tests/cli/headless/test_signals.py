import os
import signal
import sys
from pathlib import Path

import pytest

from grokterm.cli.headless.signals import LeaveOnSignal
from grokterm.cli.headless.training import train
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Save
from grokterm.experiment.recording.records import Acted, Checkpointed, Finished
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.journal import read_journal
from grokterm.runs.store import Run, list_runs
from grokterm.session.commands import Leave
from grokterm.session.start import start_session
from grokterm.training.signals import SAVING
from tests.cli.background import SECONDS, started, training, wait_for, wait_for_lines, with_patch
from tests.cli.process import Here, command_line
from tests.runs.tensors import same
from tests.session.driving import undisturbed, with_settings

A_DISK_THAT_HANGS = """
import os
from threading import Event
from grokterm.session import checkpoints, session

def hang(*_):
    os.write(2, b"saving\\n")  # a signal may come before this returns, and a buffer cannot be written to twice at once
    Event().wait()

def send(self, command, real=session.Session.send):
    real(self, command)
    os.write(2, b"told\\n")

checkpoints.save_checkpoint, session.Session.send = hang, send
"""

A_SHORT_PATIENCE = "from grokterm.cli.headless import signals\nsignals.SAVE_SECONDS = 0.1\n"

A_SLOW_START = """
from threading import Event
from grokterm.session import start as opening

def hang(*_):
    sys.stderr.write("opening\\n")
    sys.stderr.flush()
    Event().wait()

opening.start_session = hang
"""

ON_A_TERMINAL = """
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)
for number in (0, 1, 2):
    os.dup2(terminal, number)
os.execv(sys.executable, sys.argv[2:])
"""


def saved_end(run: Run) -> Finished:
    """Return a journal's last line; a checkpoint of the same step must stand right before it."""
    saved, end = read_journal(run.journal)[-2:]
    assert isinstance(saved, Checkpointed)
    assert isinstance(end, Finished)
    assert saved.step == end.step
    assert (run.checkpoints / saved.file).exists()
    return end


def test_a_signal_that_saves_leaves_the_run_going_and_one_that_ends_it_saves_first(preset: Path, tmp_path: Path) -> None:
    with started(training(preset)) as child:
        run = wait_for_lines(tmp_path / "runs", 5)
        for number in SAVING:
            n_saves = run.journal.read_bytes().count(b'"acted"')
            for _ in range(2):
                child.send_signal(number)
            wait_for(lambda: run if run.journal.read_bytes().count(b'"acted"') > n_saves else None)  # noqa: B023
            wait_for_lines(tmp_path / "runs", run.journal.read_bytes().count(b"\n") + 20)
        child.send_signal(signal.SIGTERM)
        _, err = child.communicate(timeout=SECONDS)
    assert child.returncode == 143
    records = read_journal(run.journal)
    saves = [records[place : place + 2] for place, record in enumerate(records) if isinstance(record, Acted)]
    assert len(saves) >= len(SAVING)
    for saving, saved in saves:
        assert isinstance(saving, Acted)
        assert isinstance(saved, Checkpointed)
        assert (saving.action, saving.intervention, saving.step) == (Save(), None, saved.step)
        assert (run.checkpoints / saved.file).exists()
        assert f"saved at step {saved.step:,}" in err.splitlines()
    assert saved_end(run).step > saves[-1][1].step


@pytest.mark.slow
def test_an_interrupted_run_is_saved_and_goes_on_to_the_weights_of_an_undisturbed_one(
    preset: Path, tiny: Experiment, tmp_path: Path, here: Here
) -> None:
    with started(training(preset)) as child:
        run = wait_for_lines(tmp_path / "runs", 20)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=SECONDS)
    assert child.returncode == 130
    end = saved_end(run)
    assert end.reason == "interrupted"
    assert f"ended         interrupted at step {end.step:,}" in out.splitlines()
    assert err.splitlines()[-1].endswith(f"saved: go on with grokterm run --resume {run.name}")
    assert "Traceback" not in err
    steps = end.step + 20
    resumed = here("run", "--resume", run.name, "--set", f"training.steps={steps}")
    assert resumed.code == 0, resumed.err
    assert saved_end(run).step == steps
    expected = undisturbed(with_settings(tiny, training={"steps": steps})).tensors()
    assert same(load_checkpoint(max(run.checkpoints.iterdir())), expected)


def test_a_run_that_another_process_ends_is_no_success(
    tiny: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = start_session(tiny, tmp_path / "runs", "tiny")
    session.send(Leave())
    assert train(session, LeaveOnSignal()) == 143
    assert capsys.readouterr().err.endswith(f"saved: go on with grokterm run --resume {session.run.name}\n")


def test_a_second_interrupt_leaves_at_once(preset: Path) -> None:
    with started(with_patch(A_DISK_THAT_HANGS, training(preset))) as child:
        assert child.stderr is not None
        for awaited in ("saving\n", "told\n"):
            assert child.stderr.readline() == awaited
            child.send_signal(signal.SIGINT)
        assert child.wait(SECONDS) == 130


def test_a_disk_that_hangs_does_not_keep_an_interrupted_run_for_ever(preset: Path) -> None:
    with started(with_patch(A_SHORT_PATIENCE + A_DISK_THAT_HANGS, training(preset))) as child:
        assert child.stderr is not None
        assert child.stderr.readline() == "saving\n"
        child.send_signal(signal.SIGTERM)
        assert child.wait(SECONDS) == 143


def test_an_interrupt_before_there_is_a_run_leaves_at_once_and_nothing_behind(preset: Path, tmp_path: Path) -> None:
    with started(with_patch(A_SLOW_START, training(preset))) as child:
        assert child.stderr is not None
        assert child.stderr.readline() == "opening\n"
        child.send_signal(signal.SIGUSR1)  # there is nothing to save
        child.send_signal(signal.SIGINT)
        assert child.wait(SECONDS) == 130
    assert list_runs(tmp_path / "runs") == []


def test_a_run_that_was_started_to_survive_a_hangup_survives_it(preset: Path, tmp_path: Path) -> None:
    with started(training(preset), ignoring=signal.SIGHUP) as child:
        run = wait_for_lines(tmp_path / "runs", 5)
        child.send_signal(signal.SIGHUP)
        wait_for_lines(tmp_path / "runs", run.journal.read_bytes().count(b"\n") + 20)
        child.send_signal(signal.SIGTERM)
        assert child.wait(SECONDS) == 143


def test_a_run_whose_terminal_goes_away_is_saved(preset: Path, tmp_path: Path) -> None:
    master, slave = os.openpty()
    command = [sys.executable, "-c", ON_A_TERMINAL, os.ttyname(slave), *training(preset)]
    with started(command, new_session=True) as child:
        os.close(slave)
        try:
            run = wait_for_lines(tmp_path / "runs", 5)
        finally:
            os.close(master)
        assert child.wait(SECONDS) == 129
    assert saved_end(run).reason == "interrupted"


def test_a_full_disk_ends_a_headless_run_with_what_can_be_done(preset: Path) -> None:
    patch = """
import errno
from grokterm.runs import checkpoint
def refuse(*_):
    raise OSError(errno.ENOSPC, "No space left on device")
checkpoint.write_durably = refuse
"""
    with started(with_patch(patch, command_line("run", "--preset", preset))) as child:
        out, err = child.communicate(timeout=SECONDS)
    assert (child.returncode, out) == (1, "")
    (line,) = err.splitlines()
    assert line.startswith("grokterm: ")
    assert "No space left on device" in line
    assert "device: make room: no step of it is saved; grokterm run --resume tiny-" in line
