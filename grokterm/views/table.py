"""The views of the lab, in the order of their tabs. To add one, write a file and list its view here."""

from grokterm.views.lab.activations import ACTIVATIONS
from grokterm.views.lab.circuit import CIRCUIT
from grokterm.views.lab.correctness import TABLE
from grokterm.views.lab.efficiency import EFFICIENCY
from grokterm.views.lab.spectrum import SPECTRUM
from grokterm.views.lab.weights import WEIGHTS
from grokterm.views.view import View

VIEWS: dict[str, View] = {view.name: view for view in (WEIGHTS, SPECTRUM, ACTIVATIONS, CIRCUIT, TABLE, EFFICIENCY)}
