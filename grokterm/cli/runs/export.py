"""`grokterm runs export`: a run for other tools, or as a preset."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grokterm.cli.completion import complete_format
from grokterm.cli.console import print_results, print_status
from grokterm.cli.options import RUNS, RunName, RunsDir, chosen_folder
from grokterm.cli.plugins import say_what_changed
from grokterm.errors import ConfigError
from grokterm.plots.sanitize import plain_text
from grokterm.runs.export.table import FORMATS, Format, find_format

if TYPE_CHECKING:
    from grokterm.runs.store import Run
    from grokterm.training.trainer import Trainer


def export(
    context: typer.Context,
    name: RunName,
    *,
    kind: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"What other tools read: {', '.join(FORMATS)}. A split goes to stdout without --out.",
            autocompletion=complete_format,
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="FILE", help="A preset that does all of it again; - for stdout.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PATH", help="The file, or the folder.", show_default="the run's name and --step, here"),
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(
            "--step",
            metavar="STEP",
            help="Of weights: a number, last, or a milestone as in grokked.",
            show_default="its newest checkpoint",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Write a run for other tools, or as a preset, with all that was done to it. The names of the files are printed."""
    from grokterm.runs.finding import find_run

    if (kind is None) == (preset is None):
        raise ConfigError(f"runs export needs one of --format and --preset FILE: the formats are {', '.join(FORMATS)}")
    if preset is not None and (out is not None or step is not None):
        raise ConfigError(f"--{'step' if out is None else 'out'} has no effect with --preset FILE: leave it out")
    chosen = None if kind is None else find_format(kind, "--format")
    if chosen is not None and step is not None and not chosen.has_step:
        raise ConfigError(f"--format {kind} is not of one step: leave out --step")
    if str(out) == "-":
        raise ConfigError("--out names a file or a folder, not stdout: choose a name")
    run = find_run(chosen_folder(context, runs_dir), name)
    say_what_changed(run)
    if preset is not None:
        _write_preset(run, preset, force)
    elif kind == "split" and out is None:
        _print_split(run)
    elif chosen is not None:
        _write(run, chosen, out or _named(run, chosen, step), step or "", force)


def _named(run: "Run", chosen: Format, step: str | None) -> Path:
    from grokterm.runs.branching import find_step

    at = "" if step is None else f"-step-{find_step(run, step)}"
    return Path(plain_text(f"{run.name}{at}{chosen.ending}"))


def _print_split(run: "Run") -> None:
    from grokterm.tasks.split_file import write_split

    dataset = run.experiment.task.dataset(run.experiment.seed)
    print_results(write_split(dataset.train, dataset.val))


def _write(run: "Run", chosen: Format, path: Path, step: str, may_overwrite: bool) -> None:
    from grokterm.runs.export.source import Source
    from grokterm.runs.export.writing import export as write

    def replay_to(run: "Run", step: int, member: int) -> "Trainer":
        from grokterm.cli.headless.progress import replay_to

        return replay_to(run, step, member)

    for made in write(Source(run, replay_to, step), chosen, path, may_overwrite=may_overwrite):
        print_results(plain_text(str(made)))


def _write_preset(run: "Run", file: str, may_overwrite: bool) -> None:
    from grokterm.experiment.reading.toml import format_toml
    from grokterm.runs.export.as_preset import as_preset, write_preset

    made = as_preset(run)
    if file == "-":
        print_results(format_toml(made.settings).rstrip())
        print_status(*made.notes)
        return
    notes = write_preset(made, Path(file), may_overwrite=may_overwrite)
    shown = file if "/" in file else f"./{file}"
    print_status(*made.notes, *notes, f"{shown} does it again: grokterm run --preset {shlex.quote(shown)}")
