"""TOML as text: read with the standard library, written the way that people write presets."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

import tomli_w

from grokterm.errors import ConfigError
from grokterm.experiment.reading.escaping import escaped_text

# An array without tables or arrays inside, as tomli-w writes it: one line for each value. No text has a line break of its own.
_PLAIN_ARRAY = re.compile(r"\[\n((?: {4}[^{\[ ].*,\n)+)\]")

# Hexadecimal, octal or binary: Python reads it, however long, but does not write it. Of decimal ones it reads none so long.
_ENDLESS_NUMBER = re.compile(r"\b0[xob][\da-fA-F_]{1000}")


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML into nested dicts.

    Raises:
        ConfigError: with the line, if the text is not TOML.
    """
    if _ENDLESS_NUMBER.search(text):
        raise ConfigError("not valid TOML: a number has more than 1,000 digits")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of numbers that are too long, and of arrays nested too deep
        last_line = text.count("\n") + 1
        message = str(error).replace("at end of document", f"at line {last_line}, the end")
        raise ConfigError(f"not valid TOML: {message}") from None


def parse_value(text: str) -> Any:  # noqa: ANN401 - any TOML value
    """Parse one TOML value; all else is a string."""
    try:
        parsed = parse_toml(f"value = {text}")
    except ConfigError:
        return text.strip()
    return parsed["value"] if len(parsed) == 1 else text.strip()  # more than one: lines that define something else


def format_toml(settings: Mapping[str, Any]) -> str:
    """Write nested dicts as TOML, arrays of plain values on one line, what is not seen as it is escaped."""
    text = escaped_text(tomli_w.dumps(settings))
    return _PLAIN_ARRAY.sub(lambda array: f"[{array[1].strip()[:-1]}]".replace("\n    ", " "), text)


def format_value(value: Any) -> str:  # noqa: ANN401 - any TOML value
    """Write one TOML value, a table in braces."""
    if isinstance(value, Mapping):
        entries = [format_toml({key: 0}).removesuffix("0\n") + format_value(one) for key, one in value.items()]
        return f"{{ {', '.join(entries)} }}" if entries else "{}"
    return format_toml({"value": value}).removeprefix("value = ").rstrip("\n")
