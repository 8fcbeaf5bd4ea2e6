"""`--plugins FILE`, which every command takes that reads experiments."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

import typer

from grokterm.cli.console import print_status

if TYPE_CHECKING:
    from grokterm.runs.store import Run

Plugins = Annotated[
    list[Path],
    typer.Option("--plugins", metavar="FILE", help="Python code to load first, see `grokterm help plugins`. May be repeated."),
]

Command = TypeVar("Command", bound=Callable[..., object])


def with_plugins(command: Command) -> Command:
    """Return a command that takes `--plugins`, and loads plugins before it runs; its help loads none."""

    @wraps(command)
    def run(*arguments: object, plugins: list[Path], **options: object) -> object:
        load(plugins, quietly=bool(options.get("is_background")))
        return command(*arguments, **options)

    signature = inspect.signature(command)
    option = inspect.Parameter("plugins", inspect.Parameter.KEYWORD_ONLY, default=[], annotation=Plugins)
    parameters = [*signature.parameters.values(), option]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # what Typer reads
    run.__annotations__ = {**command.__annotations__, "plugins": Plugins}
    return cast("Command", run)


def load(files: list[Path], *, quietly: bool = False) -> None:
    """Load plugins, and say so, unless the process that has started this one has."""
    from grokterm.plugins.loading import load_plugins

    loaded = load_plugins(files)
    print_status(*(f"grokterm: {line}" for line in loaded if not quietly))


def say_what_changed(run: "Run") -> None:
    """Warn if a plugin that a run needs is another one now."""
    from grokterm.plugins.registry import changed

    if said := changed(run.meta.get("plugins")):
        print_status(f"grokterm: run {run.name}: {said}: what is computed now may differ")
