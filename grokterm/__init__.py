"""The terminal laboratory for grokking, as a library: `import grokterm as gt`.

The names in `__all__` are a promise: a later version keeps them. Everything else in this package, every module of it included,
is private and may change. Nothing is loaded before it is asked for, torch least of all.
"""

from importlib import import_module

TYPE_CHECKING = False  # not from typing, whose import takes longer than all the rest
if TYPE_CHECKING:  # what type checkers and editors see of the table below
    from grokterm.errors import GroktermError as GroktermError

__version__ = "0.1.0"

_MODULES = {
    "GroktermError": "grokterm.errors",
}
"""Where each public name is defined. To add one, add a row, and its import above."""

__all__ = [*_MODULES]

if not TYPE_CHECKING:  # or type checkers take any name for one of these

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found = getattr(import_module(_MODULES[name]), name)
        return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__doc__", "__version__"])
