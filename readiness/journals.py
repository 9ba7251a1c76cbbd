"""Journals of the run folder: append-only JSON lines, and the facts of one host as such a line."""

from __future__ import annotations

import dataclasses
import errno
import functools
import json
import math
import os
import threading
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from readiness.core.errors import InputError, Problem, ToolFault
from readiness.core.facts import Fact, HostFacts, Missing


def write_fault(path: Path, error: OSError) -> ToolFault:
    """What could not be written and why, in the system's own words."""
    code = errno.errorcode.get(error.errno or 0, "no errno")
    return ToolFault(f"cannot write {path}: {error.strerror or error} ({code})")


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; the system may take them in parts."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class Journal:
    """A file of JSON lines that only grows; any thread may append. Keys keep the order they are given in."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor, self._path = descriptor, path
        self._guard = threading.Lock()
        self._open = True

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write one entry through to the system; a line that does not fit on the disk leaves nothing behind."""
        try:
            line = json.dumps(entry, allow_nan=False).encode() + b"\n"
        except (TypeError, ValueError) as error:
            raise ToolFault(f"{self._path}: an entry is not JSON: {error}") from error
        with self._guard:
            end = os.fstat(self._descriptor).st_size
            try:
                write_all(self._descriptor, line)
            except OSError as error:
                os.ftruncate(self._descriptor, end)
                raise write_fault(self._path, error) from error

    def sync(self) -> None:
        """Have what was appended reach the disk: called when a host is done, not for each line."""
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


def read_journal(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """The entries of a journal, and whether its last line was torn by a run that was killed.

    A torn line is left out; a line that is broken in any other way is an InputError.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            return parse_journal(file.read(), str(path))
    except OSError as error:
        raise InputError([Problem(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from error


def parse_journal(data: bytes, place: str) -> tuple[list[dict[str, Any]], bool]:
    """The entries in the bytes of a journal; only a line without an end of line can be torn."""
    lines = data.split(b"\n")
    torn = lines.pop() != b""
    return [_entry(line, place, number) for number, line in enumerate(lines, start=1)], torn


def _entry(line: bytes, place: str, number: int) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError([Problem(place, number, 1, f"is not JSON: {error}")]) from error
    if not isinstance(entry, dict):
        raise InputError([Problem(place, number, 1, "is not a JSON object")])
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
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in _field_names(type(value))}
    if isinstance(value, Mapping):
        return {_key(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, frozenset):
        return [_plain(entry) for entry in sorted(value)]
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
def _adapter(kind: type[Any]) -> TypeAdapter[tuple[Any]]:
    # Settings cannot be given for a dataclass itself, but those of a tuple around it hold for all that is inside.
    return TypeAdapter(tuple[kind], config=ConfigDict(extra="forbid"))


def facts_from_json(
    document: Mapping[str, Any], kinds: Mapping[str, type[Fact]], *, place: str = "facts.jsonl", line: int = 0
) -> HostFacts:
    """One host's facts from a line of `facts.jsonl`; anything that is not exactly a fact of `kinds` is an InputError."""
    try:
        if document.keys() != {"host", "facts", "evidence"}:
            raise ValueError(f"has the keys {', '.join(document)}")
        values = {name: _value(name, entry, kinds) for name, entry in document["facts"].items()}
        host, evidence = TypeAdapter(tuple[str, dict[str, str]]).validate_python(
            (document["host"], document["evidence"]), strict=True
        )
    except (ValueError, AttributeError, ValidationError) as error:
        reason = " ".join(str(error).split())
        message = f"is not one host's facts: {reason}"
        raise InputError([Problem(place, line, 1, message, "was it written by another version?")]) from error
    return HostFacts(host, values, evidence)


def _value(name: str, entry: Any, kinds: Mapping[str, type[Fact]]) -> Fact | Missing:
    kind = kinds.get(name)
    if kind is None:
        raise ValueError(f"there is no fact named {name}")
    ((state, value),) = entry.items()
    wanted = {"value": kind, "missing": Missing}.get(state)
    if wanted is None or not isinstance(value, dict) or value.keys() != set(_field_names(wanted)):
        raise ValueError(f"{name} is neither a {kind.__name__} nor Missing")
    read: Fact | Missing = _adapter(wanted).validate_python((value,))[0]
    return read
