import os
import signal
from pathlib import Path

import pytest
import torch

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.presets import find_preset
from grokterm.models.processor import available_cores
from grokterm.runs.journal import read_journal
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.store import list_runs
from grokterm.session.start import start_session
from grokterm.sweeps.definition import Changes, define
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.result import Result
from tests.cli.background import SECONDS, started, wait_for, wait_for_lines, with_patch
from tests.cli.process import Here, Outcome, assert_refused, command_line
from tests.session.driving import with_settings

MET = {
    "evidence": "ours",
    "source_says": "somewhere",
    "diverged_at": "never",
    "val_accuracy": [0.0, 1.0],
    "train_loss < 1e9": [0, 0],
    "norm_growth": [0.01, 100.0],
}
"""What every training of the tiny experiment shows."""

NOT_MET = MET | {"memorized_at": [1000, 2000]}

SWEEP = """
[sweep]
seeds    = 2
measure  = "grokked_at"
evidence = "ours"

[[sweep.expect]]
where  = { "task.train_fraction" = 0.4 }
within = [30, 50]

[[sweep.expect]]
where  = { "task.train_fraction" = 0.6 }
within = "never"

[sweep.grid]
"task.train_fraction" = [0.4, 0.6]
"""

AN_INTERRUPT_BETWEEN_TWO_SESSIONS = """
import os, signal
from grokterm.cli.headless import sources

def start(experiment, *rest, real=sources.start_session):
    session = real(experiment, *rest)
    if experiment.seed == 1:
        os.kill(os.getpid(), signal.SIGINT)
    return session

sources.start_session = start
"""


@pytest.fixture
def presets(tiny: Experiment, tmp_path: Path) -> Path:
    """Presets that are met, that are not met, and that expect nothing; their names are `met`, `missed` and `mute`."""
    folder = tmp_path / "presets"
    folder.mkdir()
    short = with_settings(tiny, source="Aa 1999, Fig. 1", training={"steps": 20})
    for name, expect in (("met", MET), ("missed", NOT_MET), ("mute", None)):
        experiment = with_settings(short, expect=expect) if expect else short
        (folder / f"{name}.toml").write_text(experiment.to_toml(), encoding="utf-8")
    return folder


def rows(outcome: Outcome) -> list[list[str]]:
    """Split each line of a table, first and last included, into its cells."""
    return [[cell.strip() for cell in line.strip().split("  ") if cell.strip()] for line in outcome.out.splitlines()]


@pytest.mark.usefixtures("presets")
def test_a_preset_that_shows_what_it_promises_is_met(here: Here) -> None:
    outcome = here("verify", "met")
    assert outcome.code == 0, outcome.err
    head, first, *rest, last = rows(outcome)
    assert head == ["preset", "source", "evidence", "expected", "measured", "verdict"]
    assert first == ["met", "Aa 1999, Fig. 1: somewhere", "ours", "diverged_at never", "never", "met"]
    assert [row[0] for row in rest] == ["val_accuracy 0–1", "train_loss < 1e9 0", "norm_growth 0.01–100"]
    assert last == ["4 met, 0 not met, 0 not run"]
    assert outcome.err.startswith("met, seed 0\n")
    assert "\x1b" not in outcome.out


@pytest.mark.usefixtures("presets")
def test_one_expectation_that_is_not_met_is_exit_code_3(here: Here) -> None:
    outcome = here("verify", "met", "missed", "met")
    assert outcome.code == 3
    assert rows(outcome)[-2][-1] == "not met"
    assert rows(outcome)[-1] == ["8 met, 1 not met, 0 not run"]


@pytest.mark.usefixtures("presets")
def test_one_object_says_all_in_strict_json(here: Here) -> None:
    outcome = here("verify", "missed", "--json", "--seeds", "2")
    assert outcome.code == 3
    assert (outcome.json["met"], outcome.json["not_met"], outcome.json["not_run"]) == (4, 1, 0)
    (preset,) = outcome.json["presets"]
    assert (preset["preset"], preset["source_says"], preset["not_run"]) == ("missed", "somewhere", None)
    assert (preset["seeds"], preset["devices"]) == ([0, 1], ["cpu"])
    assert preset["runs"] == [run.name for run in list_runs(Path("runs"))]
    by_name = {expectation["measure"]: expectation for expectation in preset["expectations"]}
    assert by_name["diverged_at"] == {
        "measure": "diverged_at",
        "wanted": "never",
        "values": [None, None],
        "median": None,
        "n_inside": 2,
        "is_met": True,
    }
    assert by_name["memorized_at"]["wanted"] == [1000, 2000]
    assert by_name["memorized_at"]["is_met"] is False


