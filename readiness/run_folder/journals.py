"""Journals of the run folder: append-only JSON lines, and the facts of one host as such a line."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
import threading
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import GenericAlias
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from readiness.core.errors import InputError, Problem, ToolFault
from readiness.core.facts import Fact, HostFacts, Missing
from readiness.run_folder.safe_files import write_all, write_fault

_PLAIN = frozenset({str, int, bool, type(None)})  # most of what facts hold


class Journal:
    """A file of JSON lines that only grows; any thread may append. Keys keep the order they are given in.

    With `after`, a line says that something is done: it and what that journal holds are on the disk once it is
    appended. Without, lines go to the system, and reach the disk with `sync`.
    """

    def __init__(self, descriptor: int, path: Path, *, after: Journal | None = None) -> None:
        self._descriptor, self._path, self._after = descriptor, path, after
        self._guard = threading.Lock()
        self._open = True

    def append(self, *entries: Mapping[str, Any]) -> None:
        """Write entries through to the system at once; when they do not fit on the disk, nothing of them is left."""
        try:
            lines = "".join(f"{json.dumps(entry, allow_nan=False)}\n" for entry in entries).encode()
        except (TypeError, ValueError) as error:
            raise ToolFault(f"{self._path}: an entry is not JSON: {error}") from error
        if not self._open:
            raise ToolFault(f"{self._path} is closed")
        if self._after is not None:
            self._after.sync()
        with self._guard:
            end = os.fstat(self._descriptor).st_size
            try:
                write_all(self._descriptor, lines)
            except OSError as error:
                os.ftruncate(self._descriptor, end)
                raise write_fault(self._path, error) from error
        if self._after is not None:
            self.sync()

    def sync(self) -> None:
        """Have what was appended reach the disk."""
        with self._guard:
            try:
                os.fsync(self._descriptor)
            except OSError as error:
                raise write_fault(self._path, error) from error

    def close(self) -> None:
        """Sync and close; closing twice does nothing."""
        if self._open:
            self.sync()
            self._open = False
            os.close(self._descriptor)


def parse_journal(data: bytes, file: str) -> tuple[list[dict[str, Any]], bool]:
    """The entries of a journal, and whether its last line was torn by a run that was killed.

    Only a line without an end of line can be torn, and it is left out; any other broken line is an InputError.
    """
    lines = data.split(b"\n")
    torn = lines.pop() != b""
    return [_entry(line, file, number) for number, line in enumerate(lines, start=1)], torn


def _entry(line: bytes, file: str, number: int) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError([Problem(file, number, 1, f"is not JSON: {error}")]) from error
    if not isinstance(entry, dict):
        raise InputError([Problem(file, number, 1, "is not a JSON object")])
    return entry


def facts_to_json(facts: HostFacts) -> dict[str, Any]:
    """One host's facts as a line of `facts.jsonl`.

    Mappings keep their order, since a check may go through them and judging a saved run must give the same bytes.
    """
    return {
        "host": facts.host,
        "facts": {
            name: {"missing" if isinstance(value, Missing) else "value": _plain(value)}
            for name, value in facts.values.items()
        },
        "evidence": dict(facts.evidence),
    }


def _plain(value: Any) -> Any:
    """A fact's value in JSON's terms, such that its own type reads it back equal."""
    if type(value) in _PLAIN:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in _field_names(type(value))}
    if isinstance(value, Mapping):
        return {_key(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, frozenset):
        return [_plain(entry) for entry in sorted(value)]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")  # JSON has no word of its own for it
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    raise ToolFault(f"a fact holds a {type(value).__name__}, which facts.jsonl cannot keep")


def _key(key: Any) -> str:
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise ToolFault(f"a fact's mapping has a {type(key).__name__} as its key, which facts.jsonl cannot keep")
    return str(key)


@functools.cache
def _field_names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[tuple[Any]]:
    # Settings cannot be given for a dataclass itself, but those of a tuple around it hold for all that is inside.
    wrapped: Any = GenericAlias(tuple, (kind,))
    return TypeAdapter(wrapped, config=ConfigDict(extra="forbid"))


def facts_from_json(
    document: Mapping[str, Any], kinds: Mapping[str, type[Fact]], *, file: str = "facts.jsonl", line: int = 0
) -> HostFacts:
    """One host's facts from a line of `facts.jsonl`; InputError for what is not exactly that."""
    try:
        frame = _Line.model_validate(document)
        values = {name: _value(name, entry, kinds) for name, entry in frame.facts.items()}
    except ValueError as error:
        message = f"is not one host's facts: {' '.join(str(error).split())}"
        raise InputError([Problem(file, line, 1, message, "was it written by another version?")]) from error
    return HostFacts(frame.host, values, frame.evidence)


class _Line(BaseModel):
    """What a line is made of, before its facts are looked at."""

    model_config = ConfigDict(extra="forbid", strict=True)
    host: str
    facts: dict[str, dict[Literal["value", "missing"], dict[str, Any]]]
    evidence: dict[str, str]


def _value(
    name: str, entry: Mapping[Literal["value", "missing"], dict[str, Any]], kinds: Mapping[str, type[Fact]]
) -> Fact | Missing:
    if name not in kinds:
        raise ValueError(f"there is no fact named {name}")
    if len(entry) != 1:
        raise ValueError(f"{name} is neither a value nor missing")
    (state, value), *_ = entry.items()
    kind: Any = kinds[name] if state == "value" else Missing
    # All fields are written, so one that is not there was lost, and its default would be an invention.
    if absent := [field for field in _field_names(kind) if field not in value]:
        raise ValueError(f"{name} lacks {', '.join(absent)}")
    read: Fact | Missing = _adapter(kind).validate_python((value,))[0]
    return read
