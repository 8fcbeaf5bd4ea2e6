"""Settings of several classes, told apart by a field: the tagged union of the classes that are there when it is validated."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, Union, get_args

from pydantic import BaseModel, Discriminator, GetCoreSchemaHandler, TypeAdapter, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

Member = TypeVar("Member", bound=BaseModel)


class OneOf:
    """Marks a field whose value is of one of these classes, of which there may be more later."""

    def __init__(self, members: Sequence[type[BaseModel]], kind: str) -> None:
        self.members = members
        self._kind = kind
        self._union: tuple[tuple[type[BaseModel], ...], TypeAdapter[Any]] | None = None  # of those that were there

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's
        return core_schema.with_info_plain_validator_function(self._validate)

    def _validate(self, value: object, info: ValidationInfo) -> object:
        if (union := self._union) is None or union[0] != tuple(self.members):
            present = tuple(self.members)
            tagged: Any = Annotated[Union[present], Discriminator(self._kind)]  # noqa: UP007 - of a tuple
            union = self._union = present, TypeAdapter(tagged)
        return union[1].validate_python(value, context=info.context)


def by_kind(members: Sequence[type[Member]], kind: str) -> dict[str, type[Member]]:
    """Return classes of settings by the default of the field that tells them apart."""
    return {member.model_fields[kind].default: member for member in members}


def holders_of(field: FieldInfo) -> list[type[BaseModel]]:
    """Find the classes of settings that a field may hold."""
    marked = [one for one in field.metadata if isinstance(one, OneOf)]
    return list(marked[0].members) if marked else models_of(field.annotation)


def models_of(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - any annotation
    """Find the models inside a union, an optional, a tuple or an Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_of(part)]
