"""The commands of a session. The actions of a preset are commands too."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field

from grokterm.experiment.interventions import Extend, ScheduledAction, Set, Swap


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pause(_Command):
    """Stop after the current chunk, save, and wait."""

    kind: Literal["pause"] = "pause"


class Resume(_Command):
    """Continue after a pause, or although it is held: the dialog that holds it may be on a screen that was left."""

    kind: Literal["resume"] = "resume"


class Hold(_Command):
    """Stop after the current chunk until each hold has its `Release`: a pause that writes nothing, while a user is asked."""

    kind: Literal["hold"] = "hold"


class Release(_Command):
    """End one hold; a training that was paused stays paused."""

    kind: Literal["release"] = "release"
    reason: str = ""
    """Why, if not the one who held it says so; for a notice."""


class GoOn(_Command):
    """Extend the run to a later last step, after a change; if the trainer refuses one of them, none takes effect."""

    kind: Literal["go_on"] = "go_on"
    extend: Extend
    change: Annotated[Swap | Set, Discriminator("kind")] | None = None


class StepOnce(_Command):
    """Make one update while paused."""

    kind: Literal["step_once"] = "step_once"


class SetPace(_Command):
    """Limit the steps per second; None for as fast as possible."""

    kind: Literal["set_pace"] = "set_pace"
    steps_per_second: float | None = Field(None, gt=0)


class Analyze(_Command):
    """Analyze a copy of the network; the result is `Session.analysis`."""

    kind: Literal["analyze"] = "analyze"


class Leave(_Command):
    """Save and end the session; the run can be resumed."""

    kind: Literal["leave"] = "leave"


Command = Annotated[
    Pause | Resume | Hold | Release | GoOn | StepOnce | SetPace | Analyze | Leave | ScheduledAction, Discriminator("kind")
]
