"""How close a network is to the exact solution, in which every neuron is one cosine in each matrix (Gromov, 2023)."""

from dataclasses import dataclass
from math import nan

import numpy as np
from jaxtyping import Bool, Float, Int

from grokterm.analysis.blocks import Blocks
from grokterm.analysis.cosines import fit_cosines, waves_of
from grokterm.analysis.noise import TIE
from grokterm.experiment.recording.inspected import PhaseAlignment
from grokterm.tasks.sum_forms import SumForm


@dataclass(frozen=True)
class Certificate:
    """Fit of each neuron by A cos(2πk f1(a) + φ1), B cos(2πk f2(b) + φ2), C cos(2πkt + φ3), angles over the order.

    Rows of arrays with 3 rows: first operand, second operand, answer.
    """

    peaks: Int[np.ndarray, "3 neurons"]
    """The frequency that explains most of each block, at a tie the neuron's `frequency`; 0 for a constant block."""

    peak_shares: Float[np.ndarray, "3 neurons"]
    """R²: the share of the block's power about its mean that its peak explains."""

    frequency: Int[np.ndarray, " neurons"]
    """The neuron's k: the peak of the sum of the three blocks' shares; 0 if all are constant."""

    shares: Float[np.ndarray, "3 neurons"]
    """R² of each block at the neuron's frequency."""

    has_wave: Bool[np.ndarray, "3"]
    """Which blocks waves can fit; the others, over a single term, are left out of account."""

    phases: Float[np.ndarray, "3 neurons"]
    """φ1, φ2 and φ3 at the neuron's frequency; NaN where undefined: k = order / 2, the readout of (a + b)²."""

    exact_form: Blocks
    """The weights replaced by their fitted cosines, without the constants.

    Phases are fitted without the constraint φ3 = φ1 + φ2, which would turn noise into a solution. Rows of residues without
    a term (0 in products and quotients) are unchanged, and so are blocks over a single term.
    """

    @property
    def has_waves(self) -> Bool[np.ndarray, " neurons"]:
        """Which neurons have weights that vary over the residues with a term."""
        return self.frequency > 0

    @property
    def is_matched(self) -> Bool[np.ndarray, " neurons"]:
        """Which neurons have the same peak in all three blocks."""
        return self.has_waves & (self.peaks == self.frequency)[self.has_wave].all(axis=0)

    @property
    def matched_share(self) -> float:
        """Share of matched neurons among those with waves; NaN without waves."""
        return float(self.is_matched[self.has_waves].mean()) if self.has_waves.any() else nan

    @property
    def mismatch(self) -> Float[np.ndarray, " neurons"]:
        """φ1 + φ2 − φ3 between −π and π, 0 in the solution; NaN for unmatched neurons and those without phases."""
        first, second, answer = self.phases
        wrapped = np.pi - (np.pi - (first + second - answer)) % (2 * np.pi)
        return np.where(self.is_matched, wrapped, nan)

    @property
    def n_phases(self) -> int:
        """How many matched neurons have phases."""
        return int((~np.isnan(self.mismatch)).sum())

    @property
    def phase_alignment(self) -> PhaseAlignment | None:
        """The mismatch, averaged; None if no matched neuron has phases.

        Of few neurons the resultant is large by chance, and of one it is 1: read it beside `n_phases`.
        """
        if not len(known := self.mismatch[~np.isnan(self.mismatch)]):
            return None
        mean = complex(np.exp(1j * known).mean())
        return PhaseAlignment(mean=float(np.angle(mean)), resultant=abs(mean))

    @property
    def fit(self) -> Float[np.ndarray, " neurons"]:
        """R² of each neuron, the mean over its three blocks; NaN without waves.

        Not weighted by power: a quadratic neuron with inputs × 2 and readout / 4 computes the same.
        """
        return np.where(self.has_waves, self.shares.sum(axis=0) / max(1, self.has_wave.sum()), nan)

    @property
    def mean_fit(self) -> float:
        """Mean R² over the neurons with waves; NaN without any."""
        return float(self.fit[self.has_waves].mean()) if self.has_waves.any() else nan

    @property
    def frequencies(self) -> dict[int, int]:
        """Frequency → how many neurons have it, lowest first."""
        present, n_neurons = np.unique(self.frequency[self.has_waves], return_counts=True)
        return dict(zip(present.tolist(), n_neurons.tolist(), strict=True))


def certify(blocks: Blocks, form: SumForm) -> Certificate:
    """Fit every neuron by the cosines that would solve a ∘ b = F(f1(a) + f2(b)) exactly."""
    matrices, waves, has_terms = (blocks.first, blocks.second, blocks.answer), waves_of(form), form.has_terms
    fits = [fit_cosines(matrix[has_terms], wave) for matrix, wave in zip(matrices, waves, strict=True)]
    all_shares = np.stack([fit.shares for fit in fits])
    frequency = all_shares.sum(axis=0).argmax(axis=0)
    neurons = np.arange(len(frequency))
    shares, peak_shares = all_shares[:, frequency, neurons], all_shares.max(axis=1)
    is_peak = (shares > 0) & (shares >= (1 - TIE) * peak_shares)
    amplitudes = np.stack([fit.amplitudes[frequency, neurons] for fit in fits])
    has_phase = (shares > 0) & [fit.has_phase[frequency] for fit in fits]
    exact = [matrix.copy() for matrix in matrices]
    for matrix, fit, amplitude, wave in zip(exact, fits, amplitudes, waves, strict=True):
        if fit.has_wave:
            matrix[has_terms] = (amplitude * wave[:, frequency]).real
    return Certificate(
        peaks=np.where(is_peak, frequency, all_shares.argmax(axis=1)),
        peak_shares=peak_shares,
        frequency=frequency,
        shares=shares,
        has_wave=np.array([fit.has_wave for fit in fits]),
        phases=np.where(has_phase, np.angle(amplitudes), nan),
        exact_form=Blocks(*exact),
    )