@pytest.mark.usefixtures("presets")
def test_several_seeds_are_shown_as_median_and_spread_with_the_rule(here: Here) -> None:
    outcome = here("verify", "met", "--seeds", "3")
    assert outcome.code == 0, outcome.err
    assert rows(outcome)[1][-2:] == ["never", "met, 3 of 3 seeds inside"]
    assert rows(outcome)[3][-2:] == ["0 (0–0)", "met, 3 of 3 seeds inside"]
    assert "the median decides" in outcome.out
    assert [run.experiment.seed for run in list_runs(Path("runs"))] == [0, 1, 2]


def test_numbers_off_a_picture_do_not_look_like_a_bound(here: Here, presets: Path) -> None:
    digitized = (presets / "met.toml").read_text(encoding="utf-8").replace('evidence = "ours"', 'evidence = "D one run"')
    (presets / "met.toml").write_text(digitized, encoding="utf-8")
    outcome = here("verify", "met")
    assert outcome.code == 0, outcome.err
    assert "norm_growth ≈ 0.01–100" in outcome.out
    assert "diverged_at never" in outcome.out
    assert "a neighborhood, not a bound" in outcome.out


@pytest.mark.usefixtures("presets")
def test_markdown_has_a_row_a_preset_and_says_where_it_was_measured(here: Here) -> None:
    outcome = here("verify", "missed", "--markdown")
    assert outcome.code == 3
    _, rule, row, empty, caption = outcome.out.splitlines()
    assert set(rule) <= set("|- ")
    cells = [cell.strip() for cell in row.strip("|").split(" | ")]
    assert cells[:2] == ["`missed`", "Aa 1999, Fig. 1: somewhere"]
    assert cells[2].startswith("never diverged, val accuracy 0–1, train loss < 1e9 at 0, ")
    assert cells[2].endswith("memorized 1,000–2,000 [ours]")
    assert cells[3].startswith("never diverged, ")
    assert cells[3].endswith(" (**not met**)")
    assert cells[4:6] == ["cpu", "0"]
    assert empty == ""
    assert f"{available_cores()} cores, torch {torch.__version__}" in caption


@pytest.mark.usefixtures("presets")
def test_saved_runs_are_held_against_the_preset_as_it_is_now(here: Here, presets: Path) -> None:
    here("verify", "met", "--seeds", "2")
    n_runs = len(list_runs(Path("runs")))
    changed = (presets / "met.toml").read_text(encoding="utf-8").replace("val_accuracy = [0.0, 1.0]", "val_accuracy = [2, 3]")
    (presets / "met.toml").write_text(changed, encoding="utf-8")
    outcome = here("verify", "met", "missed", "--from-runs", "--json")
    assert outcome.code == 3
    assert [preset["seeds"] for preset in outcome.json["presets"]] == [[0, 1], [0, 1]]
    assert here("verify", "met", "--from-runs", "--json", "--seeds", "1").json["presets"][0]["seeds"] == [0]
    assert len(list_runs(Path("runs"))) == n_runs


def test_a_sweep_is_held_against_its_points_and_what_has_ended_is_not_trained_again(here: Here, presets: Path) -> None:
    (presets / "swept.toml").write_text((presets / "mute.toml").read_text(encoding="utf-8") + SWEEP, encoding="utf-8")
    before = here("verify", "swept", "--from-runs")
    assert before.code == 1
    assert before.out.startswith("not run: swept: no sweep swept in runs\n")
    asked = define("swept", Path("runs"), Changes())
    sweep = keep_sweep(asked.folder, asked.name, asked.preset, asked.settings, asked.sweep)
    for member in sweep.members():
        sweep.keep_result(Result(key=member.key, grokked_at=40 + member.seed, device="cpu"))
    outcome = here("verify", "swept", "--json")
    assert outcome.code == 3, outcome.err
    (preset,) = outcome.json["presets"]
    assert (preset["evidence"], preset["seeds"], preset["devices"]) == ("ours", [0, 0, 1, 1], ["cpu"])
    first, second = preset["expectations"]
    assert (first["where"], first["values"], first["is_met"]) == ({"task.train_fraction": 0.4}, [40, 41], True)
    assert (second["where"], second["wanted"], second["is_met"]) == ({"task.train_fraction": 0.6}, "never", False)
    shown = here("verify", "swept", "--from-runs")
    assert rows(shown)[1][-3:] == ["train fraction 0.4: grokked_at 30–50", "40.5 (40–41)", "met, 2 of 2 seeds inside"]
    assert rows(shown)[-1] == ["1 met, 1 not met, 0 not run"]
    assert not list((sweep.path / "members").iterdir())


@pytest.mark.usefixtures("presets")
def test_what_was_not_run_is_said_and_never_met(here: Here) -> None:
    outcome = here("verify", "met", "--from-runs")
    assert outcome.code == 1
    assert outcome.out.splitlines() == ["not run: met: no finished run in runs", "0 met, 0 not met, 1 not run"]
    assert outcome.err == "grokterm: nothing was measured\n"


