"""`grokterm run`: trains one experiment without a screen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grokterm.cli.console import print_results, print_status
from grokterm.cli.options import RUNS, AsJson, Assignments, RunsDir
from grokterm.errors import ConfigError
from grokterm.session.torch_import import import_torch

if TYPE_CHECKING:
    from grokterm.cli.signals import LeaveOnSignal
    from grokterm.runs.store import Run
    from grokterm.session.session import Session


def run(
    *,
    preset: Annotated[str | None, typer.Option("--preset", help="Name or path of the experiment.")] = None,
    resume: Annotated[str | None, typer.Option("--resume", metavar="RUN", help="Resume a saved run.")] = None,
    origin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN@STEP",
            help="Branch: a new run from a step of another. STEP: a number, last, or a milestone.",
            show_default="its newest checkpoint",
        ),
    ] = None,
    assignments: Assignments = [],  # noqa: B006 - Typer reads the default
    as_json: AsJson = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Train one experiment without a screen. Ctrl+C saves and ends; --resume continues."""
    if sum(one is not None for one in (preset, resume, origin)) != 1:
        raise ConfigError(
            "run needs one of --preset NAME, --resume RUN and --from RUN@STEP: `grokterm presets` lists the presets"
        )
    if preset is not None:
        code = _start(preset, assignments, runs_dir, as_json)
    elif resume is not None:
        code = _resume(resume, assignments, runs_dir, as_json)
    else:
        code = _branch(str(origin), assignments, runs_dir, as_json)
    raise typer.Exit(code)


def _start(preset: str, assignments: list[str], runs_dir: Path, as_json: bool) -> int:
    from grokterm.cli.signals import LeaveOnSignal
    from grokterm.experiment.presets import find_preset

    found = find_preset(preset)
    overridden = found.overridden(assignments)
    warnings = overridden.experiment.warnings()
    print_status(*overridden.notes, *(f"warning: {warning}" for warning in warnings))
    with LeaveOnSignal() as signals:
        import_torch()
        from grokterm.cli.headless import train_parts
        from grokterm.runs.naming import named
        from grokterm.session.start import start_session

        chosen = named(overridden.experiment, found)
        experiment = chosen.experiment
        if code := train_parts(experiment, runs_dir, signals):
            return code
        session = start_session(experiment, runs_dir, chosen.preset, chosen.name)
        there = experiment.on_device(session.trainer.device.type).warnings()  # where device auto has led to
        print_status(*(f"warning: {warning}" for warning in there if warning not in warnings))
        return _train(session, signals, as_json)


def _resume(name: str, assignments: list[str], runs_dir: Path, as_json: bool) -> int:
    from grokterm.cli.signals import LeaveOnSignal
    from grokterm.runs.finding import find_run
    from grokterm.runs.journal import read_journal
    from grokterm.runs.resume import has_ended, resumption

    saved = find_run(runs_dir, name)
    resumed = resumption(saved, assignments)
    if has_ended(resumed.experiment, read_journal(saved.journal), resumed.changes):
        if resumed.action is not None:
            raise ConfigError(f"run {saved.name} has ended, and nothing is left to train: set training.steps to more steps too")
        return _sum_up(saved, as_json)
    with LeaveOnSignal() as signals:
        import_torch()
        from grokterm.session.start import resume_session

        session, _ = resume_session(saved, assignments)
        return _train(session, signals, as_json)


def _branch(origin: str, assignments: list[str], runs_dir: Path, as_json: bool) -> int:
    from grokterm.cli.signals import LeaveOnSignal
    from grokterm.runs.branching import find_origin, plan_branch

    plan = plan_branch(*find_origin(runs_dir, origin), assignments)
    print_status(*plan.notes)
    with LeaveOnSignal() as signals:
        import_torch()
        from grokterm.session.branch import branch_session

        session, _ = branch_session(plan, runs_dir)
        return _train(session, signals, as_json)


def _train(session: "Session", signals: "LeaveOnSignal", as_json: bool) -> int:
    from grokterm.cli.headless import exit_code_kept, train

    code = train(session, signals)
    if code == 1:
        return code
    with exit_code_kept(signals):
        return _sum_up(session.run, as_json) or code


def _sum_up(run: "Run", as_json: bool) -> int:
    """Print the summary of a run; return 1 if it diverged, else 0."""
    from grokterm.reports.run import describe
    from grokterm.runs.journal import read_journal
    from grokterm.runs.summary import summarize

    summary = summarize(run, read_journal(run.journal))
    print_results(summary.to_json() if as_json else describe(summary))
    if summary.ended != "diverged":
        return 0
    print_status(f"grokterm: run {run.name} diverged: at step {summary.steps:,} the loss was no longer a finite number")
    return 1
