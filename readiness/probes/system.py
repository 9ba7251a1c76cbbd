"""The operating system and the host's identity."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.probes.probe import Probe
from readiness.probes.reading import chosen, counted, fields, lines, script, shown, tag_of

# By ID and ID_LIKE of os-release(5); packages.sh keeps the same words.
FAMILIES = {
    "debian": frozenset({"debian", "ubuntu"}),
    "redhat": frozenset({"rhel", "fedora", "centos", "rocky", "almalinux", "ol"}),
    "windows": frozenset({"windows"}),
}
_WANTED = frozenset({"ID", "ID_LIKE", "VERSION_ID", "PRETTY_NAME"})
_VALUE = re.compile(r"""\"((?:[^"\\]|\\.)*)\"|'([^']*)'|([^\s"'\\$`;&|<>()#]*)""")
_ESCAPED = re.compile(r"""\\(["\\$`])""")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")
_KERNEL = re.compile(r"[!-~]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_])?")
_MACHINE_ID = re.compile(r"[0-9a-f]{32}")
_NEW_ID = "systemd-machine-id-setup makes one"


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
        """`debian`, `redhat`, `windows` or `other`."""
        names = {self.id, *self.id_like}
        return next((family for family, members in FAMILIES.items() if names & members), "other")


def parse_os_release(output: Output) -> OsRelease | Missing:
    """Assignments with shell quoting, read as data and never evaluated."""
    received = lines(output)
    if received == ["no_file\t."]:
        return Missing(Why.UNREADABLE, "neither /etc/os-release nor /usr/lib/os-release can be read")
    *rows, count, kernel = received
    values = _assignments([text for (text,) in counted(rows, count, "line", 1)])
    release, architecture = fields(kernel, "kernel", 2)
    name = values.get("ID", "")
    if not _ID.fullmatch(name) or not _KERNEL.fullmatch(release) or not _KERNEL.fullmatch(architecture):
        raise ValueError(f"no ID, or no kernel: {shown(name)}, {shown(kernel)}")
    return OsRelease(
        id=name,
        id_like=tuple(values.get("ID_LIKE", "").split()),
        version_id=values.get("VERSION_ID", ""),
        pretty_name=values.get("PRETTY_NAME", ""),
        kernel=release,
        architecture=architecture,
    )


def _assignments(texts: list[str]) -> dict[str, str]:
    """The assignments that are wanted; a vendor may write what it likes into the others."""
    values: dict[str, str] = {}
    for text in texts:
        key, _, value = text.rstrip().partition("=")
        if key in _WANTED:
            if key in values:
                raise ValueError(f"{key} twice")
            values[key] = _unquoted(value)
    return values


def _unquoted(text: str) -> str:
    """A value without the shell's quotes, and nothing in it evaluated."""
    match = _VALUE.fullmatch(text)
    if match is None:
        raise ValueError(f"not one value: {shown(text)}")
    double, single, plain = match.groups()
    return _ESCAPED.sub(r"\1", double) if double is not None else (single or plain or "")


@dataclass(frozen=True, slots=True)
class Identity(Fact):
    """The name the kernel knows, the machine id (32 hex digits), and the full name the host gives itself.

    The last two are Missing with the reason where the host has none.
    """

    name: ClassVar[str] = "identity"
    hostname: str
    machine_id: str | Missing
    fqdn: str | Missing


def parse_identity(output: Output) -> Identity:
    """Three lines; what a host has no good value for is Missing by itself, so that the rest still counts."""
    name, full, machine = lines(output)
    (hostname,) = fields(name, "hostname", 1)
    (fqdn,) = fields(full, "fqdn", 1)
    if not _HOST_NAME.fullmatch(hostname) or (fqdn and not _HOST_NAME.fullmatch(fqdn)):
        raise ValueError(f"no host name: {shown(hostname)} or {shown(fqdn)}")
    unresolved = Missing(Why.NO_SUCH_NAME, f"the host does not resolve its own name {hostname}", "add it to /etc/hosts")
    return Identity(hostname, _machine_id(machine), fqdn or unresolved)


def _machine_id(line: str) -> str | Missing:
    if tag_of(line) == "machine_id":
        (machine_id,) = fields(line, "machine_id", 1)
        if _MACHINE_ID.fullmatch(machine_id):
            return machine_id
        what = "is empty" if not machine_id else f"holds no machine id: {shown(machine_id)}"
        return Missing(Why.UNREADABLE, f"/etc/machine-id {what}", _NEW_ID)
    reasons = {
        "machine_id_unreadable": Missing(Why.NOT_PERMITTED, "/etc/machine-id", "chmod 0444 /etc/machine-id"),
        "machine_id_absent": Missing(Why.UNREADABLE, "there is no /etc/machine-id", _NEW_ID),
    }
    fields(line, tag_of(line), 0)
    return chosen(reasons, tag_of(line))


PROBES = (
    Probe(OsRelease, script("os_release"), parse_os_release, cost=1),
    Probe(Identity, script("identity"), parse_identity, cost=5),
)
