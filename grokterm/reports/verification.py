"""Presets held against their expectations, as a table, as JSON or as Markdown."""

import json
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from grokterm.experiment.conditions import has_comparison
from grokterm.experiment.expectation import MEASURES, MILESTONE_STEPS, Expect, MetricAtStep, is_step
from grokterm.experiment.metrics import METRICS
from grokterm.experiment.sweep import label_of
from grokterm.plots.sanitize import plain_text
from grokterm.reports.duration import duration
from grokterm.runs.results.verification import Check, Outcome, Verdict

DIGITIZED = "≈ was read off a picture of one run: a neighborhood, not a bound"
MARKDOWN_HEADINGS = ("preset", "source's figure", "expected", "measured", "device", "seeds", "time of one run")
EVIDENCE = (
    "Evidence: S read in the source, V re-run independently, D digitized from one run (≈, a neighborhood and not a bound), "
    "I inferred, ours."
)
RULE = 'With several seeds: median (lowest–highest); the median decides, and "never" must hold for every seed.'
DIGITS = (
    "Shares and angles are in hundredths, losses and norms have two digits: further ones differ from processor to processor,"
    " and a milestone may move by some evaluations."
)
SPACES = str.maketrans("_.", "  ")

MOST_SHOWN = 12  # expectations of a preset in its row of the Markdown table; of more, those that are not met


def verification(checks: Sequence[Check], output: str, *, shows_all: bool) -> list[RenderableType]:
    """Compare measured with expected values; Markdown leaves out presets that were not run, unless `shows_all`."""
    match output:
        case "json":
            whole = {**_counts(checks), "presets": [_preset_as_json(check) for check in checks]}
            return [json.dumps(whole, indent=2)]
        case "markdown":
            return [_markdown([check for check in checks if shows_all or not check.not_run])]
        case _:
            return _table(checks)


def not_run(checks: Sequence[Check]) -> list[str]:
    """List the presets that were not run, and why."""
    return [plain_text(f"not run: {check.preset}: {check.not_run}") for check in checks if check.not_run]


def _table(checks: Sequence[Check]) -> list[RenderableType]:
    table = Table("preset", "source", "evidence", "expected", "measured", "verdict", box=None, header_style="bold")
    for check in checks:
        head = [check.preset, source(check), check.expect.evidence]
        for verdict in check.verdicts:
            wanted = f"{_place(verdict)}{verdict.measure} {expected(verdict, check.expect)}"
            cells = [*head, wanted, measured(verdict, number), is_met(verdict)]
            table.add_row(*(Text(plain_text(cell)) for cell in cells))
            head = ["", "", ""]
    notes = not_run(checks)
    if any(check.outcomes and check.expect.is_digitized for check in checks):
        notes.append(DIGITIZED)
    if any(len(check.outcomes) > 1 for check in checks):
        notes.append(RULE)
    counts = _counts(checks)
    notes.append(f"{counts['met']} met, {counts['not_met']} not met, {counts['not_run']} not run")
    return [*([table] if table.row_count else []), *notes]


def _counts(checks: Sequence[Check]) -> dict[str, int]:
    verdicts = [verdict for check in checks for verdict in check.verdicts]
    n_met = sum(verdict.is_met for verdict in verdicts)
    return {"met": n_met, "not_met": len(verdicts) - n_met, "not_run": sum(bool(check.not_run) for check in checks)}


def _preset_as_json(check: Check) -> dict[str, Any]:
    summaries = [outcome.summary for outcome in check.outcomes]
    return {
        "preset": check.preset,
        "source": check.experiment.source,
        "source_says": check.expect.source_says,
        "evidence": check.expect.evidence,
        "not_run": check.not_run or None,
        "runs": [summary.run for summary in summaries],
        "seeds": [outcome.seed for outcome in check.outcomes],
        "devices": sorted({summary.device for summary in summaries}),
        "seconds": median(summary.seconds for summary in summaries) if summaries else None,
        "expectations": [_verdict_as_json(verdict) for verdict in check.verdicts],
    }


def _verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    names = ("values", "median", "n_inside", "is_met")
    where = {"where": dict(verdict.where)} if verdict.where else {}
    return {"measure": verdict.measure, **where, "wanted": verdict.expected} | {name: getattr(verdict, name) for name in names}


