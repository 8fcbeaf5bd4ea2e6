"""Parameter groups: weights with a learning rate or a decay of their own, chosen by name."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Self

from pydantic import Field, model_validator

from grokterm.experiment.settings import Settings


class Group(Settings):
    """What the weights of a group have in place of the optimizer's own; whatever is left out is the optimizer's."""

    learning_rate: float | None = Field(None, ge=0)
    """η of these weights."""

    weight_decay: float | None = Field(None, ge=0)
    """λ of these weights."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.own:
            raise ValueError("a group needs a learning_rate or a weight_decay")
        return self

    @property
    def own(self) -> dict[str, float]:
        """The settings that this group has of its own."""
        return self.model_dump(exclude_none=True)


Groups = dict[Annotated[str, Field(min_length=1)], Group]


def pattern_of(name: str, groups: Mapping[str, Group]) -> str | None:
    """Return the first pattern that matches the name of a weight, as a shell would; None if there is none."""
    return next((pattern for pattern in groups if fnmatchcase(name, pattern)), None)
