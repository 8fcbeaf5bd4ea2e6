"""The speeds of engines and comparisons, as a table, as JSON or as Markdown."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from grokterm.bench.comparison import COMPILED, FLOOR, FLOORS, TRAINING, UPDATE, Comparison, Result
from grokterm.bench.measurement import Spread, spread
from grokterm.bench.process import NOTEBOOK
from grokterm.models.processor import available_cores, processor
from grokterm.models.products import LIBRARY
from grokterm.plots.sanitize import plain_text

HEADINGS = ("training", "× notebook", "update alone", "× notebook", "of floor", "memory", "how")
RATIOS = ((TRAINING, NOTEBOOK), (UPDATE, NOTEBOOK), (UPDATE, FLOOR))
NOTES = (
    "training: steps a second with evaluations, grokterm's as the preset says; update alone: without any.",
    "notebook: one-hot operands or tokens, torch.nn and torch.optim as they come.",
    "floor: an update's matrix products alone; of two, the one that is faster in a repetition.",
    "Medians; ratios are taken within a repetition, and their lowest and highest stand in brackets.",
    "memory: at its peak, beyond what torch takes to load.",
)
MEMBERS_NOTE = "Of an ensemble the updates of all members are counted; notebook: as many loops, one after another."


def speeds(comparisons: Sequence[Comparison], *, repetitions: int, load: float | None, output: str) -> list[RenderableType]:
    """Report the speeds; `load` is the machine's load average before they were measured, if known."""
    machine = _machine(comparisons, load)
    match output:
        case "json":
            presets = [_comparison_as_json(comparison) for comparison in comparisons]
            return [json.dumps({"machine": machine, "repetitions": repetitions, "presets": presets}, indent=2)]
        case "markdown":
            return list(_markdown(comparisons, machine, repetitions))
        case _:
            return [*(part for comparison in comparisons for part in _table(comparison)), *_notes(comparisons)]


def _notes(comparisons: Sequence[Comparison]) -> list[str]:
    return [*NOTES, MEMBERS_NOTE] if any(_members(comparison) > 1 for comparison in comparisons) else [*NOTES]


def _members(comparison: Comparison) -> int:
    return comparison.experiment.training.members


def _table(comparison: Comparison) -> list[RenderableType]:
    table = Table("", *HEADINGS, box=None, header_style="bold")
    for column in table.columns[1:-1]:
        column.justify = "right"
    for result in comparison.results:
        table.add_row(*(Text(plain_text(cell)) for cell in _cells(comparison, result)))
    return [plain_text(f"{comparison.preset}: {_setting(comparison)}, {comparison.device}"), table, *_left_out(comparison), ""]


def _markdown(comparisons: Sequence[Comparison], machine: dict[str, Any], repetitions: int) -> list[str]:
    lines: list[Sequence[str]] = [("preset", "who", *HEADINGS), ["---"] * (2 + len(HEADINGS))]
    for comparison in comparisons:
        preset = f"`{comparison.preset}`: {_setting(comparison)}"
        for result in comparison.results:
            lines.append((preset, *_cells(comparison, result)))
            preset = ""
    table = ["| " + " | ".join(plain_text(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]
    where = f"{machine['processor']} with {machine['cores']} cores"
    devices = ", ".join(device for device in machine["devices"] if device != "cpu")
    load = "" if machine["load"] is None else f", load before {machine['load']:.1f}"
    caption = (
        f"Measured by `grokterm bench` on {f'{devices} ({where})' if devices else where}, torch {machine['torch']},"
        f" products by {machine['products']}, {machine['date']}, {repetitions} repetitions{load}."
    )
    left_out = [line for comparison in comparisons for line in _left_out(comparison)]
    return [*table, "", plain_text(" ".join([caption, *_notes(comparisons)])), *(["", *left_out] if left_out else [])]


def _setting(comparison: Comparison) -> str:
    task, every = comparison.experiment.task, comparison.experiment.training.evaluate_every
    members = f", {_members(comparison):,} members" if _members(comparison) > 1 else ""
    network, size = comparison.experiment.model.label, f"{task.train_size:,} equations"
    return f"p = {task.modulus}, {network}, {size}, evaluate_every {every}{members}"


def _cells(comparison: Comparison, result: Result) -> list[str]:
    name = f"grokterm, {result.name}" if result.name not in (NOTEBOOK, COMPILED, *FLOORS) else result.name
    training, update = (comparison.rate(result.name, mode) for mode in (TRAINING, UPDATE))
    to_notebook, updates_to_notebook, to_floor = (_ratio(comparison, result.name, mode, to) for mode, to in RATIOS)
    memory = "" if result.memory is None else f"{result.memory / 1e6:,.0f} MB"
    return [
        f"{name} (auto)" if result is comparison.results[0] else name,
        *(_rate(training, _members(comparison)), to_notebook),
        *(_rate(update, _members(comparison)), updates_to_notebook, to_floor),
        memory,
        result.description,
    ]


def _rate(rate: Spread | None, members: int) -> str:
    if rate is None:
        return ""
    updates = rate.median * members
    return format(updates, ",.0f" if updates >= 100 else ".1f" if updates >= 10 else ".2f")


def _ratio(comparison: Comparison, name: str, mode: str, to: str) -> str:
    found = None if name == to else comparison.ratio(name, mode, to=to)
    return "" if found is None else f"{found.median:.2f} ({found.low:.2f}–{found.high:.2f})"


def _left_out(comparison: Comparison) -> list[str]:
    return [plain_text(f"{comparison.preset}: without {name}: {reason}") for name, reason in comparison.left_out.items()]


def _machine(comparisons: Sequence[Comparison], load: float | None) -> dict[str, Any]:
    return {
        "processor": processor(),
        "cores": available_cores(),
        "devices": sorted({comparison.device for comparison in comparisons}),
        "torch": comparisons[0].torch,
        "products": LIBRARY,
        "date": date.today().isoformat(),
        "load": load,
    }


def _comparison_as_json(comparison: Comparison) -> dict[str, Any]:
    return {
        "preset": comparison.preset,
        "device": comparison.device,
        "model": comparison.experiment.model.label,
        "modulus": comparison.experiment.task.modulus,
        "n_train": comparison.experiment.task.train_size,
        "evaluate_every": comparison.experiment.training.evaluate_every,
        "members": _members(comparison),
        "chosen": comparison.results[0].name,
        "racers": [_result_as_json(comparison, result) for result in comparison.results],
        "left_out": dict(comparison.left_out),
    }


def _result_as_json(comparison: Comparison, result: Result) -> dict[str, Any]:
    rates = {mode: {**spread(rates)._asdict(), "repetitions": rates} for mode, rates in result.rates.items()}
    ratios = {f"{mode}_to_{to}": comparison.ratio(result.name, mode, to=to) for mode, to in RATIOS}
    return {
        "name": result.name,
        "about": result.description,
        "steps_per_second": {mode: rates.get(mode) for mode in (TRAINING, UPDATE)},
        "updates_per_second": {mode: rate["median"] * _members(comparison) for mode, rate in rates.items()},
        "ratios": {name: ratio and ratio._asdict() for name, ratio in ratios.items()},
        "memory_bytes": result.memory,
    }
