"""What others wrote reaches no terminal raw: in no command, and in no file that people look at."""

import json
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from grokterm.cli.completion import complete_preset, complete_run_or_sweep
from grokterm.cli.main import app
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.records import Record, Switched
from grokterm.experiment.sweep import Sweep
from grokterm.runs.journal import JournalWriter
from grokterm.runs.listing.annotations import FILE
from grokterm.runs.store import Run
from grokterm.session.start import start_session
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.result import Result
from tests.cli.process import Here
from tests.runs.records import finished, started

HOSTILE = "A\x1b]0;own\x07B\x1b[31mC\x9b2JD\u202eE\nF\rG\u200bH\x08I\u2066J\x1bPq\x1b\\K\x85L\u2028M"
"""Window title, color, C1, bidi override, line breaks, zero width, device control."""

COMMANDS: dict[str, tuple[list[str], ...]] = {
    "run": (
        ["--preset", "PRESET"],
        ["--preset", "PRESET", "--json"],
        ["--resume", "RUN"],
        ["--from", "RUN@0"],
        ["--preset", HOSTILE],
        ["--preset", "PRESET", "--set", HOSTILE],
    ),
    "sweep": (
        ["SWEEP", "--dry-run"],
        ["SWEEP", "--grid", HOSTILE],
        ["PRESET", "--dry-run", "--grid", "task.train_fraction=0.4,0.5"],
        [HOSTILE],
    ),
    "open": (["RUN"], [HOSTILE]),
    "attach": (["RUN"], []),
    "verify": (["PRESET"], [HOSTILE]),
    "bench": (["--preset", HOSTILE],),
    "plot": (["RUN"], [HOSTILE]),
    "figures": (
        ["RUN", "--format", "svg", "--only", "curves", "--out", "drawn"],
        ["SWEEP", "--format", "svg", "--out", "drawn"],
        [HOSTILE],
    ),
    "inspect": (["RUN", "--skip-norms"], ["RUN", "--json", "--skip-norms"]),
    "presets": ([],),
    "presets show": (["PRESET"], [HOSTILE], ["PRESET", "--set", HOSTILE]),
    "runs": ([], ["--json"], ["--filter", HOSTILE], ["--sort", HOSTILE]),
    "runs export": (
        ["RUN", "--format", "csv", "--out", "run.csv"],
        ["RUN", "--preset", "-"],
        ["RUN", "--preset", "a.toml"],
        ["RUN", "--format", HOSTILE],
    ),
    "runs show": (["RUN"], ["RUN", "--json"], ["SWEEP"], ["SWEEP", "--json"], [HOSTILE]),
    "runs stop": (["RUN"], [HOSTILE]),
    "runs tag": (["RUN", "x"], ["RUN", HOSTILE]),
    "runs untag": (["RUN", HOSTILE],),
    "runs note": (["RUN", HOSTILE],),
    "runs pin": (["RUN"],),
    "runs unpin": (["RUN"],),
    "runs delete": (["RUN", "--yes"], [HOSTILE, "--yes"]),
    "runs restore": (["RUN"], [HOSTILE]),
    "runs purge": (["--yes"],),
    "serve": ([HOSTILE], ["--preset", HOSTILE], ["--host", HOSTILE]),
    "doctor": ([],),
    "settings": ([], ["--set", HOSTILE], ["--set", f"view={HOSTILE}"]),
    "help": ([HOSTILE],),
}
"""What each command is called with: RUN, SWEEP and PRESET are hostile ones."""

TEXTS = {".toml", ".json", ".jsonl", ".csv", ".svg"}
"""Files that are looked at with `cat`."""

LAST = ("runs delete", "runs restore", "runs purge")


def commands(group: typer.Typer, before: str = "") -> Iterator[str]:
    for one in group.registered_commands:
        yield f"{before}{one.name}"
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield f"{before}{inner.name}"
        yield from commands(inner.typer_instance, f"{before}{inner.name} ")


def test_every_command_is_tried() -> None:
    assert {*commands(app)} == COMMANDS.keys()


