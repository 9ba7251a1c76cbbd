"""How a host is backed up, as declared, by which method and in which window; and the clusters of hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from readiness.estate.tables import table
from readiness.estate.validate import Known
from readiness.estate.yaml_lines import Document, Path, quote

Bounds = tuple[tuple[datetime, datetime], ...]
SNAPSHOT = "vm_snapshot"
WINDOWS = 7  # so many of the last ones are judged
MARGIN_S = 600.0  # around a window, in which its marks may stand
# What a snapshot has and other methods have not.
_OF_SNAPSHOTS = ("quiesce", "memory", "nothing_left_behind")


@dataclass(frozen=True, slots=True)
class BackupWindow:
    """A daily window: when it starts by the clocks of a zone, and how long it lasts."""

    start: time
    hours: float
    zone: str

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


@dataclass(frozen=True, slots=True)
class Looked:
    """Who looked into the hypervisor for snapshots that were left behind, and found none; and on which day."""

    by: str
    day: date


@dataclass(frozen=True, slots=True)
class Backup:
    """How a host is backed up: `method` is `vm_snapshot`, `agent` or `none`.

    `quiesce`, `memory` and `nothing_left_behind` are of snapshots. `window` is None where none was declared.
    """

    method: str
    quiesce: bool = False
    memory: bool = False
    window: BackupWindow | None = None
    nothing_left_behind: Looked | None = None


@dataclass(frozen=True, slots=True)
class FailoverCluster:
    """A Windows failover cluster: its nodes by their names in the estate, in order.

    `preferred_owners` has the node that owns a group when all is well; None where that was never agreed.
    """

    name: str
    nodes: tuple[str, ...]
    preferred_owners: Mapping[str, str] | None


def windows_of(backups: Iterable[Backup | None], count: int, before: datetime) -> Bounds:
    """The last windows of all that is backed up, oldest first: what befalls one node is logged on another one, too."""
    windows = (one.window.last(count, before) for one in backups if one is not None and one.window is not None)
    return tuple(sorted(bounds for each in windows for bounds in each))


def check_backups(document: Document) -> None:
    """Report clusters whose nodes are not there or shared, and methods that say too little or too much."""
    estate = table(document.value)
    hosts = {name: table(host) for name, host in table(estate.get("hosts")).items()}
    for name, host in hosts.items():
        if isinstance(host.get("backup"), dict):
            _check_method(document, ("hosts", name, "backup"), host["backup"])
    clusters = {name: table(cluster) for name, cluster in table(estate.get("clusters")).items()}
    _check_nodes(document, clusters, hosts)
    for name, cluster in clusters.items():
        if name in hosts or name in table(estate.get("groups")):
            message = f"the cluster {quote(name)} has the name of a host or group"
            document.report(
                ("clusters", name), message, "it is the cluster's own name: call the other otherwise", key=True
            )
        _check_owners(document, ("clusters", name, "preferred_owners"), cluster)


def _check_method(document: Document, path: Path, backup: Mapping[str, Any]) -> None:
    method = backup.get("method")
    if method == SNAPSHOT and not {"quiesce", "memory"} <= backup.keys():
        hint = "state both, true or false: they decide what a snapshot does to a cluster"
        document.report(path, "a snapshot without quiesce and memory", hint)
    if method in {"agent", "none"} and (strange := [key for key in _OF_SNAPSHOTS if key in backup]):
        document.report((*path, strange[0]), f"{strange[0]} with the method {method}", f"it is of {SNAPSHOT} only")
    if method == "none" and "window" in backup:
        document.report((*path, "window"), "a window with the method none", "remove it, or name the method")


def _nodes(cluster: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    nodes = cluster.get("nodes")
    yield from ((at, one) for at, one in enumerate(nodes if isinstance(nodes, tuple) else ()) if isinstance(one, str))


def _check_nodes(document: Document, clusters: Mapping[str, Any], hosts: Mapping[str, Any]) -> None:
    known, first = Known(hosts, "hosts"), dict[str, str]()
    for name, cluster in clusters.items():
        for at, node in _nodes(cluster):
            path = ("clusters", name, "nodes", at)
            twin = first.setdefault(node, name)
            if node not in hosts:
                document.report(path, f"unknown host {quote(node)}", known.hint(node))
            elif hosts[node].get("os") != "windows":
                document.report(path, f"{quote(node)} is no Windows host", "os: windows, or another node")
            elif twin != name:
                document.report(path, f"{quote(node)} is also a node of {twin}", "a host is in one cluster")


def _check_owners(document: Document, path: Path, cluster: Mapping[str, Any]) -> None:
    known = Known((node for _, node in _nodes(cluster)), "nodes")
    for group, owner in table(cluster.get("preferred_owners")).items():
        if isinstance(owner, str) and owner not in known.names:
            document.report((*path, group), f"{quote(owner)} is no node of this cluster", known.hint(owner))
