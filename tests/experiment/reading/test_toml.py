from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.toml import format_toml, format_value, parse_toml, parse_value

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
plain = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), texts)
values = st.recursive(plain, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=3)))


@given(st.dictionaries(texts, values, max_size=4))
def test_what_is_written_reads_back_equal(settings: dict[str, Any]) -> None:
    assert parse_toml(format_toml(settings)) == settings


tables = st.dictionaries(texts, st.dictionaries(texts, plain, max_size=2), max_size=3)


@given(st.one_of(plain, st.lists(plain, max_size=5), tables))
def test_one_value_is_one_line_and_reads_back_equal(value: object) -> None:
    text = format_value(value)
    assert "\n" not in text
    assert parse_value(text) == value


def test_an_experiment_is_written_as_people_write_it() -> None:
    experiment = Experiment.from_settings(
        {
            "title": 'A "title"',
            "model": {"architecture": "mlp", "frozen": ["first"]},
            "optimizer": {"kind": "adamw", "learning_rate": 1e-5, "betas": [0.9, 0.98]},
            "interventions": [
                {"at_step": 100, "swap": {"train_fraction": 0.25}},
                {"when": "grokked", "set": {"optimizer.learning_rate": 1e6}},
                {"when": "memorized", "save": True},
            ],
            "expect": {"evidence": "ours", "train_loss < 1e-4": [73, 165], "grokked_at": "never"},
        }
    )
    lines = experiment.to_toml().split("\n")
    for line in ('title = "A \\"title\\""', 'frozen = ["first"]', "learning_rate = 1e-05", "betas = [0.9, 0.98]"):
        assert line in lines
    assert lines[lines.index("interventions = [") + 1 :][:4] == [
        "    { at_step = 100, swap = { train_fraction = 0.25 } },",
        '    { when = "grokked", set = { "optimizer.learning_rate" = 1000000.0 } },',
        '    { when = "memorized", save = true },',
        "]",
    ]
    assert lines[lines.index("[expect]") :] == [
        "[expect]",
        'evidence = "ours"',
        'source_says = ""',
        '"train_loss < 1e-4" = [73.0, 165.0]',
        'grokked_at = "never"',
        "",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Two words",
        "a = b",
        "1\nseed = 2",
        "1\n[value]",
        "1\n[task]\nmodulus = 5",
        "[1",
        '"open',
        "[" * 5000,
        "9" * 5000,
        "0x" + "f" * 5000,
    ],
)
def test_what_is_no_single_value_is_a_text(text: str) -> None:
    assert parse_value(text) == text


def test_a_value_may_take_several_lines() -> None:
    assert parse_value("[\n  0.9,\n  0.98,\n]") == [0.9, 0.98]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb == 2\n", "not valid TOML: Invalid value (at line 2, column 4)"),
        ("a = 1\na = 2\n", "not valid TOML: Cannot overwrite a value (at line 2, column 6)"),
        ("a = [\n1,", "not valid TOML: Invalid value (at line 2, the end)"),
        ("a = " + "[" * 5000, "not valid TOML: "),
        ("a = " + "9" * 5000, "not valid TOML: "),
        *((f"a = 0{one}" + "1" * 20_000, "not valid TOML: a number has more than 1,000 digits") for one in "xob"),
    ],
)
def test_what_is_no_toml_is_refused_in_one_line_that_says_where(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_toml(text)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)
