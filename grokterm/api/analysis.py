"""What a network of a run has learned, as numbers and arrays."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from grokterm.errors import ConfigError
from grokterm.experiment.metrics import METRICS
from grokterm.experiment.reading.hints import nearest
from grokterm.runs.results.metrics import RunMetrics


class Analysis:
    """A network at a step and its metrics, each computed when it is first read.

    `SavedRun.analysis` makes one. A few metrics take long: `memorized_norm`, `late_norm` and `norm_growth` train the run again
    up to other steps if it has no checkpoint near them, `hessian_eigenvalue` may take a minute.
    """

    def __init__(self, metrics: RunMetrics) -> None:
        self._metrics = metrics

    def __repr__(self) -> str:
        return f"Analysis({self._metrics.run.name!r}, step={self.step})"

    def __getitem__(self, name: str) -> float | None:
        """Return a metric: `analysis["ipr"]`; None if this network lacks it. `names` lists them.

        Raises:
            GroktermError: if there is no such metric.
        """
        if not isinstance(name, str) or name not in self.names:
            hint = nearest(str(name), self.names) or ": `grokterm help metrics` lists them"
            raise ConfigError(f"no metric is called {name!r}{hint}")
        return self._metrics.value(name)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the metrics."""
        return iter(self.names)

    def keys(self) -> tuple[str, ...]:
        """Return the names of the metrics, for `dict(analysis)`."""
        return self.names

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the metrics, losses and accuracies among them; `grokterm help metrics` says what they mean."""
        return tuple(dict.fromkeys((*self._metrics.evaluation, *METRICS)))

    @property
    def step(self) -> int:
        """Optimizer updates before it."""
        return self._metrics.step

    @property
    def spectrum(self) -> Float[np.ndarray, " frequencies"]:
        """Share of the power at frequency 1, 2, ... p // 2, averaged over the matrices over residues; empty without any."""
        return self._metrics.analysis.spectrum

    @property
    def key_frequencies(self) -> tuple[int, ...]:
        """The frequencies that hold far more than an even share of the power."""
        return self._metrics.inspected.key_frequencies

    @property
    def representations(self) -> Mapping[str, float]:
        """Share of the power in each irreducible representation of a group; empty of residues."""
        return self._metrics.analysis.representations

    @property
    def logit_quantiles(self) -> tuple[float, ...]:
        """Quantiles of the right answer's score, over the training equations that the network answers right."""
        return self._metrics.inspected.logit_quantiles

    @property
    def n_matched(self) -> int | None:
        """Neurons with one frequency in all three matrices; None without one hidden layer, or a sum of terms."""
        return self._metrics.n_matched

    @property
    def layers(self) -> Mapping[str, Mapping[str, float | None]]:
        """Norm, effective rank and sparsity of every parameter, by its name."""
        return self._metrics.layers

    @property
    def weights(self) -> Mapping[str, Shaped[np.ndarray, "..."]]:
        """Every parameter by its name, as `grokterm help layout` has them."""
        return self._metrics.analysis.snapshot.parameters

    def to_dict(self) -> dict[str, Any]:
        """Return all that `grokterm inspect --json` prints, by the same names."""
        return self._metrics.facts()
