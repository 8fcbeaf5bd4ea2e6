"""The metrics of saved networks, as a report or as JSON objects."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grokterm.analysis.confusion import confusions, mirror_leakage
from grokterm.experiment.metrics import METRICS, Metric, Noise
from grokterm.plots.sanitize import plain_text
from grokterm.reports.diagnosis import cleaner, reads_in_waves, verdict
from grokterm.runs.results.metrics import RunMetrics

NOTHING = "–"
MOST_CONFUSIONS = 5
MOST_REPRESENTATIONS = 8
NARROWEST_MEANING = 24  # columns below which what a metric means is left out: it would take a line a word
WIDEST = 10_000
IPR_OF_SQUARES = (
    "IPR says little here: the operation reads or answers squares, whose waves are no waves over residues; see exact fit"
)

NORM = METRICS["parameter_norm"]

Columns = Mapping[str, RunMetrics]


def objects(networks: Sequence[RunMetrics]) -> str:
    """Write one JSON object for each network: indented if there is one network, else one in a line."""
    indent = 2 if len(networks) == 1 else None
    return "\n".join(json.dumps(one.facts(), indent=indent, ensure_ascii=False, allow_nan=False) for one in networks)


def report(networks: Sequence[RunMetrics], *, by_layer: bool = False) -> list[RenderableType]:
    """Describe each network, and set the metrics of all side by side; `by_layer` adds those of every parameter."""
    several = len(networks) > 1
    columns = {f"[{number}]" if several else "": one for number, one in enumerate(networks, start=1)}
    printed: list[RenderableType] = []
    for name, one in columns.items():
        printed += [Text(plain_text(_heading(name, one)), style="bold"), *map(_indented, _words(one)), Text()]
    printed += [_Table(columns), *map(_indented, _notes(columns))]
    for name, one in columns.items() if by_layer else ():
        printed += [Text(), _layers(name, one)]
    if comparison := cleaner(columns):
        printed += [Text(), Text(comparison)]
    return printed


def _heading(name: str, network: RunMetrics) -> str:
    training = network.run.experiment.training
    member = f", first of {training.members} members" if training.members > 1 else ""
    return f"{name} {network.run.name}, step {network.step:,} of {training.steps:,}{member}".strip()


def _words(network: RunMetrics) -> Iterable[str]:
    analysis, model = network.analysis, network.run.experiment.model
    operation = analysis.operation
    null = "; compared with a + b" if operation.function is None else ""
    yield f"{operation.label.format(p=analysis.modulus)}; {model.label}; basis: {_basis(network)}{null}"
    yield verdict(network)
    if (certificate := analysis.certificate) is not None and certificate.frequencies:
        counts = " ".join(f"{frequency}×{n_neurons}" for frequency, n_neurons in certificate.frequencies.items())
        yield f"frequency × neurons: {counts}"
    if analysis.representations:
        yield f"power by representation (in noise): {_by_representation(network)}"
    wrong = confusions(analysis.observation, at_most=MOST_CONFUSIONS)
    if wrong:
        listed = (f"{one.predicted} instead of {one.answer} ({one.n_equations:,}×)" for one in wrong)
        yield f"most frequent errors on validation: {', '.join(listed)}"
    if operation.n_operands == 2 and operation.is_symmetric(analysis.modulus):
        leakage = mirror_leakage(analysis.observation)
        if leakage.leaked.n_equations and leakage.rest.n_equations:
            yield (
                f"{100 * leakage.share:.1f} % of validation is the mirror (b, a) of a training equation: val accuracy"
                f" {leakage.leaked.accuracy:.4f} there, {leakage.rest.accuracy:.4f} elsewhere"
            )


def _basis(network: RunMetrics) -> str:
    operation, modulus, group = network.analysis.operation, network.analysis.modulus, network.analysis.group
    if group is not None:
        return f"{len(group.representations)} irreducible representations of {group.name}"
    return "residues" if len(operation.index(modulus)) == modulus else f"powers of a primitive root modulo {modulus}"


def _by_representation(network: RunMetrics) -> str:
    shares, group = network.analysis.representations, network.analysis.group
    noise = {one.name: one.share_of_noise for one in group.representations} if group else {}
    largest = sorted(shares, key=lambda name: -shares[name])[:MOST_REPRESENTATIONS]
    return ", ".join(f"{name} {shares[name]:.3f} ({noise[name]:.3f})" for name in largest)


@dataclass(frozen=True)
class _Table:
    """The metrics side by side, and what each means where that has room."""

    columns: Columns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        numbers = _table(self.columns, has_meanings=False)
        room = options.max_width - Measurement.get(console, options.update(max_width=WIDEST), numbers).maximum
        yield _table(self.columns) if room >= NARROWEST_MEANING else numbers


def _table(columns: Columns, *, has_meanings: bool = True) -> Table:
    table = Table("", box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(Text(name), justify="right", no_wrap=True)
    table.add_column("noise", justify="right")
    table.add_column("99 %", justify="right")
    if has_meanings:
        table.add_column("")
    for name, metric in METRICS.items():
        values = {network: network.value(name) for network in columns.values() if network.shows(name)}
        if not values:
            continue
        if not metric.is_usual and set(values.values()) == {None}:
            continue
        shown = [NOTHING if value is None else metric.written(value) for value in values.values()]
        cells = [metric.label, *shown, _noise(metric, values), _limit(name, metric, values)]
        table.add_row(*map(Text, [*cells, metric.meaning] if has_meanings else cells))
    return table


def _layers(name: str, network: RunMetrics) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(Text(f"{name} parameter".strip()))
    for label in ("shape", "norm", "effective rank", "weight sparsity", "gradient sparsity"):
        table.add_column(label, justify="right")
    for parameter, values in network.layers.items():
        shape = " × ".join(map(str, network.analysis.snapshot.parameters[parameter].shape))
        cells = [NOTHING if value is None else METRICS.get(key, NORM).written(value) for key, value in values.items()]
        table.add_row(Text(parameter), shape, *cells)
    return table


def _noise(metric: Metric, values: Mapping[RunMetrics, float | None]) -> str:
    if metric.noise is None:
        return ""
    measured = (network for network, value in values.items() if value is not None)
    known = (metric.noise(_chance(network)) for network in measured)
    return " / ".join(dict.fromkeys(format(noise, "#.2g") for noise in known if noise is not None))


def _limit(name: str, metric: Metric, values: Mapping[RunMetrics, float | None]) -> str:
    limits = (network.analysis.noise_limits.get(name) for network, value in values.items() if value is not None)
    return " / ".join(dict.fromkeys(metric.written(limit) for limit in limits if limit is not None))


def _chance(network: RunMetrics) -> Noise:
    analysis = network.analysis
    n_phases = analysis.certificate.n_phases if analysis.certificate else 0
    return Noise(analysis.snapshot.dataset, analysis.n_classes, analysis.matching_chance, n_phases)


def _notes(columns: Columns) -> Iterable[str]:
    missing: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, metric in METRICS.items():
        for column, network in columns.items():
            if metric.is_usual and network.shows(name) and network.value(name) is None:
                missing[network.why_missing(name)][metric.label].append(column)
    for reason, labels in missing.items():
        listed = (f"{label} {' '.join(names)}".rstrip() for label, names in labels.items())
        yield f"{NOTHING} {reason}: {', '.join(listed)}"
    if not all(map(reads_in_waves, columns.values())):
        yield IPR_OF_SQUARES


def _indented(line: str) -> Padding:
    return Padding(Text(plain_text(line)), (0, 0, 0, 2), expand=False)
