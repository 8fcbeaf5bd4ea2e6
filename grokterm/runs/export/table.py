"""The formats that a run can be exported to, one row each.

To add one, write a function that takes a source and a path, in a file of its own if it needs a package, and a row here.
Each row imports what it needs when it is used: the packages are large, and may be missing.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from grokterm.errors import ConfigError
from grokterm.experiment.reading.hints import nearest
from grokterm.runs.export.source import Source

if TYPE_CHECKING:
    from grokterm.runs.export.log import Log, OpenLog
    from grokterm.runs.store import Run


class Format(NamedTuple):
    """A form of a run that another tool reads."""

    write: Callable[[Source, Path], None]
    """Writes a file or a folder, and may write others beside it."""

    ending: str
    """What follows the name of the run in the name of the file, or of the folder."""

    package: str = ""
    """What has to be installed."""

    extra: str = ""
    """What installs it: `pip install 'grokterm[EXTRA]'`."""

    has_step: bool = False
    """It is of networks at one step, not of all steps."""

    open_log: "OpenLog | None" = None
    """Begins a log that is written while a run trains; None if that cannot be."""


def _split(source: Source, path: Path) -> None:
    from grokterm.tasks.split_file import write_split

    dataset = source.run.experiment.task.dataset(source.run.experiment.seed)
    path.write_text(write_split(dataset.train, dataset.val) + "\n", encoding="utf-8")


def _csv(source: Source, path: Path) -> None:
    from grokterm.runs.export.curves import write_csv

    write_csv(source, path)


def _parquet(source: Source, path: Path) -> None:
    from grokterm.runs.export.curves import write_parquet

    write_parquet(source, path)


def _open_tensorboard(run: "Run", folder: Path) -> "Log":
    from grokterm.runs.export.tensorboard import TensorBoardLog

    return TensorBoardLog(run, folder)


def _tensorboard(source: Source, path: Path) -> None:
    from grokterm.runs.export.log import write_log

    write_log(_open_tensorboard, source, path)


def _open_wandb(run: "Run", folder: Path) -> "Log":
    from grokterm.runs.export.wandb import WandbLog

    return WandbLog(run, folder)


def _wandb(source: Source, path: Path) -> None:
    from grokterm.runs.export.log import write_log

    write_log(_open_wandb, source, path)


def _safetensors(source: Source, path: Path) -> None:
    from grokterm.runs.export.weights import write_safetensors

    write_safetensors(source, path)


def _state_dict(source: Source, path: Path) -> None:
    from grokterm.runs.export.weights import write_state_dict

    write_state_dict(source, path)


def _transformer_lens(source: Source, path: Path) -> None:
    from grokterm.runs.export.transformer_lens import write_transformer_lens

    write_transformer_lens(source, path)


FORMATS: dict[str, Format] = {
    "split": Format(_split, "-split.csv"),
    "csv": Format(_csv, ".csv"),
    "parquet": Format(_parquet, ".parquet", "pyarrow", "tables"),
    "tensorboard": Format(_tensorboard, "-tensorboard", "tensorboard", "tensorboard", open_log=_open_tensorboard),
    "wandb": Format(_wandb, "-wandb", "wandb", "wandb", open_log=_open_wandb),
    "safetensors": Format(_safetensors, ".safetensors", has_step=True),
    "state_dict": Format(_state_dict, ".pt", has_step=True),
    "transformer_lens": Format(_transformer_lens, "-transformer_lens.pt", has_step=True),
}

LOGS = [name for name, one in FORMATS.items() if one.open_log is not None]
"""Those that can be written while a run trains."""


def find_format(name: str, option: str, known: "list[str] | None" = None) -> Format:
    """Find a format by its name, of all or of some.

    Raises:
        ConfigError: if there is none, or what it needs is not installed.
    """
    names = list(FORMATS) if known is None else known
    if name not in names:
        raise ConfigError(f"{option} {name!r} is unknown{nearest(name, names) or ': choose ' + ', '.join(names)}")
    found = FORMATS[name]
    if found.package and find_spec(found.package) is None:
        raise ConfigError(f"{option} {name} needs {found.package}: pip install 'grokterm[{found.extra}]'")
    return found
