"""Strict models of what people write: the model that a file is validated against is the value that the program uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, PrivateAttr
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

from readiness.yaml_text.document import Path

K = TypeVar("K", bound="Keyed")
M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """Base of all that people write: an unknown key or another type is an error, and values never change.

    `stand_in` has values for required keys that are missing or faulty: with them the rest of the entry is
    cross-checked; the mistake itself is reported, so no such entry is ever used. `if_missing` has hints for those whose
    example alone does not say enough, `if_unknown` those for unknown keys in which a word occurs.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
    stand_in: ClassVar[Mapping[str, Any]] = {}
    if_missing: ClassVar[Mapping[str, str]] = {}
    if_unknown: ClassVar[Mapping[str, str]] = {}


def stated(description: str, default: Any = ..., *, example: str = "", alias: str | None = None) -> Any:
    """A key of a file: what it says, its value when left out (none: it is required), and an example as written."""
    return Field(default, description=description, examples=[example] if example else None, alias=alias)


class Keyed(Strict):
    """Base of entries whose key is their name."""

    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """The key of the entry."""
        return self._name


def keyed(entries: dict[str, K]) -> dict[str, K]:
    """The entries, each with its key as its name."""
    for name, entry in entries.items():
        entry._name = name  # noqa: SLF001 - set once, as the entry is made
    return entries


def merged(settings: M, own: Strict) -> M:
    """The settings, and in place of each that the entry states the entry's own."""
    return settings.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


@dataclass(frozen=True)
class WrittenAs:
    """Marks a field that is written as another model, and completed when the file is loaded."""

    model: type[BaseModel]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate as that model."""
        return handler.generate_schema(self.model)


@cache
def fields_of(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields of a model by their keys as written."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """The model that a path of a file leads to."""
    annotation: Any = model
    for part in path:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = fields_of(annotation)[str(part)]
            written_as = next((mark.model for mark in field.metadata if isinstance(mark, WrittenAs)), None)
            annotation = bare(written_as or field.annotation)
        else:
            annotation = bare(get_args(annotation)[0 if isinstance(part, int) else -1])
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        raise TypeError(f"no model at {path}")
    return annotation


def bare(annotation: Any) -> Any:
    """An annotation without Annotated and None."""
    while (origin := get_origin(annotation)) is Annotated or type(None) in get_args(annotation):
        arguments = get_args(annotation)
        annotation = arguments[0] if origin is Annotated else next(part for part in arguments if part is not type(None))
    return annotation


def models_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], BaseModel]]:
    """A model and every model in it, each with its path as written."""
    if isinstance(value, BaseModel):
        yield path, value
        for name, field in type(value).model_fields.items():
            yield from models_in(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from models_in(part, (*path, key))
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from models_in(part, (*path, number))
