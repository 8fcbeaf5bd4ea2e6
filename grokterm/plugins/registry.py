"""What was added from outside the package, and by which file or distribution: a decorator asks here before it adds a row.

It knows no table: each layer adds to its own, in its `plugins.py`.
"""

import hashlib
import inspect
import traceback
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grokterm.errors import GroktermError, PluginError

Kind = Literal["operation", "network", "loss", "update rule", "metric", "view"]

SESSION = "this session"
"""The source of what no file has added: a notebook, or the prompt of Python."""

OF_THE_MACHINE = ("MemoryError", "OutOfMemoryError", "AcceleratorError")  # errors that are no fault of what has raised them

SAID_OF_SESSION = "a session of Python"
"""How it is called where a run remembers it: that session may be another one."""


@dataclass(frozen=True)
class Plugin:
    """A file or a distribution that adds something."""

    source: str
    """The name of the file, or the distribution and its version."""

    file: str
    """Its path, or what Python calls a cell of a notebook; empty where there is none."""

    sha256: str
    """Of that file, as it was run, or of the source of what a session has added; empty where there is none."""

    is_loaded: bool = True
    """Whether it was loaded, as other processes can load it too: not so a cell of a notebook, or a script of the user's."""


PROVIDED: dict[tuple[str, str], Plugin] = {}
"""What has added each thing, by its kind and name."""

_loading: list[Plugin] = []  # the last is the one whose code runs now


@contextmanager
def adding(plugin: Plugin) -> Iterator[None]:
    """What is added in this context comes from a plugin."""
    _loading.append(plugin)
    try:
        yield
    finally:
        _loading.pop()


def check_name(kind: Kind, name: object, taken: Container[str]) -> None:
    """Check the name of what is to be added.

    What a session has added itself may be added anew, so that a cell of a notebook can be run again, and so may what a file
    has added by the one that is loaded after it was edited, or had failed.

    Raises:
        PluginError: if it is no identifier, or taken.
    """
    if callable(name):
        example = getattr(name, "__name__", "name")
        raise PluginError(f'{kind}: the decorator needs a name, as in @grokterm.{kind.replace(" ", "_")}("{example}")')
    if not isinstance(name, str) or not (name.isascii() and name.isidentifier()) or name.startswith("_"):
        raise PluginError(f"{kind} {name!r} is no name: choose letters, digits and _, beginning with a letter, as in cube_sum")
    if name in taken and not _is_renewed(PROVIDED.get((kind, name))):
        raise PluginError(f"{kind} {name!r} is taken{_taken_by(kind, name)}: choose another name")


def _is_renewed(former: Plugin | None) -> bool:
    if former is None:
        return False
    if not _loading:
        return not former.is_loaded
    return former.is_loaded and former.file == _loading[-1].file != "" and former is not _loading[-1]


def provide(kind: Kind, name: str, code: Callable[..., object] | type) -> None:
    """Note where something comes from that is added now."""
    PROVIDED[kind, name] = _loading[-1] if _loading else _plugin_of(code)


def printable(what: str, text: object) -> str:
    """Check a text that is shown, and return it.

    Raises:
        PluginError: if it cannot be printed in a line.
    """
    if not isinstance(text, str) or not text.isprintable() or not text.strip():
        raise PluginError(f"{what} must be a text that can be printed in a line, not {text!r}")
    return text


def check_arguments(what: str, function: Callable[..., object], *names: str) -> None:
    """Check whether a function can be called with so many arguments.

    Raises:
        PluginError: if it cannot.
    """
    if not callable(function):
        raise PluginError(f"{what} must be a function of {', '.join(names)}, not {function!r}")
    try:
        inspect.signature(function).bind(*names)
    except ValueError:  # of a function that is not written in Python
        return
    except TypeError as error:
        raise PluginError(f"{what} must take {', '.join(names)}: {error}") from None


def hash_of(content: bytes) -> str:
    """Return the hash by which a file is known."""
    return hashlib.sha256(content).hexdigest()


@contextmanager
def blamed(what: str) -> Iterator[None]:
    """Turn what code from outside raises into one line with its place, but where memory is exhausted or a device fails.

    Raises:
        PluginError: if anything is raised.
    """
    try:
        yield
    except GroktermError:
        raise
    except (Exception, SystemExit) as error:
        if type(error).__name__ in OF_THE_MACHINE or "allocate memory" in str(error) or "CUDA error" in str(error):
            raise
        raise PluginError(f"{what} failed: {said(error)}") from error


