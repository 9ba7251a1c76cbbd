"""Space on a host's file systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact


@dataclass(frozen=True, slots=True)
class Filesystem:
    """One mounted file system; inodes are None where its kind has none to count."""

    mount: str
    kind: str
    size_bytes: int
    free_bytes: int
    inodes: int | None
    free_inodes: int | None
    read_only: bool


@dataclass(frozen=True, slots=True)
class Space(Fact):
    """The file systems that hold files of their own, by mount point."""

    name: ClassVar[str] = "space"
    filesystems: tuple[Filesystem, ...]
