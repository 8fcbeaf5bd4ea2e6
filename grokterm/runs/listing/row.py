"""What a list of runs shows of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from grokterm.experiment.recording.owner import Owner

State = Literal["training", "paused", "ended", "interrupted", "killed", "unknown"]


@dataclass(frozen=True)
class RunRow:
    """One saved run or sweep, as its folder says."""

    name: str
    path: Path
    created: float
    """When its folder was made, in seconds since 1970."""

    preset: str = ""
    """The preset that it follows; empty if it is not known."""

    differences: Mapping[str, object] = field(default_factory=dict)
    """What differs from its preset, by setting."""

    told: str = ""
    """The same in short: `weight_decay=2, seed=3`."""

    settings: Mapping[str, object] = field(default_factory=dict)
    """Every setting that is a number, a word or a truth value, by its dotted name."""

    title: str = ""
    operation: str = ""
    architecture: str = ""
    optimizer: str = ""
    train_fraction: float | None = None
    """At the start."""

    members: int = 1
    """Networks of an ensemble, or runs of a sweep."""

    kind: Literal["run", "sweep"] = "run"
    """Of a sweep, what a single run has is not known: settings, steps, milestones, accuracies."""

    n_ended: int = 0
    """Members of a sweep that have ended."""

    n_failed: int = 0
    """Those of them that have failed."""

    memorized_at: int | None = None
    grokked_at: int | None = None
    ungrokked_at: int | None = None
    diverged_at: int | None = None
    train_loss: float | None = None
    val_loss: float | None = None
    train_accuracy: float | None = None
    val_accuracy: float | None = None
    step: int = 0
    """The last one that its journal tells of."""

    steps: int = 0
    """How many it is to train."""

    steps_per_second: float | None = None
    """Over the whole training; None if it is not known."""

    state: State = "unknown"
    """Interrupted: ended before its time, and can go on. Killed: its process has gone without a word. Unknown: it is trained on
    another host, or was."""

    ended: str | None = None
    """Why it ended: complete, stopped, diverged, interrupted, a condition, or killed; None if it has not."""

    trouble: str = ""
    """Why it is paused, if it is not the user's wish: diverged, out_of_memory, ...; empty if it is."""

    owner: "Owner | None" = None
    """The process that trains it, or may; None if it has ended."""

    parent: str = ""
    """The run and the step that it branched from, as in `quick-1@200`; empty for one that began at step 0."""

    is_pinned: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""
    problem: str = ""
    """Why the run cannot be read; then only name, path, created and the user's words are known."""

    lacks: str = ""
    """What it needs of a plugin that is not loaded: it is listed, but not opened."""

    @property
    def is_changed(self) -> bool:
        """Whether it differs from its preset."""
        return bool(self.differences)

    @cached_property
    def text(self) -> str:
        """Everything that the words of a query are looked for in, in small letters."""
        return "\n".join((self.name, self.preset, self.title, *self.tags, self.note, self.told, self.lacks)).lower()
