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

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")
_VERSION = re.compile(r"(?:[0-9]{1,9}:)?[A-Za-z0-9][A-Za-z0-9.+~^_-]*")
_ARCHITECTURE = re.compile(r"[a-z0-9_-]+|\(none\)")  # rpm's word for a package of keys
_MANAGERS = {"dpkg": 5, "rpm": 4}  # and the fields of a row
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
    """Every package of a host: `installed` by name, `broken` with dpkg's state; what is in neither is absent.

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
    *rows, status, count = rest
    if status != "status\t0\t." or not rows:
        raise ValueError(f"{shown(status)} after {len(rows)} rows")
    packages = counted(rows, count, "package", width)
    if manager == "rpm":
        return Packages("rpm", _by_name([_package(*row) for row in packages]), {})
    return _dpkg_packages(packages)


def _dpkg_packages(rows: list[list[str]]) -> Packages:
    installed: list[Package] = []
    broken: dict[str, str] = {}
    for name, version, architecture, state, time in rows:
        if _INSTALLED.fullmatch(state):
            installed.append(_package(name, version, architecture, time))
        elif not _STATE.fullmatch(state):
            raise ValueError(f"{name}: no state: {shown(state)}")
        elif state[1] not in _NOT_INSTALLED:
            broken[name] = state.strip()
    return Packages("dpkg", _by_name(installed), broken)


def _package(name: str, version: str, architecture: str, time: str) -> Package:
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version) and _ARCHITECTURE.fullmatch(architecture)):
        raise ValueError(f"no package: {shown(f'{name} {version} {architecture}')}")
    # The same words on hundreds of hosts: one copy of each is enough.
    return Package(sys.intern(name), sys.intern(version), sys.intern(architecture), number(time))


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
