"""`grokterm presets`: lists named experiments."""

from typing import TYPE_CHECKING, Annotated

import typer

from grokterm.cli.completion import complete_preset
from grokterm.cli.console import print_results, print_status
from grokterm.cli.options import Assignments
from grokterm.cli.plugins import with_plugins

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from grokterm.experiment.reading.presets import Preset

app = typer.Typer(help="List the presets, or print one.", invoke_without_command=True, rich_markup_mode=None)

NO_SOURCE = "no source given"


@app.callback()
@with_plugins
def presets(context: typer.Context) -> None:
    """List the presets, by the source they follow."""
    if context.invoked_subcommand is not None:
        return
    from rich.table import Table
    from rich.text import Text

    from grokterm.experiment.reading.presets import group_presets, split_source
    from grokterm.plots.sanitize import plain_text

    table = Table("preset", "what it shows", "where", box=None, pad_edge=False, header_style="bold")
    for source, group in group_presets().items():
        readable = [one for one in group if one.is_shipped or any(readable_presets([one]))]
        rows = [(f"  {one.name}", _shown(one), split_source(one.source)[1]) for one in readable]
        if rows:
            table.add_row(Text(plain_text(source or NO_SOURCE), style="bold"))
        for row in rows:
            table.add_row(*(Text(plain_text(cell)) for cell in row))
    print_results(table)


@app.command("show")
@with_plugins
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name or path of a preset.", autocompletion=complete_preset)],
    assignments: Assignments = [],  # noqa: B006 - Typer reads the default
) -> None:
    """Print a preset with every setting resolved, as TOML."""
    from grokterm.experiment.reading.presets import find_preset

    preset = find_preset(name)
    overridden, sweep = preset.overridden(assignments), preset.sweep
    print_status(*overridden.notes)
    print_results(overridden.experiment.to_toml().rstrip("\n"))
    if sweep is not None:
        from grokterm.experiment.reading.toml import format_toml

        print_results("\n" + format_toml({"sweep": sweep.model_dump(exclude_defaults=True, exclude_none=True)}).rstrip("\n"))


def _shown(preset: "Preset") -> str:
    """Say what a preset shows, and of a sweep how large it is."""
    from grokterm.experiment.reading.ranges import n_points

    title = preset.title if preset.is_shipped else preset.experiment.title
    if (sweep := preset.written_sweep) is None:
        return title
    points = n_points(*(sweep.get(name, {}) for name in ("grid", "zipped", "variants")))
    seeds = sweep.get("seeds", 1)
    return f"{title} ({'a search' if 'search' in sweep else f'{points} points'}, {seeds} seed{'s' if seeds > 1 else ''})"


def readable_presets(presets: "Iterable[Preset]") -> "Iterator[Preset]":
    """Leave out presets that break a rule, and say why on stderr."""
    from grokterm.errors import PresetError

    for preset in presets:
        try:
            preset.experiment, preset.sweep  # noqa: B018 - read, to see whether they can be
        except PresetError as error:
            print_status(f"grokterm: {error}")
        else:
            yield preset
