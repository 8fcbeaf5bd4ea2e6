"""`grokterm run` beyond its options: what is trained, by which process, and what came of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from grokterm.cli.console import print_results, print_status
from grokterm.session.torch_import import import_torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from grokterm.cli.headless.signals import LeaveOnSignal
    from grokterm.experiment.recording.records import Record
    from grokterm.runs.export.live import Wanted
    from grokterm.runs.naming import Named
    from grokterm.runs.store import Run
    from grokterm.session.detached import Background
    from grokterm.session.session import Session


@dataclass(frozen=True)
class Manner:
    """How a training is run, whatever it is."""

    assignments: list[str]
    runs_dir: Path
    as_json: bool
    is_detached: bool  # leave it to another process
    background: "Background | None"  # this is that process
    logs: "Sequence[Wanted]"  # for other tools

    @property
    def begun(self) -> "Callable[[Session], None] | None":
        """What to call once a session trains."""
        return None if self.background is None else self.background.begun


def start(preset: str, manner: Manner) -> int:
    """Train a preset as a new run; return the exit code."""
    from grokterm.cli.headless.signals import LeaveOnSignal
    from grokterm.experiment.reading.presets import find_preset
    from grokterm.runs.naming import named

    found = find_preset(preset)
    overridden = found.overridden(manner.assignments)
    if manner.is_detached:
        return _detach(["--preset", preset], manner)
    if found.sweep is not None:
        print_status(f"this trains the experiment that {found.name} varies; `grokterm sweep {preset}` trains its members")
    print_status(*overridden.notes)
    with LeaveOnSignal() as signals:
        return _train_new(named(overridden.experiment, found), signals, manner)


def go_on_with_whole(name: str, manner: Manner) -> int:
    """Go on with a part of a mixture, then train the mixture; return the exit code."""
    from grokterm.cli.headless.signals import LeaveOnSignal
    from grokterm.runs.finding import find_run
    from grokterm.runs.journal import read_journal
    from grokterm.runs.resume import has_ended
    from grokterm.runs.whole import read_whole

    part = find_run(manner.runs_dir, name)
    whole = read_whole(part)
    with LeaveOnSignal() as signals:
        if not has_ended(part.experiment, read_journal(part.journal)):
            import_torch()
            from grokterm.cli.headless.training import PART, train
            from grokterm.session.start import resume_session

            session, earlier = resume_session(part)
            if manner.background is not None:
                manner.background.prepare(session)
            if code := train(session, signals, earlier, manner.begun, part=PART):
                return code
        return _train_new(whole, signals, manner)


def _train_new(chosen: "Named", signals: "LeaveOnSignal", manner: Manner) -> int:
    """Train an experiment as a new run; first the parts of a mixture that have none."""
    experiment = chosen.experiment
    warnings = experiment.warnings()
    print_status(*(f"warning: {warning}" for warning in warnings))
    import_torch()
    from grokterm.cli.headless.training import train_parts
    from grokterm.session.start import start_session

    if code := train_parts(experiment, manner.runs_dir, signals, manner.begun):
        return code
    session = start_session(experiment, manner.runs_dir, chosen.preset, chosen.name)
    there = experiment.on_device(session.trainer.device.type).warnings()  # where device auto has led to
    print_status(*(f"warning: {warning}" for warning in there if warning not in warnings))
    return _train(session, signals, manner)


def resume(name: str, manner: Manner) -> int:
    """Resume a run, or say what came of it if nothing is left to train; return the exit code."""
    from grokterm.cli.headless.signals import LeaveOnSignal
    from grokterm.runs.finding import find_run
    from grokterm.runs.resume import is_over, resumption

    saved = find_run(manner.runs_dir, name)
    resumed = resumption(saved, manner.assignments)
    if is_over(saved, resumed):
        print_status(*(f"nothing is left to train, and to log: {_exported(saved, log.kind)} writes it" for log in manner.logs))
        return _sum_up(saved, as_json=manner.as_json)
    if manner.is_detached:
        return _detach(["--resume", str(saved.path)], replace(manner, runs_dir=saved.path.parent))
    with LeaveOnSignal() as signals:
        import_torch()
        from grokterm.session.start import resume_session

        session, earlier = resume_session(saved, manner.assignments)
        if manner.background is not None:
            manner.background.prepare(session)
        return _train(session, signals, manner, earlier)


def _exported(run: "Run", kind: str) -> str:
    from grokterm.runs.command_line import command_line

    return f"{command_line('runs export', run.path)} --format {kind}"


def branch(origin: str, manner: Manner) -> int:
    """Begin a new run from a step of another; return the exit code."""
    from grokterm.cli.headless.signals import LeaveOnSignal
    from grokterm.runs.branching import find_origin, plan_branch

    plan = plan_branch(*find_origin(manner.runs_dir, origin), manner.assignments)
    if manner.is_detached:
        return _detach(["--from", origin], manner)
    print_status(*plan.notes)
    with LeaveOnSignal() as signals:
        import_torch()
        from grokterm.session.branch import branch_session

        session, earlier = branch_session(plan, manner.runs_dir)
        return _train(session, signals, manner, earlier)


def _detach(source: list[str], manner: Manner) -> int:
    """Leave the training to a process of its own, and say what it is called."""
    from grokterm.errors import NotBegunError
    from grokterm.runs.command_line import command_line
    from grokterm.session.detached import begin
    from grokterm.session.remote.address import require_sockets

    require_sockets("--detach", "leave it out, and the terminal open")
    changes = [f"--set={assignment}" for assignment in manner.assignments]
    logs = [f"--log={log}" for log in manner.logs]
    try:
        begun, said = begin([*source, *changes, *logs, "--runs-dir", str(manner.runs_dir)])
    except NotBegunError as error:
        print_status(f"grokterm: {error}")
        return error.code
    print_status(*said.splitlines())
    print_results(begun.model_dump_json() if manner.as_json else begun.name)
    run = manner.runs_dir / begun.name
    print_status(f"{command_line('attach', run)} shows it; {command_line('runs stop', run)} saves and ends it")
    return 0


def _train(session: "Session", signals: "LeaveOnSignal", manner: Manner, earlier: "Sequence[Record]" = ()) -> int:
    from grokterm.cli.headless.training import exit_code_kept, train

    code = train(session, signals, earlier, manner.begun, logs=manner.logs)
    if code == 1:
        return code
    with exit_code_kept(signals):
        return _sum_up(session.run, as_json=manner.as_json) or code


def _sum_up(run: "Run", *, as_json: bool) -> int:
    """Print the summary of a run; return 1 if it diverged, else 0."""
    from grokterm.reports.run import describe
    from grokterm.runs.journal import read_journal
    from grokterm.runs.results.summarizing import summarize

    summary = summarize(run, read_journal(run.journal))
    print_results(summary.to_json() if as_json else describe(summary, run.path))
    if summary.ended != "diverged":
        return 0
    print_status(f"grokterm: run {run.name} diverged: {_advice_on_divergence(run, summary.steps)}")
    return 1


def _advice_on_divergence(run: "Run", step: int) -> str:
    """Say where a run diverged, and from which checkpoint it may go on in another way."""
    from grokterm.runs.command_line import command_line
    from grokterm.runs.soundness import can_branch, last_good_step, remedy

    lost = f"at step {step:,} the loss was no longer a finite number"
    good = last_good_step(run, step) if can_branch(run.experiment) else None
    if good is None:
        return f"{lost}: begin again, with {remedy(run.experiment)}"
    branch = command_line("run --from", run.path.with_name(f"{run.name}@{good}"))
    return f"{lost}, step {good:,} is the last good checkpoint: {branch} --set optimizer.learning_rate=RATE"
