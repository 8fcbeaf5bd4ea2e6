"""The page for `man grokterm`, in roff, made of the help of every command."""

import re
from collections.abc import Iterator

import typer

from grokterm import __version__
from grokterm.cli.help.examples import EXAMPLES


def manual_page(root: typer.Context) -> str:
    """Write the page: what each command does and takes, with examples."""
    lines = [
        f'.TH GROKTERM 1 "" "grokterm {__version__}" "User Commands"',
        ".SH NAME\ngrokterm \\- the terminal laboratory for grokking",
        ".SH SYNOPSIS\n.B grokterm\n[OPTIONS] [COMMAND] [ARGUMENTS]",
        f".SH DESCRIPTION\n{_escaped(root.command.help or '')}",
        *_parameters(root),
        ".SH COMMANDS",
        *_commands(root),
        ".SH SEE ALSO\n.B grokterm help\nlists the pages of the manual;",
        ".B grokterm help commands\nlists exit codes and environment variables.",
    ]
    return "\n".join(lines)


def _commands(above: typer.Context) -> Iterator[str]:
    for name, command in getattr(above.command, "commands", {}).items():
        context = typer.Context(command, parent=above, info_name=name)
        paragraphs = (_escaped(" ".join(part.split())) for part in (command.help or "").split("\n\n"))
        words = f"{above.command_path} {name}".removeprefix("grokterm ")
        yield f".SS grokterm {words}"
        yield "\n.PP\n".join(paragraphs)
        yield from _parameters(context)
        yield ".PP\nExamples:\n.nf"
        yield from (_escaped(f"    grokterm {words} {more}".rstrip()) for more in EXAMPLES[words])
        yield ".fi"
        yield from _commands(typer.Context(command, info_name=f"grokterm {words}"))


def _parameters(context: typer.Context) -> Iterator[str]:
    for parameter in context.command.params:
        if (record := parameter.get_help_record(context)) is not None:
            names, meaning = record
            yield f".TP\n.B {_escaped(names)}\n{_escaped(' '.join(meaning.split()))}"


def _escaped(text: str) -> str:
    """Write text so that roff takes no sign of it for its own."""
    return re.sub(r"^(?=[.'])", r"\\&", text.replace("\\", r"\e").replace("-", r"\-"), flags=re.MULTILINE)
