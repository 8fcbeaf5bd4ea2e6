"""What is kept of a run between two listings."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Facts:
    """What the folder of a run says; what its preset and its process add to it is left out."""

    shown: dict[str, Any]
    """Fields of a RunRow."""

    settings: dict[str, Any] = field(default_factory=dict)
    """Every setting by its dotted name; none of a run that cannot be read."""

    written: dict[str, Any] = field(default_factory=dict)
    """Those that a list writes in other words: files by their names."""

    owner: dict[str, Any] | None = None
    """The process that trains it, or may; None if it has ended."""

    is_paused: bool = False
    skim: dict[str, Any] | None = None
    """Of a run that has not ended: what was read of its journal."""

    created: float = 0.0
    """When it was made, in seconds since 1970."""

    plugins: object = None
    """What it needs of plugins, as its `meta.json` records it; whether they are loaded is seen at each listing."""

    @property
    def is_unended(self) -> bool:
        """Whether it says of no end."""
        return self.shown.get("ended") is None and not self.shown.get("problem")

    @property
    def killed(self) -> "Facts":
        """The same of a run whose process has gone."""
        return replace(self, shown=self.shown | {"ended": "killed"}, owner=None)


class Entry(NamedTuple):
    """What was read of a run, and when."""

    stamp: str
    """Of the files that it was read from."""

    facts: Facts
    compared: str = ""
    """With what its settings were compared, as a hash."""

    differences: dict[str, Any] = {}  # noqa: RUF012 - never changed
    told: str = ""
    """The differences in short."""
