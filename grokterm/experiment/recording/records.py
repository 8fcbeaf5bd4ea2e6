"""The records of a training: facts, each with its step. The journal keeps most of them, one line each.

No torch here: the screen, the plots and the lists of runs read records without it.
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, TypeAdapter

from grokterm.experiment.conditions import Milestone
from grokterm.experiment.interventions import Action
from grokterm.experiment.recording.base import BaseRecord
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.owner import Owner
from grokterm.experiment.recording.trouble import Trouble


class Started(BaseRecord):
    """Training began, or resumed from a checkpoint."""

    record: Literal["started"] = "started"
    device: str
    engine: str
    threads: int
    n_parameters: int
    n_train: int
    n_val: int
    n_seen: int = 0
    seeds: tuple[int, ...] = ()
    """Of the members of an ensemble, in the order of their numbers."""

    changes: tuple[str, ...] = ()
    """Settings that were changed when the run was resumed, as `name=value`."""

    before: tuple[str, ...] = ()
    """What these were until then; in older journals it is not told."""

    note: str = ""
    """What else is not as it was before the resume."""

    owner: Owner | None = None
    """The process that trains; None in older journals, and for a training that is not saved."""


class Branched(BaseRecord):
    """A new run left another one at this step: the records before this one are of its parent."""

    record: Literal["branched"] = "branched"
    parent: str
    """The name of that run."""

    path: str
    """Its folder, at that time."""

    changes: tuple[str, ...] = ()
    """Settings that were changed and leave the steps before as they were, as `name=value`."""


class Reached(BaseRecord):
    """A milestone was reached for the first time in this segment."""

    record: Literal["reached"] = "reached"
    milestone: Milestone


class Acted(BaseRecord):
    """An action took effect: an intervention of the preset, or of a user."""

    record: Literal["acted"] = "acted"
    action: Action
    intervention: int | None = None
    """Its number among the experiment's interventions; None for a user's action."""

    n_train: int
    n_val: int
    n_seen: int = 0
    note: str = ""
    """A consequence: the batch size had to be lowered."""


class Skipped(BaseRecord):
    """An intervention was due and could not be carried out."""

    record: Literal["skipped"] = "skipped"
    intervention: int
    message: str


class Paused(BaseRecord):
    """Training waits for a user, who has asked for it or, in trouble, is asked."""

    record: Literal["paused"] = "paused"
    trouble: Trouble | None = None


class Continued(BaseRecord):
    """A user resumed training after a pause."""

    record: Literal["continued"] = "continued"


class Checkpointed(BaseRecord):
    """Weights and optimizer state are on disk, and so is everything before this line."""

    record: Literal["checkpointed"] = "checkpointed"
    file: str = Field(pattern=r"^step-\d{8,10}\.safetensors\z")
    """In the folder of checkpoints."""

    seconds: float
    """Training time so far, with evaluations, without imports and pauses."""

    n_kept: int | None = None
    """Checkpoints on disk, once older ones were thinned; None in older journals, and where a branch begins."""

    n_bytes: int | None = None
    """What they take."""


class Finished(BaseRecord):
    """Training ended."""

    record: Literal["finished"] = "finished"
    reason: str
    """complete, stopped, interrupted, a reason of trouble, or the condition in `stop_when`, which was met."""

    message: str = ""
    """What the user can do about it, if anything."""

    seconds: float
    """Training time so far, with evaluations, without imports and pauses."""

    n_undone: int = 0
    """Updates made beyond this step in that time: a run that diverged returns to the step where that was measured."""


class Switched(BaseRecord):
    """Another engine takes over."""

    record: Literal["switched"] = "switched"
    engine: str
    message: str = ""
    """Why it is not the one in the settings."""


class Advanced(BaseRecord):
    """Training progressed to this step. Not journaled."""

    record: Literal["advanced"] = "advanced"
    steps_per_second: float
    seconds: float = 0.0
    """Training time so far, as at a checkpoint."""


class Paced(BaseRecord):
    """The pace was changed. Not journaled: it does not affect the results."""

    record: Literal["paced"] = "paced"
    steps_per_second: float | None
    """None: as fast as possible."""


class Held(BaseRecord):
    """Training waits at this step while a user is asked, or no longer. Not journaled: it does not affect the results."""

    record: Literal["held"] = "held"
    is_held: bool
    is_waiting: bool
    """Also if no longer held: it was paused."""


class Unsaved(BaseRecord):
    """Writing to disk failed, and training waits. Not journaled: nothing can be."""

    record: Literal["unsaved"] = "unsaved"
    message: str


class Refused(BaseRecord):
    """A command could not be carried out, and why. Not journaled."""

    record: Literal["refused"] = "refused"
    message: str


Record = Annotated[
    Started
    | Branched
    | Evaluated
    | Evaluations
    | Inspected
    | Reached
    | Acted
    | Skipped
    | Paused
    | Continued
    | Checkpointed
    | Finished
    | Switched
    | Advanced
    | Paced
    | Held
    | Unsaved
    | Refused,
    Discriminator("record"),
]
TRANSIENT = (Advanced, Paced, Held, Unsaved, Refused)  # records that the journal leaves out

RECORD: TypeAdapter[Record] = TypeAdapter(Record)
