"""Packages as the package manager knows them, services as systemd knows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output, Probe
from readiness.probes.reading import fields, lines, only, script, tag

_VERSION = re.compile(r"[0-9][A-Za-z0-9.+:~^_-]*")
_DPKG_UNKNOWN = re.compile(r"dpkg-query: no packages found matching (\S+)")
_RPM_UNKNOWN = re.compile(r"package (\S+) is not installed")


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package; `installed_at_s` is the Unix time it was unpacked."""

    name: str
    version: str
    architecture: str
    installed_at_s: int


@dataclass(frozen=True, slots=True)
class Packages(Fact):
    """The packages asked for: installed ones by name (several of one name are all there), broken ones with dpkg's state.

    A name in neither is not installed: the package manager said so. `manager` is dpkg or rpm.
    """

    name: ClassVar[str] = "packages"
    manager: str
    installed: Mapping[str, tuple[Package, ...]]
    broken: Mapping[str, str]


def parse_packages(output: Output) -> Packages | Missing:
    """Every name asked for must be answered for, once; anything else is not understood."""
    found = lines(output)
    (manager,) = fields(only([line for line in found if tag(line) == "manager"], "of the manager"), 1)
    if absent := [line for line in found if tag(line) == "no_tool"]:
        (tool,) = fields(only(absent, "of the tool"), 1)
        return Missing(Why.TOOL_ABSENT, f"no {tool}: neither a Debian nor a Red Hat family, or it was removed")
    asked = [fields(line, 1)[0] for line in found if tag(line) == "asked"]
    status = int(fields(only([line for line in found if tag(line) == "status"], "of the status"), 1)[0])
    read = _Read(manager, {name: [] for name in asked})
    for line in found:
        read.line(line)
    read.hold(asked, status)
    return Packages(manager, {name: tuple(all_) for name, all_ in read.installed.items() if all_}, read.broken)


class _Read:
    """Lines of the package managers, gathered."""

    def __init__(self, manager: str, installed: dict[str, list[Package]]) -> None:
        self.manager, self.installed = manager, installed
        self.broken: dict[str, str] = {}
        self._unknown: list[str] = []
        self._unpacked: dict[str, int] = {}
        self._rows: list[list[str]] = []

    def line(self, line: str) -> None:
        """One line of either manager; what is neither is not understood."""
        unknown = (_DPKG_UNKNOWN if self.manager == "dpkg" else _RPM_UNKNOWN).fullmatch(line)
        if unknown:
            self._unknown.append(unknown[1])
        elif tag(line) == "package":
            self._rows.append(fields(line, 4))
        elif tag(line) == "unpacked" and self.manager == "dpkg":
            name, stamp = fields(line, 2)
            self._unpacked[name] = max(int(stamp), self._unpacked.get(name, 0))
        elif tag(line) not in {"manager", "asked", "status"}:
            raise ValueError(f"a line of neither: {line[:200]!r}")

    def hold(self, asked: list[str], status: int) -> None:
        """Cross-check: each name answered exactly once, and the exit status agrees."""
        for row in self._rows:
            self._row(*row)
        answered = [*self._unknown, *dict.fromkeys(row[0] for row in self._rows)]
        if sorted(answered) != sorted(asked) or len(set(asked)) != len(asked):
            raise ValueError(f"asked for {asked}, answered {answered}")
        expected = (1 if self._unknown else 0) if self.manager == "dpkg" else len(self._unknown)
        if status != expected:
            raise ValueError(f"exit status {status} with {len(self._unknown)} unknown")

    def _row(self, name: str, version: str, architecture: str, last: str) -> None:
        if self.manager == "dpkg":
            if last.startswith("un") and not version or last[1:2] in {"n", "c"}:
                return  # known of, or only its configuration left: not installed
            if last.strip() != "ii":
                self.broken[name] = last.strip()
                return
            when = self._unpacked.get(name)
        else:
            when = int(last)
        if when is None or not _VERSION.fullmatch(version) or name not in self.installed:
            raise ValueError(f"no installed package: {name} {version}")
        package = Package(name, version.removeprefix("0:"), architecture, when)
        if package in self.installed[name]:
            raise ValueError(f"{name} twice")
        self.installed[name].append(package)


