"""Running programs, which only root may see of other users."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact
from readiness.core.scripts import Output
from readiness.core.text import decode
from readiness.probes.probe import Probe
from readiness.probes.reading import complaints, fields, number, script, shown

_TEXT = script("processes")
# Of a process that ended meanwhile, of a kernel thread, and of a process that is kept even from root.
_EXCUSE = re.compile(
    r"/usr/bin/find: ['\u2018]?/proc/([0-9]{1,10})(?:/[a-z_]{1,20})?['\u2019]?: "
    r"(No such file or directory|No such process|Permission denied)"
)
_KEPT = "Permission denied"
_ROW = re.compile(r"/proc/([1-9][0-9]{0,9})\t(.*)")
_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class Program:
    """The file a process runs; `deleted` when that file was removed or replaced since."""

    path: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class Processes(Fact):
    """The program of each process by its id; kernel threads have none and are left out.

    `unreadable` are the processes whose program is kept even from root.
    """

    name: ClassVar[str] = "processes"
    executables: Mapping[int, Program]
    unreadable: tuple[int, ...]


def parse_processes(output: Output) -> Processes:
    """One line a process, and how many; those that ended meanwhile are no error, anything else is."""
    status, _, *rows = _lines(output)
    excuses = _excuses(complaints(output), failed=number(*fields(status, "status", 1)) != 0)
    executables: dict[int, Program] = {}
    for row in rows:
        match = _ROW.fullmatch(row)
        if match is None or int(match[1]) in executables:
            raise ValueError(f"not one process: {shown(row)}")
        executables[int(match[1])] = Program(match[2].removesuffix(_DELETED), match[2].endswith(_DELETED))
    programs = {pid: program for pid, program in executables.items() if program.path}
    if not programs or executables.keys() - programs.keys() - excuses.keys():
        raise ValueError(f"{len(rows)} processes, {len(programs)} programs, {len(excuses)} excuses")
    return Processes(programs, tuple(sorted(pid for pid, why in excuses.items() if why == _KEPT)))


def _excuses(messages: list[str], *, failed: bool) -> dict[int, str]:
    """What find says of single processes; ValueError for anything else that it says."""
    matches = {line: _EXCUSE.fullmatch(line) for line in messages}
    excuses = {int(match[1]): match[2] for match in matches.values() if match}
    strange = [line for line, match in matches.items() if match is None]
    if strange or failed != bool(excuses):
        raise ValueError(f"find: {shown(' | '.join(strange))}, failed: {failed}, said of {len(excuses)} processes")
    return excuses


def _lines(output: Output) -> list[str]:
    """The lines before `end`; unlike other scripts' they hold file names, which may be anything but cut."""
    received = output.stdout.split(b"\n")
    rows = received[2:-2]
    measured = [*map(number, decode(received[1]).split())] if len(received) > 4 else []
    if output.status != 0 or received[-2:] != [b"end", b""] or b"\0" in output.stdout:
        raise ValueError(f"exit status {output.status}, or cut short: {shown(decode(output.stdout[-100:]))}")
    if measured != [len(rows), sum(len(row) + 1 for row in rows)]:
        raise ValueError(f"{measured} lines and bytes, and {len(rows)} came")
    return [decode(line) for line in received[:-2]]


PROBES = (Probe(Processes, _TEXT, parse_processes, cost=40, as_root=True),)
