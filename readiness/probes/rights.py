"""Who owns the product's files, who may read them, and who may log in as its accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import ClassVar

from readiness.core.facts import Fact, Missing
from readiness.core.scripts import Output
from readiness.probes.access_list import Access, access_of, bits_of, is_of_list
from readiness.probes.asking import Asking
from readiness.probes.probe import Probe
from readiness.probes.reading import chosen, fields, lines, no_tool, number, script, shown, summed, tag_of

KINDS = {name: name for name in ("file", "folder", "link", "pipe", "socket", "device")}
LOOKING = script("guard") + script("access_list")
_MODE = re.compile(r"[0-7]{1,4}")
_SHELL = re.compile(r"(/[!-9;-~]*)?")


@dataclass(frozen=True, slots=True)
class Ownership:
    """Of one file or folder; `mode` is octal, `access` the list where there is one.

    Links are followed where only root may change them: `kind` is `link` for one that others may change.
    """

    owner: str
    group: str
    mode: str
    kind: str = "file"
    access: Access = ()

    @property
    def bits(self) -> int:
        """What owner, owner's group and others may do: where there is a list, the group's bits are not in the mode."""
        return int(self.mode, 8) if isinstance(self.access, Missing) else bits_of(self.mode, self.access)


@dataclass(frozen=True, slots=True)
class Rights(Fact):
    """The ownership of each path asked for, None where there is none; the shell of each account, None likewise.

    An empty shell is /bin/sh, says passwd(5).
    """

    name: ClassVar[str] = "rights"
    paths: Mapping[str, Ownership | None]
    shells: Mapping[str, str | None]


def parse_rights(output: Output) -> Rights | Missing:
    """One line for each path and account asked for, after a path's those of its access list."""
    received = lines(output)
    if missing := no_tool(received):
        return missing
    count, *rows = summed(received)
    paths: dict[str, Ownership | None] = {}
    shells: dict[str, str | None] = {}
    for at, line in enumerate(rows):
        match tag_of(line):
            case "path":
                path, *rest = fields(line, "path", 5)
                paths[path] = ownership(rest, takewhile(is_of_list, rows[at + 1 :]))
            case "absent":
                paths[fields(line, "absent", 1)[0]] = None
            case "account":
                name, shell = fields(line, "account", 2)
                if not _SHELL.fullmatch(shell):
                    raise ValueError(f"no shell: {shown(line)}")
                shells[name] = shell or "/bin/sh"
            case "no_account":
                shells[fields(line, "no_account", 1)[0]] = None
            case _ if not is_of_list(line) or tag_of(rows[at - 1]) not in {"path", "list"} or not at:
                raise ValueError(f"a line out of its place: {shown(line)}")
    asked = sum(not is_of_list(line) for line in rows)
    if len(paths) + len(shells) != asked or asked != number(*fields(count, "asked", 1)):
        raise ValueError(f"{shown(count)}, and {asked} lines of {len(paths)} paths and {len(shells)} accounts")
    return Rights(paths, shells)


def ownership(given: list[str], listed: Iterable[str]) -> Ownership:
    """Of kind, owner, group and mode, and the lines of the access list."""
    kind, owner, group, mode = given
    if not _MODE.fullmatch(mode) or not owner or not group:
        raise ValueError(f"no owner or no mode: {shown(' '.join(given))}")
    return Ownership(owner, group, mode, chosen(KINDS, kind), access_of(listed))


def _arguments(asking: Asking) -> tuple[str, ...]:
    paths = (f"path={path}" for path in asking.places())
    return (*paths, *(f"account={account}" for account in asking.accounts()))


PROBES = (
    Probe(
        Rights, script("rights"), parse_rights, cost=30, as_root=True, arguments=_arguments, after=lambda _: (LOOKING,)
    ),
)
