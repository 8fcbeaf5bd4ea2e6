"""The language in which runs are searched: `op:add wd>1 -tag:old grokked`.

A run is found if every term is true of it. A word is looked for in name, preset, title, tags, note and differences. A field, a
sign and a value compare a column or a setting. A state, or a milestone, is true of the runs that have it. `-` negates a term.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isclose
from typing import get_args

from grokterm.errors import ConfigError
from grokterm.experiment.reading.hints import nearest
from grokterm.runs.listing.fields import Getter, find_field
from grokterm.runs.listing.row import RunRow, State

Test = Callable[[RunRow], bool]

WORDS: dict[str, Test] = {
    "memorized": lambda row: row.memorized_at is not None,
    "grokked": lambda row: row.grokked_at is not None,
    "ungrokked": lambda row: row.ungrokked_at is not None,
    "diverged": lambda row: row.diverged_at is not None,
    "pinned": lambda row: row.is_pinned,
    "changed": lambda row: row.is_changed,
    "branched": lambda row: bool(row.parent),
    "sweep": lambda row: row.kind == "sweep",
}
"""Words that mean more than their letters."""

TOLD: dict[State, str] = {"training": "not yet", "unknown": "not known"}
"""What the column of a list says of those that have not ended."""

ENDS = (
    *("complete", "stopped", "diverged", "no memory", "out_of_memory", "device_lost", "process_died"),
    *("memorized", "grokked", "ungrokked"),
)

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

_TERM = re.compile(r'-?(?:[^\s"]|"[^"]*"?)+')
_COMPARED = re.compile(r"([A-Za-z_][\w.]*)(<=|>=|!=|[:=<>])(.*)", re.DOTALL)
_NUMBER = re.compile(r"([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)([a-z]?)", re.IGNORECASE)
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Query:
    """What is looked for."""

    tests: tuple[Test, ...] = ()

    def matches(self, row: RunRow) -> bool:
        """Whether every term is true of a run."""
        return all(test(row) for test in self.tests)


def parse_query(text: str) -> Query:
    """Read a query; an empty one finds every run.

    Raises:
        ConfigError: one line, if a field is unknown, a value or a quote is missing, or a number is none.
    """
    if text.count('"') % 2:
        _, quote, rest = text.rpartition('"')
        raise ConfigError(f"a quote is not closed: {quote}{rest}")
    return Query(tuple(_test(term) for term in _TERM.findall(text) if term.strip('"')))


def hint(text: str) -> str:
    """Say which word was meant that means more than its letters, where a query finds nothing; empty if none was."""
    words = [term.removeprefix("-") for term in _TERM.findall(text) if not _COMPARED.fullmatch(term.removeprefix("-"))]
    return next((found for word in words if word.lower() not in WORDS and (found := nearest(word, WORDS))), "")


def _test(term: str) -> Test:
    if not term.strip('-"'):
        raise ConfigError(f"{term} needs a word behind it, as in -grokked")
    if term.startswith("-"):
        test = _test(term[1:])
        return lambda row: not test(row)
    if (found := _COMPARED.fullmatch(term)) is not None:
        return _comparison(found[1], found[2], found[3].replace('"', ""))
    if term.lower() in WORDS:
        return WORDS[term.lower()]
    if term.startswith("#"):  # as a list shows a tag
        return _comparison("tag", ":", term)
    word = term.replace('"', "").lower()
    return lambda row: word in row.text


def _comparison(name: str, sign: str, value: str) -> Test:
    get, holds_numbers = find_field(name.lower())
    if name.lower() in ("tag", "tags"):
        value = value.removeprefix("#")
    if not value:
        raise ConfigError(f"{name}{sign} needs a {'number' if holds_numbers or sign in _SIGNS else 'value'} behind it")
    if name.lower() == "state":
        get = _states
        if sign in ":=" and not any(state.startswith(value.lower()) for state in (*get_args(State), *TOLD.values(), *ENDS)):
            raise ConfigError(f"a run's state is {', '.join(get_args(State))}, or why it ended, as complete, not {value!r}")
    number = _number(value, is_age=name.lower() in ("age", "created"))
    if number is None and (holds_numbers or sign in _SIGNS):
        raise ConfigError(f"{name}{sign} needs a number, not {value!r}")
    if sign in _SIGNS and number is not None:
        return _ordered(get, _SIGNS[sign], number)
    equal = _equal(get, value.lower(), number, is_whole=sign != ":")
    return (lambda row: not equal(row)) if sign == "!=" else equal


def _states(row: RunRow) -> tuple[str, ...]:
    """Return the state of a run in all words that a list has for it."""
    why = row.ended or row.trouble
    return tuple({row.state, TOLD.get(row.state, row.state), why, why.replace("out_of_memory", "no memory")} - {""})


def _ordered(get: Getter, compare: Callable[[float, float], bool], number: float) -> Test:
    def test(row: RunRow) -> bool:
        value = get(row)
        return isinstance(value, float | int) and compare(value, number)

    return test


def _equal(get: Getter, text: str, number: float | None, *, is_whole: bool) -> Test:
    """Compare numbers as numbers, and look for text: as a whole, or anywhere."""

    def test(row: RunRow) -> bool:
        value = get(row)
        if isinstance(value, float | int) and not isinstance(value, bool):
            return number is not None and isclose(value, number, rel_tol=1e-9)
        some = value if isinstance(value, tuple) else () if value is None else (str(value),)
        return any(text == one.lower() if is_whole else text in one.lower() for one in some)

    return test


def _number(value: str, *, is_age: bool) -> float | None:
    """Read a number, of an age with its unit: 90s, 5m, 3h, 2d, 1w; None if it is none."""
    found = _NUMBER.fullmatch(value)
    if found is None or (found[2] and not (is_age and found[2].lower() in SECONDS)):
        return None
    return float(found[1].replace("_", "")) * (SECONDS[found[2].lower()] if found[2] else 1)
