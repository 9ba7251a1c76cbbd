"""The good estate of these tests, and what its catalogue knows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from readiness.core.errors import InputError, Problem
from readiness.estate import BASELINE, ESTATE, LoadedEstate, Names, load_bytes

HERE = Path(__file__).parent
AS_OF = datetime(2026, 11, 25, 8, tzinfo=UTC)
GOOD: Mapping[str, bytes] = {name: (HERE / "good" / name).read_bytes() for name in (ESTATE, BASELINE, "known_hosts")}
NAMES = Names(
    roles={
        "bacula": frozenset({"director", "storage", "client", "console"}),
        "bareos": frozenset({"director", "client"}),
    },
    accounts=frozenset({"bacula", "root"}),
    transports={"ssh": frozenset({"linux"}), "winrm": frozenset({"windows"})},
    opened={
        "bacula": {
            "filedaemon.tlsrequire": "FileDaemon.TLS Require",
            "director.tlsrequire": "Director.TLS Require",
            "fileset.include.file": "FileSet.Include.File",
        }
    },
    named=frozenset({("bacula", "client"), ("bacula", "storage")}),
    related=frozenset(
        {
            ("bacula", "client", "director"),
            ("bacula", "client", "storage"),
            ("bacula", "storage", "director"),
            ("bareos", "client", "director"),
        }
    ),
)


def loaded(files: Mapping[str, bytes] = GOOD) -> LoadedEstate:
    return load_bytes(files, NAMES, AS_OF)


def changed(file: str, old: str, new: str, files: Mapping[str, bytes] = GOOD) -> dict[str, bytes]:
    """The files with one text replaced, which must be there once."""
    text = files[file].decode()
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {file}"
    return {**files, file: text.replace(old, new).encode()}


def problems(files: Mapping[str, bytes]) -> tuple[Problem, ...]:
    """What is wrong with the files; empty when they load."""
    try:
        loaded(files)
    except InputError as error:
        return error.problems
    return ()
