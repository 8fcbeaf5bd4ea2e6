"""The forward pass of a network that another process trains."""

from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from grokterm.inspection.observer import NOTHING, Columns, Window
from grokterm.session.torch_import import import_torch

if TYPE_CHECKING:
    from grokterm.analysis.observation import Observation
    from grokterm.inspection.forward_pass import ForwardPass
    from grokterm.inspection.snapshot import Snapshot
    from grokterm.runs.store import Run


class RebuiltForwardPass:
    """An Observer of a run's network, which is built, and torch loaded, when it is first asked."""

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._lock = Lock()  # threads take turns to build it

    @property
    def neurons(self) -> tuple[str, ...]:
        """The places with hidden neurons, from the operands to the answer."""
        return self._built.neurons

    @property
    def attention(self) -> tuple[str, ...]:
        """The places with attention."""
        return self._built.attention

    @property
    def tokens(self) -> tuple[str, ...]:
        """What is attended to, in the symbols of an equation."""
        return self._built.tokens

    def observe(  # noqa: PLR0913 - what to keep, and of which equations
        self,
        snapshot: "Snapshot",
        *,
        scores: bool = False,
        neurons: Columns = NOTHING,
        attention: bool = False,
        window: Window | None = None,
        held: int | None = None,
        most: int | None = None,
    ) -> "Observation":
        """Pass equations through the network, as Observer says."""
        return self._built.observe(
            snapshot, scores=scores, neurons=neurons, attention=attention, window=window, held=held, most=most
        )

    @property
    def _built(self) -> "ForwardPass":
        with self._lock:
            return self._forward_pass

    @cached_property
    def _forward_pass(self) -> "ForwardPass":
        import_torch()
        from grokterm.inspection.forward_pass import ForwardPass
        from grokterm.models.build import network_of
        from grokterm.runs.mixture_parts import copied_parts, load_parts

        return ForwardPass(network_of(self._run.experiment.member(0), load_parts(copied_parts(self._run))))
