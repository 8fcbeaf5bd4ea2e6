"""Figures of the Fourier spectra of matrices over residues."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grokterm.plots.paper.style import GRAY, INKS, SEQUENTIAL, frame_image, new_figure

MOST_NAMED = 8  # largest number of key frequencies that get a label


@dataclass(frozen=True)
class LayerSpectrum:
    """One matrix over residues, in the Fourier basis."""

    label: str
    by_neuron: Float[np.ndarray, "frequencies neurons"]
    """The share of each neuron's power at the frequencies 1, 2, ..."""

    shares: Float[np.ndarray, " frequencies"]
    """The share of the whole matrix's power."""

    key_frequencies: Sequence[int]


def draw_spectra(layers: Sequence[LayerSpectrum], *, unit: str, title: str) -> Figure:
    """Draw one row per matrix: its columns, called `unit`, on the left, the whole matrix on the right."""
    figure = new_figure(0.55 + 1.15 * len(layers), title=title)
    panels = figure.subplots(len(layers), 2, squeeze=False, width_ratios=(1.9, 1), sharey="row")
    most = max(float(layer.shares.max()) for layer in layers)
    for layer, (left, right) in zip(layers, panels, strict=True):
        n_frequencies, n_neurons = layer.by_neuron.shape
        extent = (0.5, n_neurons + 0.5, 0.5, n_frequencies + 0.5)
        image = left.imshow(layer.by_neuron, origin="lower", extent=extent, aspect="auto", cmap=SEQUENTIAL, vmin=0, vmax=1)
        frame_image(left)
        left.set_ylabel("frequency")
        left.set_title(layer.label, loc="left")
        plot_spectrum(right, layer.shares, layer.key_frequencies)
        right.set_xlim(0, 1.15 * most)
        right.tick_params(axis="y", length=0, labelleft=False)
    panels[-1, 0].set_xlabel(f"{unit}, by peak frequency")
    panels[-1, 1].set_xlabel("share of power,\nwhole matrix")
    for line in panels[:-1]:
        line[1].tick_params(axis="x", labelbottom=False)
    panels[0, 1].annotate(
        "even share", (1 / len(layers[0].shares), 1), xycoords=("data", "axes fraction"), xytext=(0, 1),
        textcoords="offset points", ha="center", va="bottom", fontsize=6,
    )  # fmt: skip
    bar = figure.colorbar(image, ax=panels[:, 0].tolist(), location="left", shrink=0.6, aspect=30, pad=0.02, ticks=[0, 0.5, 1])
    bar.set_label(f"share of the {unit}'s power")
    return figure


def plot_spectrum(axes: Axes, shares: Float[np.ndarray, " frequencies"], key_frequencies: Sequence[int]) -> None:
    """Draw one horizontal bar per frequency, key frequencies highlighted, and a line at an even share."""
    frequencies = np.arange(1, len(shares) + 1)
    key = INKS["key_frequency"].color
    colors = [key if frequency in key_frequencies else GRAY for frequency in frequencies]
    axes.barh(frequencies, shares, height=0.8, color=colors)
    axes.axvline(1 / len(shares), color="black", linewidth=0.6, linestyle=":")
    if len(key_frequencies) <= MOST_NAMED:
        for frequency in key_frequencies:
            axes.annotate(
                f"{frequency}", (shares[frequency - 1], frequency), xytext=(1.5, 0), textcoords="offset points",
                va="center", fontsize=6, color=key,
            )  # fmt: skip
    axes.set_ylim(0.5, len(shares) + 0.5)
