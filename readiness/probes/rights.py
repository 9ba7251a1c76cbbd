"""Who owns the product's files, who may read them, and who may log in as its accounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.probes.asking import Asking
from readiness.probes.probe import Probe
from readiness.probes.reading import fields, lines, no_tool, number, script, shown, tag_of, unread

_TEXT = script("rights")
_MODE = re.compile(r"[0-7]{1,4}")
_SHELL = re.compile(r"(/[!-9;-~]*)?")


@dataclass(frozen=True, slots=True)
class Ownership:
    """Of one file or folder, with links followed; `mode` is octal."""

    owner: str
    group: str
    mode: str


@dataclass(frozen=True, slots=True)
class Rights(Fact):
    """The ownership of each path asked for, None where there is none; the shell of each account, None likewise.

    An empty shell is /bin/sh, says passwd(5).
    """

    name: ClassVar[str] = "rights"
    paths: Mapping[str, Ownership | None]
    shells: Mapping[str, str | None]


def parse_rights(output: Output) -> Rights | Missing:
    """One line for each path and account asked for."""
    received = lines(output)
    if missing := no_tool(received):
        return missing
    first, count, *rows = received
    fields(first, "login", 1)
    paths: dict[str, Ownership | None] = {}
    shells: dict[str, str | None] = {}
    failed = []
    for line in rows:
        match tag_of(line):
            case "path":
                path, owner, group, mode = fields(line, "path", 4)
                if not _MODE.fullmatch(mode) or not owner or not group:
                    raise ValueError(f"no owner or no mode: {shown(line)}")
                paths[path] = Ownership(owner, group, mode)
            case "absent":
                paths[fields(line, "absent", 1)[0]] = None
            case "failed":
                failed += fields(line, "failed", 1)
            case "account":
                name, shell = fields(line, "account", 2)
                if not _SHELL.fullmatch(shell):
                    raise ValueError(f"no shell: {shown(line)}")
                shells[name] = shell or "/bin/sh"
            case _:
                shells[fields(line, "no_account", 1)[0]] = None
    if len(paths) + len(shells) + len(failed) != len(rows) or len(rows) != number(*fields(count, "asked", 1)):
        raise ValueError(f"{shown(count)}, and {len(rows)} lines of {len(paths)} paths and {len(shells)} accounts")
    if failed:
        return unread(output, failed[0], Why.UNREADABLE)
    return Rights(paths, shells)


def _arguments(asking: Asking) -> tuple[str, ...]:
    paths = (f"path={path}" for path in asking.places())
    return (*paths, *(f"account={account}" for account in asking.accounts()))


PROBES = (Probe(Rights, _TEXT, parse_rights, cost=30, arguments=_arguments, as_root=True),)
