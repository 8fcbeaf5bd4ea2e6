"""Columns as the table that the caller works with."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

import numpy as np

from grokterm.errors import ConfigError

Kind: TypeAlias = Literal["pandas", "polars", "numpy"]

LIBRARIES: tuple[Kind, ...] = ("pandas", "polars")  # the first that is installed, unless one is asked for


def frame(columns: Mapping[str, np.ndarray], kind: Kind | None) -> Any:  # noqa: ANN401 - a frame of a library that may be missing
    """Return a frame of pandas, else of polars, else a dict of NumPy arrays; or what is asked for.

    Raises:
        ConfigError: if there is no such kind, or its library is not installed.
    """
    if kind is None:
        kind = next((name for name in LIBRARIES if find_spec(name) is not None), "numpy")
    if kind == "numpy":
        return dict(columns)
    if kind not in LIBRARIES:
        raise ConfigError(f"as_ must be pandas, polars or numpy, not {kind!r}")
    try:
        library = import_module(kind)
    except ImportError:
        raise ConfigError(f"{kind} is not installed: pip install {kind}, or ask for as_='numpy'") from None
    return library.DataFrame(dict(columns))
