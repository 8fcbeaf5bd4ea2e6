"""Validation errors of pydantic as one line: the setting, the rule, the value, the nearest valid name."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from grokterm.experiment.kinds import holders_of, models_of
from grokterm.experiment.reading.hints import nearest

LONGEST = 60  # letters of a value in a message

_TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "finite_number": "finite",
    "string_too_short": "a text that is not empty",
    "too_short": "a table that is not empty",
    "too_long": "no longer than {max_length}",
}
_KINDS = ("kind", "architecture", "operation")  # settings that decide on what the others of a section are
_BOUNDS = {"gt": "above {}", "ge": "at least {}", "lt": "below {}", "le": "at most {}"}


def describe(error: ValidationError, root: type[BaseModel]) -> str:
    """Return the first error of a validation as one line."""
    details = error.errors(include_url=False)
    path, holders, field = _locate(details[0], root)
    same = [detail for detail in details if _locate(detail, root)[0] == path]
    return _sentence(path, holders, field, same)


def _sentence(path: str, holders: Sequence[type[BaseModel]], field: FieldInfo | None, details: Sequence[ErrorDetails]) -> str:
    first = details[0]
    value = _shown(first["input"])
    name = path.rpartition(".")[2]
    match first["type"]:
        case "extra_forbidden":
            known = sorted({key for holder in holders for key in holder.model_fields})
            return f"unknown setting {path}{nearest(name, known) or ': choose one of ' + ', '.join(known)}"
        case "missing":
            return f"{path} is missing"
        case "value_error":
            message = str(first["ctx"]["error"])
            return f"{path} {message}" if message.startswith("must") else f"{path}: {message}" if path else message
        case "union_tag_invalid":
            tags, tag = re.findall(r"'([^']*)'", first["ctx"]["expected_tags"]), str(first["ctx"]["tag"])
            kind = first["ctx"]["discriminator"].strip("'")
            return f"{path}.{kind} must be one of {', '.join(tags)}, not {tag!r}{nearest(tag, tags)}"
        case "union_tag_not_found":
            kind, tags = first["ctx"]["discriminator"].strip("'"), [tag for holder in holders for tag in _tags(holder)]
            return f"{path}.{kind} is missing: choose one of {', '.join(tags)}"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal" if len(details) == 1:
            return f"{path} must be {_bounds(field) or _rule(first)}, not {value}"
    rules = [_rule(detail) for detail in details]
    if rules == ["a table"]:
        return no_table(path, holders, first["input"])
    choices = [choice for detail in details for choice in re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected")))]
    return f"{path} must be {' or '.join(dict.fromkeys(rules))}, not {value}{nearest(str(first['input']), choices)}"


def no_table(path: str, holders: Sequence[type[BaseModel]], value: object) -> str:
    """Refuse a value in the place of a section, which was probably meant for the setting that names its kind."""
    names = list(dict.fromkeys(name for holder in holders for name in holder.model_fields))
    kind = next((name for name in _KINDS if name in names), "")
    if kind and isinstance(value, str):
        hint = f": did you mean {path}.{kind}={value[:LONGEST]}?"
    else:
        hint = f": its settings are named as {path}.{kind or names[0]}" if names else ""
    return f"{path} must be a table, not {_shown(value)}{hint}"


def _rule(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if detail["type"] == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        return f"one of {', '.join(choices)}" if len(choices) > 1 else context["expected"].lower().replace("'", '"')
    known = _limits(context) or _TYPES.get(detail["type"])
    return known.format(**context) if known else detail["msg"].removeprefix("Input should be ")


def _bounds(field: FieldInfo | None) -> str:
    items = field.metadata if field else ()
    return _limits({key: limit for item in items for key in _BOUNDS if (limit := getattr(item, key, None)) is not None})


def _limits(limits: Mapping[str, Any]) -> str:
    rules = [(phrase, limits[key]) for key, phrase in _BOUNDS.items() if key in limits]
    return " and ".join(phrase.format(f"{limit:g}" if isinstance(limit, float) else limit) for phrase, limit in rules)


def _shown(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _locate(detail: ErrorDetails, root: type[BaseModel]) -> tuple[str, Sequence[type[BaseModel]], FieldInfo | None]:
    """Convert pydantic's location, which includes union members, to the dotted name in the file."""
    path, holders, field = "", [root], None
    for part in detail["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif tagged := [holder for holder in holders if part in _tags(holder)]:
            holders = tagged
        elif found := [holder.model_fields[part] for holder in holders if part in holder.model_fields]:
            path, field = f"{path}.{part}".lstrip("."), found[0]
            holders = holders_of(field) or holders
        elif field is not None and get_origin(field.annotation) is dict and models_of(field.annotation):
            path, field = f'{path}."{part}"', None  # the key of a table of tables
        elif detail["type"] in ("extra_forbidden", "value_error") and part == detail["loc"][-1]:
            path = f"{path}.{part}".lstrip(".")
        elif any(holder.model_config.get("extra") == "allow" for holder in holders) and "[" not in part:
            path = f"{path}.{part}".lstrip(".") if path.count(".") < 1 else path
    return path, holders, field


def _tags(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the discriminator of a union member: the value of its `kind` or `architecture`."""
    field = model.model_fields.get("kind") or model.model_fields.get("architecture")
    return get_args(field.annotation) if field and len(get_args(field.annotation)) == 1 else ()
