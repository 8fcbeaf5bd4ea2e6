"""Names, steps, speeds and ages in a few characters."""

from grokterm.runs.store import without_time

LEAST_NAME = 3  # letters of a setting that is cut
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 31_556_952


def short_step(step: int, room: int) -> str:
    """`8,320`, or `12.3M` where that does not fit."""
    whole = f"{step:,}"
    return whole if len(whole) <= room else _rounded(step)


def short_speed(steps_per_second: float) -> str:
    """`950/s`, `14.2k/s`; `0.25/s` for the slow."""
    written = f"{steps_per_second:.2g}" if steps_per_second < 10 else _rounded(steps_per_second)
    return f"{written}/s"


def short_age(seconds: float) -> str:
    """`now`, `5 min`, `3 h`, `12 d`, `2 y`."""
    if seconds < MINUTE:
        return "now"
    for size, unit, until in ((MINUTE, "min", HOUR), (HOUR, "h", 2 * DAY), (DAY, "d", 2 * YEAR)):
        if seconds < until:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / YEAR:.0f} y"


def short_name(name: str, preset: str, room: int, dots: str) -> tuple[str, str]:
    """Split a name before its time; where both do not fit, the date goes first, then what follows its preset.

    `liu-essay-seed-3-20261129-052059`, `liu-essay-seed-3…052059`, `liu-essay…052059`.
    """
    stem = without_time(name)
    time = name[len(stem) :]
    if len(name) <= room:
        return stem, time
    clock = f"{dots}{time[-6:]}"
    kept = next((one for one in (stem, preset) if stem.startswith(one) and len(one + clock) <= room), stem)
    return kept[: max(room - len(clock), 0)], clock[:room]


def short_settings(told: str, room: int, dots: str) -> list[tuple[str, str]]:
    """Split `weight_decay=2, seed=3` into names and values; where they do not fit, the longest names are cut: `weigh…=2`."""
    names, values = [], []
    for part in told.split(", ") if told else ():
        name, equals, value = part.partition("=")
        names.append(name)
        values.append(f"{equals}{value}")
    excess = sum(map(len, (*names, *values))) + 2 * len(names) - 2 - room
    for _ in range(excess):
        longest = max(names, key=len)
        if len(longest) <= LEAST_NAME + len(dots):
            break
        names[names.index(longest)] = longest.removesuffix(dots)[: -1 if longest.endswith(dots) else -1 - len(dots)] + dots
    return list(zip(names, values, strict=True))


def _rounded(number: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.0f}"
