"""Values that carry where they come from: each names one of the file's `sources`, and says whether it was verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from readiness.core.basis import rest_on_unverified
from readiness.yaml_text.document import Document, quote
from readiness.yaml_text.known import Known
from readiness.yaml_text.models import Strict, models_in

# By these a check finds an entry, without relying on it; the other fields are what the file claims.
_LOOKED_UP_BY = frozenset({"source", "verified", "role", "other", "rule", "providers", "ids"})


class Sourced(Strict):
    """A value with its source, a key of the file's `sources` there; not `verified` where it is general knowledge.

    Whoever uses a value that nobody has verified is noted, so that no check can forget to say so.
    """

    source: str = Field(min_length=1)
    verified: bool = True

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name in type(self).__pydantic_fields__ and name not in _LOOKED_UP_BY and not self.verified:
            rest_on_unverified(self.source)
        return value


class WithSources(Strict):
    """Base of a file whose values have sources; each value carries the text of its source in place of the key."""

    sources: Mapping[str, str] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _sources_as_texts(cls, data: Any) -> Any:
        sources = data.get("sources") if isinstance(data, dict) else None
        return _with_texts(data, sources) if isinstance(sources, dict) else data


def _with_texts(value: Any, sources: Mapping[Any, Any]) -> Any:
    """The data with the text of each source in place of its key; an unknown key stays, and is reported later."""
    if isinstance(value, tuple):
        return tuple(_with_texts(entry, sources) for entry in value)
    if not isinstance(value, dict):
        return value
    entries = {key: _with_texts(entry, sources) for key, entry in value.items()}
    if isinstance(source := value.get("source"), str):
        entries["source"] = sources.get(source, source)
    return entries


def check_sources(document: Document, file: WithSources) -> None:
    """Report sources that the file does not have, and those that no value comes from."""
    known, texts = Known(file.sources, "sources"), frozenset(file.sources.values())
    used = set(document.texts_left_out())
    for path, entry in models_in(file):
        if isinstance(entry, Sourced):
            used.add(entry.source)
            if entry.source not in texts:
                message = f"unknown source {quote(entry.source)}"
                document.report((*path, "source"), message, known.hint(entry.source))
    for name, text in file.sources.items():
        if not {name, text} & used:
            document.report(("sources", name), f"no value comes from {name}", "remove it")
