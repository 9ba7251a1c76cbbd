"""What is installed on a Windows host, by its uninstall entries and its files, and whether a restart is due."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from readiness.core.facts import Fact, Missing
from readiness.probes.packages import Package, Packages
from readiness.probes.reading import chosen, shown
from readiness.probes.windows.reading import Row, flag, objects, one, probe, reads, shape, some, text, texts

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~_ ()-]*")
_VIEWS = {"Registry64": "x64", "Registry32": "x86"}
_NUMBERS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,5}){3}")
_FIX = re.compile(r"KB[0-9]{6,8}|File 1")
_US_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


def _packages(found: list[Row]) -> Packages:
    """Entries by the name they were asked for, which may end in a star; an entry without a version counts as broken.

    Windows keeps no time of installation that could be held against a process's, so there is none.
    """
    installed: dict[str, tuple[Package, ...]] = {}
    broken: dict[str, str] = {}
    absent: list[str] = []
    for row in found:
        asked = some(shape(row, "asked", "found")["asked"])
        entries = [_entry(asked, entry) for entry in objects(row["found"])]
        if asked in installed or asked in broken or asked in absent:
            raise ValueError(f"{shown(asked)} twice")
        if not entries:
            absent.append(asked)
        elif nameless := [entry.name for entry in entries if not entry.version]:
            broken[asked] = f"{nameless[0]} without a version"
        else:
            installed[asked] = tuple(sorted(entries, key=lambda one: (one.name, one.version, one.architecture)))
    return Packages("windows", installed, broken, tuple(absent))


def _entry(asked: str, entry: Row) -> Package:
    shape(entry, "view", "key", "title", "version")
    title, version = some(entry["title"]), text(entry["version"]).strip()
    some(entry["key"])
    wanted, own = asked.lower(), title.lower()
    if not (own.startswith(wanted.rstrip("*")) if wanted.endswith("*") else own == wanted):
        raise ValueError(f"asked for {shown(asked)}, told of {shown(title)}")
    if version and not _VERSION.fullmatch(version):
        raise ValueError(f"no version: {shown(version)}")
    return Package(title, version, chosen(_VIEWS, some(entry["view"])), None)


@dataclass(frozen=True, slots=True)
class FileVersions(Fact):
    """The version (`15.0.2.0`) that each file asked for carries; None for a file that is not there."""

    name: ClassVar[str] = "file_versions"
    files: Mapping[str, str | None]


def _file_versions(found: list[Row]) -> FileVersions:
    files: dict[str, str | None] = {}
    for row in found:
        path = some(shape(row, "path", "there", "version")["path"])
        there = flag(row["there"])
        if path in files or there != (row["version"] is not None):
            raise ValueError(f"{shown(path)} twice, or half there")
        if there and not _NUMBERS.fullmatch(some(row["version"])):
            raise ValueError(f"no version: {shown(row['version'])}")
        files[path] = row["version"]
    return FileVersions(files)


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


def _hotfixes(found: list[Row]) -> Hotfixes:
    fixes = {}
    for row in found:
        number = some(shape(row, "id", "kind", "installed")["id"])
        text(row["kind"])
        if not _FIX.fullmatch(number) or number in fixes:
            raise ValueError(f"no update, or twice: {shown(number)}")
        fixes[number] = Hotfix(number, _day(text(row["installed"])))
    return Hotfixes(tuple(fixes[number] for number in sorted(fixes)))


def _day(said: str) -> str | None:
    """`10/30/2024`, month first in every culture; old entries hold a file time in hexadecimal digits, or nothing."""
    match = _US_DATE.fullmatch(said)
    return date(int(match[3]), int(match[1]), int(match[2])).isoformat() if match else None


@dataclass(frozen=True, slots=True)
class PendingReboot(Fact):
    """Why a restart is due, in words; `renames` are files that wait to be replaced, which alone mean little."""

    name: ClassVar[str] = "pending_reboot"
    reasons: tuple[str, ...]
    renames: tuple[str, ...]


def _pending_reboot(found: list[Row]) -> PendingReboot | Missing:
    row = shape(one(found), "servicing", "update", "join", "name", "active_name", "renames")
    renamed = some(row["name"]).lower() != some(row["active_name"]).lower()
    marks = {
        "updates of Windows components": flag(row["servicing"]),
        "Windows Update": flag(row["update"]),
        "joining a domain": flag(row["join"]),
        f"the new name {row['name']}": renamed,
    }
    return PendingReboot(tuple(reason for reason, due in marks.items() if due), texts(row["renames"]))


PROBES = (
    probe(PendingReboot, reads(_pending_reboot), cost=5),
    probe(FileVersions, reads(_file_versions), cost=10),
    probe(Packages, reads(_packages), cost=15),
    probe(Hotfixes, reads(_hotfixes), cost=35),
)
