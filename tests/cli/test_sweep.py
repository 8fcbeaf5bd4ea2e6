"""`grokterm sweep`, as a user types it."""

import csv
import signal
from pathlib import Path

import pytest

from grokterm.cli.headless.sweep import ProgressLine
from grokterm.experiment.experiment import Experiment
from grokterm.runs.store import Run
from grokterm.sweeps.definition import Changes, define
from grokterm.sweeps.members import Member, Point, members_at
from grokterm.sweeps.scheduler import Progress
from grokterm.sweeps.storage.finding import find_sweep
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.result import Result
from tests.cli.background import SECONDS, started, wait_for
from tests.cli.process import Here, assert_refused, command_line

AXIS = "--grid=task.train_fraction=0.4,0.6"


def kept(experiment: Experiment) -> str:
    """A sweep whose members have all ended, without one being trained."""
    Path("tiny.toml").write_text(experiment.to_toml())
    asked = define("./tiny.toml", Path("runs"), Changes(grid=["task.train_fraction=0.4,0.6"], seeds=2, measure="grokked_at"))
    sweep = keep_sweep(asked.folder, asked.name, asked.preset, asked.settings, asked.sweep)
    for member in sweep.members():
        sweep.keep_result(Result(key=member.key, grokked_at=40 + member.seed))
    return sweep.name


@pytest.mark.slow
def test_a_sweep_is_trained_and_goes_on_with_what_is_new(here: Here, preset: Path, tmp_path: Path) -> None:
    first = here("sweep", preset, AXIS, "--workers", "1", "--json")
    assert first.code == 0, first.err
    told = first.json
    folder = Path(told["folder"])
    assert folder == tmp_path / "runs" / "tiny-sweep"
    assert (told["sweep"], told["members"], told["finished"], told["failed"], told["fits"]) == ("tiny-sweep", 2, 2, 0, [])
    with Path(told["table_csv"]).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["task.train_fraction"] for row in rows] == ["0.4", "0.6"]
    written = {path: path.stat().st_mtime_ns for path in folder.glob("members/*/journal.jsonl")}
    assert len(written) == 2
    again = here("sweep", "tiny-sweep", "--grid", "task.train_fraction=0.4,0.5", "--keep", "results")
    assert again.code == 0, again.err
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert "2 members: 2 finished" in again.out
    assert len(find_sweep(tmp_path / "runs", "tiny").results()) == 3


def test_nothing_is_trained_where_all_have_ended(here: Here, tiny: Experiment) -> None:
    name = kept(tiny)
    outcome = here("sweep", name)
    assert outcome.code == 0, outcome.err
    assert "train fraction  grokked_at" in outcome.out
    assert "4 members: 4 finished" in outcome.out
    assert not list(Path("runs", name, "members").iterdir())


def test_a_sweep_all_of_whose_members_have_failed_fails(here: Here, tiny: Experiment) -> None:
    sweep = find_sweep(Path("runs"), kept(tiny))
    for member in sweep.members():
        sweep.keep_result(Result(key=member.key, outcome="failed", problem="out of memory"))
    outcome = here("sweep", sweep.name)
    assert outcome.code == 1
    assert "failed 4 times: out of memory" in outcome.out


def test_a_dry_run_trains_nothing_and_counts_what_is_missing(here: Here, tiny: Experiment) -> None:
    name = kept(tiny)
    told = here("sweep", name, "--seeds", "3", "--dry-run", "--json", "--workers", "2").json
    assert (told["members"], told["ended"], told["n_workers"]) == (6, 4, 2)
    assert told["first"][0]["task.train_fraction"] == 0.4
    assert find_sweep(Path("runs"), name).sweep.seeds == 2


def test_of_a_search_that_is_over_a_dry_run_asks_for_no_more(here: Here, tiny: Experiment) -> None:
    search = 'search = { along = "task.train_fraction", between = [0.4, 0.6], tolerance = 0.5 }'
    Path("searched.toml").write_text(f"{tiny.to_toml()}\n[sweep]\n{search}\n")
    asked = define("./searched.toml", Path("runs"), Changes())
    sweep = keep_sweep(asked.folder, asked.name, asked.preset, asked.settings, asked.sweep)
    for share, accuracy in ((0.4, 0.0), (0.6, 1.0)):
        (member,) = members_at(Point({"task.train_fraction": share}), asked.settings, asked.sweep)
        sweep.keep_result(Result(key=member.key, val_accuracy=accuracy))
    told = here("sweep", "searched", "--dry-run", "--json", "--workers", "1").json
    assert (told["members"], told["ended"]) == (2, 2)


