"""What the shell offers behind TAB. Loads nothing that trains, and only for settings what validates them."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import typer

from grokterm.errors import GroktermError
from grokterm.tui.appearance.remembered import default_runs_dir, preferences_path

PLAIN = re.compile(r"[\w.+@%=-]+")  # names that every shell takes as they are; others are offered by bash alone, escaped


BREAKS = "=:@"  # where bash ends a word, besides spaces and what has a meaning of its own; COMP_WORDBREAKS has more


def join_words() -> None:
    """Put the words of bash together that it has cut at one of BREAKS, as in `task.operation=add`: three words to it."""
    if os.environ.get("_GROKTERM_COMPLETE") != "complete_bash" or not (place := os.environ.get("COMP_CWORD", "")).isdecimal():
        return
    words, joined = os.environ.get("COMP_WORDS", "").split("\n")[: int(place) + 1], list[str]()
    for before, word in zip(["", *words], words, strict=False):
        if joined and (_is_break(word) or _is_break(before)):
            joined[-1] += word
        else:
            joined.append(word)
    os.environ |= {"COMP_WORDS": "\n".join(joined), "COMP_CWORD": str(len(joined) - 1)}
    if any(map(_is_break, words[-2:])):
        os.environ[CUT] = "1"


CUT = "_GROKTERM_COMPLETE_CUT"  # set while the word at the cursor is the rest of a longer one


def _is_break(word: str) -> bool:
    return word != "" and not word.strip(BREAKS)


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the runs of the folder that is chosen."""
    from grokterm.runs.finding import run_names
    from grokterm.runs.store import is_run

    folder = _folder(context)
    try:
        names = [name for name in run_names(folder) if name.startswith(incomplete) and is_run(folder / name)]
    except GroktermError:
        return []
    return _offered(names, incomplete)


def complete_deleted(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the runs in the trash."""
    from grokterm.runs.listing.trash import trashed

    try:
        return _offered(trashed(_folder(context)), incomplete)
    except GroktermError:
        return []


def complete_preset(incomplete: str) -> list[str]:
    """Offer the presets."""
    from grokterm.experiment.reading.presets import preset_names

    return _offered(preset_names(), incomplete)


def complete_sweep(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the presets, and the sweeps of the folder that is chosen."""
    from grokterm.experiment.reading.presets import preset_names

    return _offered(sorted({*preset_names(), *_sweeps(_folder(context), incomplete)}), incomplete)


def complete_run_or_sweep(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the runs and the sweeps of the folder that is chosen."""
    return [*complete_run(context, incomplete), *_offered(_sweeps(_folder(context), incomplete), incomplete)]


def complete_topic(incomplete: str) -> list[str]:
    """Offer the pages of the manual."""
    from importlib.resources import files

    names = sorted(page.name.removesuffix(".md") for page in (files("grokterm") / "help").iterdir())
    return _offered(names, incomplete)


def complete_query(incomplete: str) -> list[str]:
    """Offer the words and fields that the last term of a query may begin with."""
    from grokterm.runs.listing.fields import COLUMNS, NUMBERS, SHORT
    from grokterm.runs.listing.query import WORDS

    before, space, term = incomplete.rpartition(" ")
    sign = "-" * term.startswith("-")
    fields = [f"{name}{'>' if SHORT.get(name, name) in NUMBERS else ':'}" for name in (*COLUMNS, *SHORT)]
    return [f"{before}{space}{sign}{one}" for one in (*WORDS, *fields) if one.startswith(term.removeprefix("-"))]


def complete_column(incomplete: str) -> list[str]:
    """Offer what runs can be sorted by."""
    from grokterm.runs.listing.fields import COLUMNS

    sign = "-" * incomplete.startswith("-")
    return [f"{sign}{name}" for name in COLUMNS if name.startswith(incomplete.removeprefix("-"))]


def complete_format(incomplete: str) -> list[str]:
    """Offer the formats that a run can be exported to."""
    from grokterm.runs.export.table import FORMATS

    return _offered(FORMATS, incomplete)


def complete_log(incomplete: str) -> list[str]:
    """Offer the logs that can be written while a run trains."""
    from grokterm.runs.export.table import LOGS

    return _offered(LOGS, incomplete)


def complete_setting(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the settings of the preset in the line, then values of one. What ends with `=` keeps shells from adding a space."""
    from grokterm.experiment.reading.fields import examples_of, fields_of
    from grokterm.experiment.reading.presets import find_preset

    try:
        settings = find_preset(context.params.get("preset") or "").settings
    except GroktermError:
        settings = {}
    fields = {name: field for name, field in fields_of(settings).items() if f"{name}=".startswith(incomplete.partition("=")[0])}
    if "=" not in incomplete and len(fields) > 1:
        return _offered((f"{name}=" for name in fields), incomplete)
    return _offered((f"{name}={value}" for name in fields for value in ("", *examples_of(name, fields[name]))), incomplete)


def _sweeps(folder: Path, incomplete: str) -> list[str]:
    from grokterm.runs.finding import sweep_names

    try:
        return sweep_names(folder, incomplete)
    except GroktermError:
        return []


def _offered(names: Iterable[str], incomplete: str) -> list[str]:
    fitting = [name for name in names if name.startswith(incomplete)]
    if not _escapes():
        return [name for name in fitting if PLAIN.fullmatch(name)]
    cut = max(map(incomplete.rfind, BREAKS)) + 1 if CUT in os.environ else 0
    return [_Rest(re.sub(r"([^\w.+@%=-])", r"\\\1", name[cut:])) for name in fitting if name.isprintable()]


class _Rest(str):
    """What bash is to put behind the part of a word that it keeps; Typer asks whether it begins as the whole word does."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        """Return True: it was chosen so."""
        return True


def _escapes() -> bool:
    """Whether what is offered is put into a line of bash, behind no quote."""
    words, place = os.environ.get("COMP_WORDS", "").split("\n"), os.environ.get("COMP_CWORD", "")
    is_quoted = place.isdecimal() and int(place) < len(words) and words[int(place)].startswith(("'", '"'))
    return os.environ.get("_GROKTERM_COMPLETE") == "complete_bash" and not is_quoted


def _folder(context: typer.Context) -> Path:
    """Return the runs folder that is named in the line so far, or else the usual one."""
    for one in _upwards(context):
        source = one.get_parameter_source("runs_dir")
        if source is not None and source.name != "DEFAULT" and one.params.get("runs_dir"):
            return Path(one.params["runs_dir"])
    return default_runs_dir(preferences_path())[0]


def _upwards(context: typer.Context) -> Iterable[typer.Context]:
    found = [context]
    while (parent := found[-1].parent) is not None:
        found.append(parent)  # type: ignore[arg-type] # Typer types a parent as its base class
    return found
