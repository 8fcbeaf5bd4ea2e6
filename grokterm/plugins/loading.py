"""Code from outside the package: files that are named, `./grokterm_plugins.py`, and what installed packages offer.

Nothing is loaded because a run or a preset names it.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from grokterm.errors import PluginError
from grokterm.plugins.registry import PROVIDED, Plugin, adding, hash_of, said

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

VARIABLE = "GROKTERM_PLUGINS"
"""Files to load, separated like the folders of PATH; the processes that this one starts load the same."""

HASHES = "GROKTERM_PLUGINS_SHA256"
"""What these files were when this process loaded them: those that it starts refuse to load others."""

HERE = "grokterm_plugins.py"
GROUP = "grokterm.plugins"

NOT_ABOVE = ("experiment.toml", "sweep.toml")
"""A file of the name HERE within the folder of a run or of a sweep is not loaded: that folder may come from anywhere."""

_loaded: dict[str, Plugin] = {}  # by path, or by name of the entry point
_contents: dict[str, bytes] = {}


def load_plugins(files: str | Path | Sequence[str | Path] = ()) -> list[str]:
    """Load these files, and what is installed, named by the environment, or here; return a line for each that is new.

    A file that has been edited is loaded anew: what it adds takes the place of what it had added by the same name.

    Raises:
        PluginError: if one cannot be read, or fails.
    """
    named = [files] if isinstance(files, str | Path) else [*files] if isinstance(files, Iterable) else [files]
    for file in named:
        if not isinstance(file, str | os.PathLike):
            raise PluginError(f"a plugin is a file, named by its path, not {file!r}")
    new = [*load_inherited(), *_load_files([HERE] if _is_here() else []), *_load_files(named, anew=True)]
    if loaded := [plugin for path, plugin in _loaded.items() if path == plugin.file]:
        os.environ[VARIABLE] = os.pathsep.join(plugin.file for plugin in loaded)
        os.environ[HASHES] = os.pathsep.join(plugin.sha256 for plugin in loaded)
    return [f"loaded {plugin.source}: {_things(plugin)}" for plugin in new]


def load_inherited() -> list[Plugin]:
    """Load what is installed or named by the environment, as a process does that another one has started.

    Raises:
        PluginError: if one cannot be read, or fails.
    """
    files, hashes = (list(filter(None, os.environ.get(name, "").split(os.pathsep))) for name in (VARIABLE, HASHES))
    loaded = [*_load_installed(), *_load_files(files)]
    for file, sha256 in zip(files, hashes, strict=False):
        _refuse_other(file, sha256)
    return loaded


def loaded_files() -> list[tuple[str, bytes]]:
    """Return the files that this process has loaded, for one that does not see them."""
    return list(_contents.items())


def load_shipped(files: Sequence[tuple[str, bytes]]) -> None:
    """Load files of another host, and what is installed on this one.

    Raises:
        PluginError: if one fails, or this process has loaded another one of its path.
    """
    _load_installed()
    for path, content in files:
        if path not in _loaded:
            _load(path, content)
        _refuse_other(path, hash_of(content))


def _refuse_other(path: str, sha256: str) -> None:
    plugin = _loaded.get(path)
    if plugin is not None and plugin.sha256 != sha256:
        raise PluginError(f"plugin {plugin.source} has changed since the training began: load the former, or start again")


def _is_here() -> bool:
    folders = (Path.cwd(), *Path.cwd().parents)
    return Path(HERE).is_file() and not any((folder / name).exists() for folder in folders for name in NOT_ABOVE)


def _load_files(files: Iterable[str | Path], *, anew: bool = False) -> list[Plugin]:
    named = [Path(os.path.expanduser(file)) for file in files]  # noqa: PTH111 - Path.expanduser fails of unknown users
    paths = dict.fromkeys(str(path.resolve()) for path in named)
    contents = {path: _read(path) for path in paths if anew or path not in _loaded}
    return [_load(path, content) for path, content in contents.items() if content != _contents.get(path)]


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise PluginError(f"plugin {path} cannot be read: {error.strerror}") from None


def _load(path: str, content: bytes) -> Plugin:
    plugin = Plugin(Path(path).name, path, hash_of(content))
    module = ModuleType(f"grokterm_plugin_{plugin.sha256[:16]}")
    module.__file__ = path
    sys.modules[module.__name__] = module  # where dataclasses and pickle look for it
    with _adding(plugin):
        exec(compile(content, path, "exec"), vars(module))
    _loaded[path], _contents[path] = plugin, content
    return plugin


def _load_installed() -> list[Plugin]:
    from importlib.metadata import entry_points  # which takes longer to load than all the rest

    return [_load_point(point) for point in entry_points(group=GROUP) if point.name not in _loaded]


def _load_point(point: "EntryPoint") -> Plugin:
    """Import what an installed package offers. Its file is hashed, not those that it imports: its version stands for them."""
    source = f"{point.dist.name} {point.dist.version}" if point.dist else point.name
    with _adding(Plugin(source, "", "")):
        spec = find_spec(point.module)  # imports the packages around it
    file = spec.origin if spec is not None and spec.origin is not None else ""
    plugin = Plugin(source, file, hash_of(Path(file).read_bytes()) if Path(file).is_file() else "")
    with _adding(plugin):
        point.load()
    _loaded[point.name] = plugin
    return plugin


@contextmanager
def _adding(plugin: Plugin) -> Iterator[None]:
    """In this context a plugin's code runs: what it prints is no result, and what it raises becomes one line."""
    with adding(plugin), redirect_stdout(sys.stderr):
        try:
            yield
        except PluginError as error:
            raise PluginError(f"plugin {plugin.source}: {error}") from None
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it raises
            raise PluginError(f"plugin {plugin.source} cannot be loaded: {said(error)}") from None


def _things(plugin: Plugin) -> str:
    return ", ".join(f"{kind} {name}" for (kind, name), one in PROVIDED.items() if one is plugin) or "it adds nothing"
