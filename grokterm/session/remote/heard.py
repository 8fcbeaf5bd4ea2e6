"""What a viewer reads of a process that trains: lines and arrays, of which none may be what it cannot be."""

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from grokterm.errors import UnreachableError
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.runs.store import Run
from grokterm.session.remote.messages import MESSAGE, Changed, Failed, Happened, Message, Pictured, Sides
from grokterm.session.remote.packing import unpack_picture, unpack_sides, unpack_state
from grokterm.session.remote.rebuilt import RebuiltForwardPass
from grokterm.session.state import LabState, fold

if TYPE_CHECKING:
    from grokterm.tasks.dataset import Dataset

PIECE = 2**20  # bytes that are asked for at once: more may be announced than come


class Heard:
    """The state of a training, and its last picture, as far as its process has told them."""

    def __init__(self, run: Run, stream: BinaryIO) -> None:
        """Raises RunNotFoundError if the settings of the run cannot be read."""
        self.state = LabState(run.experiment)
        self.has_state = False  # of the training
        self.analysis: NetworkAnalysis | None = None
        self._run, self._stream = run, stream
        self._dataset: Dataset | None = None  # of the pictures
        self._forward_pass = RebuiltForwardPass(run)

    def take(self) -> bool:
        """Read a message; False at the end of the stream.

        Raises:
            ValueError: if it is none, or does not fit to those before.
            GroktermError: if the process tells of a problem, or what it sends is refused.
            OSError: if the stream ends within it.
        """
        text = self._stream.readline()
        if text:
            self._apply(MESSAGE.validate_json(text))
        return bool(text)

    def _apply(self, message: Message) -> None:
        match message:
            case Happened(records=records):
                self.state = fold(self.state, records)
            case Changed():
                known = self.state if self.has_state else None
                state = unpack_state(known, message, self._read(message.n_bytes), self._run.path)
                self.state = state if self.has_state else _as_opened(state)
                self.has_state = True
            case Sides():
                self._dataset = unpack_sides(message, self._read(message.n_bytes), self.state.experiment)
            case Pictured():
                content = self._read(message.n_bytes)
                if self._dataset is None:
                    raise ValueError("a picture comes before its equations")
                self.analysis = NetworkAnalysis(unpack_picture(message, content, self._dataset), self._forward_pass)
            case Failed(problem=problem):
                raise UnreachableError(problem)
            case _:
                pass  # the end of the stream follows

    def _read(self, n_bytes: int) -> bytes:
        content = bytearray()
        while len(content) < n_bytes:
            piece = self._stream.read(min(n_bytes - len(content), PIECE))
            if not piece:
                raise ConnectionError("the stream has ended")
            content += piece
        return bytes(content)


def _as_opened(state: LabState) -> LabState:
    """Mark what was before this screen as its past, which is not told as news."""
    return replace(state, n_earlier_events=len(state.events), opened_at=state.step, refusals=())
