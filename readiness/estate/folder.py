"""The files of an estate's folder: what is read of it, and what lies there and nobody would look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from readiness.core.errors import InputError, Problem
from readiness.estate.custom import folders, inside
from readiness.estate.estate import Estate
from readiness.files import guarded
from readiness.files.guarded import Absent, Kind, Unusable

ESTATE, BASELINE, KNOWN_HOSTS = "estate.yaml", "baseline.yaml", "known_hosts"
# 50,000 hosts are some 12 MiB, and as many pinned keys.
_MAX_BYTES = 16 << 20
_MAX_BYTES_OF = {BASELINE: 1 << 20}


def max_bytes(name: str) -> int:
    """How large a file may be."""
    return _MAX_BYTES_OF.get(name, _MAX_BYTES)


def entries_of(folder: Path) -> list[str]:
    """What lies in the folder; InputError where it cannot be read."""
    try:
        return guarded.entries(folder)
    except Unusable as error:
        message = f"not a readable folder: {error.message.removeprefix('cannot be read: ')}"
        hint = f"an estate is a folder with {ESTATE} and {BASELINE}"
        raise InputError([Problem(str(folder), 0, 0, message, hint)]) from error


def missing(name: str) -> Problem:
    """The problem of a file that is not there."""
    hint = f"an estate has {ESTATE} and {BASELINE}" if name in {ESTATE, BASELINE} else f"{ESTATE} names it"
    hint += "; {} is an empty one" if name == BASELINE else ""
    return Problem(name, 0, 0, "the file is missing", hint)


def stranger(name: str) -> Problem:
    """The problem of a file that this version would not look at."""
    stem, _, ending = name.rpartition(".")
    hint = f"rename it to {stem}.yaml" if f"{stem}.yaml" in {ESTATE, BASELINE} and ending == "yml" else ""
    if name == KNOWN_HOSTS:
        hint = "ssh.known_hosts names another file: remove one of the two"
    return Problem(name, 0, 0, f"this version cannot judge {name}", hint or "remove it, or use a version that can")


def read(folder: Path, name: str, problems: list[Problem], named_at: tuple[int, int] | None = None) -> bytes | None:
    """The bytes of a file, or None and why not; `named_at` are line and column of what names it in estate.yaml."""
    try:
        return guarded.read_of(folder, folder / name, Kind("a file of an estate", max_bytes(name)))
    except Absent:
        problem = missing(name)
    except Unusable as error:
        problem = Problem(name, 0, 0, error.message, error.hint)
    if named_at is not None:
        problem = Problem(ESTATE, *named_at, f"{name}: {problem.message}", problem.hint)
    problems.append(problem)
    return None


def known_hosts_of(estate: Estate, names: Iterable[str]) -> str | None:
    """The file within the folder that pins the host keys: the one that is named, else known_hosts if it is there."""
    stated = estate.ssh.known_hosts
    return KNOWN_HOSTS if stated is None and KNOWN_HOSTS in names else inside(stated)


def named_files(estate: Estate, left_out: Iterable[str]) -> frozenset[str]:
    """The files within the folder that estate.yaml names; what stands in entries that were left out counts."""
    paths: list[str | None] = [*left_out, estate.ssh.known_hosts, estate.ssh.config]
    for ssh in (estate.ssh, *(host.ssh for host in estate.hosts.values())):
        paths += ssh.identity_files
    for winrm in (estate.winrm, *(host.winrm for host in estate.hosts.values())):
        paths += (winrm.ca, winrm.certificate, winrm.key)
    paths += folders(estate.custom_checks).values()
    return frozenset(short for path in dict.fromkeys(paths) if (short := inside(path)))


def strangers(folder: Path, entries: Iterable[str], named: frozenset[str], under: str = "") -> Iterator[Problem]:
    """What the folder holds and this version would not look at."""
    for entry in entries:
        name = f"{under}{entry}"
        if entry.startswith((".", "README")) or name in named or name in {ESTATE, BASELINE}:
            continue
        if any(path.startswith(f"{name}/") for path in named) and guarded.is_folder(folder / name):
            guarded.refuse_ways_out(folder, folder / name)
            yield from strangers(folder, guarded.entries(folder / name), named, f"{name}/")
        else:
            yield stranger(f"{name}/" if guarded.is_folder(folder / name) else name)
