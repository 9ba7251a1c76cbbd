"""What goes over the pipes between a run and the process of a folder's tests: JSON of known shapes, with its length."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

MOST_BYTES = 8 << 20  # one message of a child's
MOST_IN_ALL = 256 << 20
_LENGTH = 4

# What a child says, by its kind; whatever else it says is not believed.
SHAPES: Mapping[str, Mapping[str, type]] = {
    "module": {"file": str},
    "test": {"name": str, "target": str, "title": str, "location": str, "scope": str, "code": str},
    "problem": {"file": str, "message": str, "hint": str},
    "collected": {"functions": list},
    "began": {"name": str, "target": str},
    "open": {"number": int},
    "run": {"number": int, "host": str, "command": str},
    "noted": {"failed": str, "unknown": str},
    "ended": {"returned": bool, "given": bool},
    "finished": {},
}


class Broken(Exception):
    """What came over a pipe is no message."""


def framed(message: Mapping[str, Any]) -> bytes:
    """A message as it goes over a pipe."""
    data = json.dumps(message).encode()
    return len(data).to_bytes(_LENGTH, "big") + data


def send(descriptor: int, message: Mapping[str, Any]) -> None:
    """Write a message wholly, for as long as that takes."""
    rest = memoryview(framed(message))
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def receive(descriptor: int) -> dict[str, Any] | None:
    """The next message, for as long as that takes; None at the end."""
    head = _exactly(descriptor, _LENGTH)
    data = _exactly(descriptor, int.from_bytes(head, "big")) if len(head) == _LENGTH else b""
    return dict(json.loads(data)) if data else None


def _exactly(descriptor: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size and (part := os.read(descriptor, min(size, 1 << 20))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts) if not size else b""


class Messages:
    """A child's messages out of its bytes, however those are cut; raises Broken for anything else."""

    def __init__(self) -> None:
        self._data, self._total = bytearray(), 0

    def of(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The messages that these bytes complete."""
        self._total += len(data)
        if self._total > MOST_IN_ALL:
            raise Broken(f"more than {MOST_IN_ALL} bytes")
        self._data += data
        while len(self._data) >= _LENGTH:
            end = _LENGTH + int.from_bytes(self._data[:_LENGTH], "big")
            if end > _LENGTH + MOST_BYTES:
                raise Broken(f"a message of more than {MOST_BYTES} bytes")
            if len(self._data) < end:
                return
            message = _checked(bytes(self._data[_LENGTH:end]))
            del self._data[:end]
            yield message


def _checked(data: bytes) -> dict[str, Any]:
    try:
        message: dict[str, Any] = dict(json.loads(data))
    except (ValueError, TypeError, RecursionError) as error:
        raise Broken(f"no JSON object: {error}") from error
    shape = SHAPES.get(str(message.get("kind")))
    if shape is None or message.keys() != {"kind", *shape}:
        raise Broken("a message of no known shape")
    if any(type(message[key]) is not wanted for key, wanted in shape.items()):
        raise Broken(f"{message['kind']!r} with a value of another type")
    if not all(map(_is_text, message.get("functions", ()))):
        raise Broken("a pattern that is no text")
    return message


def _is_text(value: object) -> bool:
    return isinstance(value, str)
