"""The base class of all settings: frozen, documented by docstrings, unknown keys forbidden."""

import ast
import inspect
from collections.abc import Collection, Iterator
from functools import cache
from itertools import pairwise
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from grokterm.errors import ConfigError
from grokterm.experiment.reading.validation_errors import describe

RUNNING = "is_running"  # what validators of a whole experiment find in their context


class Settings(BaseModel):
    """An immutable, validated value. Unknown keys are errors, and strings are not converted to numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _whole_numbers(cls, given: object) -> object:
        """Take 1e5 for 100000 where a whole number is wanted."""
        if not isinstance(given, dict):
            return given
        return {name: _whole(value) if name in _counts(cls) else value for name, value in given.items()}

    @classmethod
    def from_settings(cls, settings: dict[str, Any], *, is_running: bool = False) -> Self:
        """Validate nested dicts, of a training that is running without what holds only at its start.

        Raises:
            ConfigError: one line that names the setting, the rule and the value.
        """
        try:
            return cls.model_validate(settings, context={RUNNING: is_running})
        except ValidationError as error:
            raise ConfigError(describe(error, cls)) from None


@cache
def _counts(settings: type[BaseModel]) -> frozenset[str]:
    """Name the fields that hold whole numbers, and no others."""
    kinds = {name: set(_parts(field.annotation)) for name, field in settings.model_fields.items()}
    return frozenset(name for name, some in kinds.items() if int in some and float not in some)


def _parts(annotation: object) -> Iterator[object]:
    """List the types that an annotation is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _whole(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class KeyOf:
    """Marks a text that must be a key of a table: refused like a Literal, but by the rows present when it is validated."""

    def __init__(self, table: Collection[str], *others: str) -> None:
        self._table = table
        self._others = others

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of the table, then the other names that are allowed."""
        return (*self._table, *self._others)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def _check(self, name: object) -> object:
        if name not in self.names:
            raise PydanticKnownError("literal_error", {"expected": ", ".join(map(repr, self.names))})
        return name


def texts_of(field: FieldInfo) -> tuple[str, ...]:
    """List the texts that a field may hold; empty where they cannot be listed."""
    keys = [names for marked in field.metadata if isinstance(marked, KeyOf) for names in marked.names]
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else tuple(keys)


def live(default: Any = ..., **rules: Any) -> Any:  # noqa: ANN401 - stands in for pydantic's Field, which is typed so
    """Declare a field that may be set while the training runs."""
    return Field(default, json_schema_extra={"live": True}, **rules)


def is_live(settings: type[BaseModel], name: str) -> bool:
    """Whether a field may be set while the training runs."""
    extra = settings.model_fields[name].json_schema_extra
    return isinstance(extra, dict) and extra.get("live") is True


def own_first(settings: type[BaseModel]) -> list[str]:
    """List the fields, those of the class itself before inherited ones."""
    own = inspect.get_annotations(settings)
    return sorted(settings.model_fields, key=lambda name: name not in own)


@cache
def field_docstrings(settings: type[BaseModel]) -> dict[str, str]:
    """Read the docstrings of the fields from the source; pydantic would read those of all classes at import.

    A class that was made from the arguments of a function has no source, but descriptions.
    """
    found: dict[str, str] = {}
    for part in reversed(settings.__mro__[: settings.__mro__.index(BaseModel)]):
        try:
            (definition,) = ast.parse(inspect.getsource(part)).body
        except OSError:
            continue
        assert isinstance(definition, ast.ClassDef)
        for field, docstring in pairwise(definition.body):
            match field, docstring:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = inspect.cleandoc(text)
    return found | {name: field.description for name, field in settings.model_fields.items() if field.description}
