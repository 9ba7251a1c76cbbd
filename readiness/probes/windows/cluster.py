"""Failover clusters as their nodes see them, and the virtual machine that a node may be.

States and their numbers: Microsoft's FailoverClusters module and the MSCluster classes of WMI, from general knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from readiness.core.facts import Fact
from readiness.probes.reading import chosen, shown
from readiness.probes.windows.reading import Row, by_what, flag, named, natural, nonempty, only, probe, shape, text

SETTINGS = ("SameSubnetDelay", "SameSubnetThreshold", "CrossSubnetDelay", "CrossSubnetThreshold")
# By the words of the module, and by the numbers of WMI.
_NODES = {"-1": "Unknown", "0": "Up", "1": "Down", "2": "Paused", "3": "Joining"}
_GROUPS = {"-1": "Unknown", "0": "Online", "1": "Offline", "2": "Failed", "3": "PartialOnline", "4": "Pending"}
_RESOURCES = {
    "-1": "Unknown",
    "0": "Inherited",
    "1": "Initializing",
    "2": "Online",
    "3": "Offline",
    "4": "Failed",
    "128": "Pending",
    "129": "OnlinePending",
    "130": "OfflinePending",
}
# GroupType, learn.microsoft.com, CLUSGROUP_TYPE.
_SPARE = {"AvailableStorage", "2"}
_SERVICE_STATES = {"Running", "Stopped", "Start Pending", "Stop Pending", "Paused", "Pause Pending", "Continue Pending"}
_STARTS = {"Auto", "Manual", "Disabled", "Boot", "System"}
_VIRTUAL = {
    "vmware": "VMware",
    "qemu": "QEMU",
    "xen": "Xen",
    "innotek": "VirtualBox",
    "nutanix": "Nutanix AHV",
    "google": "Google Compute Engine",
    "amazon": "Amazon EC2",
    "red hat": "KVM",
    "ovirt": "KVM",
}


@dataclass(frozen=True, slots=True)
class ClusterMembership(Fact):
    """What shows on the host whether it is a failover cluster's node.

    `state` and `start` are of the service ClusSvc, empty where there is none; `loaded` and `name` are the cluster's
    registry, which is there while the service runs; `database` is its file, which stays.
    """

    name: ClassVar[str] = "cluster_membership"
    state: str
    start: str
    loaded: bool
    cluster: str
    database: bool

    @property
    def member(self) -> bool:
        """Whether the host is a node, up or down; the role alone, not joined, has its service disabled."""
        return self.loaded or self.database or self.start not in {"", "Disabled"}

    @property
    def running(self) -> bool:
        """Whether the Cluster service runs."""
        return self.state == "Running"


def _membership(received: list[Row]) -> ClusterMembership:
    row = only(received, "state", "start", "loaded", "name", "database")
    state, start = text(row["state"]), text(row["start"])
    if (state == "") != (start == "") or (state and not (state in _SERVICE_STATES and start in _STARTS)):
        raise ValueError(f"no state of a service: {shown(state)}, {shown(start)}")
    loaded, name = flag(row["loaded"]), text(row["name"])
    if loaded != bool(name):
        raise ValueError("a registry of a cluster without its name, or a name without it")
    return ClusterMembership(state, start, loaded, name, flag(row["database"]))


@dataclass(frozen=True, slots=True)
class Group:
    """A group (role) of the cluster; `owner` is the name of its node.

    `spare`: the group of unassigned disks, whatever it is called in the language of the cluster.
    """

    state: str
    owner: str
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the cluster: `kind` is its type, such as `Physical Disk`."""

    kind: str
    state: str
    group: str


@dataclass(frozen=True, slots=True)
class Cluster(Fact):
    """The cluster as a node sees it; all is empty where the service does not run, which `running` says.

    `nodes` are states by name; `settings` those of the heartbeat: delays in milliseconds, thresholds in beats.
    `witness` is the name of the quorum's resource, empty for none, None where WMI was asked, which does not tell.
    `shared_volumes` are disks that all nodes write to (CSV).
    """

    name: ClassVar[str] = "cluster"
    running: bool
    called: str
    nodes: Mapping[str, str]
    groups: Mapping[str, Group]
    resources: Mapping[str, Resource]
    settings: Mapping[str, int]
    witness: str | None
    shared_volumes: tuple[str, ...] = ()


def _cluster(received: list[Row]) -> Cluster:
    if [row.get("what") for row in received] == ["stopped"]:
        return Cluster(False, "", {}, {}, {}, {}, None)  # noqa: FBT003 - in the order of the fields
    rows_of = by_what(received, "cluster", "setting", "node", "group", "resource", "shared_volume", "witness")
    head = only(rows_of["cluster"], "what", "name", "by")
    witness = rows_of["witness"]
    if (nonempty(head["by"]) == "module") != bool(witness):
        raise ValueError(f"asked by {shown(head['by'])}, with {len(witness)} witnesses")
    nodes = {name: _state(_NODES, row) for name, row in named(rows_of["node"], "state").items()}
    settings = {name: natural(row["value"]) for name, row in named(rows_of["setting"], "value").items()}
    groups = {
        name: Group(_state(_GROUPS, row), nonempty(row["owner"]), spare=nonempty(row["type"]) in _SPARE)
        for name, row in named(rows_of["group"], "state", "owner", "type").items()
    }
    resources = {
        name: Resource(nonempty(row["type"]), _state(_RESOURCES, row), nonempty(row["group"]))
        for name, row in named(rows_of["resource"], "type", "state", "group").items()
    }
    if not nodes or not groups or tuple(settings) != SETTINGS or not all(settings.values()):
        raise ValueError("a cluster without nodes, groups or settings of its heartbeat")
    witness_kind = text(only(witness, "what", "name")["name"]) if witness else None
    volumes = tuple(named(rows_of["shared_volume"]))
    return Cluster(True, nonempty(head["name"]), nodes, groups, resources, settings, witness_kind, volumes)  # noqa: FBT003 - as above


def _state(known: Mapping[str, str], row: Row) -> str:
    return chosen({**known, **{word: word for word in known.values()}}, nonempty(row["state"]))


@dataclass(frozen=True, slots=True)
class VirtualMachine(Fact):
    """The machine as its firmware names it, the states of VMware's guest services, and its settings for snapshots.

    `settings` are those of the section `vmbackup` of tools.conf that say what quiescing does.
    """

    name: ClassVar[str] = "virtual_machine"
    manufacturer: str
    model: str
    services: Mapping[str, str]
    settings: Mapping[str, str]

    @property
    def hypervisor(self) -> str:
        """Whose machine it is, empty for one that is not known to be virtual."""
        if self.manufacturer == "Microsoft Corporation" and self.model == "Virtual Machine":
            return "Hyper-V"
        return next((hypervisor for word, hypervisor in _VIRTUAL.items() if word in self.manufacturer.lower()), "")


def _virtual_machine(received: list[Row]) -> VirtualMachine:
    rows_of = by_what([shape(row, "what", "name", "value") for row in received], "machine", "service", "setting")
    machine = only(rows_of["machine"])
    services, settings = (
        {nonempty(row["name"]): text(row["value"]) for row in rows_of[kind]} for kind in ("service", "setting")
    )
    return VirtualMachine(nonempty(machine["name"]), text(machine["value"]), services, settings)


PROBES = (
    probe(ClusterMembership, _membership, cost=15),
    probe(Cluster, _cluster, cost=45),
    probe(VirtualMachine, _virtual_machine, cost=15),
)