def _markdown(checks: Sequence[Check]) -> str:
    """Write a row for each preset, and a caption with the machine, the version of torch and the days."""
    rows = [_row(check) if check.outcomes else [*_head(check), "not yet measured", "", "", ""] for check in checks]
    lines = [MARKDOWN_HEADINGS, ["---"] * len(MARKDOWN_HEADINGS), *rows]
    table = ["| " + " | ".join(plain_text(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([*table, "", _caption([outcome for check in checks for outcome in check.outcomes])])


def _row(check: Check) -> list[str]:
    summaries = [outcome.summary for outcome in check.outcomes]
    seconds = median(summary.seconds for summary in summaries)
    return [
        *_head(check),
        _measured(check.verdicts),
        ", ".join(sorted({summary.device for summary in summaries})),
        ", ".join(dict.fromkeys(str(outcome.seed) for outcome in check.outcomes)),
        f"{seconds:.2g} s" if seconds < 60 else duration(seconds),
    ]


def _measured(verdicts: Sequence[Verdict]) -> str:
    """Write what was measured; of many expectations, those that are not met."""
    shown = verdicts if len(verdicts) <= MOST_SHOWN else [verdict for verdict in verdicts if not verdict.is_met]
    phrases = [_phrase(verdict, measured(verdict, reproducible)) + _objection(verdict) for verdict in shown]
    others = [f"{len(verdicts) - len(shown)} met"] if len(shown) < len(verdicts) else []
    return ", ".join([*others, *phrases])


def _head(check: Check) -> list[str]:
    phrases = [_phrase(verdict, expected(verdict, check.expect)) for verdict in check.wanted]
    wanted = ", ".join(phrases) if len(phrases) <= MOST_SHOWN else f"{len(phrases)} points"
    return [f"`{check.preset}`", source(check), f"{wanted} [{check.expect.evidence}]"]


def _phrase(verdict: Verdict, figure: str) -> str:
    """`memorized 15–30`, and at a point of a sweep `lstm, train fraction 0.3: never grokked`."""
    return _place(verdict) + _in_words(verdict.measure, figure)


def _place(verdict: Verdict) -> str:
    """Name the point of a sweep, by the last parts of its axes."""
    return f"{label_of(verdict.where)}: " if verdict.where else ""


def _in_words(measure: str, figure: str) -> str:
    """`memorized 15–30`, `never grokked`, `train loss < 1e-4 at 73–165`, `val accuracy 0.99–1`, `IPR at 200: 0.85–1`."""
    if metric_at_step := MetricAtStep.parse(measure):
        words = "IPR" if metric_at_step.measure == "ipr" else metric_at_step.measure.translate(SPACES)
        return f"{words} {figure}" if metric_at_step.step is None else f"{words} at {metric_at_step.step:,}: {figure}"
    words = measure.replace("_", " ")
    if measure in MILESTONE_STEPS:
        words = words.removesuffix(" at")
    elif has_comparison(measure):
        words += "" if figure == "never" else " at"
    return f"never {words}" if figure == "never" else f"{words} {figure}"


def _objection(verdict: Verdict) -> str:
    return "" if verdict.is_met else f" (**{is_met(verdict)}**)"


def _caption(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return EVIDENCE
    days = sorted({str(outcome.meta.get("created", ""))[:10] for outcome in outcomes} - {""})
    when = " to ".join(dict.fromkeys([days[0], days[-1]])) if days else "on an unknown day"
    where = " and ".join(sorted(set(map(_machine, outcomes))))
    rule = [RULE] if len({outcome.seed for outcome in outcomes}) > 1 else []
    return " ".join([f"Measured by `grokterm verify` on {where}, {when}.", DIGITS, EVIDENCE, *rule])


def _machine(outcome: Outcome) -> str:
    meta = outcome.meta
    processor = f"{meta.get('processor', 'an unknown processor')} with {meta.get('cores', 'unknown')} cores"
    device = plain_text(outcome.summary.device)
    where = processor if device == "cpu" else f"{device} ({processor})"
    return plain_text(f"{where}, torch {meta.get('torch', 'of an unknown version')}")


def source(check: Check) -> str:
    """The preset's source, and the source's own numbers if it gives them."""
    return ": ".join(part for part in (check.experiment.source, check.expect.source_says) if part)


def expected(verdict: Verdict, expect: Expect) -> str:
    """`864–1,056`; `≈ 640–1,440` if it was read off a figure, which is no bound."""
    if verdict.expected == "never":
        return "never"
    low, high = (number(verdict.measure, limit) for limit in verdict.expected)
    return ("≈ " if expect.is_digitized else "") + (low if low == high else _span(low, high))


def measured(verdict: Verdict, write: Callable[[str, float | None], str]) -> str:
    """`960`, or with several seeds the median and the spread, `960 (940–1,010)`; `never` if no seed came there."""
    middle = write(verdict.measure, verdict.median)
    if len(verdict.values) == 1 or set(verdict.values) == {None}:
        return middle
    low, *_, high = sorted(verdict.values, key=lambda value: float("inf") if value is None else value)
    return f"{middle} ({_span(write(verdict.measure, low), write(verdict.measure, high))})"


def _span(low: str, high: str) -> str:
    return f"{low} to {high}" if "-" in low + high else f"{low}–{high}"


def is_met(verdict: Verdict) -> str:
    """`met`, or with several seeds `met, 4 of 5 seeds inside`."""
    said = "met" if verdict.is_met else "not met"
    n_runs = len(verdict.values)
    return said if n_runs == 1 else f"{said}, {verdict.n_inside} of {n_runs} seeds inside"


def number(measure: str, value: float | None) -> str:
    """Write a step, or the value of another measure."""
    if value is None:
        return "never" if is_step(measure) else "not finite" if measure in MEASURES else "none"
    return format(value, ",.10g" if is_step(measure) or measure == "val_loss_peak_at" else ".4g")


def reproducible(measure: str, value: float | None) -> str:
    """Write it with the digits that another processor gives too: see DIGITS."""
    if value is None or is_step(measure) or measure == "val_loss_peak_at":
        return number(measure, value)
    at_step = MetricAtStep.parse(measure)
    metric = METRICS.get(at_step.measure if at_step else measure)
    text = format(value, ".2f" if metric and metric.format.endswith("f") else ".2g")
    return text if float(text) else text.lstrip("-")
