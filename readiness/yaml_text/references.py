"""Texts that name something: an unknown name is a mistake with a hint, and a value all the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from readiness.yaml_text.document import quote
from readiness.yaml_text.known import Known

UNKNOWN_NAME = "unknown_name"

# The names that exist, by their kind; a kind that cannot be read is not there, so that none of it is called unknown.
References = Mapping[str, Known]


@dataclass(frozen=True)
class NameOf:
    """Text that must be a known name of this kind: `unknown group 'x'`, or in words of its own."""

    kind: str
    words: str = ""

    def __call__(self, text: str, info: ValidationInfo) -> str:
        """The text, or an error with a hint where the names are known and this is none of them."""
        known = (info.context or {}).get(self.kind)
        if known is None or text in known.names:
            return text
        message = f"{self.words or f'unknown {self.kind}'} {quote(text)}"
        raise PydanticCustomError(UNKNOWN_NAME, "{message}", {"message": message, "hint": known.hint(text)})

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate as the text first, then look it up."""
        return core_schema.with_info_after_validator_function(self, handler(source))
