"""What is installed on a Windows host, by its uninstall entries and its files, and whether a restart is due."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from readiness.core.facts import Fact, Missing
from readiness.probes.packages import Package, Packages
from readiness.probes.reading import chosen, shown
from readiness.probes.windows.reading import Row, flag, nonempty, only, probe, shape, text, texts

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~_ ()-]*")
_VIEWS = {"Registry64": "x64", "Registry32": "x86"}
_FIX = re.compile(r"KB[0-9]{6,8}|File 1")
_US_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


def _packages(received: list[Row]) -> Packages:
    """Entries by their title; one without a version counts as broken.

    Windows keeps no time of installation that could be held against a process's, so there is none.
    """
    installed: dict[str, list[Package]] = {}
    broken: dict[str, str] = {}
    keys = set()
    for row in received:
        shape(row, "view", "key", "title", "version")
        key = (chosen(_VIEWS, nonempty(row["view"])), nonempty(row["key"]))
        title, version = nonempty(row["title"]), text(row["version"]).strip()
        if key in keys:
            raise ValueError(f"{shown(key[1])} twice")
        keys.add(key)
        if not version:
            broken[title] = "without a version"
        elif not _VERSION.fullmatch(version):
            broken[title] = f"with a version that is none: {shown(version)}"
        else:
            installed.setdefault(title, []).append(Package(title, version, key[0], None))
    if not installed:
        raise ValueError("no entry with a version, and every host has some")
    ordered = {
        title: tuple(sorted(same, key=lambda package: (package.version, package.architecture)))
        for title, same in installed.items()
        if title not in broken
    }
    return Packages("windows", ordered, broken)


@dataclass(frozen=True, slots=True)
class Hotfix:
    """An update by its number; `installed_on` as YYYY-MM-DD, None where Windows told it in no form that is known."""

    id: str
    installed_on: str | None


@dataclass(frozen=True, slots=True)
class Hotfixes(Fact):
    """The updates of the component store in the order of their numbers; other updates do not show there."""

    name: ClassVar[str] = "hotfixes"
    fixes: tuple[Hotfix, ...]


def _hotfixes(received: list[Row]) -> Hotfixes:
    fixes = {}
    for row in received:
        number = nonempty(shape(row, "id", "kind", "installed")["id"])
        text(row["kind"])
        if not _FIX.fullmatch(number) or number in fixes:
            raise ValueError(f"no update, or twice: {shown(number)}")
        fixes[number] = Hotfix(number, _day(text(row["installed"])))
    return Hotfixes(tuple(fixes[number] for number in sorted(fixes)))


def _day(stamp: str) -> str | None:
    """`10/30/2024`, month first in every culture; old entries hold a file time in hexadecimal digits, or nothing."""
    match = _US_DATE.fullmatch(stamp)
    return date(int(match[3]), int(match[1]), int(match[2])).isoformat() if match else None


@dataclass(frozen=True, slots=True)
class PendingReboot(Fact):
    """Why a restart is due, in words; `renames` are files that wait to be replaced, which alone mean little."""

    name: ClassVar[str] = "pending_reboot"
    reasons: tuple[str, ...]
    renames: tuple[str, ...]


def _pending_reboot(received: list[Row]) -> PendingReboot | Missing:
    row = only(received, "servicing", "update", "join", "name", "active_name", "renames")
    renamed = nonempty(row["name"]).lower() != nonempty(row["active_name"]).lower()
    marks = {
        "updates of Windows components": flag(row["servicing"]),
        "Windows Update": flag(row["update"]),
        "joining a domain": flag(row["join"]),
        f"the new name {row['name']}": renamed,
    }
    return PendingReboot(tuple(reason for reason, due in marks.items() if due), texts(row["renames"]))


PROBES = (
    probe(PendingReboot, _pending_reboot, cost=5),
    probe(Packages, _packages, cost=15),
    probe(Hotfixes, _hotfixes, cost=35),
)
