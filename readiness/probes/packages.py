"""Packages as the package manager of the host's family knows them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import one_line
from readiness.probes.probe import Probe
from readiness.probes.reading import chosen, counted, fields, lines, number, script, shown, tag_of

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9+._-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~^_-]*|[0-9]{1,9}:[A-Za-z0-9][A-Za-z0-9.+~^_:-]*")
_ARCHITECTURE = re.compile(r"[a-z0-9_-]+|\(none\)")  # rpm's word for a package of keys
_MANAGERS = {"dpkg": 5, "rpm": 4}  # and the fields of a row
# What a manager grumbles about and reads on: a package without a Maintainer, an old kind of database.
_WARNING = re.compile(r"other\t(?:dpkg-query: )?warning: .*")
_GOES_ON = "other\t "
_REFUSED = re.compile(r".*error:.*(?:Permission denied|Operation not permitted).*")
# dpkg's states by the second letter of its abbreviation; the first one is only what somebody wants.
_NOT_INSTALLED = frozenset("nc")
_INSTALLED = re.compile(r"[uirph]i ")
_STATE = re.compile(r"[uirph][ncHUFWti][ R]")


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package; `installed_at_s` is the Unix time it was unpacked, None where the host keeps none."""

    name: str
    version: str
    architecture: str
    installed_at_s: int | None


@dataclass(frozen=True, slots=True)
class Packages(Fact):
    """Every package of a host: `installed` by name, `broken` with dpkg's state or what is wrong with its version.

    What is in neither is absent.

    All versions of a name that is installed more than once are there. `manager` is dpkg, rpm or windows.
    """

    name: ClassVar[str] = "packages"
    manager: str
    installed: Mapping[str, tuple[Package, ...]]
    broken: Mapping[str, str]

    def called(self, name: str) -> tuple[Package, ...]:
        """The installed packages that the catalogue calls so; none for a package that is absent or broken.

        On Windows a name is a title in any case, with a star at its end the beginning of one.
        """
        own = (same for title, same in self.installed.items() if self._is_called(title, name))
        return tuple(package for same in own for package in same)

    def broken_called(self, name: str) -> tuple[str, ...]:
        """The broken ones that the catalogue calls so, each with what is wrong with it."""
        own = [title for title in self.broken if self._is_called(title, name)]
        return tuple(f"{title} {self.broken[title]}" for title in own)

    def _is_called(self, package: str, name: str) -> bool:
        if self.manager != "windows":
            return package == name
        wanted, title = name.lower(), package.lower()
        return title.startswith(wanted.removesuffix("*")) if wanted.endswith("*") else title == wanted


def parse_packages(output: Output) -> Packages | Missing:
    """One row a package, and how many; anything else that the manager said is not understood."""
    first, *rest = lines(output)
    (manager,) = fields(first, "manager", 1)
    if [tag_of(line) for line in rest] == ["no_tool"]:
        (tool,) = fields(rest[0], "no_tool", 1)
        what = "neither a Debian nor a Red Hat family" if manager == "none" else f"no {tool}"
        return Missing(Why.TOOL_ABSENT, what)
    width = chosen(_MANAGERS, manager)
    if refused := [line for line in rest if _REFUSED.fullmatch(line)]:
        (message,) = fields(refused[0], "other", 1)
        return Missing(Why.NOT_PERMITTED, one_line(message, 200), "make the package database readable again")
    *rows, status, count = _without_warnings(rest)
    if status != "status\t0\t." or not rows:
        raise ValueError(f"{shown(status)} after {len(rows)} rows")
    packages = counted(rows, count, "package", width)
    return _dpkg_packages(packages) if manager == "dpkg" else _rpm_packages(packages)


def _without_warnings(received: list[str]) -> list[str]:
    """The lines without the manager's warnings; one of dpkg's goes on in lines that begin with a space."""
    kept: list[str] = []
    in_warning = False
    for line in received:
        in_warning = _WARNING.fullmatch(line) is not None or (in_warning and line.startswith(_GOES_ON))
        if not in_warning:
            kept.append(line)
    return kept


def _rpm_packages(rows: list[list[str]]) -> Packages:
    broken = {name: _flaw(version) for name, version, *_ in rows if _flaw(version)}
    return Packages("rpm", _by_name([_package(name, *rest) for name, *rest in rows if name not in broken]), broken)


def _dpkg_packages(rows: list[list[str]]) -> Packages:
    installed: list[Package] = []
    broken: dict[str, str] = {}
    for name, version, architecture, state, time in rows:
        if not _STATE.fullmatch(state):
            raise ValueError(f"{name}: no state: {shown(state)}")
        if state[1] in _NOT_INSTALLED:
            continue
        if not _INSTALLED.fullmatch(state):
            broken[name] = state.strip()
        elif flaw := _flaw(version):
            broken[name] = flaw
        else:
            installed.append(_package(name, version, architecture, time))
    return Packages("dpkg", _by_name(installed), broken)


def _flaw(version: str) -> str:
    """What is wrong with a version; managers install others when they are forced to, and other tools build them."""
    if _VERSION.fullmatch(version):
        return ""
    if not version.isascii():
        raise ValueError(f"no version: {shown(version)}")
    return f"with a version that is none: {shown(version)}"


def _package(name: str, version: str, architecture: str, time: str) -> Package:
    if not (_NAME.fullmatch(name) and _ARCHITECTURE.fullmatch(architecture)):
        raise ValueError(f"no package: {shown(f'{name} {version} {architecture}')}")
    # The same words on hundreds of hosts: one copy of each is enough.
    installed_at_s = number(time) if time else None
    return Package(sys.intern(name), sys.intern(version), sys.intern(architecture), installed_at_s)


def _by_name(packages: list[Package]) -> dict[str, tuple[Package, ...]]:
    if not packages:
        raise ValueError("no package at all, and every host has some")
    by_name: dict[str, list[Package]] = {}
    for package in packages:
        by_name.setdefault(package.name, []).append(package)
    if twice := [name for name, same in by_name.items() if len({*same}) != len(same)]:
        raise ValueError(f"one package twice: {shown(twice[0])}")
    return {name: tuple(sorted(same, key=_oldest_first)) for name, same in by_name.items()}


def _oldest_first(package: Package) -> tuple[int, str, str]:
    return package.installed_at_s or 0, package.version, package.architecture


PROBES = (Probe(Packages, script("packages"), parse_packages, cost=30),)
