"""What of the lab is on the screen, and what can be done with it."""

from dataclasses import dataclass

from grokterm.experiment.recording.trouble import Trouble
from grokterm.session.state import Phase
from grokterm.views.view import View

CURVES_TERMS, FACTS_TERMS = ("memorized", "grokked", "ungrokked"), ("chance", "basis")


@dataclass(frozen=True)
class Situation:
    """What decides which keys do something."""

    phase: Phase = "training"
    has_curves: bool = True  # on the screen
    has_facts: bool = True
    view: View | None = None  # of the network, if it is on the screen
    has_pictures: bool = True  # else numbers stand for curves and networks
    is_zoomed: bool = False
    is_comparing: bool = False
    is_frozen: bool = False
    is_looking_back: bool = False
    is_swapped: bool = False
    is_unsaved: bool = False  # since a save has failed
    trouble: Trouble | None = None  # which the training waits in
    is_above_sweep: bool = False  # to which escape and q return

    @property
    def terms(self) -> tuple[str, ...]:
        """The words on the screen that a newcomer lacks."""
        curves, facts = CURVES_TERMS if self.has_curves else (), FACTS_TERMS if self.has_facts else ()
        return (*curves, *(self.view.terms if self.view else ()), *facts)

    @property
    def draws_curves(self) -> bool:
        """Whether there are curves to act on."""
        return self.has_curves and self.has_pictures

    @property
    def can_train(self) -> bool:
        """Whether there is something to train on: a training in trouble may have lost its weights."""
        return self.phase in ("training", "paused") and (self.trouble is None or self.trouble.can_be_retried)

    @property
    def is_to_branch(self) -> bool:
        """Whether a branch is what one would do now."""
        has_good = self.trouble is not None and self.trouble.last_good is not None
        return self.is_looking_back or has_good

    def does(self, key: str) -> bool:
        """Whether the view on the screen does something at o, x or z."""
        return self.view is not None and key in self.view.other_keys
