"""The engines of a sweep: what works on its members.

To add one: a class that is an `Engine`, a function that makes it, and a row in ENGINES.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias

from grokterm.errors import ConfigError
from grokterm.experiment.reading.hints import nearest
from grokterm.sweeps.engines.engine import Engine
from grokterm.sweeps.storage.folder import SweepFolder

EngineOf: TypeAlias = Callable[[SweepFolder], Engine]
"""Starts an engine for a sweep."""


@dataclass(frozen=True)
class Workplace:
    """Where members are worked on, as the command line says it."""

    n_workers: int | None = None
    """How many side by side; None: as many as there is room for."""

    address: str = ""
    """Of a cluster; empty: this host alone."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """What a queue wants to know: `timeout_min`, `slurm_partition`."""


@dataclass(frozen=True)
class EngineKind:
    """How an engine is made. What it needs is imported then."""

    make: Callable[[SweepFolder, Workplace], Engine]
    package: str = ""
    """What has to be installed for it, by the extra of the engine's name."""

    least: tuple[int, ...] = ()
    """The oldest version of the package."""

    takes: tuple[str, ...] = ()
    """The fields of a workplace that it heeds, besides the number of workers."""


def _local(sweep: SweepFolder, place: Workplace) -> Engine:
    from grokterm.sweeps.engines.local import LocalEngine

    return LocalEngine(sweep, place.n_workers)


def _ray(sweep: SweepFolder, place: Workplace) -> Engine:
    from grokterm.sweeps.engines.ray import RayEngine

    return RayEngine(sweep, place.n_workers, place.address)


def _slurm(sweep: SweepFolder, place: Workplace) -> Engine:
    from grokterm.sweeps.engines.slurm import SlurmEngine

    return SlurmEngine(sweep, place.n_workers, place.options)


ENGINES: dict[str, EngineKind] = {
    "local": EngineKind(_local),
    "ray": EngineKind(_ray, "ray", (2, 54), ("address",)),  # in which a vulnerability was fixed
    "slurm": EngineKind(_slurm, "submitit", (1, 5), ("options",)),
}


def check_engine(name: str, place: Workplace) -> None:
    """Check what can be checked before anything is started.

    Raises:
        ConfigError: if there is no such engine, it needs what is not installed, or it has no use for what it is told.
    """
    if name not in ENGINES:
        raise ConfigError(f"engine must be {', '.join(ENGINES)}, not {name!r}{nearest(name, ENGINES)}")
    kind = ENGINES[name]
    for given in ("address", "options"):
        if getattr(place, given) and given not in kind.takes:
            takers = " or ".join(other for other, one in ENGINES.items() if given in one.takes)
            raise ConfigError(f"engine {name} takes no {given}: leave it out, or choose {takers}")
    if not kind.package:
        return
    install = f'pip install "grokterm[{name}]"'
    try:
        found = version(kind.package)
    except PackageNotFoundError:
        raise ConfigError(f"engine {name} needs {kind.package}, which is not installed: {install}") from None
    if tuple(int(part) for part in found.split(".")[:2] if part.isdigit()) < kind.least:
        least = ".".join(map(str, kind.least))
        raise ConfigError(f"engine {name} needs {kind.package} {least} or later, not {found}: {install}")


def make_engine(name: str, sweep: SweepFolder, place: Workplace) -> Engine:
    """Start an engine.

    Raises:
        ConfigError: as `check_engine` does, or if what it works with does not answer.
    """
    check_engine(name, place)
    return ENGINES[name].make(sweep, place)


def here(sweep: SweepFolder) -> Engine:
    """Start an engine on this machine, with as many workers as there is room for."""
    return make_engine("local", sweep, Workplace())
