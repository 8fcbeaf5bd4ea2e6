import ast
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokterm.errors import ConfigError
from grokterm.tasks.expressions import parse_expression

RULE = "expression must be a polynomial in a and b, such as a**2 + 3*a*b, not "
UNREADABLE = "it cannot be read; a product is written 3*a, a power a**2"

atoms = st.one_of(st.sampled_from(["a", "b"]), st.integers(0, 10**12).map(str))
polynomials = st.recursive(
    atoms,
    lambda parts: st.one_of(
        st.builds("({} {} {})".format, parts, st.sampled_from("+-*"), parts),
        st.builds("{} {} {}".format, parts, st.sampled_from("+-*"), parts),
        st.builds("({}){}{}".format, parts, st.sampled_from(["**", "^", " ** "]), st.integers(0, 3)),
        st.builds("-{}".format, parts),
    ),
    max_leaves=6,
).filter(lambda text: len(text) <= 200)


def answers(text: str, pairs: list[tuple[int, int]], modulus: int) -> list[int]:
    operands = np.array(pairs, dtype=np.int64)
    found: list[int] = parse_expression(text)(operands[:, 0], operands[:, 1], modulus).tolist()
    return found


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        parse_expression(text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("a", 5),
        ("b", 7),
        ("12", 12),
        ("a + b", 12),
        ("a - b", 95),
        ("a*b", 35),
        ("a**2 + 3*a*b", 33),
        ("a^2 + 3*a*b", 33),
        ("-a**2", 72),
        ("(-a)**2", 25),
        ("2*-b", 83),
        ("a - b - 1", 94),
        ("a - (b - 1)", 96),
        ("a**0", 1),
        ("0**0", 1),
        ("a**96", 1),
        ("b^1000", pow(7, 1000, 97)),
        ("98*a", 5),
        ("1000000000000000000000000 * 0 + a", 5),
        ("((a)) ** (2)", 25),
        (" a\n+\tb ", 12),
        ("a ^ 2", 25),
        ("-" * 150 + "a", 5),
    ],
)
def test_a_polynomial_of_5_and_7_has_its_answer_mod_97(text: str, answer: int) -> None:
    assert answers(text, [(5, 7)], 97) == [answer]


@given(text=polynomials, pair=st.tuples(st.integers(0, 996), st.integers(0, 996)), modulus=st.sampled_from([2, 12, 97, 997]))
def test_a_polynomial_agrees_with_big_whole_numbers(text: str, pair: tuple[int, int], modulus: int) -> None:
    a, b = (operand % modulus for operand in pair)
    whole = eval(text.replace("^", "**"), {"__builtins__": {}}, {"a": a, "b": b})
    assert answers(text, [(a, b), (a, b)], modulus) == [whole % modulus] * 2


def test_the_largest_residues_do_not_overflow() -> None:
    text = "(a*b)**1000 * (a + b)**999 - 999999999999999999999999*a**997*b"
    whole = (996 * 995) ** 1000 * (996 + 995) ** 999 - 999999999999999999999999 * 996**997 * 995
    assert answers(text, [(996, 995)], 997) == [whole % 997]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a/b", "/ is not allowed"),
        ("a % b", "% is not allowed"),
        ("x + b", "x is not allowed"),
        ("ab", "ab is not allowed"),
        ("1.5*a", ". is not allowed"),
        ("a if b else a", "if is not allowed"),
        ("[a]", "[ is not allowed"),
        ("a, b", ", is not allowed"),
        ("__import__('os')", "__import__ is not allowed"),
        ("a # {p}", "# is not allowed"),
        ("a²", "a² is not allowed"),
        ("0x1f", "x1f is not allowed"),
        ("a == b", "= is not allowed"),
        ("", UNREADABLE),
        ("  ", UNREADABLE),
        ("2a", UNREADABLE),
        ("a(b)", UNREADABLE),
        ("a b", UNREADABLE),
        ("a +", UNREADABLE),
        ("()", UNREADABLE),
        ("(a", UNREADABLE),
        ("a)(b", UNREADABLE),
        ("007", UNREADABLE),
        ("+a", UNREADABLE),
        ("a ** ** b", UNREADABLE),
        ("a**-1", "an exponent must be a whole number from 0 to 1000"),
        ("a**b", "an exponent must be a whole number from 0 to 1000"),
        ("a**1001", "an exponent must be a whole number from 0 to 1000"),
        ("9**9**9", "an exponent must be a whole number from 0 to 1000"),
        ("(" * 21 + "a" + ")" * 21, "its parentheses are nested deeper than 20"),
    ],
)
def test_what_is_no_polynomial_is_refused_with_the_reason(text: str, why: str) -> None:
    assert refusal(text) == f"{RULE}{text!r}: {why}"


@pytest.mark.parametrize("text", ["a+" * 100 + "a", "-" * 100_000 + "a", "(" * 10_000, "9" * 10_000])
def test_a_text_that_is_too_long_is_refused_and_shortened(text: str) -> None:
    assert refusal(text) == f"{RULE}{text[:57]!r}...: it is longer than 200 characters"


def test_parentheses_nest_twenty_deep() -> None:
    assert answers("(" * 20 + "a" + ")" * 20, [(3, 4)], 7) == [3]


@given(st.text(st.sampled_from("ab019+-*^() "), max_size=220))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ConfigError):
        assert len(answers(text, [(1, 2), (3, 4)], 5)) == 2


@pytest.mark.parametrize("failure", [RecursionError, MemoryError])
def test_a_parser_that_gives_up_is_a_refusal(failure: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(ast, "parse", fail)
    assert refusal("a") == f"{RULE}'a': {UNREADABLE}"


def test_a_tower_of_powers_that_fits_into_no_memory_has_its_answer() -> None:
    assert answers("((((9**999)**999)**999)**999)**999", [(1, 1)], 997) == [pow(9, 999**5, 997)]
