"""Demands: each is declared once, in one line of a section, and its file format, value, schema and key follow from it.

A section is a model whose fields are demands, made with `demand(...)`, or sections of more. The key of a demand is its
path: `clock.max_offset_s`. A demand that is None was never stated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self

from pydantic import GetJsonSchemaHandler, ValidationInfo, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from readiness.estate import texts
from readiness.yaml_text.document import quote
from readiness.yaml_text.models import Strict, bare, stated
from readiness.yaml_text.shapes import refusal


@dataclass(frozen=True, slots=True)
class Demand:
    """What a check holds hosts against: `by_role` for each role of a product, `of_the_estate` only for all together."""

    by_role: bool = False
    of_the_estate: bool = False


class NotAgreed(Strict):
    """It was agreed that nothing is demanded: why, by whom, on which day, and until which day that is good."""

    reason: texts.Reason = stated("Why nothing is demanded.", example="clients follow their own patch day")
    by: texts.Words = stated("Who agreed to that.", example="J. Doe, service owner")
    day: texts.Day = stated("On which day.", example="2026-11-24")
    until: texts.Day | None = stated("The last day that it is good for; left out, it has no end.", None)

    @model_validator(mode="before")
    @classmethod
    def _says_by_whom(cls, value: Any) -> Any:
        if isinstance(value, str):
            hint = f"write {{reason: {json.dumps(value, ensure_ascii=False)}, by: WHO AGREED, day: YYYY-MM-DD}}"
            raise refusal("a reason alone does not say who agreed to it, and when", hint)
        if isinstance(value, Mapping) and value and not value.keys() & cls.model_fields.keys():
            word = str(next(iter(value)))
            hint = f"a demand within a section is one key: SECTION.{word}: {{reason: ..., by: ..., day: ...}}"
            raise refusal(f"unknown key {quote(word)}", hint)
        return value

    @field_validator("until")
    @classmethod
    def _not_before_the_day(cls, until: date | None, info: ValidationInfo) -> date | None:
        day = info.data.get("day")
        if until is not None and day is not None and until < day:
            raise refusal(f"until {until} lies before the day {day} on which it was agreed", "a later day, or none")
        return until

    def is_over(self, today: date) -> bool:
        """Whether it no longer holds on a day; it is good to the end of `until`."""
        return self.until is not None and today > self.until

    def __str__(self) -> str:
        """`reason (J. Doe, 2026-11-24, until 2026-12-31)`."""
        end = f", until {self.until}" if self.until is not None else ""
        return f"{self.reason} ({self.by}, {self.day}{end})"


class Section(Strict):
    """A part of what was agreed."""

    may_be_empty: ClassVar[bool] = False

    @model_validator(mode="after")
    def _states_something(self) -> Self:
        if not (self.model_fields_set or self.may_be_empty):
            raise refusal("the mapping is empty and states nothing", "state something, or leave the key out")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Tell editors, too."""
        written = handler(schema)
        if not cls.may_be_empty:
            handler.resolve_ref_schema(written)["minProperties"] = 1
        return written


def demand(description: str, *, example: str, by_role: bool = False, of_the_estate: bool = False) -> Any:
    """A demand: what is agreed on by it, and an example as written."""
    field = stated(description, None, example=example)
    field.metadata.append(Demand(by_role, of_the_estate))
    return field


def demands_in(section: type[Section]) -> Iterator[tuple[str, Demand]]:
    """Every demand of a section by its key, in the order they are declared."""
    for name, field in section.model_fields.items():
        inner = bare(field.annotation)
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from ((f"{name}.{key}", entry) for key, entry in demands_in(inner))
        else:
            yield from ((name, mark) for mark in field.metadata if isinstance(mark, Demand))


def value_at(section: Section | Mapping[str, Any], key: str) -> Any:
    """What a section states at a key; None where it states nothing."""
    value: Any = section
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    return value


def leaf(key: str) -> str:
    """One spelling of a directive or keyword, as the programs that read them see it."""
    return key.replace(" ", "").lower()
