"""What was measured on a device, held against the targets, as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Data = Mapping[str, Any]
Row = Mapping[str, Any]

AUTO, NOTEBOOK, FLOOR = "auto", "notebook", "floor"
SPEED_HEADINGS = (
    "preset", "who", "members", "steps/s", "updates/s", "× plain loop", "update alone, updates/s", "× plain loop",
    "of floor", "of fp32 peak", "memory", "target",
)  # fmt: skip


class Target(NamedTuple):
    """What was aimed at, and whether it was reached; None: not measured."""

    about: str
    preset: str
    members: int
    measured: float | None
    is_met: bool | None


STEPS, UPDATES, OF_PEAK = "steps/s", "updates/s", "of fp32 peak"

TARGETS = (
    ("liu-essay", 1, STEPS, 10_000.0),
    ("gromov-gd", 1, STEPS, 10_000.0),
    ("nanda", 1, STEPS, 3000.0),
    ("power-add", 1, STEPS, 3000.0),
    ("gromov-gd", 64, OF_PEAK, 0.5),
    ("liu-essay", 1024, UPDATES, 500_000.0),
    ("nanda", 64, UPDATES, 5000.0),
)
"""(preset, members, unit, at least)."""


def targets(data: Data) -> list[Target]:
    """Hold the measurements against the targets."""
    found = [_target(data, *target) for target in TARGETS]
    outcomes = [check["outcome"] for check in data["checks"] if "::" in check["name"] and check["outcome"] != "skipped"]
    failed = float(outcomes.count("failed")) if outcomes else None
    return [*found, Target("CUDA tests that fail: none", "", 0, failed, None if failed is None else failed == 0)]


def _target(data: Data, preset: str, members: int, unit: str, least: float) -> Target:
    row = _row_of(data, preset, members, AUTO)
    measured = None
    if row is not None and unit == OF_PEAK:
        measured = _of_peak(data, row)
    elif row is not None and "training" in row:
        measured = row["training"]["median"] * (members if unit == UPDATES else 1)
    about = f"`{preset}` × {members:,}: at least {_number(least)} {unit}"
    return Target(about, preset, members, measured, None if measured is None else measured >= least)


def markdown(data: Data) -> str:
    """Write the tables for the README."""
    where = f"{data['device'] or 'an unknown device'}, torch {data['torch'] or 'unknown'}, {data['date']}"
    parts = "; ".join(f"{part}: {state}" for part, state in data["parts"].items())
    lines = [f"Measured on {where}{', at small size' if data['small'] else ''}. {parts}.", "", _checks(data["checks"]), ""]
    if data["flops"]:
        lines += [f"float32 peak, by a large matrix product without TF32: {data['flops'] / 1e12:.3g} TFLOP/s.", ""]
    if data["speed"]:
        lines += [*_table(SPEED_HEADINGS, [_speed(data, row) for row in data["speed"]]), ""]
    lines += [*_table(("target", "measured", "verdict"), [_verdict(target) for target in targets(data)]), ""]
    if data["verify"]:
        rows = [row for preset in data["verify"] for row in _verified(preset)]
        lines += _table(("preset", "expected", "measured", "verdict", "seconds"), rows)
    return "\n".join([*lines, ""])


def _checks(checks: Sequence[Row]) -> str:
    counts = {outcome: sum(check["outcome"] == outcome for check in checks) for outcome in ("passed", "failed", "skipped")}
    failed = [check["name"] for check in checks if check["outcome"] == "failed"]
    said = f"{counts['passed']} checks passed, {counts['failed']} failed, {counts['skipped']} skipped"
    return f"{said}{': ' + '; '.join(failed) if failed else ''}."


def _speed(data: Data, row: Row) -> list[str]:
    members = row["members"]
    if "left_out" in row:
        return [f"`{row['preset']}`", row["who"], f"{members:,}", f"left out: {row['left_out']}", *[""] * 8]
    training, update = (_updates(row, mode) for mode in ("training", "update"))
    plain = _row_of(data, row["preset"], 1, NOTEBOOK)
    floor = _row_of(data, row["preset"], members, FLOOR)
    name = f"grokterm, {row['engine']}" if row["who"] in (AUTO, "graph", "eager") else row["who"]
    aimed = [target for target in targets(data) if (target.preset, target.members) == (row["preset"], members)]
    return [
        f"`{row['preset']}`", name, f"{members:,}",
        "" if training is None else _number(training / members), _number(training),
        _share(training, _updates(plain, "training")), _number(update),
        _share(update, _updates(plain, "update")), _share(update, _updates(floor, "update")),
        "" if update is None else f"{_of_peak(data, row) or 0:.3f}",
        "" if row["memory"] is None else f"{row['memory'] / 1e6:,.0f} MB",
        "; ".join(_met(target) for target in aimed) if row["who"] == AUTO else "",
    ]  # fmt: skip


def _verdict(target: Target) -> list[str]:
    return [target.about, _number(target.measured), _met(target)]


def _met(target: Target) -> str:
    return "not measured" if target.is_met is None else "met" if target.is_met else "**not met**"


def _verified(preset: Row) -> list[list[str]]:
    name, seconds = f"`{preset['preset']}`", f"{preset['seconds']:.0f}"
    if not preset["expectations"]:
        return [[name, "", "", f"not run: {preset['not_run']}", seconds]]
    return [
        [
            name,
            f"{one['measure']} {one['wanted'] if one['wanted'] == 'never' else '–'.join(map(_number, one['wanted']))}",
            "never" if one["median"] is None else _number(one["median"]),
            "met" if one["is_met"] else "**not met**",
            seconds,
        ]
        for one in preset["expectations"]
    ]


def _row_of(data: Data, preset: str, members: int, who: str) -> Row | None:
    """Find a row that was timed."""
    of = [row for row in data["speed"] if (row["preset"], row["members"], row["who"]) == (preset, members, who)]
    return next((row for row in of if "left_out" not in row), None)


def _updates(row: Row | None, mode: str) -> float | None:
    return None if row is None or mode not in row else row[mode]["median"] * row["members"]


def _of_peak(data: Data, row: Row) -> float | None:
    updates = _updates(row, "update")
    return updates * row["operations"] / data["flops"] if updates and data["flops"] else None


def _share(updates: float | None, of: float | None) -> str:
    return f"{updates / of:.2f}" if updates and of else ""


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return format(value, ",.0f" if abs(value) >= 100 else ".4g")


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [headings, ["---"] * len(headings), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines]
