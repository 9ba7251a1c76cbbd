"""Volumes of a Windows host, and what takes part in its shadow copies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import ClassVar

from readiness.core.facts import Fact, Missing, Why
from readiness.probes.reading import shown
from readiness.probes.space import Filesystem, Space, paths_of
from readiness.probes.windows.reading import ADMINISTRATOR, Row, flag, natural, nonempty, only, probe, shape, text

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


def _space(received: list[Row]) -> Space:
    """The volume of each path asked for: the one with the longest mount point that the path begins with."""
    asked = [shape(row, "path", "there") for row in received if "path" in row]
    volumes = dict(_volume(row) for row in received if "path" not in row)
    if not volumes or len(asked) + len(volumes) != len(received):
        raise ValueError(f"{len(volumes)} volumes and {len(asked)} paths in {len(received)} rows")
    return Space({nonempty(row["path"]): _lies_on(row, volumes) for row in asked})


def _volume(row: Row) -> tuple[str, Filesystem]:
    mount = nonempty(shape(row, "mount", "kind", "size", "free", "access")["mount"])
    size, free = natural(row["size"]), natural(row["free"])
    if not _MOUNT.fullmatch(mount) or free > size or not size:
        raise ValueError(f"no volume: {shown(mount)}, {free} of {size} bytes")
    read_only = row["access"] is not None and natural(row["access"]) == _READABLE_ONLY
    return mount, Filesystem(mount, nonempty(row["kind"]), size, free, None, None, read_only)


def _lies_on(row: Row, volumes: Mapping[str, Filesystem]) -> Filesystem | None:
    path = nonempty(row["path"])
    if not flag(row["there"]):
        return None
    within = path.rstrip("\\").lower() + "\\"
    inside = [mount for mount in volumes if within.startswith(mount.lower())]
    if not inside:
        raise ValueError(f"{shown(path)} is there, and on no volume")
    return volumes[max(inside, key=len)]


@dataclass(frozen=True, slots=True)
class VssWriter:
    """A writer by name and id; `state` is VSS's number (1 is stable), `message` its state and last error in words."""

    name: str
    id: str
    state: int
    message: str


@dataclass(frozen=True, slots=True)
class VssWriters(Fact):
    """All writers, by name; two of one name differ by their instance."""

    name: ClassVar[str] = "vss_writers"
    writers: tuple[VssWriter, ...]


def _vss_writers(received: list[Row]) -> VssWriters | Missing:
    """Blocks of five lines after the banner; anything else among them is not understood."""
    row = only(received, "status", "out", "err")
    printed = text(row["out"], lines=True)
    if row["status"] != 0:
        return _refused(f"{printed} {text(row['err'], lines=True)}", row["status"])
    banner, *blocks = (
        "\n".join(line.strip() for line in block.split("\n")) for block in printed.strip("\n").split("\n\n")
    )
    matches = [match for block in blocks if (match := _WRITER.fullmatch(block))]
    if "'" in banner or len(matches) != len(blocks) or not matches:
        raise ValueError(f"no list of writers: {shown(printed)}")
    if len({match[3] for match in matches}) != len(matches):
        raise ValueError("an instance of a writer twice")
    fields = [match.group(1, 2, 4, 5, 6) for match in matches]
    writers = [
        VssWriter(name, id_, int(state), f"[{state}] {words}, {error}") for name, id_, state, words, error in fields
    ]
    return VssWriters(tuple(sorted(writers, key=astuple)))


def _refused(printed: str, status: object) -> Missing:
    """Why vssadmin failed: it gives no code, only words, to a login without an administrator's full token."""
    codes = " ".join(_ERROR_CODE.findall(printed))
    detail = f"vssadmin list writers ended with {status} {codes}".strip()
    return Missing(Why.NOT_PERMITTED if not codes else Why.UNREADABLE, detail, "" if codes else ADMINISTRATOR)


PROBES = (
    probe(Space, _space, cost=20, arguments=paths_of),
    probe(VssWriters, _vss_writers, cost=90, needs_s=75),  # vssadmin itself is given 60
)
