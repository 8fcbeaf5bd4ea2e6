"""Every figure there is.

To add one, write a function that draws a subject, or several, or says why it cannot, and list it here and in
`grokterm.cli.figures`.
"""

from collections.abc import Callable, Sequence

from grokterm.views.paper import comparison as of_several
from grokterm.views.paper import network as of_network
from grokterm.views.paper import run as over_steps
from grokterm.views.paper.subject import Drawn, Subject

FIGURES: dict[str, Callable[[Subject], Drawn]] = {
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

COMPARISONS: dict[str, Callable[[Sequence[Subject]], Drawn]] = {
    "curves": of_several.curves,
    "compare": of_several.compare,
    "efficiency": of_several.efficiency,
}
"""Of several runs together."""