def unseen(text: str) -> set[str]:
    """Return what is no line break and not printed."""
    return {repr(one) for one in text if one != "\n" and unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")}


@pytest.fixture
def named(tiny: Experiment, tmp_path: Path) -> dict[str, str]:
    """A run, a sweep and a preset with hostile words wherever there may be any."""
    experiment = tiny.model_copy(update={"title": HOSTILE, "source": HOSTILE})
    session = start_session(experiment, Path("runs"), "hostile")
    assert list(session.records())
    run = Run(session.run.path.rename(session.run.path.with_name(f"run-{HOSTILE}")))
    meta = json.loads((run.path / "meta.json").read_text("utf-8"))
    (run.path / "meta.json").write_text(
        json.dumps(meta | dict.fromkeys(("preset", "torch", "host", "command", "device"), HOSTILE))
    )
    (run.path / FILE).write_text(json.dumps({"tags": [HOSTILE], "note": HOSTILE}))
    records: list[Record] = [
        started(60, device=HOSTILE, engine=HOSTILE, note=HOSTILE, changes=[f"training.steps={HOSTILE}"]),
        Switched(step=60, engine=HOSTILE, message=HOSTILE),
        finished(60, HOSTILE),
    ]
    JournalWriter(run.journal, run.journal.stat().st_size).write(records)
    Path(f"{HOSTILE}.toml").write_text(experiment.to_toml(), "utf-8")
    Path("presets").mkdir(exist_ok=True)
    Path("presets", f"named{HOSTILE}.toml").write_text(experiment.to_toml(), "utf-8")
    Path("presets", f"wrong{HOSTILE}.toml").write_text(
        f'source = "x"\n["{HOSTILE.encode("unicode_escape").decode()}"]\n', "utf-8"
    )
    sweep = _sweep(experiment)
    return {"RUN": run.name, "SWEEP": sweep.name, "PRESET": f"./{HOSTILE}.toml"}


def _sweep(experiment: Experiment) -> SweepFolder:
    table = {"variants": {HOSTILE: {"model.width": 8}, "other": {"model.width": 9}}, "seeds": 2}
    settings = {name: value for name, value in experiment.settings().items() if name != "expect"}
    sweep = keep_sweep(Path("runs"), f"swept{HOSTILE}", HOSTILE, settings, Sweep.from_settings(table))
    first, second, *_ = sweep.members()
    sweep.keep_result(Result(key=first.key, outcome="failed", problem=HOSTILE, host=HOSTILE))
    sweep.keep_result(Result(key=second.key, val_accuracy=0.5, ended=HOSTILE, device=HOSTILE, engine=HOSTILE, torch=HOSTILE))
    return sweep


def test_no_command_prints_what_is_no_text(named: dict[str, str], here: Here) -> None:
    def given(argument: str) -> str:
        word, at, step = argument.partition("@")
        return f"{named[word]}{at}{step}" if word in named else argument

    for command in sorted(COMMANDS, key=LAST.__contains__):
        for arguments in COMMANDS[command]:
            said = here(*command.split(), *map(given, arguments))
            assert not unseen(said.out + said.err), f"{command} {arguments}: {said}"
    written = [path for path in Path().rglob("*") if path.suffix in TEXTS]
    assert {path.suffix for path in written} == TEXTS
    for path in written:
        assert not unseen(path.read_text("utf-8")), path


def test_json_and_toml_are_read_as_they_were_written(named: dict[str, str], here: Here) -> None:
    assert here("runs", "show", named["RUN"], "--json").json["preset"] == HOSTILE
    assert tomllib.loads(here("presets", "show", named["PRESET"]).out)["title"] == HOSTILE


def test_the_shell_is_offered_no_such_names(named: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for shell in ("complete_bash", "complete_zsh"):
        monkeypatch.setenv("_GROKTERM_COMPLETE", shell)
        assert not unseen("".join(complete_preset("")))
        assert not complete_run_or_sweep(typer.Context(typer.main.get_command(app)), "run-")