def said(error: BaseException) -> str:
    """Say an exception and its place in one line: the innermost that a plugin has written, none where it was not reached."""
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or '?').name}:{error.lineno}: SyntaxError: {error.msg}"
    frames, files = traceback.extract_tb(error.__traceback__), {one.file for one in (*PROVIDED.values(), *_loading)}
    within = [frame for frame in frames if frame.filename in files]
    place = f"{Path(within[-1].filename).name}:{within[-1].lineno}: " if within else ""
    text = " ".join(str(error).split())
    return f"{place}{type(error).__name__}{f': {text}' if text else ''}"


def missing(recorded: object) -> str:
    """Say what of a run's record of plugins is not there; empty if all is."""
    if not (gone := _gone(recorded)):
        return ""
    source = gone[0]["source"]
    if source == SESSION:
        return f"needs {lacking(recorded)}: add it again, by the same code"
    how = f"load it with --plugins {source}" if source.endswith(".py") else "install it"
    return f"needs {lacking(recorded)}{_short(gone[0]['sha256'])}: {how}"


def lacking(recorded: object) -> str:
    """Name what of a run's record of plugins is not there, of the first that is missing: `network towers of towers.py`."""
    if not (gone := _gone(recorded)):
        return ""
    source = gone[0]["source"]
    things = ", ".join(f"{one['kind']} {one['name']}" for one in gone if one["source"] == source)
    return f"{things} of {SAID_OF_SESSION if source == SESSION else source}"


def _gone(recorded: object) -> list[Mapping[str, str]]:
    return [one for one in _records(recorded) if (one["kind"], one["name"]) not in PROVIDED]


def changed(recorded: object) -> str:
    """Say what of a run's record of plugins is another one now; empty if all is as it was."""
    for one in _records(recorded):
        now = PROVIDED.get((one["kind"], one["name"]))
        if now is not None and now.sha256 != one["sha256"]:
            then, here = _short(one["sha256"]), _short(now.sha256)
            source = SAID_OF_SESSION if one["source"] == SESSION else one["source"]
            return f"{one['kind']} {one['name']} of {source}{then} is that of {now.source} now{here}"
    return ""


def lacks(recorded: object, kind: Kind, name: str) -> bool:
    """Tell whether something comes from a plugin that a run's record does not name."""
    return (kind, name) in PROVIDED and (kind, name) not in {(one["kind"], one["name"]) for one in _records(recorded)}


def check_loaded(recorded: object) -> None:
    """Check whether other processes can load what an experiment needs.

    Raises:
        PluginError: if this one has added it itself.
    """
    for one in _records(recorded):
        plugin = PROVIDED.get((one["kind"], one["name"]))
        if plugin is not None and not plugin.is_loaded:
            raise PluginError(
                f"{one['kind']} {one['name']} is known to this process alone, and ensembles and sweeps train in others:"
                " write it into a file, start anew, and load that with grokterm.load_plugins"
            )


def record(needed: Container[tuple[str, str]]) -> list[dict[str, str]]:
    """List where things come from, as a run records it; what grokterm has itself is left out."""
    return [
        {"kind": kind, "name": name, "source": plugin.source, "sha256": plugin.sha256}
        for (kind, name), plugin in PROVIDED.items()
        if (kind, name) in needed
    ]


def _records(recorded: object) -> list[Mapping[str, str]]:
    """Read a record; what a damaged file has instead is no record."""
    keys = ("kind", "name", "source", "sha256")
    given = recorded if isinstance(recorded, list) else []
    return [one for one in given if isinstance(one, Mapping) and all(isinstance(one.get(key), str) for key in keys)]


def _short(sha256: str) -> str:
    return f" (sha256 {sha256[:12]}…)" if sha256 else ""


def _taken_by(kind: str, name: str) -> str:
    plugin = PROVIDED.get((kind, name))
    return f" by {plugin.source}" if plugin else ""


def _plugin_of(code: Callable[..., object] | type) -> Plugin:
    """Return the file in which code was written that no loading has run: a script, or a cell of a notebook."""
    try:
        path = Path(inspect.getfile(code))
        return Plugin(path.name, str(path), hash_of(path.read_bytes()), is_loaded=False)
    except (TypeError, OSError):
        written = [one for one in vars(code).values() if inspect.isfunction(one)] if isinstance(code, type) else [code]
        cells = [one.__code__.co_filename for one in written if inspect.isfunction(one)]
        return Plugin(SESSION, cells[0] if cells else "", _hash_of_source(written), is_loaded=False)


def _hash_of_source(written: Iterable[Callable[..., object]]) -> str:
    """Return the hash of functions that a notebook remembers; empty if nothing does."""
    try:
        return hash_of("".join(map(inspect.getsource, written)).encode())
    except (TypeError, OSError):
        return ""
