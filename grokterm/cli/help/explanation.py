"""`--help`, which explains a command."""

from collections.abc import Sequence

import typer

from grokterm.cli.console import drop_results

ASKING = ("-h", "--help")


def explains(app: typer.Typer, words: Sequence[str]) -> bool:
    """Print what a command does if that is all these words ask for; tell whether it is.

    Typer prints the same, but it first reads the options before the command, and loads pydantic for that.
    """
    *names, last = words or [""]
    if last not in ASKING:
        return False
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="grokterm", help_option_names=[*ASKING])
    for name in names:
        if name not in (inner := getattr(command, "commands", {})):
            return False
        command = inner[name]
        context = typer.Context(command, parent=context, info_name=name)
    try:
        typer.echo(command.get_help(context))
    except BrokenPipeError:  # who reads it has seen enough, as `head` has
        drop_results()
    return True
