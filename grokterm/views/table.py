"""The views of a network, in the order of their tabs. To add one: a file, and a row here."""

from grokterm.experiment.records import Inspected
from grokterm.views.lab.activations import ACTIVATIONS
from grokterm.views.lab.circuit import CIRCUIT, CircuitFindings
from grokterm.views.lab.correctness import TABLE
from grokterm.views.lab.efficiency import EFFICIENCY
from grokterm.views.lab.spectrum import SPECTRUM
from grokterm.views.lab.weights import WEIGHTS
from grokterm.views.view import View

VIEWS: dict[str, View] = {view.name: view for view in (WEIGHTS, SPECTRUM, ACTIVATIONS, CIRCUIT, TABLE, EFFICIENCY)}


def inspected_in(found: object) -> Inspected | None:
    """Return what an answer says for the history of a network."""
    match found:
        case CircuitFindings(inspected=inspected):
            return inspected
        case Inspected():
            return found
    return None
