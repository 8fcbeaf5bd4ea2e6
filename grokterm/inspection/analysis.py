"""The analysis of a network at one step. Each part is computed when it is first read."""

from collections.abc import Sequence
from functools import cached_property
from math import isfinite

import numpy as np
from jaxtyping import Float, Int

from grokterm.analysis.circles import Components, principal_components
from grokterm.analysis.circuit import Certificate, certify
from grokterm.analysis.confusion import outcome_table
from grokterm.analysis.efficiency import logit_quantiles, parameter_norm
from grokterm.analysis.fourier import frequency_norms, key_frequencies, power_shares
from grokterm.analysis.neurons import NeuronFrequencies, neuron_frequencies
from grokterm.analysis.noise import largest_ipr, largest_resultant, matching_chance, most_matched
from grokterm.analysis.observation import Observation
from grokterm.analysis.progress import Progress, progress
from grokterm.analysis.representations import representation_shares
from grokterm.experiment.recording.inspected import Inspected
from grokterm.inspection.metrics import measure
from grokterm.inspection.observer import Observer, Window
from grokterm.inspection.snapshot import Snapshot
from grokterm.tasks.groups import Group
from grokterm.tasks.operations import OPERATIONS
from grokterm.tasks.sum_forms import SumForm

MOST_SCORES = 2**26  # A table with more scores (p > 406) is not kept, and metrics that need every score are missing