@pytest.mark.usefixtures("presets")
def test_presets_without_a_run_are_not_yet_measured_in_the_table_of_all(here: Here) -> None:
    outcome = here("verify", "--all", "--from-runs", "--markdown")
    assert outcome.code == 1
    unmeasured = [line for line in outcome.out.splitlines() if line.endswith("| not yet measured |  |  |  |")]
    assert [line.split()[1] for line in unmeasured][:2] == ["`met`", "`missed`"]
    assert "`quick`" in outcome.out
    assert "`mute`" not in outcome.out


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
@pytest.mark.usefixtures("presets")
def test_a_preset_that_cannot_be_run_here_is_not_run(here: Here) -> None:
    outcome = here("verify", "met", "--device", "cuda")
    assert outcome.code == 1
    assert outcome.out.startswith("not run: met: device cuda: this machine has no CUDA device")
    assert list_runs(Path("runs")) == []


def test_without_names_what_takes_long_is_not_run_and_says_how_long(
    presets: Path, tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grokterm.experiment.reading.presets._folders", lambda: [presets])
    long = with_settings(tiny, expect=MET, training={"steps": 10**9})
    (presets / "long.toml").write_text(long.to_toml(), encoding="utf-8")
    from grokterm.cli.headless.signals import LeaveOnSignal
    from grokterm.cli.headless.sources import Request, from_training
    from grokterm.cli.verify import Asked, _expecting

    request = Request(Path("runs"), n_seeds=None, device=None, only_short=True)
    code, checks = from_training(_expecting(Asked([])), request, LeaveOnSignal())
    assert code == 0
    by_name = {check.preset: check for check in checks}
    assert by_name.keys() == {"met", "missed", "long"}
    assert by_name["long"].not_run.startswith("takes about ")
    assert by_name["long"].verdicts == []
    assert all(by_name[name].outcomes for name in ("met", "missed"))


@pytest.mark.usefixtures("presets")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mett"], ["no preset is called 'mett': did you mean 'met'?"]),
        (["mute"], ["preset mute expects nothing"]),
        (["met", "--json", "--markdown"], ["--json and --markdown exclude each other"]),
        (["met", "--seeds", "0"], ["--seeds"]),
        (["met", "--device", "gpu"], ["device must be auto, cpu, cuda"]),
        (["met", "--set", "task.modulos=3"], ["unknown setting task.modulos"]),
        (["./gone.toml"], ["gone.toml cannot be read"]),
    ],
)
def test_bad_usage_is_refused_in_one_line_before_anything_is_made(here: Here, arguments: list[str], words: list[str]) -> None:
    assert_refused(here("verify", *arguments), *words)
    assert list_runs(Path("runs")) == []


@pytest.mark.usefixtures("presets")
def test_a_run_that_has_not_ended_is_no_evidence_and_said_to_train(tmp_path: Path, here: Here) -> None:
    session = start_session(find_preset("met").experiment, tmp_path / "runs", "met")
    records = session.records()
    next(records)  # holds the run for as long as it is iterated
    outcome = here("verify", "met", "--from-runs")
    assert outcome.code == 1
    assert f"no finished run in runs: {session.run.name} not yet: at step 0, trained by process {os.getpid()}" in outcome.out


@pytest.mark.usefixtures("presets")
def test_expectations_do_not_outlive_a_change_of_kind(here: Here) -> None:
    outcome = here("verify", "met", "--set", "optimizer.kind=gd")
    assert outcome.code == 2
    assert "the preset's expectations no longer apply" in outcome.err
    assert outcome.err.splitlines()[-1].startswith("grokterm: preset met expects nothing")


@pytest.mark.usefixtures("presets")
def test_a_signal_that_saves_leaves_a_verification_going_and_an_interrupt_saves_the_run_and_starts_no_other(
    tmp_path: Path,
) -> None:
    long = ("--set", "training.steps=10000000")
    with started(command_line("verify", "met", "missed", *long)) as child:
        run = wait_for_lines(tmp_path / "runs", 5)
        child.send_signal(signal.SIGUSR1)
        wait_for(lambda: run if b'"acted"' in run.journal.read_bytes() else None)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=SECONDS)
    assert child.returncode == 130
    kinds = [record.record for record in read_journal(run.journal)]
    assert kinds[kinds.index("acted") + 1] == "checkpointed"
    assert kinds[-1] == "finished"
    assert [found.name for found in list_runs(tmp_path / "runs")] == [run.name]
    assert f"saved: go on with grokterm run --resume {run.name}" in err
    assert out.splitlines()[-1] == "0 met, 0 not met, 2 not run"
    assert "Traceback" not in err


@pytest.mark.usefixtures("presets")
def test_an_interrupt_between_two_runs_ends_the_second_as_it_begins(tmp_path: Path) -> None:
    with started(with_patch(AN_INTERRUPT_BETWEEN_TWO_SESSIONS, command_line("verify", "met", "--seeds", "3"))) as child:
        child.communicate(timeout=SECONDS)
    assert child.returncode == 130
    ended = [summarize(run, read_journal(run.journal)).ended for run in list_runs(tmp_path / "runs")]
    assert ended == ["complete", "interrupted"]
