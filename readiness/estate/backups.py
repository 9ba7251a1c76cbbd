"""How a host is backed up, as declared, by which method and in which window; and the clusters of hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from readiness.estate import texts
from readiness.estate.names import HostRef
from readiness.yaml_text.document import Document, Path, quote
from readiness.yaml_text.known import Known
from readiness.yaml_text.models import Keyed, Strict, stated
from readiness.yaml_text.shapes import ListOf

Bounds = tuple[tuple[datetime, datetime], ...]
SNAPSHOT = "vm_snapshot"
WINDOWS = 7  # so many of the last ones are judged
MARGIN_S = 600.0  # around a window, in which its marks may stand
# What a snapshot has and other methods have not.
_OF_SNAPSHOTS = ("quiesce", "memory", "nothing_left_behind")


class BackupWindow(Strict):
    """A daily window: when it starts by the clocks of a zone, and how long it lasts."""

    start: texts.ClockTime = stated("When the window starts.", example='"22:00"')
    hours: Annotated[float, Field(gt=0, le=24)] = stated("How many hours it lasts.", example="6")
    zone: texts.ZoneName = stated("The time zone by whose clocks it starts.", example="Europe/Berlin")

    def last(self, count: int, before: datetime) -> Bounds:
        """The last windows that had ended by then, oldest first, as start and end in UTC; and one that had begun."""
        zone, length = ZoneInfo(self.zone), timedelta(hours=self.hours)
        today = before.astimezone(zone).date()
        starts = [
            datetime.combine(today - timedelta(days=days), self.start, zone).astimezone(UTC)
            for days in range(count + 2)
        ]
        windows = [(start, start + length) for start in starts if start <= before]
        running = sum(end > before for _, end in windows)
        return tuple(reversed(windows[: count + running]))

    def __str__(self) -> str:
        """`22:00 for 6 h, Europe/Berlin`."""
        return f"{self.start:%H:%M} for {self.hours:g} h, {self.zone}"


class Looked(Strict):
    """Who looked into the hypervisor for snapshots that were left behind, and found none; and on which day."""

    by: texts.Words = stated("Who looked.", example="VM team")
    day: texts.Day = stated("On which day.", example='"2026-11-24"')


class Backup(Strict):
    """How the host itself is backed up; quiesce and memory are of a snapshot, and needed with one."""

    method: Literal["vm_snapshot", "agent", "none"] = stated("How the host itself is backed up.", example="agent")
    quiesce: bool = stated("Whether the snapshot quiesces the filesystems.", default=False, example="true")
    memory: bool = stated("Whether the snapshot holds the memory, too.", default=False, example="false")
    window: BackupWindow | None = stated(
        "The daily window for backups.", None, example='{start: "22:00", hours: 6, zone: Europe/Berlin}'
    )
    nothing_left_behind: Looked | None = stated(
        "Who looked for snapshots that were left behind, and when.", None, example='{by: VM team, day: "2026-11-24"}'
    )


class FailoverCluster(Keyed):
    """A Windows failover cluster under its own name; an empty preferred_owners says that any node may own a group."""

    nodes: ListOf[HostRef] = stated("The hosts that are its nodes, in order.", example="[node1, node2]")
    preferred_owners: dict[texts.Line, texts.Name] | None = stated(
        "The node that owns each group when all is well.", None, example="{SQL Server (MSSQLSERVER): node1}"
    )


def windows_of(backups: Iterable[Backup | None], count: int, before: datetime) -> Bounds:
    """The last windows of these, oldest first: what a snapshot does to a node is logged on others of its cluster."""
    windows = (backup.window.last(count, before) for backup in backups if backup is not None and backup.window)
    return tuple(sorted(bounds for each in windows for bounds in each))


def check_backup(document: Document, path: Path, backup: Backup) -> None:
    """Report a method that says too little or too much."""
    given = backup.model_fields_set
    if backup.method == SNAPSHOT and not {"quiesce", "memory"} <= given:
        hint = "state both, true or false: they decide what a snapshot does to a cluster"
        document.report(path, "a snapshot without quiesce and memory", hint)
    if backup.method != SNAPSHOT and (strange := [key for key in _OF_SNAPSHOTS if key in given]):
        message = f"{strange[0]} with the method {backup.method}"
        document.report((*path, strange[0]), message, f"it is of {SNAPSHOT} only")
    if backup.method == "none" and "window" in given:
        document.report((*path, "window"), "a window with the method none", "remove it, or name the method")


def check_clusters(
    document: Document, clusters: Mapping[str, FailoverCluster], windows_hosts: Iterable[str], hosts: Iterable[str]
) -> None:
    """Report clusters whose nodes are shared or no Windows hosts, and owners that are no nodes."""
    on_windows, known, cluster_of = frozenset(windows_hosts), frozenset(hosts), dict[str, str]()
    for name, cluster in clusters.items():
        for at, node in enumerate(cluster.nodes):
            path = ("clusters", name, "nodes", at)
            twin = cluster_of.setdefault(node, name)
            if node in known and node not in on_windows and not document.is_incomplete(("hosts", node, "os")):
                document.report(path, f"{quote(node)} is no Windows host", "os: windows, or another node")
            elif twin != name:
                document.report(path, f"{quote(node)} is also a node of {twin}", "a host is in one cluster")
        if not document.is_incomplete(("clusters", name, "nodes")):
            _check_owners(document, ("clusters", name, "preferred_owners"), cluster)


def _check_owners(document: Document, path: Path, cluster: FailoverCluster) -> None:
    nodes = Known(cluster.nodes, "nodes")
    for group, owner in (cluster.preferred_owners or {}).items():
        if owner not in nodes.names:
            document.report((*path, group), f"{quote(owner)} is no node of this cluster", nodes.hint(owner))
