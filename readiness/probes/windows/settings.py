"""Values of the registry, and what the host's own antivirus leaves alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import decode
from readiness.probes.reading import shown
from readiness.probes.windows.reading import (
    ADMINISTRATOR,
    Row,
    flag,
    items,
    one,
    probe,
    reads,
    rows,
    shape,
    some,
    text,
    texts,
)

_KINDS = frozenset({"String", "ExpandString", "DWord", "QWord", "MultiString", "Binary"})
_NUMBER = re.compile(r"-?[0-9]{1,20}")
_NOT_TOLD = re.compile(r"N/A: ", re.IGNORECASE)  # N/A: Must be an administrator to view exclusions
_REMOVED = ("0x800106ba", str(0x800106BA - (1 << 32)))


@dataclass(frozen=True, slots=True)
class RegistryValue:
    """A value by its kind: the bytes of a Binary as numbers, a DWord and a QWord signed, one text for other kinds."""

    kind: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegistryValues(Fact):
    """Values of the local machine's hive by `KEY::NAME`; None where there is none, Missing where it may not be read."""

    name: ClassVar[str] = "registry_values"
    values: Mapping[str, RegistryValue | Missing | None]


def _registry_values(found: list[Row]) -> RegistryValues:
    values: dict[str, RegistryValue | Missing | None] = {}
    for row in found:
        asked = some(shape(row, "asked", "what", "kind", "value")["asked"])
        if asked in values:
            raise ValueError(f"{shown(asked)} twice")
        values[asked] = _value(asked, row)
    return RegistryValues(values)


def _value(asked: str, row: Row) -> RegistryValue | Missing | None:
    what = some(row["what"])
    if what == "there":
        kind, told = some(row["kind"]), tuple(text(entry, lines=True) for entry in items(row["value"]))
        numbers = kind in {"DWord", "QWord", "Binary"}
        if kind not in _KINDS or (numbers and not all(map(_NUMBER.fullmatch, told))):
            raise ValueError(f"{asked}: no {shown(kind)}")
        if len(told) != 1 and kind not in {"MultiString", "Binary"}:
            raise ValueError(f"{asked}: {len(told)} values of a {kind}")
        return RegistryValue(kind, told)
    if what not in {"absent", "denied"} or row["kind"] is not None or row["value"] is not None:
        raise ValueError(f"{asked}: neither there nor absent: {shown(what)}")
    return None if what == "absent" else Missing(Why.NOT_PERMITTED, asked, ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class DefenderExclusions(Fact):
    """What Microsoft Defender leaves alone; `real_time` is whether it looks at files as they are opened."""

    name: ClassVar[str] = "defender_exclusions"
    paths: tuple[str, ...]
    processes: tuple[str, ...]
    extensions: tuple[str, ...]
    real_time: bool


def parse_defender_exclusions(output: Output) -> DefenderExclusions | Missing:
    """Without rights the lists hold a sentence instead of paths; a Defender that was removed has its own number."""
    found = rows(output)
    if isinstance(found, Missing):
        removed = any(code in decode(output.stderr) for code in _REMOVED)
        return Missing(Why.TOOL_ABSENT, "Microsoft Defender was removed") if removed else found
    row = one(found)
    if not flag(row.get("defender")):
        shape(row, "defender")
        return Missing(Why.TOOL_ABSENT, "this host has no Microsoft Defender")
    shape(row, "defender", "paths", "processes", "extensions", "real_time")
    lists = [texts(row[key]) for key in ("paths", "processes", "extensions")]
    if any(_NOT_TOLD.match(entry) for one_list in lists for entry in one_list):
        return Missing(Why.NOT_PERMITTED, "Defender shows its exclusions to administrators only", ADMINISTRATOR)
    paths, processes, extensions = lists
    return DefenderExclusions(paths, processes, extensions, flag(row["real_time"]))


PROBES = (
    probe(RegistryValues, reads(_registry_values), cost=5),
    probe(DefenderExclusions, parse_defender_exclusions, cost=35),
)