def test_a_line_of_progress_that_says_nothing_new_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("grokterm.cli.headless.sweep.LINE_SECONDS", 0.0)
    line = ProgressLine()
    for n_done in (0, 0, 1):
        line.show(Progress([Member(Point(), seed, str(seed)) for seed in range(2)], {}, n_done=n_done))
    assert [one.split("  ")[0] for one in capsys.readouterr().err.splitlines()] == ["0 / 2 members", "1 / 2 members"]


def test_more_members_than_are_likely_meant_must_be_meant(here: Here, preset: Path) -> None:
    outcome = here("sweep", preset, "--grid", "optimizer.weight_decay=0:1:0.0001", "--seeds", "1000")
    assert_refused(outcome, "10,001,000 members take about", "on the disk: say --yes if you mean them")
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--grid", "task.train_fractoin=0.4,0.6"], ["did you mean 'train_fraction'"]),
        ([AXIS, "--grid", "optimizer.weight_decay=1,-1"], ["optimizer.weight_decay must be at least 0, not -1"]),
        ([AXIS, "--engine", "rya"], ["engine must be local, ray, slurm, not 'rya': did you mean 'ray'"]),
        ([AXIS, "--address", "auto"], ["engine local takes no address"]),
        ([AXIS, "--engine", "slurm", "--option", "hours"], ["--option wants NAME=VALUE"]),
        ([AXIS, "--name", "taken"], ["taken is there, and is no sweep: choose another name"]),
    ],
)
def test_bad_input_is_refused_in_a_line_before_anything_runs(
    here: Here, preset: Path, options: list[str], words: list[str]
) -> None:
    Path("runs/taken").mkdir(parents=True)
    Path("runs/taken/notes").touch()
    assert_refused(here("sweep", preset, *options), *words)
    assert [path.name for path in Path("runs").iterdir()] == ["taken"]


@pytest.mark.slow
def test_an_interrupt_saves_what_is_trained_and_says_how_to_go_on(preset: Path, tmp_path: Path) -> None:
    long = ("--set", "training.steps=100000000", "--set", "training.evaluate_every=100")
    with started(command_line("sweep", preset, "--seeds", "2", "--workers", "1", *long)) as child:
        members = tmp_path / "runs" / "tiny-sweep" / "members"
        run = wait_for(
            lambda: next((Run(one) for one in members.glob("[!.]*") if (one / "journal.jsonl").stat().st_size), None)
        )
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=SECONDS)
    assert child.returncode == 130
    assert "2 members: 2 not ended" in out
    assert err.splitlines()[-1] == "interrupted, saved: go on with grokterm sweep tiny-sweep"
    assert '"interrupted"' in run.journal.read_text().splitlines()[-1]


def test_figures_of_a_sweep_are_drawn_and_its_table_is_shown(here: Here, tiny: Experiment) -> None:
    name = kept(tiny)
    drawn = here("figures", name, "--format", "svg")
    assert drawn.code == 0, drawn.err
    assert drawn.out.splitlines() == [f"figures/{name}/curves.svg"]
    assert drawn.err.splitlines() == ["map is left out: it takes a sweep over two axes, without a search"]
    text = Path("figures", name, "curves.svg").read_text()
    assert ">train fraction<" in text
    assert ">grokked at<" in text
    assert "4 members: 4 finished" in here("runs", "show", name).out
    assert here("runs", "show", name, "--json").json["finished"] == 4
    assert_refused(here("figures", name, name), "draw it alone")
    assert_refused(here("open", name), "needs a terminal", f"grokterm runs show {name}")
    assert here("runs").out.splitlines()[1].split()[:4] == ["tiny-sweep", "4", "of", "4"]


def test_presets_and_sweeps_are_offered(here: Here, tiny: Experiment) -> None:
    name = kept(tiny)
    line = {"COMP_WORDS": "grokterm\nsweep\nti", "COMP_CWORD": "2"}
    assert here(_GROKTERM_COMPLETE="complete_bash", **line).out.split() == [name]
