"""What all settings share: frozen, documented by their docstrings, and refusing what they do not know."""

import inspect
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grokterm.errors import ConfigError
from grokterm.experiment.validation_errors import describe


class Settings(BaseModel):
    """A value that is valid if it exists. Unknown keys are refused; numbers are never read from strings."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True, validate_default=True
    )

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        """Validate plain tables.

        Raises:
            ConfigError: one line that names the setting, the rule and the value.
        """
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            raise ConfigError(describe(error, cls)) from None


def live(default: Any = ..., **rules: Any) -> Any:  # noqa: ANN401 - stands in for pydantic's Field, which is typed so
    """Declare a field that may be set while the training runs."""
    return Field(default, json_schema_extra={"live": True}, **rules)


def is_live(settings: type[BaseModel], name: str) -> bool:
    """Tell whether a field may be set while the training runs."""
    extra = settings.model_fields[name].json_schema_extra
    return isinstance(extra, dict) and extra.get("live") is True


def own_first(settings: type[BaseModel]) -> list[str]:
    """List the fields, those of a kind itself before those that it shares with other kinds."""
    own = inspect.get_annotations(settings)
    return sorted(settings.model_fields, key=lambda name: name not in own)
