"""Services as systemd knows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import one_line
from readiness.probes.probe import Probe
from readiness.probes.reading import counted, fields, lines, number, script, shown, tag_of

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]+\.(?:service|socket|timer)")
_STAMP = re.compile(r"[A-Z][a-z]{2} [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NOT_BOOTED = "System has not been booted with systemd"
_REFUSED = re.compile(r"Access denied|Permission denied|Operation not permitted|Interactive authentication required")


@dataclass(frozen=True, slots=True)
class Service:
    """One unit; the states are systemd's words, `unit_file_state` is empty for a unit without a file.

    `main_pid` and `started_at_s` (Unix time) are None while no main process runs. Windows' states are told in the
    same words, with `manual` for what is started on demand; `account` is whom the service logs on as, only there.
    """

    unit: str
    load_state: str
    active_state: str
    sub_state: str
    unit_file_state: str
    main_pid: int | None
    started_at_s: int | None
    account: str = ""


@dataclass(frozen=True, slots=True)
class Services(Fact):
    """Every service, socket and timer by its name and by its aliases; `manager` is systemd or windows."""

    name: ClassVar[str] = "services"
    manager: str
    units: Mapping[str, Service]

    def called(self, unit: str) -> Service:
        """The unit that the catalogue calls so, on Windows in any case.

        One that the host does not know has the `load_state` not-found, since it was told of all there are.
        """
        if self.manager == "windows":
            unit = next((name for name in self.units if name.lower() == unit.lower()), unit)
        return self.units.get(unit) or Service(unit, "not-found", "inactive", "dead", "", None, None)


def parse_services(output: Output) -> Services | Missing:
    """One row a unit as `systemctl show` describes it, its exit status, and how many rows."""
    received = lines(output)
    if received == ["no_tool\t."]:
        return Missing(Why.TOOL_ABSENT, "no systemctl")
    if missing := _missing([line for line in received if tag_of(line) == "other"]):
        return missing
    *rows, status, count = received
    if status != "status\t0\t." or not rows:
        raise ValueError(f"{shown(status)} after {len(rows)} units")
    units: dict[str, Service] = {}
    for row in counted(rows, count, "unit", 8):
        names = {row[0], *row[1].split()}
        if twice := names & units.keys():
            raise ValueError(f"{shown(min(twice))} twice")
        units |= dict.fromkeys(sorted(names), _service(row))
    return Services("systemd", units)


def _missing(messages: list[str]) -> Missing | None:
    """Why systemd gave no units; it says so in lines of its own."""
    if any(line.startswith(f"other\t{_NOT_BOOTED}") for line in messages):
        return Missing(Why.TOOL_ABSENT, _NOT_BOOTED)
    if refused := [line for line in messages if _REFUSED.search(line)]:
        (message,) = fields(refused[0], "other", 1)
        return Missing(Why.NOT_PERMITTED, one_line(message, 200), "let the login read from systemd's bus")
    return None


def _service(row: list[str]) -> Service:
    unit, _, load_state, active_state, sub_state, unit_file_state, pid, started = row
    words = [load_state, active_state, sub_state] + ([unit_file_state] if unit_file_state else [])
    if wrong := [word for word in words if not _WORD.fullmatch(word)]:
        raise ValueError(f"{unit}: no state: {shown(wrong[0])}")
    if not _UNIT.fullmatch(unit):
        raise ValueError(f"no unit: {shown(unit)}")
    if not unit.endswith(".service"):  # the others have no process
        if (pid, started) != ("-", "-"):
            raise ValueError(f"{unit}: a process {shown(pid)}")
        pid = "0"
    main_pid = number(pid) or None
    started_at_s = _unix_time(started) if main_pid else None
    return Service(unit, load_state, active_state, sub_state, unit_file_state, main_pid, started_at_s)


def _unix_time(stamp: str) -> int:
    """`Wed 2026-11-25 07:30:53 UTC`, as every version of systemd writes it under TZ=UTC."""
    if not _STAMP.fullmatch(stamp):
        raise ValueError(f"no time: {shown(stamp)}")
    when = datetime.fromisoformat(stamp[4:23]).replace(tzinfo=UTC)
    if _DAYS[when.weekday()] != stamp[:3]:
        raise ValueError(f"no such day: {shown(stamp)}")
    return int(when.timestamp())


PROBES = (Probe(Services, script("services"), parse_services, cost=20),)
