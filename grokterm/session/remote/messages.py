"""What is said over a socket: lines of JSON, of which some announce so many bytes that follow.

First each side says who it is. Then a viewer sends commands; the process that trains sends a state, then records, and what else
a viewer has asked for or lacks.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, TypeAdapter

from grokterm import __version__
from grokterm.experiment.recording.records import Record
from grokterm.experiment.task import OperationName
from grokterm.session.commands import Command
from grokterm.tasks.equations import MOST_ELEMENTS
from grokterm.tasks.orders import SplitName

PROTOCOL = 2
"""To be raised by every change after which a viewer and a training of two versions would misunderstand each other."""

LONGEST_LINE = 2**20  # bytes of what a viewer sends

PATIENCE_SECONDS = 1.0  # within which a line that has begun is to end


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Hello(_Message):
    """The first line of both sides; whatever else changes, these two fields stay."""

    grokterm: str
    protocol: int


class Server(Hello):
    """The first line of a process that trains."""

    run: str
    """The path of the run."""

    pid: int


class Alive(_Message):
    """A viewer holds the training, and its screen still answers."""

    kind: Literal["alive"] = "alive"


class Changed(_Message):
    """A state, as what differs from the one that the viewer knows; rows of its curves follow as bytes."""

    message: Literal["changed"] = "changed"
    fields: dict[str, Any]
    """What is set anew; what only grows is not there."""

    grown: dict[str, list[Any]]
    """What is added to what grows."""

    n_rows: int = Field(0, ge=0)
    """How many the curves will have, of which the last may follow another message like this one; 0 if that is not told."""

    n_columns: int = Field(ge=1)
    n_bytes: int = Field(ge=0)
    """Of float64 values, little-endian, row by row."""


class Happened(_Message):
    """What has happened since the last state or records."""

    message: Literal["happened"] = "happened"
    records: list[Record]


class Sides(_Message):
    """The equations that following pictures are about, as safetensors bytes that follow."""

    message: Literal["sides"] = "sides"
    operation: OperationName
    modulus: int = Field(ge=2, le=MOST_ELEMENTS)
    n_operands: Literal[2, 3]
    split: SplitName
    label_noise: float = Field(ge=0, le=1)
    seed: int = Field(ge=0)
    train_fraction: float = Field(gt=0, le=1)
    n_bytes: int = Field(ge=0)


class LayerSeen(_Message):
    """A weight matrix, as `LayerPicture` describes it, and the parameter that holds it."""

    parameter: str
    label: str
    rows: str
    transposed: bool


class Pictured(_Message):
    """The network at a step, as safetensors bytes that follow."""

    message: Literal["pictured"] = "pictured"
    step: int = Field(ge=0)
    parameters: list[str]
    statistics: list[str]
    layers: list[LayerSeen]
    circuit: tuple[str, str, str] | None
    n_bytes: int = Field(ge=0)


class Failed(_Message):
    """The connection ends because of what the viewer has sent."""

    message: Literal["failed"] = "failed"
    problem: str


class Ended(_Message):
    """The process ends, or trains another run; everything is saved that was reported so."""

    message: Literal["ended"] = "ended"


Message = Annotated[Changed | Happened | Sides | Pictured | Failed | Ended, Discriminator("message")]

MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
SAID: TypeAdapter[Command | Alive] = TypeAdapter(Annotated[Command | Alive, Discriminator("kind")])
"""What a viewer says after its first line."""

HELLO = Hello(grokterm=__version__, protocol=PROTOCOL)


def line(message: BaseModel) -> bytes:
    """Write a message, or a command, as a line."""
    return message.model_dump_json().encode() + b"\n"
