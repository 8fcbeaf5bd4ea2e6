"""What is found out about the circuit of a network, for its view."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

if TYPE_CHECKING:
    from grokterm.experiment.recording.inspected import Inspected
    from grokterm.inspection.analysis import NetworkAnalysis


@dataclass(frozen=True)
class CircuitFindings:
    """The metrics of a network, and what is drawn of its neurons."""

    inspected: "Inspected"
    n_neurons: Int[np.ndarray, " frequencies"] | None  # with each frequency; None where they have none
    place: str  # where these neurons are
    mismatch: Float[np.ndarray, " neurons"] | None
    """φ1 + φ2 − φ3 of the matched neurons; None without one hidden layer, or without a sum."""

    n_matched: Int[np.ndarray, " frequencies"] | None = None  # of those with each frequency


def find_circuit(analysis: "NetworkAnalysis", _: object) -> CircuitFindings:
    """Ask everything that can be asked of a network."""
    inspected = analysis.inspected()
    if (certificate := analysis.certificate) is not None and analysis.held_against is not None:
        n_frequencies = analysis.held_against.order // 2
        counts, n_matched = (
            np.bincount(certificate.frequency[which], minlength=n_frequencies + 1)[1:]
            for which in (certificate.has_waves, certificate.has_waves & certificate.is_matched)
        )
        mismatch = certificate.mismatch[~np.isnan(certificate.mismatch)]
        return CircuitFindings(inspected, counts, "hidden layer", mismatch, n_matched)
    place = next(reversed(analysis.forward_pass.neurons), "")
    heard = analysis.neuron_frequencies(place) if place and analysis.progress is not None else None
    return CircuitFindings(inspected, None if heard is None else heard.n_neurons, place, None)
