"""A training that outlives the command that has started it."""

import json
import os
from pathlib import Path

import pytest

from grokterm.errors import NotBegunError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.presets import find_preset
from grokterm.runs.lock import holder_of
from grokterm.runs.naming import named
from grokterm.runs.replay import trainer_at
from grokterm.runs.store import Run, list_runs, without_time
from grokterm.runs.whole import keep_whole
from grokterm.session.detached import OUTPUT, begin
from grokterm.session.start import start_untrained_parts
from tests.cli.background import LONG, wait_for
from tests.cli.process import Here, assert_refused
from tests.runs.tensors import same
from tests.session.driving import Driver
from tests.session.test_mixture_parts import MIXTURE, PART


@pytest.mark.usefixtures("_alone")
def test_a_detached_run_trains_in_a_session_of_its_own_and_says_what_it_is_called(
    here: Here, preset: Path, tmp_path: Path
) -> None:
    outcome = here("run", "--preset", preset, *LONG, "--set", "optimizer.weight_decay=200.0", "--detach", "--json")
    try:
        begun = json.loads(outcome.out)
        run = Run(tmp_path / "runs" / begun["name"])
        holder = holder_of(run.path)
        assert outcome.code == 0
        assert holder is not None
        assert (holder.pid, os.getsid(holder.pid), holder.socket) == (begun["pid"], begun["pid"], begun["socket"])
        warned, how = outcome.err.splitlines()
        assert warned.startswith("warning: learning_rate times weight_decay is 2")
        assert how == f"grokterm attach {run.name} shows it; grokterm runs stop {run.name} saves and ends it"
        assert_refused(here("run", "--resume", run.name), f"is trained by process {begun['pid']}: grokterm attach {run.name}")
        assert here("attach", "--runs-dir", "elsewhere").err.startswith("grokterm: the lab needs a terminal")  # it was found
    finally:
        stopped = here("runs", "stop", json.loads(outcome.out)["name"])
    step = json.loads(here("runs", "show", run.name, "--json").out)["steps"]
    assert (stopped.code, stopped.err) == (0, "")
    assert stopped.out == f"{run.name} is saved at step {step:,} and has ended; grokterm run --resume {run.name} goes on\n"
    wait_for(lambda: run if f"interrupted at step {step:,}" in (run.path / OUTPUT).read_text() else None)


def test_what_is_refused_without_torch_starts_no_process(here: Here, preset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grokterm.session.detached._start", None)
    assert_refused(here("run", "--preset", preset, "--set", "task.modulus=1", "--detach"), "modulus")
    assert_refused(here("run", "--resume", "nope", "--detach"), "no run is called 'nope'")


def test_the_last_words_of_a_process_that_does_not_begin_are_passed_on(preset: Path, tmp_path: Path) -> None:
    with pytest.raises(NotBegunError) as refused:
        begin(["--preset", str(preset), "--set", "device=cuda:99"])
    assert str(refused.value).startswith("device cuda:99: this machine has ")
    assert refused.value.code == 2
    assert list_runs(tmp_path / "runs") == []


def test_a_part_that_is_handed_over_is_followed_by_the_other_and_the_mixture_as_if_undisturbed(
    here: Here, tmp_path: Path
) -> None:
    (tmp_path / "presets").mkdir()
    for name, fraction in (("general", 0.8), ("memory", 0.3)):
        (tmp_path / "presets" / f"{name}.toml").write_text(PART.format(fraction=fraction, steps=40))
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    alone, runs = tmp_path / "alone", tmp_path / "runs"
    assert here("run", "--preset", "./mixture.toml", "--runs-dir", alone).code == 0

    part = Driver(next(start_untrained_parts(Experiment.from_toml(MIXTURE), runs)))
    part.pause_at(7)
    part.leave()
    assert_refused(here("run", "--resume", part.session.run.name, "--whole"), "does not say what run general-")
    preset = find_preset("./mixture.toml")
    keep_whole(part.session.run, named(preset.experiment, preset))
    assert here("run", "--resume", part.session.run.name, "--whole").code == 0

    for undisturbed, handed_over in zip(list_runs(alone), list_runs(runs), strict=True):
        assert without_time(undisturbed.name) == without_time(handed_over.name)
        assert undisturbed.preset == handed_over.preset
        assert same(trainer_at(undisturbed).tensors(), trainer_at(handed_over).tensors())


def test_a_finished_run_is_summed_up_and_not_detached(here: Here, finished: Run) -> None:
    outcome = here("run", "--resume", finished.name, "--detach", "--json")
    assert (outcome.code, outcome.json["ended"]) == (0, "complete")
