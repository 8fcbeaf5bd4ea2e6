"""`grokterm inspect`: metrics and diagnosis of saved networks."""

from typing import Annotated

import typer

from grokterm.cli.console import print_results
from grokterm.cli.options import RUNS, RunNames, RunsDir
from grokterm.cli.plugins import say_what_changed
from grokterm.session.torch_import import import_torch


def inspect(
    names: RunNames,
    *,
    steps: Annotated[
        list[int], typer.Option("--step", metavar="N", help="A step, instead of the newest checkpoint. May be repeated.")
    ] = [],  # noqa: B006 - Typer reads the default
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a network instead of words.")] = False,
    skip_norms: Annotated[
        bool, typer.Option("--skip-norms", help="Leave out C_mem and C_gen, for which much may have to be trained again.")
    ] = False,
    by_layer: Annotated[
        bool, typer.Option("--layers", help="Add norm, effective rank and sparsity of every parameter.")
    ] = False,
    with_hessian: Annotated[
        bool, typer.Option("--hessian", help="Add the largest eigenvalue of the Hessian, which may take a minute.")
    ] = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Describe what the networks of saved runs have learned, side by side.

    A step without a checkpoint is reached by training again from the one before it, on the CPU and in memory only.
    """
    from grokterm.cli.headless.signals import LeaveOnSignal
    from grokterm.runs.finding import find_run

    runs = {run.path: run for run in (find_run(runs_dir, name) for name in names)}
    for run in runs.values():
        say_what_changed(run)
    with LeaveOnSignal():
        import_torch()
        from grokterm.cli.headless.progress import replay_to
        from grokterm.reports.network import objects, report
        from grokterm.runs.results.metrics import RunMetrics
        from grokterm.runs.results.norms import Norms

        metrics = []
        for run in runs.values():
            norms = Norms(run, replay_to, initial_only=skip_norms)
            at = dict.fromkeys(steps) or (None,)
            metrics += [RunMetrics(run, step, norms, replay_to, with_hessian=with_hessian) for step in at]
        parts = [objects(metrics)] if as_json else report(metrics, by_layer=by_layer)
    print_results(*parts)
