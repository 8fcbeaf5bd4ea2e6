"""The figures for paper.

To add one, write a function that draws a subject, or several, or says why it is left out, and list it here.
"""

from collections.abc import Callable, Sequence

from grokterm.plots.paper.style import PaperFigure
from grokterm.views.paper import comparison as of_several
from grokterm.views.paper import network as of_network
from grokterm.views.paper import run as over_steps
from grokterm.views.paper.naming import LeftOut
from grokterm.views.view import Subject

FIGURES: dict[str, Callable[[Subject], PaperFigure | LeftOut]] = {
    "curves": over_steps.curves,
    "weights": of_network.weights,
    "activations": of_network.activations,
    "spectra": of_network.spectra,
    "circuit": of_network.circuit,
    "formation": over_steps.formation,
    "progress": over_steps.progress,
    "attention": of_network.attention,
    "confusion": of_network.confusion,
    "efficiency": over_steps.efficiency,
}
"""Of one run."""

COMPARISONS: dict[str, Callable[[Sequence[Subject]], PaperFigure | LeftOut]] = {
    "curves": of_several.curves,
    "compare": of_several.compare,
    "efficiency": of_several.efficiency,
}
"""Of several runs together."""
