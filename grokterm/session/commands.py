"""What a training can be told: commands in, records out. The actions of a preset are commands too."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field

from grokterm.experiment.interventions import Save, Set, Stop, Swap


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pause(_Command):
    """Stop after this chunk, save, and wait."""

    kind: Literal["pause"] = "pause"


class Resume(_Command):
    """Go on."""

    kind: Literal["resume"] = "resume"


class StepOnce(_Command):
    """Make one update while paused."""

    kind: Literal["step_once"] = "step_once"


class SetPace(_Command):
    """Train at most so many steps a second; None for as fast as possible."""

    kind: Literal["set_pace"] = "set_pace"
    steps_per_second: float | None = Field(None, gt=0)


class Look(_Command):
    """Copy the weights for whoever asked."""

    kind: Literal["look"] = "look"


class Leave(_Command):
    """Save and let go of the run; it can be resumed."""

    kind: Literal["leave"] = "leave"


Command = Annotated[
    Pause | Resume | StepOnce | SetPace | Look | Leave | Swap | Set | Save | Stop,
    Discriminator("kind"),
]
