"""Folders of users' own tests: where they are, which hosts they are for, and which of their files are kept."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from readiness.estate import texts
from readiness.estate.hosts import Hosts
from readiness.estate.names import Group, HostRef
from readiness.files import guarded
from readiness.yaml_text.document import Document, quote
from readiness.yaml_text.document import Path as KeyPath
from readiness.yaml_text.models import Strict, stated
from readiness.yaml_text.shapes import ListOf

SETTINGS = "pytest.ini"
_NO_TESTS = {"__pycache__", ".git"}
_KEY = "custom_checks"


class CustomChecks(Strict):
    """A folder of pytest-testinfra tests; without groups and hosts for every host with single commands.

    When the estate is loaded, `folder` is in its shortest form and `hosts` are all that the tests are run on.
    """

    folder: texts.FilePath = stated("The folder of the tests, within the estate's.", example="tests/infra")
    groups: ListOf[Group] = stated("Groups of hosts to run them on.", (), example="[clients]")
    hosts: ListOf[HostRef] = stated("Hosts to run them on.", (), example="[dir01]")

    def completed(self, hosts: Hosts, transports: frozenset[str]) -> CustomChecks:
        """The entry with its folder in the shortest form and its hosts, all with these transports unless stated."""
        return self.model_copy(update={"folder": inside(self.folder) or "", "hosts": self._chosen(hosts, transports)})

    def _chosen(self, hosts: Hosts, transports: frozenset[str]) -> tuple[str, ...]:
        if not (self.groups or self.hosts):
            return tuple(host.name for host in hosts.values() if host.transport in transports)
        groups, names = set(self.groups), set(self.hosts)
        return tuple(host.name for host in hosts.values() if host.name in names or groups.intersection(host.groups))


def inside(path: str | None) -> str | None:
    """A path within the estate folder in its shortest form; None for others."""
    if not path or path.startswith(("~", "/")):
        return None
    short = posixpath.normpath(path)
    return None if short == "." or short.split("/")[0] == ".." else short


def folders(entries: Sequence[CustomChecks]) -> dict[int, str]:
    """The folders by the index of their entry, in their shortest form; those that cannot be used are left out."""
    return {at: short for at, entry in enumerate(entries) if (short := inside(entry.folder))}


def check_custom(document: Document, entries: Sequence[CustomChecks], hosts: Hosts) -> None:
    """Report folders outside of the estate's or within each other, and hosts where such tests cannot be run."""
    usable = folders(entries)
    on_windows = {name: name for name, host in hosts.items() if host.os == "windows"}
    members = {group: name for name in sorted(on_windows) for group in hosts[name].groups}
    for at, entry in enumerate(entries):
        path = (_KEY, at, "folder")
        if at not in usable:
            document.report(path, f"{quote(entry.folder)} is not within the estate's folder", "move it there")
        for other, short in usable.items():
            if other < at and f"{usable.get(at, '')}/".startswith(f"{short}/"):
                line = document.locate((_KEY, other, "folder"))[0]
                document.report(path, f"{quote(entry.folder)} is within the folder of line {line}", "name it once")
        _check_systems(document, at, "hosts", entry.hosts, on_windows)
        _check_systems(document, at, "groups", entry.groups, members)


def _check_systems(
    document: Document, at: int, key: str, names: Sequence[str], windows_host_of: Mapping[str, str]
) -> None:
    for index, name in enumerate(names):
        if name in windows_host_of:
            message = f"{quote(windows_host_of[name])} is reached over WinRM, where these tests cannot be run"
            document.report((_KEY, at, key, index), message, "name hosts or groups with SSH only")


def read_custom(folder: Path, document: Document, entries: Sequence[CustomChecks]) -> dict[str, KeyPath]:
    """The files of the tests that are kept with a run, and what names them: what is Python, and the settings.

    Reports folders without any; links to folders are not followed. Raises Unusable for a folder that does not answer.
    """
    names: dict[str, KeyPath] = {}
    for at, short in folders(entries).items():
        where, path = folder / short, (_KEY, at, "folder")
        guarded.refuse_ways_out(folder, where)
        there = guarded.is_folder(where)
        kept = guarded.answered(where, lambda: sorted(_tests(folder, short)), folder=where) if there else []  # noqa: B023
        if not any(name.endswith(".py") for name in kept):
            what = "holds no test" if there else "is not a folder"
            hint = "put pytest-testinfra tests there, or remove the entry: nothing would be checked"
            document.report(path, f"{quote(short)} {what}", hint)
        names |= {name: names.get(name, path) for name in kept}
    return names


def _tests(folder: Path, short: str) -> Iterator[str]:
    for current, below, files in os.walk(folder / short):
        below[:] = [name for name in below if name not in _NO_TESTS]
        under = Path(current).relative_to(folder).as_posix()
        yield from (f"{under}/{name}" for name in files if name.endswith(".py") or name == SETTINGS)
