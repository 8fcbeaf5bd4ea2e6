"""The records of a training: facts, each with its step. The journal keeps most of them, one line each.

No torch here: the screen, the plots and the lists of runs read records without it.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from math import isfinite, isnan, nan
from statistics import fmean
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, TypeAdapter, field_validator, model_validator

from grokterm.experiment.conditions import Milestone
from grokterm.experiment.interventions import Action
from grokterm.experiment.metrics import EVALUATION_METRICS, METRICS, METRICS_IN_ORDER, SEEN_METRICS
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.training import LARGEST_STEPS


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")

    step: int = Field(ge=0, le=LARGEST_STEPS)
    """Optimizer updates made before it."""


class Owner(BaseModel):
    """The process that trains a run. None: the system does not tell."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int = Field(gt=0, lt=2**31)
    """A signal to 0 or to less would reach many processes."""

    host: str
    namespace: str | None = None
    """Within which a pid is unique: that of a container, or of the host."""

    boot: str | None = None
    """Changes whenever the host starts."""

    start: int | None = None
    """When the process was started, in clock ticks after boot: tells it from a later one with the same pid."""


class Started(_Record):
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


class Branched(_Record):
    """A new run left another one at this step: the records before this one are of its parent."""

    record: Literal["branched"] = "branched"
    parent: str
    """The name of that run."""

    path: str
    """Its folder, at that time."""

    changes: tuple[str, ...] = ()
    """Settings that were changed and leave the steps before as they were, as `name=value`."""


class Evaluated(_Record):
    """Both sides were evaluated; for an ensemble, the means over the members that have not diverged.

    Validation is what was never trained on. What is held out and was trained on before, after some swaps, is `seen`. The
    numbers of a side without equations are None.
    """

    record: Literal["evaluated"] = "evaluated"
    train_loss: float
    train_accuracy: float
    val_loss: float | None = None
    val_accuracy: float | None = None
    parameter_norm: float | None = None
    """Euclidean, of all parameters together; None in older journals."""

    seen_loss: float | None = None
    seen_accuracy: float | None = None
    average_val_loss: float | None = None
    """Of validation under the averaged weights; None where none are kept."""

    average_val_accuracy: float | None = None
    members: dict[str, tuple[float, ...]] | None = None
    """Of an ensemble, the values of every member by metric; NaN on a side of which a member has no equations."""

    @classmethod
    def of(cls, step: int, rows: Sequence[Sequence[float]]) -> "Evaluated":
        """Make a record from a row for each member, whose accuracy on a side is missing or NaN without such equations."""
        columns = dict(zip(METRICS_IN_ORDER, zip(*rows, strict=True), strict=False))
        named = _rows(columns)
        sound = [row for row in named if all(isfinite(row[name]) for name in EVALUATION_METRICS if name in row)] or named
        values = {name: [row[name] for row in sound if name in row] for name in columns}
        means = {name: fmean(some) for name, some in values.items() if some}
        members = {name: columns[name] for name in means} if len(rows) > 1 else None
        return cls.model_validate({"step": step, **means, "members": members})

    @field_validator("members", mode="before")
    @classmethod
    def _by_name(cls, members: object) -> object:
        """Name the columns of older journals, which have a row for each member, without the norm."""
        if not isinstance(members, list):
            return members
        return dict(zip((*EVALUATION_METRICS, *SEEN_METRICS), zip_longest(*members, fillvalue=nan), strict=False))

    @property
    def rows(self) -> list[dict[str, float]]:
        """The metrics of each member, or of the one network; without those of an empty side."""
        if self.members is None:
            values = vars(self)
            return [{name: value for name in METRICS_IN_ORDER if (value := values[name]) is not None}]
        return _rows(self.members)


def _rows(columns: Mapping[str, Sequence[float]]) -> list[dict[str, float]]:
    return [_measured(dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)]


