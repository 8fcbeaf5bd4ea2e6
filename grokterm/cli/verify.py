"""`grokterm verify`: presets run and held against what they promise."""

from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from grokterm.cli.console import print_results, talk
from grokterm.cli.options import RUNS, AsJson, AsMarkdown, Assignments, RunsDir, output_of
from grokterm.cli.presets import readable_presets
from grokterm.errors import ConfigError

if TYPE_CHECKING:
    from grokterm.experiment.presets import Preset
    from grokterm.runs.verification import Check

NOT_MET = 3
"""Exit code: an expectation was not met."""


def verify(
    names: Annotated[list[str], typer.Argument(metavar="PRESET", help="Names or paths of presets.")] = [],  # noqa: B006 - Typer reads it
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
    """Run presets and hold them against their [expect]; exit code 3 when an expectation is not met.

    Without names: the presets that take less than a minute here, as a few timed steps of each foretell. With several seeds
    the median decides, and a step that never came counts as later than any other; "never" must hold for every seed. What is
    not run is never met.
    """
    output = output_of(as_json=as_json, as_markdown=as_markdown)
    changes = [*assignments, *([f"device={device}"] if device else [])]
    checks = _named(names, changes) if names else _expecting(changes)
    only_short = not (names or everything or from_runs)

    from grokterm.cli.signals import LeaveOnSignal

    with LeaveOnSignal() as signals:
        from grokterm.cli.headless import last_words
        from grokterm.cli.sources import Request, from_saved_runs, from_training
        from grokterm.reports.verification import not_run, verification

        request = Request(runs_dir, n_seeds, device, only_short)
        code, held = from_saved_runs(checks, request) if from_runs else from_training(checks, request, signals)
        with last_words(signals):
            talk(*(not_run(held) if as_markdown else ()))
            print_results(*verification(held, output, shows_all=bool(names) or everything))
    raise typer.Exit(code or _code(held))


def _code(held: "list[Check]") -> int:
    verdicts = [verdict for check in held for verdict in check.verdicts]
    if not verdicts:
        talk("grokterm: nothing was measured")
        return 1
    return 0 if all(verdict.is_met for verdict in verdicts) else NOT_MET


def _named(names: list[str], changes: list[str]) -> "list[Check]":
    from grokterm.experiment.presets import find_preset

    checks = []
    for name in dict.fromkeys(names):
        check = _check(find_preset(name), changes)
        if check is None:
            raise ConfigError(f"preset {name} expects nothing: it has no [expect] to be held against")
        checks.append(check)
    return checks


def _expecting(changes: list[str]) -> "list[Check]":
    from grokterm.experiment.presets import group_presets

    presets = readable_presets(chain.from_iterable(group_presets().values()))
    return [check for preset in presets if (check := _check(preset, changes))]


def _check(preset: "Preset", changes: list[str]) -> "Check | None":
    from grokterm.runs.verification import Check

    overridden = preset.overridden(changes)
    talk(*(f"{preset.name}: {note}" for note in overridden.notes))
    expect = overridden.experiment.expect
    return Check(preset.name, overridden.experiment, expect) if expect and expect.ranges else None
