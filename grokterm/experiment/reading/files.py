"""The files that an experiment names: read and hashed once, and copied into its run.

To let a setting name a file, list it in FILE_SETTINGS and give its section a setting `<name>_sha256`; a validator of the
section calls `hashes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeGuard

from grokterm.errors import ConfigError
from grokterm.experiment.reading.paths import user_path
from grokterm.tasks import split_file, tables

FILE_SETTINGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("task", "table"): tables.ENDINGS,
    ("model", "start_from"): (".safetensors",),
    ("task", "split_file"): split_file.ENDINGS,
}
"""The settings that name a file, by section and name, and how the name of the file ends."""

LARGEST = 64 * 2**20  # bytes of a file

MOST_KEPT = 4  # files


@dataclass(frozen=True)
class NamedFile:
    """A file that an experiment names."""

    path: Path
    content: bytes
    sha256: str


# By hash: a training goes on when its file is changed or removed, because settings hold the hash once they are validated.
_KEPT: dict[str, NamedFile] = {}


def read_file(section: str, name: str, path: str, expected: str = "") -> NamedFile:
    """Read the file of a setting, unless one of this hash was read before.

    Raises:
        ConfigError: if it cannot be read, is too large, or has another hash.
    """
    absolute = user_path(path).absolute()
    if expected in _KEPT:
        return NamedFile(absolute, _KEPT[expected].content, expected)
    endings, setting = FILE_SETTINGS[section, name], f"{section}.{name}"
    if not path.lower().endswith(endings):
        raise ConfigError(f"{setting} must name a file that ends in {' or '.join(endings)}, not {path!r}")
    content = _read(setting, absolute)
    file = NamedFile(absolute, content, sha256(content).hexdigest())
    if expected not in ("", file.sha256):
        raise ConfigError(
            f"{setting} has changed: {path} has the hash {file.sha256[:12]}…, and {setting}_sha256 is {expected[:12]}…:"
            f" restore the file, or leave {setting}_sha256 out"
        )
    while len(_KEPT) >= MOST_KEPT:
        del _KEPT[next(iter(_KEPT))]
    _KEPT[file.sha256] = file
    return file


def hashes(section: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Read the files that a section names, and return their absolute paths and hashes as settings.

    Raises:
        ConfigError: as `read_file` does, or if there is a hash without a file.
    """
    found: dict[str, str] = {}
    for name in _file_settings(section):
        path, expected = settings[name], settings[f"{name}_sha256"]
        if is_file(section, name, path):
            file = read_file(section, name, path, expected)
            found |= {name: str(file.path), f"{name}_sha256": file.sha256}
        elif expected:
            raise ConfigError(f"{section}.{name}_sha256 is the hash of {section}.{name}, which names no file: leave it out")
    return found


def located(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the settings of a file in this folder: relative paths are relative to it."""
    found = dict(settings)
    for section, name in FILE_SETTINGS:
        values = found.get(section)
        if isinstance(values, dict) and is_file(section, name, path := values.get(name, "")):
            found[section] = values | {name: str(folder.absolute() / user_path(path))}
    return found


def copied(settings: Mapping[str, Any], folder: str = "files") -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return validated settings that name copies of their files, below a run or a preset, and the contents of these copies.

    Raises:
        ConfigError: if a file has changed since it was read.
    """
    found, copies = dict(settings), {}
    for section, name in FILE_SETTINGS:
        values = found[section]
        if is_file(section, name, values.get(name)):
            file = read_file(section, name, values[name], values[f"{name}_sha256"])
            copy = f"{folder}/{name}/{file.path.name}"
            found[section] = values | {name: copy}
            copies[copy] = file.content
    return found, copies


def without_paths(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return validated settings without the paths of their files, whose hashes say what they hold."""
    found = dict(settings)
    for section, name in FILE_SETTINGS:
        if is_file(section, name, found[section].get(name)):
            found[section] = {key: value for key, value in found[section].items() if key != name}
    return found


def _file_settings(section: str) -> list[str]:
    return [name for of, name in FILE_SETTINGS if of == section]


def is_file(section: str, name: str, value: object) -> TypeGuard[str]:
    """Whether a setting names a file: by how it ends, as others may name something else."""
    return isinstance(value, str) and value.lower().endswith(FILE_SETTINGS[section, name])


def is_hash(section: str, name: str) -> bool:
    """Whether a setting is the hash of a file that another setting names."""
    return (section, name.removesuffix("_sha256")) in FILE_SETTINGS and name.endswith("_sha256")


def _read(setting: str, path: Path) -> bytes:
    try:
        if not path.is_file():
            raise ConfigError(f"{setting}: there is no file {path}")
        with path.open("rb") as file:
            content = file.read(min(path.stat().st_size, LARGEST) + 1)  # for which room is made at once
    except OSError as error:
        raise ConfigError(f"{setting}: {path} cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise ConfigError(f"{setting}: {path} is larger than {LARGEST // 2**20} MB")
    return content
