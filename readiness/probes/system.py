"""The operating system and the host's identity."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output, Probe
from readiness.probes.reading import fields, lines, only, script, tag

_NO_FILE = 3
_FAMILIES = {
    "debian": {"debian", "ubuntu"},
    "redhat": {"rhel", "fedora", "centos", "rocky", "almalinux", "ol", "suse", "sles", "opensuse"},
}


@dataclass(frozen=True, slots=True)
class OsRelease(Fact):
    """The operating system as os-release(5) names it; `version_id` is empty where it names none (Debian testing)."""

    name: ClassVar[str] = "os_release"
    id: str
    id_like: tuple[str, ...]
    version_id: str
    pretty_name: str
    kernel: str
    architecture: str

    @property
    def family(self) -> str:
        """`debian`, `redhat` (all that use rpm), or `other`."""
        names = {self.id, *self.id_like}
        return next((family for family, members in _FAMILIES.items() if names & members), "other")


def parse_os_release(output: Output) -> OsRelease | Missing:
    """Assignments with shell quoting, read as data; the rest of the file is ignored."""
    if output.status == _NO_FILE:
        return Missing(Why.TOOL_ABSENT, "neither /etc/os-release nor /usr/lib/os-release")
    kernels, values = [], {}
    for line in lines(output):
        if tag(line) == "kernel":
            kernels.append(line)
            continue
        if not line.endswith("\t."):
            raise ValueError(f"a damaged line: {line[:200]!r}")
        assignment = line.removesuffix("\t.").strip()
        if match := re.fullmatch(r"([A-Z][A-Z0-9_]*)=(.*)", assignment):
            if match[1] in values:
                raise ValueError(f"{match[1]} twice")
            (values[match[1]],) = shlex.split(match[2]) or [""]
        elif assignment and not assignment.startswith("#"):
            raise ValueError(f"no assignment: {assignment[:200]!r}")
    kernel, architecture = fields(only(kernels, "of the kernel"), 2)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", values.get("ID", "")):
        raise ValueError("no ID")
    return OsRelease(
        id=values["ID"],
        id_like=tuple(values.get("ID_LIKE", "").split()),
        version_id=values.get("VERSION_ID", ""),
        pretty_name=values.get("PRETTY_NAME", ""),
        kernel=kernel,
        architecture=architecture,
    )


@dataclass(frozen=True, slots=True)
class Identity(Fact):
    """The name the kernel knows, and the machine id (32 hex digits) or why it is not there."""

    name: ClassVar[str] = "identity"
    hostname: str
    machine_id: str | Missing


def parse_identity(output: Output) -> Identity:
    """Name and machine id; an empty or malformed machine id is not understood."""
    name, machine = lines(output)
    (hostname,) = fields(name, 1)
    if tag(name) != "hostname" or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", hostname):
        raise ValueError(f"no host name: {name[:200]!r}")
    if tag(machine) == "machine_id":
        (found,) = fields(machine, 1)
        if not re.fullmatch(r"[0-9a-f]{32}", found):
            raise ValueError(f"no machine id: {found[:100]!r}")
        return Identity(hostname, found)
    fields(machine, 0)
    reasons = {
        "machine_id_unreadable": Missing(Why.NOT_PERMITTED, "/etc/machine-id"),
        "machine_id_absent": Missing(Why.TOOL_ABSENT, "no /etc/machine-id", "systemd-machine-id-setup makes one"),
    }
    return Identity(hostname, reasons[tag(machine)])


PROBES = (
    Probe(OsRelease, script("os_release"), parse_os_release, cost=1),
    Probe(Identity, script("identity"), parse_identity, cost=1),
)