class NetworkAnalysis:
    """A network at one step, its task, and what follows from both. It belongs to one thread at a time."""

    held = 0
    """The third operand, where pictures are drawn over the first two."""

    def __init__(self, snapshot: Snapshot, forward_pass: Observer) -> None:
        self.snapshot = snapshot
        self.forward_pass = forward_pass
        self.modulus = snapshot.dataset.modulus
        self.n_elements = snapshot.dataset.n_elements
        self.operation = snapshot.dataset.definition
        self._frequencies: dict[str, NeuronFrequencies | None] = {}

    @property
    def step(self) -> int:
        """Optimizer updates before it."""
        return self.snapshot.step

    @cached_property
    def form(self) -> SumForm | None:
        """The operation as a sum of terms; None if it is not one."""
        return self.operation.sum_form(self.modulus)

    @property
    def held_against(self) -> SumForm | None:
        """The sum whose exact solution neurons are compared with; a + b for a random table, which is the null hypothesis."""
        return OPERATIONS["add"].sum_form(self.modulus) if self.operation.function is None else self.form

    @cached_property
    def residue_blocks(self) -> dict[str, np.ndarray]:
        """The matrices over residues, rows in the order in which the operation is a sum; empty for elements of a group."""
        if self.operation.group is not None:
            return {}
        index = self.operation.index(self.modulus)
        shown = {name: layer.weights for name, layer in self.snapshot.layers.items() if layer.over_residues}
        return {name: weights[index].astype(np.float64) for name, weights in shown.items()}

    @cached_property
    def components(self) -> Components | None:
        """The principal components of the first matrix over residues; None without one."""
        first = next(iter(self.residue_blocks.values()), None)
        return None if first is None or not np.isfinite(first).all() else principal_components(first)

    @cached_property
    def group(self) -> Group | None:
        """The group of which the operands are elements; None if they are residues."""
        return None if self.operation.group is None else self.operation.group(self.modulus)

    @cached_property
    def representations(self) -> dict[str, float]:
        """Share of the power in each irreducible representation, averaged over the matrices over elements.

        Empty without a group, a matrix over its elements, or finite weights.
        """
        blocks = [layer.weights.astype(np.float64) for layer in self.snapshot.layers.values() if layer.over_residues]
        if self.group is None or not blocks or not isfinite(self.parameter_norm):
            return {}
        shares = np.mean([representation_shares(block, self.group) for block in blocks], axis=0)
        return {one.name: float(share) for one, share in zip(self.group.representations, shares, strict=True)}

    @cached_property
    def spectrum(self) -> Float[np.ndarray, " frequencies"]:
        """Share of the power at each frequency, averaged over the matrices over residues; empty without any."""
        shares = [power_shares(norms) for norms in self.frequency_norms]
        return np.mean(shares, axis=0) if shares else np.empty(0)

    @cached_property
    def key_frequencies(self) -> list[int]:
        """The frequencies that hold far more than an even share; empty if a network uses all alike."""
        return key_frequencies(self.spectrum)

    @cached_property
    def frequency_norms(self) -> list[Float[np.ndarray, " frequencies"]]:
        """The norm of each matrix over residues at each frequency."""
        return [frequency_norms(block) for block in self.residue_blocks.values()]

    @cached_property
    def certificate(self) -> Certificate | None:
        """The neurons compared with the exact solution; None without one hidden layer, or without a sum of terms."""
        blocks = self.snapshot.blocks
        return certify(blocks, self.held_against) if blocks is not None and self.held_against is not None else None

    @cached_property
    def matching_chance(self) -> float:
        """The chance that a neuron of noise has one frequency in all three matrices."""
        return 1.0 if self.held_against is None else matching_chance(self.held_against, tied=self.snapshot.has_tied_operands)

    @cached_property
    def noise_limits(self) -> dict[str, float]:
        """What 99 % of noisy networks of this shape do not exceed, by metric; without those that the network lacks."""
        limits = {}
        if self.residue_blocks:
            blocks = self.residue_blocks.values()
            limits["ipr"] = largest_ipr(len(next(iter(blocks))), [block.shape[1] for block in blocks])
        if self.certificate is not None and (n_neurons := int(self.certificate.has_waves.sum())):
            limits["matched_frequency_share"] = most_matched(n_neurons, self.matching_chance) / n_neurons
        if self.certificate is not None and self.certificate.n_phases:
            limits["phase_alignment.resultant"] = largest_resultant(self.certificate.n_phases)
        return limits

    @cached_property
    def scored(self) -> Observation | None:
        """A pass over the table that keeps every score; None if there are too many."""
        n_scores = self.snapshot.dataset.n_equations * self.n_elements
        return self.forward_pass.observe(self.snapshot, scores=True) if n_scores <= MOST_SCORES else None

    @cached_property
    def observation(self) -> Observation:
        """A pass over the table, with or without every score."""
        return vars(self).get("scored") or self.forward_pass.observe(self.snapshot)

    @cached_property
    def plane(self) -> Observation:
        """A pass over the pairs (a, b), with the third operand held if there is one."""
        is_table = self.operation.n_operands == 2
        return self.observation if is_table else self.forward_pass.observe(self.snapshot, held=self.held)

    @cached_property
    def cells(self) -> Int[np.ndarray, "elements elements"]:
        """The outcome of every pair (a, b): a Cell each."""
        return outcome_table(self.plane)

    @cached_property
    def progress(self) -> Progress | None:
        """The losses of the key frequencies alone and without them, or of all frequencies if none stands out.

        None without a sum of terms, or if there are too many scores.
        """
        if self.form is None or self.scored is None:
            return None
        return progress(self.scored, self.form, self.key_frequencies or range(1, self.form.order // 2 + 1))

    @cached_property
    def logit_quantiles(self) -> Float[np.ndarray, " quantiles"]:
        """Quantiles of the right answer's score over the training equations that the network answers right."""
        return logit_quantiles(self.observation)

    @cached_property
    def parameter_norm(self) -> float:
        """Euclidean norm of all parameters together."""
        return parameter_norm(self.snapshot.parameters)

    def values(self, place: str, neurons: slice) -> Float[np.ndarray, "equations neurons"]:
        """Return the values of some neurons of a place for every equation."""
        return self.forward_pass.observe(self.snapshot, neurons={place: neurons}).neurons[place]

    @cached_property
    def n_classes(self) -> int:
        """How many answers the network chooses from: the residues, and of a network over tokens every token."""
        few = self.forward_pass.observe(self.snapshot, scores=True, most=4)
        assert few.scores is not None
        return int(few.scores.shape[1])

    def n_neurons(self, place: str) -> int:
        """Count the neurons of a place."""
        few = self.forward_pass.observe(self.snapshot, neurons={place: slice(None)}, most=4)
        return int(few.neurons[place].shape[1])

    def maps(
        self, place: str, neurons: slice | Sequence[int], window: Window | None = None
    ) -> Float[np.ndarray, "neurons rows columns"]:
        """Lay the values of some neurons out over (a, b), or a window of it; NaN where there is no equation."""
        seen = self.forward_pass.observe(self.snapshot, neurons={place: neurons}, window=window, held=self.held)
        return _laid_out(seen, seen.neurons[place], window)

    def attention_maps(self, place: str, window: Window | None = None) -> Float[np.ndarray, "heads tokens rows columns"]:
        """Lay each head's attention to each token out over (a, b), or a window of it; NaN where there is no equation."""
        seen = self.forward_pass.observe(self.snapshot, attention=True, window=window, held=self.held)
        _, n_heads, n_tokens = (attention := seen.attention[place]).shape
        maps = _laid_out(seen, attention.reshape(len(attention), -1), window)
        return maps.reshape(n_heads, n_tokens, *maps.shape[1:])

    def neuron_frequencies(self, place: str) -> NeuronFrequencies | None:
        """Find the frequency of each neuron of a place; None if the operation gives neurons none."""
        if self.form is None:
            return None
        if place not in self._frequencies:
            values = self.values(place, slice(None))
            self._frequencies[place] = neuron_frequencies(values, self.observation.operands, self.form)
        return self._frequencies[place]

    def inspected(self) -> Inspected:
        """Measure every metric."""
        metrics = measure(self)  # first, so that the quantiles share its pass over the table
        quantiles = tuple(self.logit_quantiles.tolist()) if np.isfinite(self.logit_quantiles).all() else ()
        lists = {"key_frequencies": tuple(self.key_frequencies), "logit_quantiles": quantiles}
        return Inspected.model_validate({"step": self.step, **lists, **metrics})


def _laid_out(
    seen: Observation, values: Float[np.ndarray, "equations maps"], window: Window | None
) -> Float[np.ndarray, "maps rows columns"]:
    rows, columns = window or (range(seen.n_elements), range(seen.n_elements))
    part = slice(rows.start, rows.stop), slice(columns.start, columns.stop)
    return np.stack([seen.as_table(one, missing=np.nan)[part] for one in values.T])