def _measured(row: Mapping[str, float]) -> dict[str, float]:
    """Leave out the numbers of an empty side, whose accuracy is missing or NaN."""
    sides = [name.removesuffix("accuracy") for name in METRICS_IN_ORDER if name.endswith("_accuracy")]
    empty = tuple(side for side in sides if side != "train_" and isnan(row.get(f"{side}accuracy", nan)))
    return {name: value for name, value in row.items() if not name.startswith(empty)}


class PhaseAlignment(BaseModel):
    """Circular mean of φ1 + φ2 − φ3 over the matched neurons, in radians, and their resultant length: 1 if all agree."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    mean: float
    resultant: float


class Inspected(_Record):
    """The metrics of a network at a step, which may lie some evaluations back; None for those that it lacks.

    METRICS says what each means. One that has no field here is kept as an extra, under its name.
    """

    model_config = ConfigDict(frozen=True, extra="allow", ser_json_inf_nan="null")

    __pydantic_extra__: dict[str, float | None]

    record: Literal["inspected"] = "inspected"
    ipr: float | None = None
    key_frequencies: tuple[int, ...] = ()
    gini: float | None = None
    matched_frequency_share: float | None = None
    phase_alignment: PhaseAlignment | None = None
    exact_fit: float | None = None
    analytic_agreement: float | None = None
    restricted_loss: float | None = None
    excluded_loss: float | None = None
    distance_irrelevance: float | None = None
    parameter_norm: float | None = None
    logit_quantiles: tuple[float, ...] = ()
    """Of the right answer's score, over the training equations that the network answers right."""

    @model_validator(mode="before")
    @classmethod
    def _drop_what_is_no_metric(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name in cls.model_fields or name in METRICS}

    @property
    def median_score(self) -> float | None:
        """The middle of the quantiles."""
        return self.logit_quantiles[len(self.logit_quantiles) // 2] if self.logit_quantiles else None

    def metric(self, name: str) -> float | None:
        """Return a metric by its name in METRICS; None if the network lacks it."""
        first, _, rest = name.partition(".")
        value = getattr(self, first, None)
        return getattr(value, rest, None) if rest else value


class Reached(_Record):
    """A milestone was reached for the first time in this segment."""

    record: Literal["reached"] = "reached"
    milestone: Milestone


class Acted(_Record):
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


class Skipped(_Record):
    """An intervention was due and could not be carried out."""

    record: Literal["skipped"] = "skipped"
    intervention: int
    message: str


class Paused(_Record):
    """A user paused training."""

    record: Literal["paused"] = "paused"


class Continued(_Record):
    """A user resumed training after a pause."""

    record: Literal["continued"] = "continued"


class Checkpointed(_Record):
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


class Finished(_Record):
    """Training ended."""

    record: Literal["finished"] = "finished"
    reason: str
    """complete, diverged, stopped, interrupted or out_of_memory, or the condition in `stop_when`, which was met."""

    message: str = ""
    """What the user can do about it, if anything."""

    seconds: float
    """Training time so far, with evaluations, without imports and pauses."""

    n_undone: int = 0
    """Updates made beyond this step in that time: a run that diverged returns to the step where that was measured."""


class Switched(_Record):
    """Another engine takes over."""

    record: Literal["switched"] = "switched"
    engine: str
    message: str = ""
    """Why it is not the one in the settings."""


class Advanced(_Record):
    """Training progressed to this step. Not journaled."""

    record: Literal["advanced"] = "advanced"
    steps_per_second: float
    seconds: float = 0.0
    """Training time so far, as at a checkpoint."""


class Paced(_Record):
    """The pace was changed. Not journaled: it does not affect the results."""

    record: Literal["paced"] = "paced"
    steps_per_second: float | None
    """None: as fast as possible."""


class Held(_Record):
    """Training waits at this step while a user is asked, or no longer. Not journaled: it does not affect the results."""

    record: Literal["held"] = "held"
    is_held: bool
    is_waiting: bool
    """Also if no longer held: it was paused."""


class Unsaved(_Record):
    """Writing to disk failed, and training waits. Not journaled: nothing can be."""

    record: Literal["unsaved"] = "unsaved"
    message: str


class Refused(_Record):
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
