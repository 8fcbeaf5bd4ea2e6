"""`grokterm verify`: runs presets and compares them with their expectations."""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grokterm.cli.completion import complete_preset
from grokterm.cli.console import print_results, print_status
from grokterm.cli.options import RUNS, AsJson, AsMarkdown, Assignments, RunsDir, output_of
from grokterm.cli.presets import readable_presets
from grokterm.errors import ConfigError
from grokterm.session.torch_import import import_torch

if TYPE_CHECKING:
    from grokterm.experiment.reading.presets import Preset
    from grokterm.runs.results.verification import Check

NOT_MET = 3  # exit code: an expectation was not met


@dataclass(frozen=True)
class Asked:
    """What the command line says of each preset."""

    changes: list[str]
    runs_dir: Path = RUNS
    n_seeds: int | None = None


def verify(
    names: Annotated[
        list[str], typer.Argument(metavar="PRESET", help="Names or paths of presets.", autocompletion=complete_preset)
    ] = [],  # noqa: B006 - Typer reads it
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every preset that expects something, however long.")] = False,
    n_seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="Runs a preset: its seed, the next, ...")] = None,
    device: Annotated[str | None, typer.Option("--device", help="Where to train, or have trained: cpu, cuda, cuda:1.")] = None,
    assignments: Assignments = [],  # noqa: B006 - Typer reads the default
    from_runs: Annotated[bool, typer.Option("--from-runs", help="Train nothing: read the newest finished runs.")] = False,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Run presets and compare them with their [expect], sweeps with [[sweep.expect]]; exit code 3 if one is not met.

    Without names: the presets that take less than a minute here, as estimated from a few timed steps. With several seeds the
    median decides, and a step never reached counts as infinite; "never" must hold for every seed. Members of a sweep that have
    ended are not trained again. Presets that are not run count as not met.
    """
    output = output_of(as_json=as_json, as_markdown=as_markdown)
    asked = Asked([*assignments, *([f"device={device}"] if device else [])], runs_dir, n_seeds)
    checks = _named(names, asked) if names else _expecting(asked)
    only_short = not (names or everything or from_runs)

    from grokterm.cli.headless.signals import LeaveOnSignal

    with LeaveOnSignal() as signals:
        import_torch()
        from grokterm.cli.headless.sources import Request, from_saved_runs, from_training
        from grokterm.cli.headless.training import exit_code_kept
        from grokterm.reports.verification import not_run, verification

        request = Request(runs_dir, n_seeds, device, only_short)
        code, checked = from_saved_runs(checks, request) if from_runs else from_training(checks, request, signals)
        with exit_code_kept(signals):
            print_status(*(not_run(checked) if as_markdown else ()))
            print_results(*verification(checked, output, shows_all=bool(names) or everything))
    raise typer.Exit(code or _exit_code(checked))


def _exit_code(checked: "list[Check]") -> int:
    verdicts = [verdict for check in checked for verdict in check.verdicts]
    if not verdicts:
        print_status("grokterm: nothing was measured")
        return 1
    return 0 if all(verdict.is_met for verdict in verdicts) else NOT_MET


def _named(names: list[str], asked: Asked) -> "list[Check]":
    from grokterm.experiment.reading.presets import find_preset

    checks = []
    for name in dict.fromkeys(names):
        preset = find_preset(name)
        check = _check(preset, asked)
        if check is None:
            missing = "[expect]" if preset.sweep is None else "[[sweep.expect]]"
            raise ConfigError(f"preset {name} expects nothing: it has no {missing}")
        checks.append(check)
    return checks


def _expecting(asked: Asked) -> "list[Check]":
    from grokterm.experiment.reading.presets import group_presets

    presets = readable_presets(chain.from_iterable(group_presets().values()))
    return [check for preset in presets if (check := _check(preset, asked))]


def _check(preset: "Preset", asked: Asked) -> "Check | None":
    if preset.sweep is not None:
        return _check_sweep(preset, asked)
    from grokterm.runs.results.verification import Check

    overridden = preset.overridden(asked.changes)
    print_status(*(f"{preset.name}: {note}" for note in overridden.notes))
    expect = overridden.experiment.expect
    return Check(preset.name, overridden.experiment, expect) if expect and expect.ranges else None


def _check_sweep(preset: "Preset", asked: Asked) -> "Check | None":
    from grokterm.sweeps.definition import Changes, define
    from grokterm.sweeps.verification import check_of

    definition = define(str(preset.path), asked.runs_dir, Changes(assignments=asked.changes, seeds=asked.n_seeds))
    print_status(*(f"{preset.name}: {note}" for note in definition.notes))
    return check_of(definition)
