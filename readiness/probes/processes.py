"""Running programs, which only root may see of other users."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output, Probe
from readiness.probes.elevation import refused
from readiness.probes.reading import script

_GONE = re.compile(r"/usr/bin/find: ['\u2018]?/proc/\d+(/\S*)?['\u2019]?: No such (file or directory|process)")
_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class Program:
    """The file a process runs; `deleted` when that file was removed or replaced since."""

    path: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class Processes(Fact):
    """The program of each process by pid; kernel threads have none and are left out."""

    name: ClassVar[str] = "processes"
    executables: Mapping[int, Program]


def parse_processes(output: Output) -> Processes | Missing:
    """One line a process; those that ended while find looked are no error."""
    if missing := refused(output, script("processes")):
        return missing
    if output.status != 0:
        raise ValueError(f"exit status {output.status}")
    text = output.stdout.decode()
    match = re.fullmatch(r"(?s)(.*)status\t([01])\nend\n", text)
    complaints = [line for line in output.stderr.decode(errors="replace").splitlines() if not _GONE.fullmatch(line)]
    if not match or (match[2] == "1" and complaints):
        raise ValueError(f"find says: {(complaints or [text[-200:]])[0][:200]!r}")
    executables: dict[int, Program] = {}
    for line in match[1].splitlines():
        row = re.fullmatch(r"/proc/(\d+)\t([^\t]*)\t\.", line)
        if not row or int(row[1]) in executables:
            raise ValueError(f"a damaged line: {line[:200]!r}")
        if row[2]:
            executables[int(row[1])] = Program(row[2].removesuffix(_DELETED), row[2].endswith(_DELETED))
    if not executables:
        return Missing(Why.NOT_PERMITTED, "no process's program can be read")
    return Processes(executables)


PROBES = (Probe(Processes, script("processes"), parse_processes, cost=40),)
