"""Damaged outputs of Windows probes are not understood, Missing, or still what is right: never another value."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output
from readiness.probes.windows import PROBES
from tests.bench import machine, record

from .facts import parsed

# Machines are made from each other: what several of them answered is damaged once.
_DIFFERENT = {
    (one.name, one.stdout, one.stderr): (f"{name}-{one.name}", one)
    for name in reversed(machine.names())
    for one in record.saved(name).values()
}
OUTPUTS = [output for _, output in _DIFFERENT.values()]
NAMES = [name for name, _ in _DIFFERENT.values()]


def holds(output: Output, damaged: Output) -> bool:
    fact = parsed(damaged)
    return fact is None or isinstance(fact, Missing) or fact == parsed(output)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield path, value
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield from places(entry, (*path, key))


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    if not path:
        return value
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed


def others(value: Any) -> Iterator[Any]:
    """Values of types that have no place there."""
    yield from ({"strange": 1}, 1.5)
    if isinstance(value, str):
        yield from (7, True, f"\x1b[31m{value}", f"{value}\u2028", f"{value}\x00")
    elif isinstance(value, bool):
        yield from (str(value), int(value))
    elif isinstance(value, int):
        yield from (str(value), -(1 << 40), 1 << 70)
    elif isinstance(value, dict):
        for key in value:
            yield {name: entry for name, entry in value.items() if name != key}
        yield {**value, "strange": 1}
    elif isinstance(value, list):
        yield {"value": value, "Count": len(value) + 1}


def damaged(text: bytes) -> Iterator[bytes]:
    document = json.loads(text)
    for path, value in places(document):
        for other in others(value):
            yield json.dumps(put(document, path, other)).encode()
    for at in range(0, len(text), max(1, len(text) // 60)):
        yield text[:at]
        for byte in (b"\x00", b"\x1b", b"\xff", "\u0660".encode(), b"\r"):
            yield text[:at] + byte + text[at:]
    yield from (text + text, text + b"x", b"", b"null", b"[null]", b"[[" * 50_000, b'[{"a":1,"a":2}]', b"[NaN]")


@pytest.mark.parametrize("output", OUTPUTS, ids=NAMES)
def test_a_damaged_output_is_never_another_value(output: Output) -> None:
    if output.status == 0:
        outputs = [dataclasses.replace(output, stdout=text) for text in damaged(output.stdout)]
    else:
        outputs = [dataclasses.replace(output, stderr=text) for text in damaged(output.stderr)]
    wrong = [one for one in outputs if not holds(output, one)]
    assert not wrong


@pytest.mark.parametrize("output", [one for one in OUTPUTS if one.status == 0], ids=lambda one: one.name)
def test_lists_are_read_in_each_shape_of_5_1(output: Output) -> None:
    document = json.loads(output.stdout)
    for path, value in places(document):
        if path and isinstance(value, list):
            shapes: list[Any] = [{"value": value, "Count": len(value)}]
            shapes += value if len(value) == 1 and value[0] != "" else []
            for shape in shapes:
                text = json.dumps(put(document, path, shape)).encode()
                assert parsed(dataclasses.replace(output, stdout=text)) == parsed(output)


RECORD = {"category": "NotSpecified", "type": "x", "hresult": -1, "native": None, "message": "", "id": ""}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"hresult": -2147024891}, Why.NOT_PERMITTED),
        ({"native": 5}, Why.NOT_PERMITTED),
        ({"category": "PermissionDenied"}, Why.NOT_PERMITTED),
        ({"type": "System.UnauthorizedAccessException"}, Why.NOT_PERMITTED),
        ({"message": "Cannot open Service Control Manager on computer '.'."}, Why.NOT_PERMITTED),
        ({"id": "NativeTimedOut", "category": "OperationTimeout"}, Why.TIMED_OUT),
        ({"id": "CommandNotFoundException", "category": "ObjectNotFound"}, Why.TOOL_ABSENT),
        ({"message": "anything else"}, Why.UNREADABLE),
    ],
)
@pytest.mark.parametrize("name", [probe.name for probe in PROBES])
def test_an_error_is_missing_with_its_reason(name: str, said: dict[str, Any], why: Why) -> None:
    fact = parsed(Output(name, 1, b"", json.dumps({**RECORD, **said}).encode(), 0.0, 0.1, 0.1))
    assert isinstance(fact, Missing)
    assert fact.why is why
    assert bool(fact.remedy) == (why is Why.NOT_PERMITTED)
