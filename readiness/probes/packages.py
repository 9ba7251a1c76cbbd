"""Packages as the package manager of the host's family knows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output, Probe
from readiness.core.text import one_line
from readiness.probes.reading import fields, lines, number, script, shown, tag_of

_VERSION = re.compile(r"(?:[0-9]{1,9}:)?[A-Za-z0-9][A-Za-z0-9.+~^_-]*")
_ARCHITECTURE = re.compile(r"[a-z0-9_-]+|\(none\)")  # rpm's word for a package of keys
_UNKNOWN = {
    "dpkg": re.compile(r"dpkg-query: no packages found matching (\S+)"),
    "rpm": re.compile(r"package (\S+) is not installed"),
}
_REFUSED = re.compile(r".*error:.*(?:Permission denied|Operation not permitted).*")
# dpkg's states by the second letter of its abbreviation; the first one is only what somebody wants.
_NOT_INSTALLED = frozenset("nc")
_INSTALLED = re.compile(r"[uirph]i ")
_STATE = re.compile(r"[uirph][ncHUFWti][ R]")


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package; `installed_at_s` is the Unix time it was unpacked, None where Windows keeps none."""

    name: str
    version: str
    architecture: str
    installed_at_s: int | None


@dataclass(frozen=True, slots=True)
class Packages(Fact):
    """The packages asked for, each of them in one of three: `installed` by name, `broken` with dpkg's state, `absent`.

    All versions of a name that is installed more than once are there. `manager` is dpkg, rpm or windows.
    """

    name: ClassVar[str] = "packages"
    manager: str
    installed: Mapping[str, tuple[Package, ...]]
    broken: Mapping[str, str]
    absent: tuple[str, ...]


def parse_packages(output: Output) -> Packages | Missing:
    """What the manager said of every name asked for; anything it said besides is not understood."""
    first, *rest = lines(output)
    (manager,) = fields(first, "manager", 1)
    if [tag_of(line) for line in rest] == ["no_tool"]:
        (tool,) = fields(rest[0], "no_tool", 1)
        what = "neither a Debian nor a Red Hat family" if manager == "none" else f"no {tool}"
        return Missing(Why.TOOL_ABSENT, what)
    if manager not in _UNKNOWN:
        raise ValueError(f"no package manager: {shown(manager)}")
    if not any(tag_of(line) == "asked" for line in rest):
        (only,) = rest
        fields(only, "nothing_asked", 0)
        return Packages(manager, {}, {}, ())
    said = _Said(manager, rest)
    if refused := [line for line in said.others if _REFUSED.fullmatch(line)]:
        return Missing(Why.NOT_PERMITTED, one_line(refused[0], 200), "make the package database readable again")
    return said.packages()


class _Said:
    """The lines of a package manager by kind; `others` are in its own words."""

    def __init__(self, manager: str, told: list[str]) -> None:
        self._dpkg = manager == "dpkg"
        self._unknown = _UNKNOWN[manager]
        kinds: dict[str, list[str]] = {kind: [] for kind in ("asked", "package", "unpacked", "status", "count")}
        self.others: list[str] = []
        for line in told:
            kinds.get(tag_of(line), self.others).append(line)
        self._asked = [fields(line, "asked", 1)[0] for line in kinds["asked"]]
        self._rows = [fields(line, "package", 4) for line in kinds["package"]]
        self._unpacked = dict(fields(line, "unpacked", 2) for line in kinds["unpacked"])
        (self._status,) = (number(*fields(line, "status", 1)) for line in kinds["status"])
        count = [number(*fields(line, "count", 1)) for line in kinds["count"]]
        if count != [len(self._rows) + len(self.others)] or len(self._unpacked) != len(kinds["unpacked"]):
            raise ValueError(f"{count} lines: {shown(' | '.join(told))}")

    def packages(self) -> Packages:
        """Every name in its place; ValueError unless each was answered for."""
        matches = [self._unknown.fullmatch(line) for line in self.others]
        absent = [match[1] for match in matches if match]
        told = {row[0] for row in self._rows}
        if len(absent) != len(self.others) or sorted([*absent, *told]) != sorted(self._asked):
            raise ValueError(f"asked for {self._asked}, told of {sorted(told)}: {shown(' | '.join(self.others))}")
        if self._status != (min(1, len(absent)) if self._dpkg else len(absent)):
            raise ValueError(f"exit status {self._status} with {len(absent)} unknown")
        installed: dict[str, list[Package]] = {}
        broken: dict[str, str] = {}
        for name, version, architecture, last in self._rows:
            if not self._dpkg or _INSTALLED.fullmatch(last):
                installed.setdefault(name, []).append(self._package(name, version, architecture, last))
            elif not _STATE.fullmatch(last):
                raise ValueError(f"{name}: no state: {shown(last)}")
            elif last[1] not in _NOT_INSTALLED:
                broken[name] = last.strip()
        gone = tuple(sorted({*absent, *told} - installed.keys() - broken.keys()))
        whole = {name: tuple(sorted(found, key=_oldest_first)) for name, found in installed.items()}
        return Packages("dpkg" if self._dpkg else "rpm", whole, broken, gone)

    def _package(self, name: str, version: str, architecture: str, last: str) -> Package:
        if not _VERSION.fullmatch(version) or not _ARCHITECTURE.fullmatch(architecture):
            raise ValueError(f"not a package: {name} {shown(version)} {shown(architecture)}")
        when = self._unpacked_at(name, architecture) if self._dpkg else number(last)
        return Package(name, version.removeprefix("0:"), architecture, when)

    def _unpacked_at(self, name: str, architecture: str) -> int:
        """When dpkg wrote its list of the package's files; packages of several architectures have one list each."""
        folder = "/var/lib/dpkg/info"
        lists = (f"{folder}/{name}:{architecture}.list", f"{folder}/{name}.list")
        known = [self._unpacked[one] for one in lists if one in self._unpacked]
        if not known:
            raise ValueError(f"no list of the files of {name}:{architecture}")
        return number(known[0])


def _oldest_first(package: Package) -> tuple[int, str, str]:
    return package.installed_at_s or 0, package.version, package.architecture


PROBES = (Probe(Packages, script("packages"), parse_packages, cost=30),)
