"""Volumes of a Windows host, and what takes part in its shadow copies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.probes.reading import shown
from readiness.probes.space import Filesystem, Space
from readiness.probes.windows.reading import ADMINISTRATOR, Row, one, probe, reads, shape, some, text, whole

_MOUNT = re.compile(r"[A-Za-z]:\\(?:.*\\)?")
_READABLE_ONLY = 1  # Win32_Volume, Access; null where the provider does not tell
# `vssadmin list writers` in any language: a quoted name, two GUIDs, a number in brackets, a text. The one that is
# `[1] Stable` in English; 5 waits for completion of a backup that runs; 7 to 11 failed.
_GUID = r"\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}"
_WRITER = re.compile(
    rf"[^:'\n]+: '([^'\n]{{1,200}})'\n[^:\n]+: ({_GUID})\n[^:\n]+: ({_GUID})\n"
    r"[^:\n]+: \[([0-9]{1,2})\] ([^\n]+)\n[^:\n]+: ([^\n]+)"
)
_ERROR_CODE = re.compile(r"0x[0-9a-fA-F]{8}")


def _space(found: list[Row]) -> Space:
    volumes: dict[str, Filesystem] = {}
    for row in found:
        mount = some(shape(row, "mount", "kind", "size", "free", "access")["mount"])
        size, free = whole(row["size"]), whole(row["free"])
        if not _MOUNT.fullmatch(mount) or mount in volumes or free > size or not size:
            raise ValueError(f"no volume, or twice: {shown(mount)}, {free} of {size} bytes")
        read_only = row["access"] is not None and whole(row["access"]) == _READABLE_ONLY
        volumes[mount] = Filesystem(mount, some(row["kind"]), size, free, None, None, read_only)
    if not volumes:
        raise ValueError("no volume at all")
    return Space(tuple(volumes[mount] for mount in sorted(volumes)))


@dataclass(frozen=True, slots=True)
class VssWriter:
    """A writer by name and id; `state` is VSS's number (1 is stable), `told` its state and last error there."""

    name: str
    id: str
    state: int
    told: str


@dataclass(frozen=True, slots=True)
class VssWriters(Fact):
    """All writers, by name; two of one name differ by their instance."""

    name: ClassVar[str] = "vss_writers"
    writers: tuple[VssWriter, ...]


def _vss_writers(found: list[Row]) -> VssWriters | Missing:
    """Blocks of five lines after the banner; anything else among them is not understood."""
    row = shape(one(found), "status", "out", "err")
    said = text(row["out"], lines=True)
    if row["status"] != 0:
        return _refused(f"{said} {text(row['err'], lines=True)}", row["status"])
    banner, *blocks = (
        "\n".join(line.strip() for line in block.split("\n")) for block in said.strip("\n").split("\n\n")
    )
    matches = [_WRITER.fullmatch(block) for block in blocks]
    if "'" in banner or None in matches or not matches:
        raise ValueError(f"no list of writers: {shown(said)}")
    instances = [match[3] for match in matches if match]
    if len({*instances}) != len(instances):
        raise ValueError("an instance of a writer twice")
    writers = [VssWriter(m[1], m[2], int(m[4]), f"[{m[4]}] {m[5]}, {m[6]}") for m in matches if m]
    return VssWriters(tuple(sorted(writers, key=lambda each: (each.name, each.id, each.state, each.told))))


def _refused(said: str, status: object) -> Missing:
    """The program vssadmin tells a login without the full token in words only, which are translated."""
    codes = " ".join(_ERROR_CODE.findall(said))
    detail = f"vssadmin list writers ended with {status} {codes}".strip()
    return Missing(Why.NOT_PERMITTED if not codes else Why.UNREADABLE, detail, "" if codes else ADMINISTRATOR)


PROBES = (
    probe(Space, reads(_space), cost=20),
    probe(VssWriters, reads(_vss_writers), cost=90),
)
