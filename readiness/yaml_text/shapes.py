"""Text that must have a shape, lists and mappings that must state something: each with what is wrong with a bad one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from readiness.core.text import clean
from readiness.yaml_text.document import quote

REFUSED = "refused"
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and a symbol that are drawn as nothing
K = TypeVar("K")
V = TypeVar("V")


def refusal(message: str, hint: str = "") -> PydanticCustomError:
    """The error that carries our own words through pydantic."""
    return PydanticCustomError(REFUSED, "{message}", {"message": message, "hint": hint})


def flaw(text: str, allowed: str, longest: int) -> str:
    """Why a text is no name, in words; `allowed` is a class of characters of a regular expression."""
    if not text:
        return "is empty"
    if text.startswith("-"):
        return "starts with '-', like an option"
    if len(text) > longest:
        return f"is longer than {longest} characters"
    wrong = re.search(f"[^{allowed}]", text)
    return _contains(wrong.group()) if wrong is not None else "is malformed"


def _contains(character: str) -> str:
    if clean(character) != character or character in "\n\t":
        return "contains a control character"
    if character.isspace():
        return "contains white space"
    return f"contains {character!r}" + ("" if character.isascii() else ", which is not ASCII")


@dataclass(frozen=True)
class Shape:
    """Text that must match a pattern from end to end; `what` names it in messages, `allowed` are its characters."""

    what: str
    pattern: str
    allowed: str
    longest: int = 253
    hint: str = ""

    def __call__(self, text: str) -> str:
        """The text, or an error that says what is wrong with it."""
        if len(text) > self.longest or not re.fullmatch(self.pattern, text):
            raise refusal(f"{self.what} {quote(text)} {flaw(text, self.allowed, self.longest)}", self.hint)
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate as text first, then by the pattern."""
        return core_schema.no_info_after_validator_function(self, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Tell editors the pattern."""
        return {**handler(schema), "pattern": f"^{self.pattern}$", "maxLength": self.longest}


def line(longest: int, kinds: str = "LNPS") -> Callable[[str], str]:
    """A validator of one line of text that is not empty, of which something shows.

    `kinds`: what must be in it, as Unicode's general categories: letters, numbers, punctuation, symbols.
    """
    lack = "shows nothing" if "P" in kinds else "has no letter and no digit"

    def check(text: str) -> str:
        if not text.strip():
            raise refusal("the text is empty", "say something, or leave the key out")
        if not any(unicodedata.category(character)[0] in kinds and character not in _BLANK for character in text):
            raise refusal(f"{quote(text)} {lack}", "say something, or leave the key out")
        if text != text.strip() or "\n" in text or "\t" in text or clean(text) != text:
            raise refusal(
                f"{quote(text)} has white space at an end, or a line break or control character", "write it on one line"
            )
        if len(text) > longest:
            raise refusal(f"{quote(text)} is longer than {longest} characters")
        return text

    return check


def unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values, or an error when there is none or the same stands there twice."""
    if not values:
        raise refusal("the list is empty", "name at least one, or leave the key out")
    return different(values)


def different(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values, perhaps none, or an error when the same stands there twice."""
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            what = quote(value) if isinstance(value, str) else "an entry"
            raise refusal(f"{what} stands in the list twice", "remove one of the two")
        seen.add(value)
    return values


def filled(entries: dict[str, Any]) -> dict[str, Any]:
    """The entries, or an error when there is none."""
    if not entries:
        raise refusal("the mapping is empty and states nothing", "state something, or leave the key out")
    return entries


# A list with at least one entry, each in it once; and a mapping with at least one.
ListOf = Annotated[tuple[V, ...], AfterValidator(unique)]
MappingOf = Annotated[dict[K, V], AfterValidator(filled)]
