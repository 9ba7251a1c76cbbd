"""Services as systemd knows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output, Probe
from readiness.core.text import one_line
from readiness.probes.reading import fields, lines, number, script, shown, tag_of

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_WORDS = ("LoadState", "ActiveState", "SubState")
_KEYS = frozenset({*_WORDS, "Id", "Names", "UnitFileState", "MainPID", "ExecMainStartTimestamp"})
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
    """The units by the name they were asked for, an alias included; an unknown one has the `load_state` not-found."""

    name: ClassVar[str] = "services"
    units: Mapping[str, Service]


def parse_services(output: Output) -> Services | Missing:
    """One line a unit in the order asked for, as `systemctl show` tells them, and its exit status."""
    found = lines(output)
    if found == ["no_tool\t."]:
        return Missing(Why.TOOL_ABSENT, "no systemctl")
    if found == ["nothing_asked\t."]:
        return Services({})
    asked = [fields(line, "asked", 1)[0] for line in found if tag_of(line) == "asked"]
    told = found[len(asked) :]
    if missing := _missing([line.removeprefix("told\t").removesuffix("\t.") for line in told]):
        return missing
    *blocks, status = (fields(line, "told", line.count("\t") - 1) for line in told)
    if status != ["status=0"] or len(blocks) != len(asked) or len({*asked}) != len(asked):
        raise ValueError(f"asked for {len(asked)} units, told of {len(blocks)}: {shown('; '.join(told))}")
    return Services({unit: _service(unit, block) for unit, block in zip(asked, blocks, strict=True)})


def _missing(told: list[str]) -> Missing | None:
    """Why systemd said nothing; it says so in lines of its own, not in those of a unit."""
    said = [line for line in told if "=" not in line]
    if any(line.startswith(_NOT_BOOTED) for line in said):
        return Missing(Why.TOOL_ABSENT, _NOT_BOOTED)
    if refused := [line for line in said if _REFUSED.search(line)]:
        return Missing(Why.NOT_PERMITTED, one_line(refused[0], 200), "let the login read from systemd's bus")
    return None


def _service(unit: str, block: list[str]) -> Service:
    pairs = [text.partition("=") for text in block]
    values = {key: value for key, _, value in pairs}
    if values.keys() != _KEYS or len(pairs) != len(_KEYS):
        raise ValueError(f"{unit}: not what was asked of it: {shown(' '.join(block))}")
    if unit not in {values["Id"], *values["Names"].split()}:
        raise ValueError(f"{unit}: told of {shown(values['Id'])}")
    words = [values[key] for key in _WORDS] + ([values["UnitFileState"]] if values["UnitFileState"] else [])
    if wrong := [word for word in words if not _WORD.fullmatch(word)]:
        raise ValueError(f"{unit}: no state: {shown(wrong[0])}")
    pid = number(values["MainPID"])
    return Service(
        unit=unit,
        load_state=values["LoadState"],
        active_state=values["ActiveState"],
        sub_state=values["SubState"],
        unit_file_state=values["UnitFileState"],
        main_pid=pid or None,
        started_at_s=_unix_time(values["ExecMainStartTimestamp"]) if pid else None,
    )


def _unix_time(stamp: str) -> int:
    """`Wed 2026-11-25 07:30:53 UTC`, as every version of systemd writes it under TZ=UTC."""
    if not _STAMP.fullmatch(stamp):
        raise ValueError(f"no time: {shown(stamp)}")
    when = datetime.fromisoformat(stamp[4:23]).replace(tzinfo=UTC)
    if _DAYS[when.weekday()] != stamp[:3]:
        raise ValueError(f"no such day: {shown(stamp)}")
    return int(when.timestamp())


PROBES = (Probe(Services, script("services"), parse_services, cost=20),)