@dataclass(frozen=True, slots=True)
class Service:
    """One unit: the states are systemd's words; `main_pid` and `started_at_s` are None while no main process runs."""

    unit: str
    load_state: str
    active_state: str
    sub_state: str
    unit_file_state: str
    main_pid: int | None
    started_at_s: int | None


@dataclass(frozen=True, slots=True)
class Services(Fact):
    """The units asked for by the name they were asked for; an unknown unit has `load_state` not-found."""

    name: ClassVar[str] = "services"
    units: Mapping[str, Service]


_STATES = {
    "LoadState": {"loaded", "not-found", "masked", "bad-setting", "error", "stub", "merged"},
    "ActiveState": {
        *("active", "reloading", "inactive", "failed", "activating", "deactivating"),
        *("maintenance", "refreshing"),
    },
    "UnitFileState": {
        *("", "enabled", "enabled-runtime", "linked", "linked-runtime", "alias", "masked", "masked-runtime"),
        *("static", "disabled", "indirect", "generated", "transient", "bad"),
    },
}
_KEYS = {*_STATES, "Id", "Names", "SubState", "MainPID", "ExecMainPID", "ExecMainStartTimestamp"}


def parse_services(output: Output) -> Services | Missing:
    """Blocks of `systemctl show`; every unit asked for must be in exactly one."""
    found = lines(output)
    if found and tag(found[0]) == "no_tool":
        return Missing(Why.TOOL_ABSENT, "no systemctl")
    text = "\n".join(found)
    if "has not been booted with systemd" in text:
        return Missing(Why.TOOL_ABSENT, "the host was not booted with systemd")
    if "Access denied" in text or "Permission denied" in text:
        return Missing(Why.NOT_PERMITTED, "systemd's bus refuses this login")
    asked = [line.split("\t")[1] for line in found if tag(line) == "asked"]
    if not found or found[-1] != "status\t0" or not asked:
        raise ValueError(f"systemctl says: {text[-300:]!r}")
    body = found[len(asked) : -1]
    blocks = [_block(block) for block in "\n".join(body).split("\n\n")]
    units: dict[str, Service] = {}
    for block in blocks:
        names = [name for name in asked if name in {block["Id"], *block["Names"].split()}]
        if not names or units.keys() & set(names):
            raise ValueError(f"a unit nobody asked for, or twice: {block['Id']!r}")
        units |= {name: _service(name, block) for name in names}
    if missing := set(asked) - units.keys():
        raise ValueError(f"no answer for {sorted(missing)}")
    return Services(units)


def _block(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for line in text.split("\n"):
        key, equals, value = line.partition("=")
        if not equals or key in values or key not in _KEYS:
            raise ValueError(f"a damaged line: {line[:200]!r}")
        values[key] = value
    if values.keys() != _KEYS:
        raise ValueError(f"no {sorted(_KEYS - values.keys())}")
    for key, states in _STATES.items():
        if values[key] not in states:
            raise ValueError(f"{key} {values[key][:100]!r}")
    return values


def _service(unit: str, block: dict[str, str]) -> Service:
    pid = int(block["MainPID"])
    if not re.fullmatch(r"[a-z][a-z-]{2,40}", block["SubState"]):
        raise ValueError(f"SubState {block['SubState'][:100]!r}")
    if (pid and str(pid) != block["ExecMainPID"]) or (block["SubState"] == "running") != bool(pid):
        raise ValueError(f"{unit}: {block['SubState']}, MainPID {pid}, ExecMainPID {block['ExecMainPID']}")
    return Service(
        unit=unit,
        load_state=block["LoadState"],
        active_state=block["ActiveState"],
        sub_state=block["SubState"],
        unit_file_state=block["UnitFileState"],
        main_pid=pid or None,
        started_at_s=_unix_time(block["ExecMainStartTimestamp"]) if pid else None,
    )


def _unix_time(stamp: str) -> int:
    """`Wed 2026-11-25 07:30:53 UTC`, as systemd writes it under TZ=UTC in every version."""
    if not re.fullmatch(r"[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", stamp):
        raise ValueError(f"no time: {stamp[:100]!r}")
    when = datetime.strptime(stamp, "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    if f"{when:%a}" != stamp[:3]:
        raise ValueError(f"no such day: {stamp!r}")
    return int(when.timestamp())


PROBES = (
    Probe(Packages, script("packages"), parse_packages, cost=30),
    Probe(Services, script("services"), parse_services, cost=20),
)
