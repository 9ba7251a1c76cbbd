"""What systemd's units may use, and which of them failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import one_line
from readiness.probes.asking import Asking
from readiness.probes.probe import Probe
from readiness.probes.reading import counted, fields, hidden, lines, no_tool, number, script, shown, tag_of

_UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]+\.[a-z]+")
_NOT_BOOTED = "System has not been booted with systemd"


@dataclass(frozen=True, slots=True)
class OpenFiles(Fact):
    """How many files each unit's main process may have open (its soft limit); 0 where none runs, None for unlimited."""

    name: ClassVar[str] = "open_files"
    limits: Mapping[str, int | None]


def parse_open_files(output: Output) -> OpenFiles | Missing:
    """How many units, then two lines a unit: its name, then its process and limit."""
    count, *pairs = lines(output)
    if missing := _no_answer(pairs[-1] if pairs else count):
        return missing
    if len(pairs) != 2 * number(*fields(count, "count", 1)):
        raise ValueError("a unit without its limit")
    limits: dict[str, int | None] = {}
    for first, second in zip(pairs[::2], pairs[1::2], strict=True):
        (unit,) = fields(first, "asked", 1)
        pid, limit = fields(second, "limit", 2)
        if unit in limits or not _UNIT.fullmatch(unit):
            raise ValueError(f"a unit twice, or none: {shown(unit)}")
        if number(pid) == 0:
            limits[unit] = 0
        elif not limit:
            return hidden(f"{pid} of {unit}")
        else:
            limits[unit] = None if limit == "unlimited" else number(limit)
    return OpenFiles(limits)


@dataclass(frozen=True, slots=True)
class FailedUnits(Fact):
    """The units that systemd holds for failed, in order."""

    name: ClassVar[str] = "failed_units"
    units: tuple[str, ...]


def parse_failed_units(output: Output) -> FailedUnits | Missing:
    """One line a unit and its state, and how many; another state than failed is a message of systemctl's."""
    *rows, count = lines(output)
    if missing := _no_answer(count):
        return missing
    units = counted(rows, count, "failed", 2)
    if wrong := [unit for unit, state in units if state != "failed" or not _UNIT.fullmatch(unit)]:
        raise ValueError(f"no failed unit: {shown(wrong[0])}")
    return FailedUnits(tuple(sorted(unit for unit, _ in units)))


def _no_answer(line: str) -> Missing | None:
    """Why systemd said nothing, by the one line of a script that says so."""
    if missing := no_tool([line]):
        return missing
    if tag_of(line) == "refused":
        (message,) = fields(line, "refused", 1)
        return Missing(Why.TOOL_ABSENT if message.startswith(_NOT_BOOTED) else Why.UNREADABLE, one_line(message, 200))
    return None


PROBES = (
    Probe(OpenFiles, script("open_files"), parse_open_files, cost=21, arguments=Asking.units),
    Probe(FailedUnits, script("failed_units"), parse_failed_units, cost=21),
)
