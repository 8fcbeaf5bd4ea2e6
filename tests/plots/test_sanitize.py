import json
import tomllib
import unicodedata

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from grokterm.experiment.reading.escaping import escaped_text
from grokterm.plots.sanitize import plain_text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x1b]0;evil\x07title", "title"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x9d0;evil\x9ctitle", "title"),
        ("\x1bPdevice control\x1b\\title", "title"),
        ("\x1bctitle", "title"),
        ("two\nlines\r\n", "two lines  "),
        ("ring\x07 the\x00 bell", "ring the bell"),
        ("\u202eesrever\u202c", "esrever"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
    ],
)
def test_what_a_terminal_would_obey_is_removed(written: str, shown: str) -> None:
    assert plain_text(written) == shown


@pytest.mark.parametrize("title", ["[red]not markup[/red]", "Gromov 2023: a · b mod 97, φ(z) = z²", "群 ö"])
def test_plain_text_stays_as_it_is(title: str) -> None:
    assert plain_text(title) == title


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\x1b[]\x07\x9b;m\\")))
def test_nothing_unprintable_is_left(written: str) -> None:
    shown = plain_text(written)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert plain_text(shown) == shown


@settings(max_examples=30)
@given(st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF) | st.sampled_from("\x1b\x9b\x85\u202e\u2028\n\\")))
def test_what_is_escaped_is_the_same_json_and_toml_with_nothing_unprintable(written: str) -> None:
    as_json, as_toml = (escaped_text(text) for text in (json.dumps(written, ensure_ascii=False), tomli_w.dumps({"a": written})))
    assert json.loads(as_json) == tomllib.loads(as_toml)["a"] == written
    assert plain_text(as_json + as_toml.rstrip("\n")) == as_json + as_toml.rstrip("\n")
