"""Folders of users' own tests: where they are, which hosts they are for, and which of their files are kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from readiness.estate.models import Host
from readiness.estate.tables import inside, table
from readiness.estate.validate import Known
from readiness.estate.yaml_lines import Document, quote

SETTINGS = "pytest.ini"
_KEY = "custom_checks"


def _entries(document: Document) -> Iterator[tuple[int, dict[str, Any]]]:
    entries = table(document.value).get(_KEY)
    yield from enumerate(map(table, entries if isinstance(entries, tuple) else ()))


def custom_folders(document: Document) -> dict[int, str]:
    """The folders by the index of their entry, in their shortest form; those that cannot be used are left out."""
    return {at: short for at, entry in _entries(document) if (short := inside(entry.get("folder")))}


def chosen(
    hosts: Mapping[str, Host], groups: Iterable[str] | None, names: Iterable[str] | None, transports: frozenset[str]
) -> tuple[str, ...]:
    """The hosts that are named or in a named group; all with one of the transports where neither is stated."""
    if groups is None and names is None:
        return tuple(host.name for host in hosts.values() if host.transport in transports)
    wanted, named = set(groups or ()), set(names or ())
    return tuple(host.name for host in hosts.values() if host.name in named or wanted.intersection(host.groups))


def check_custom(document: Document) -> None:
    """Report folders outside of the estate's or within each other, and hosts and groups that are not there."""
    folders = custom_folders(document)
    for at, entry in _entries(document):
        path = (_KEY, at, "folder")
        if isinstance(entry.get("folder"), str) and at not in folders:
            document.report(path, f"{quote(entry['folder'])} is not within the estate's folder", "move it there")
        for other, short in folders.items():
            if other < at and f"{folders.get(at, '')}/".startswith(f"{short}/"):
                place = document.locate((_KEY, other, "folder"))[0]
                document.report(path, f"{quote(entry['folder'])} is within the folder of line {place}", "name it once")
        _check_chosen(document, at, entry)


def _check_chosen(document: Document, at: int, entry: Mapping[str, Any]) -> None:
    estate = table(document.value)
    hosts = {name: table(host) for name, host in table(estate.get("hosts")).items()}
    windows = {name for name, host in hosts.items() if host.get("os") == "windows"}
    members = {group: name for name in sorted(windows) for group in _texts(hosts[name].get("groups")).values()}
    for key, names, over_winrm in (
        ("hosts", hosts, {name: name for name in windows}),
        ("groups", table(estate.get("groups")), members),
    ):
        known = Known(names, key)
        for index, name in _texts(entry.get(key)).items():
            path = (_KEY, at, key, index)
            if name not in known.names:
                document.report(path, f"unknown {key.removesuffix('s')} {quote(name)}", known.hint(name))
            elif name in over_winrm:
                message = f"{quote(over_winrm[name])} is reached over WinRM, where these tests cannot be run"
                document.report(path, message, "name hosts or groups with SSH only")


def _texts(value: Any) -> dict[int, str]:
    return {at: one for at, one in enumerate(value) if isinstance(one, str)} if isinstance(value, tuple) else {}


def read_custom(folder: Path, document: Document) -> tuple[str, ...]:
    """The files of the tests that are kept with a run: what is Python, and the settings; reports folders without any.

    Links to folders are not followed.
    """
    names: list[str] = []
    for at, short in custom_folders(document).items():
        found = sorted(_tests(folder, short)) if (folder / short).is_dir() else []
        if not any(name.endswith(".py") for name in found):
            what = "holds no test" if (folder / short).is_dir() else "is not a folder"
            hint = "put pytest-testinfra tests there, or remove the entry: nothing would be checked"
            document.report((_KEY, at, "folder"), f"{quote(short)} {what}", hint)
        names += found
    return tuple(dict.fromkeys(names))


def _tests(folder: Path, short: str) -> Iterator[str]:
    for place, below, files in os.walk(folder / short):
        below[:] = [name for name in below if not name.startswith(".") and name != "__pycache__"]
        under = Path(place).relative_to(folder).as_posix()
        yield from (f"{under}/{name}" for name in files if name.endswith(".py") or name == SETTINGS)
