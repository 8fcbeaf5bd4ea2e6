import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from grokterm.experiment.recording.records import Acted, Started
from grokterm.runs.journal import read_journal
from grokterm.runs.replay import trainer_at
from grokterm.runs.store import Run, list_runs
from grokterm.training.single import SingleNetwork
from tests.cli.process import SECONDS, Here, assert_refused, command_line, environment, grokterm
from tests.runs.results.test_summarizing import CONTRACT
from tests.session.driving import files_of


def test_a_run_prints_one_object_and_nothing_else(preset: Path, tmp_path: Path) -> None:
    outcome = grokterm("run", "--preset", f"./{preset.name}", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json.keys() >= CONTRACT
    (run,) = list_runs(tmp_path / "runs")
    assert (outcome.json["run"], outcome.json["preset"], outcome.json["steps"]) == (run.name, "tiny", 60)


def test_a_run_is_summed_up_in_words(here: Here, preset: Path) -> None:
    outcome = here("run", "--preset", preset, "--set", "training.steps=1")
    assert (outcome.code, outcome.err) == (0, "")
    assert "ended         complete at step 1" in outcome.out.splitlines()
    assert "\x1b" not in outcome.out


def test_an_untrained_network_can_be_looked_at(here: Here, preset: Path) -> None:
    summed_up = here("run", "--preset", preset, "--set", "training.steps=0", "--json").json
    assert (summed_up["steps"], summed_up["ended"]) == (0, "complete")
    assert summed_up["val_accuracy"] is not None


def test_a_run_of_the_preset_of_a_sweep_says_what_trains_the_others(here: Here) -> None:
    outcome = here("run", "--preset", "sweep-exact-width")
    assert outcome.code == 0, outcome.err
    assert "`grokterm sweep sweep-exact-width` trains its members" in outcome.err


def test_a_run_that_diverges_is_a_result_in_strict_json(here: Here, preset: Path) -> None:
    wild = ("--set", "optimizer.learning_rate=1e30", "--set", "optimizer.weight_decay=0.0")
    outcome = here("run", "--preset", preset, *wild, "--json")
    assert outcome.code == 1
    assert outcome.json["ended"] == "diverged"
    run, step = outcome.json["run"], outcome.json["steps"]
    lost = f"grokterm: run {run} diverged: at step {step} the loss was no longer a finite number"
    assert outcome.err == f"{lost}: begin again, with a lower optimizer.learning_rate\n"
    again = here("run", "--resume", run, "--json")
    assert (again.code, again.json) == (1, outcome.json)
    assert outcome.json["diverged_at"] == outcome.json["steps"]
    assert outcome.json["train_loss"] is None


def test_a_run_that_diverges_names_the_checkpoint_from_which_it_may_go_on_otherwise(here: Here, preset: Path) -> None:
    change = 'interventions=[{at_step=20, set={"optimizer.learning_rate"=1e30, "optimizer.weight_decay"=0.0}}]'
    outcome = here("run", "--preset", preset, "--set", change, "--json")
    run = outcome.json["run"]
    said = f"step 20 is the last good checkpoint: grokterm run --from {run}@20 --set optimizer.learning_rate=RATE\n"
    assert outcome.err.endswith(said), outcome.err
    assert here("run", "--from", f"{run}@20", "--set", "optimizer.learning_rate=1e-3").code == 0


def test_a_device_that_fails_ends_a_run_in_a_line_that_names_what_is_kept(
    here: Here, preset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = SingleNetwork.advance

    def advance_until(network: SingleNetwork, *arguments: Any) -> Any:  # noqa: ANN401 - as it is
        if network.step >= 20:
            raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be reported later")
        return advance(network, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(SingleNetwork, "advance", advance_until)
        outcome = here("run", "--preset", preset, "--set", "training.checkpoint_at=[20]")
    assert (outcome.code, outcome.out) == (1, "")
    (run,) = list_runs(Path("runs"))
    failed = "the device fails (CUDA error: unspecified launch failure): look after it, or choose another one with device"
    assert outcome.err == f"grokterm: {failed}: grokterm run --resume {run.name} goes on from step 20\n"
    assert here("run", "--resume", run.name).code == 0


def test_what_is_unwise_is_a_warning_on_stderr(here: Here, preset: Path) -> None:
    unwise = ("--set", "optimizer.weight_decay=200.0", "--set", "training.steps=0")
    outcome = here("run", "--preset", preset, *unwise, "--json")
    assert outcome.code == 0
    assert outcome.err.startswith("warning: learning_rate times weight_decay is 2")
    assert outcome.json["steps"] == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="where it has an effect")
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_what_has_no_effect_where_a_run_is_trained_is_a_warning_once(device: str, here: Here, preset: Path) -> None:
    idle = ("--set", "training.tf32=true", "--set", f"device={device}", "--set", "training.steps=0")
    outcome = here("run", "--preset", preset, *idle)
    assert (outcome.code, outcome.err) == (0, "warning: training.tf32 true has no effect but on a cuda device\n")


def test_a_finished_run_prints_its_summary_again_and_touches_nothing(here: Here, finished: Run) -> None:
    files = files_of(finished)
    outcome = here("run", "--resume", finished.name, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json == here("runs", "show", finished.name, "--json").json
    assert files_of(finished) == files


def test_more_steps_go_on_with_a_finished_run_and_stand_in_its_journal(here: Here, finished: Run) -> None:
    outcome = here("run", "--resume", finished.name, "--set", "training.steps=70", "--json")
    assert outcome.code == 0, outcome.err
    assert (outcome.json["run"], outcome.json["steps"]) == (finished.name, 70)
    started = [record for record in read_journal(finished.journal) if isinstance(record, Started)]
    assert [(record.step, record.changes) for record in started] == [(0, ()), (60, ("training.steps=70",))]
    assert here("run", "--resume", finished.name, "--json").json == outcome.json


def test_a_rate_that_changes_where_a_run_goes_on_is_an_action_and_is_replayed(here: Here, finished: Run) -> None:
    changes = ("--set", "training.steps=70", "--set", "optimizer.learning_rate=0.0", "--set", "optimizer.weight_decay=0.0")
    outcome = here("run", "--resume", finished.name, *changes)
    assert (outcome.code, outcome.err) == (0, "")
    (acted,) = [record for record in read_journal(finished.journal) if isinstance(record, Acted)]
    assert (acted.step, str(acted.action), acted.intervention) == (60, "set learning_rate 0, weight_decay 0", None)
    weights = [trainer_at(finished, step).trainable.weights for step in (60, 65, 70)]
    assert all(torch.equal(value, later[name]) for later in weights[1:] for name, value in weights[0].items())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("training.steps=50", "training.steps 50 is less than the 60 steps that run {} has made: choose more"),
        ("optimizer.learning_rate=1", "run {} has ended, and nothing is left to train: set training.steps to more steps too"),
        ("model.width=1", "model.width cannot be changed when a run is resumed, only training.steps"),
    ],
)
def test_what_cannot_change_where_a_run_goes_on_is_refused_in_one_line(
    change: str, words: str, here: Here, finished: Run
) -> None:
    files = files_of(finished)
    assert_refused(here("run", "--resume", finished.name, "--set", change), words.format(finished.name))
    assert files_of(finished) == files


def test_a_resume_where_numbers_round_differently_says_so(here: Here, finished: Run) -> None:
    meta = json.loads((finished.path / "meta.json").read_text())
    (finished.path / "meta.json").write_text(json.dumps(meta | {"arithmetic": meta["arithmetic"] | {"products": "by hand"}}))
    outcome = here("run", "--resume", finished.name, "--set", "training.steps=70")
    assert outcome.code == 0
    assert outcome.err.startswith("bits may differ from a run without a break: products by hand, now ")


@pytest.mark.parametrize("arguments", [["presets"], ["presets", "show", "quick"], ["--help"], ["runs"]])
def test_a_reader_that_has_gone_is_no_bug(arguments: list[str], finished: Run) -> None:
    assert finished.path.exists()
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command_line(*arguments), check=False, env=environment(), stderr=subprocess.PIPE, stdout=writing, timeout=SECONDS
        )
    finally:
        os.close(writing)
    assert done.stderr == b""


def test_a_training_whose_reader_has_gone_is_kept(here: Here, preset: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command_line("run", "--preset", preset, "--json"), check=False, env=environment(), stderr=writing, stdout=writing
        )
    finally:
        os.close(writing)
    assert done.returncode in (0, 1)
    (run,) = list_runs(tmp_path / "runs")
    assert here("runs", "show", run.name, "--json").json["ended"] == "complete"
