"""Settings made from the arguments of a function: a keyword with a type and a default is a setting."""

import inspect
from collections.abc import Callable, Collection
from inspect import Parameter
from typing import Annotated, Any, Literal, TypeVar, get_origin

from pydantic import Field, create_model

from grokterm.errors import ConfigError, PluginError
from grokterm.experiment.reading.toml import format_toml
from grokterm.experiment.settings import Settings, live
from grokterm.plugins.registry import blamed

Base = TypeVar("Base", bound=Settings)

UNNAMED = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)

REPLACED = ("learning_rate", "weight_decay")
"""Settings of a base class that only their defaults are taken for."""


def arguments_of(what: str, code: Callable[..., object]) -> dict[str, Parameter]:
    """Return the arguments of a function, with their types.

    Raises:
        PluginError: if a type is not there.
    """
    with blamed(what):
        return dict(inspect.signature(code, eval_str=True).parameters)


def settings_class(  # noqa: PLR0913 - what a class of settings is made of
    what: str, name: str, arguments: Collection[Parameter], base: type[Base], *, kind: str, is_live: bool = False
) -> type[Base]:
    """Make the settings of something called `name`, from its arguments and those of a base class; `kind` names it in a preset.

    Raises:
        PluginError: if an argument has no type or no default, is called like a setting of the base class, or has a type or a
            default that cannot be written into a preset.
    """
    fields: dict[str, Any] = {kind: (Literal[name], name)}
    for one in arguments:
        if one.kind in UNNAMED or one.annotation is Parameter.empty or one.default is Parameter.empty:
            raise PluginError(f"{what}: its argument {one.name} needs a type and a default, as in width: int = 64")
        if one.name in REPLACED and one.name in base.model_fields:
            fields[one.name] = (float, live(one.default, ge=0))
            continue
        if hasattr(base, one.name) or one.name in base.model_fields:
            raise PluginError(f"{what}: its argument {one.name} is called like something that all have: choose another name")
        is_tuple = get_origin(one.annotation) is tuple
        annotation = Annotated[one.annotation, Field(strict=False)] if is_tuple else one.annotation
        fields[one.name] = (annotation, live(one.default) if is_live else one.default)
    with blamed(what):
        made = create_model(name, __base__=base, __module__=base.__module__, **fields)
    try:
        with blamed(f"{what}: a setting that a preset cannot hold"):
            format_toml(made.from_settings({}).model_dump(exclude_none=True))
    except PluginError:
        raise
    except ConfigError as error:
        raise PluginError(f"{what}: a default is invalid: {error}") from None
    return made
