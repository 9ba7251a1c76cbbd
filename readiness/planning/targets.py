"""What checks look at: pure selectors from the run's inputs to targets, in the order the estate was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from readiness.core.outcomes import Target
from readiness.estate import FailoverCluster, Host
from readiness.planning.inputs import Inputs, RoleOnHost
from readiness.products import Peer, VersionRule
from readiness.transports import TRANSPORTS


@dataclass(frozen=True, slots=True)
class RuleOnHost:
    """A version rule of a product, for the role on a host that it is about, and the hosts of the role it names."""

    holder: RoleOnHost
    rule: VersionRule
    others: tuple[RoleOnHost, ...]


@dataclass(frozen=True, slots=True)
class PeerOnHost:
    """A role on a host, and the role that names it in its configuration, on the host that it uses; None for no host."""

    holder: RoleOnHost
    peer: Peer
    other: RoleOnHost | None


def _target(host: Host, *, detail: str = "", peers: tuple[str, ...] = (), subject: object = None) -> Target:
    name = f"{host.name}/{detail}" if detail else host.name
    return Target(name, host.name, detail, peers, host.owner or "", subject)


def the_estate(inputs: Inputs) -> Iterator[Target]:
    """The estate as a whole, whose peers are all its hosts."""
    yield Target("estate", peers=tuple(inputs.estate.hosts), subject=inputs.estate)


def each_host(inputs: Inputs) -> Iterator[Target]:
    """Every host; the subject is the host."""
    for host in inputs.estate.hosts.values():
        yield _target(host, subject=host)


def each_linux_host(inputs: Inputs) -> Iterator[Target]:
    """Every Linux host."""
    for host in inputs.estate.hosts.values():
        if host.os == "linux":
            yield _target(host, subject=host)


def login_ports(host: Host) -> frozenset[int]:
    """The ports of a host that our own login comes in by."""
    return TRANSPORTS[host.transport].ports(host)


def each_windows_host(inputs: Inputs) -> Iterator[Target]:
    """Every Windows host."""
    for host in inputs.estate.hosts.values():
        if host.os == "windows":
            yield _target(host, subject=host)


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A host that is declared a node of a failover cluster."""

    host: Host
    cluster: FailoverCluster


def each_cluster(inputs: Inputs) -> Iterator[Target]:
    """Every failover cluster, its nodes as peers; the subject is the cluster."""
    for cluster in inputs.estate.clusters.values():
        yield Target(cluster.name, peers=cluster.nodes, subject=cluster)


def each_cluster_node(inputs: Inputs) -> Iterator[Target]:
    """Every host that is declared a node; the subject is a `ClusterNode`."""
    for cluster in inputs.estate.clusters.values():
        for name in cluster.nodes:
            host = inputs.estate.hosts[name]
            yield _target(host, subject=ClusterNode(host, cluster))


def each_host_with_peers(inputs: Inputs) -> Iterator[Target]:
    """Every host that talks to others by the catalogue; the subject are those hosts."""
    for host in inputs.estate.hosts.values():
        if peers := inputs.peers[host.name]:
            yield _target(host, peers=tuple(peer.name for peer in peers), subject=peers)


def roles(inputs: Inputs) -> Iterator[RoleOnHost]:
    """Every role of every product on every host."""
    yield from inputs.roles.values()


def each_role(inputs: Inputs) -> Iterator[Target]:
    """Every role of every product on every host; the subject is a `RoleOnHost`."""
    for held in roles(inputs):
        yield _target(held.host, detail=f"{held.product.product}.{held.role.name}", subject=held)


def each_service_role(inputs: Inputs) -> Iterator[Target]:
    """Every role that runs a service; a console has packages and no daemon."""
    for target in each_role(inputs):
        subject = target.subject
        if isinstance(subject, RoleOnHost) and subject.role.services:
            yield target


def each_listening_role(inputs: Inputs) -> Iterator[Target]:
    """Every role whose daemons listen on ports."""
    for target in each_service_role(inputs):
        subject = target.subject
        if isinstance(subject, RoleOnHost) and subject.role.ports is not None:
            yield target


def each_space(inputs: Inputs) -> Iterator[Target]:
    """Every path that the baseline wants space at, on each of its hosts; the subject is the demand.

    Where nothing was agreed, the estate is the target, or the host for which a reason was given. A demand that concerns
    no host has a target without one, so that it is not taken for met.
    """
    baseline, hosts = inputs.baseline, inputs.estate.hosts.values()
    for_all = baseline.agreed_on("space", None)
    stated = {host.name: baseline.agreed_on("space", host.name) for host in hosts}
    if not isinstance(for_all, tuple) and (not stated or for_all in stated.values()):
        yield Target("estate")
    for host in hosts:
        if isinstance(stated[host.name], tuple):
            for demand in baseline.space_on(host):
                yield _target(host, detail=demand.path.lstrip("/") or "/", subject=demand)
        elif stated[host.name] != for_all:
            yield _target(host)
    for path in dict.fromkeys(_space_of_nobody(inputs)):
        yield Target(f"estate/{path}", detail=path)


def _space_of_nobody(inputs: Inputs) -> Iterator[str]:
    """The paths that are demanded of no host of those that the demand stands for: all, a group's, or the one host."""
    hosts = inputs.estate.hosts.values()
    for path, section in inputs.baseline.sections():
        members = [host for host in hosts if not path or path[1] in (host.name, *host.groups)]
        concerned = {demand.path for demand in section.space or () for host in members if demand.concerns(host)}
        yield from (demand.path for demand in section.space or () if demand.path not in concerned)


def each_space_with_inodes(inputs: Inputs) -> Iterator[Target]:
    """The same but for Windows hosts, whose filesystems have no number of files that could run out."""
    for target in each_space(inputs):
        if target.host is None or inputs.estate.hosts[target.host].os != "windows":
            yield target


def each_configured_role(inputs: Inputs) -> Iterator[Target]:
    """Every role whose configuration can be read; the subject is a `RoleOnHost`."""
    for target in each_role(inputs):
        subject = target.subject
        if isinstance(subject, RoleOnHost) and subject.product.configuration_format and subject.role.configuration:
            yield target


def each_role_with_places(inputs: Inputs) -> Iterator[Target]:
    """Every role on a Linux host of whose files the catalogue knows whose they should be."""
    for target in each_role(inputs):
        subject = target.subject
        if isinstance(subject, RoleOnHost) and subject.role.places and subject.host.os == "linux":
            yield target


def each_role_with_windows_places(inputs: Inputs) -> Iterator[Target]:
    """Every role on a Windows host of whose files the catalogue knows who may have them."""
    for target in each_role(inputs):
        subject = target.subject
        if isinstance(subject, RoleOnHost) and subject.role.windows_places and subject.host.os == "windows":
            yield target


def each_role_with_account(inputs: Inputs) -> Iterator[Target]:
    """Every role on a Linux host that has an account of its own, which root is not."""
    for target in each_role(inputs):
        subject = target.subject
        if isinstance(subject, RoleOnHost) and subject.host.os == "linux":
            users = subject.role.users
            if any(users[family].name != "root" for family in users if family != "windows"):
                yield target


def each_naming_role(inputs: Inputs) -> Iterator[Target]:
    """Those of them that name their peers by address."""
    for target in each_configured_role(inputs):
        subject = target.subject
        if isinstance(subject, RoleOnHost) and any(one.role == subject.role.name for one in subject.product.peers):
            yield target


def each_named_role(inputs: Inputs) -> Iterator[Target]:
    """Every role that another one's configuration names; the subject is a `PeerOnHost`."""
    for held in roles(inputs):
        for peer in held.product.peers_of(held.role.name):
            other = _used(inputs, held, peer.role)
            subject = PeerOnHost(held, peer, other)
            peers = (other.host.name,) if other and other.host.name != held.host.name else ()
            detail = f"{held.product.product}.{held.role.name}~{peer.role}"
            yield _target(held.host, detail=detail, peers=peers, subject=subject)


def each_group_of_one_version(inputs: Inputs) -> Iterator[Target]:
    """Every group that the baseline wants on one version, the members as peers; the estate when none was agreed."""
    groups = inputs.baseline.agreed_on("same_version_groups", None)
    if not isinstance(groups, tuple):
        yield Target("estate")
        return
    for group in groups:
        members = tuple(host.name for host in inputs.estate.hosts.values() if group in host.groups)
        yield Target(group, peers=members, subject=group)


def each_version_rule(*kinds: str) -> Callable[[Inputs], Iterator[Target]]:
    """A selector of every role that a product's version rule of these kinds is about; the subject is a `RuleOnHost`."""

    def select(inputs: Inputs) -> Iterator[Target]:
        for held in roles(inputs):
            for rule in held.product.rules_for(held.role.name):
                if rule.rule in kinds:
                    yield _rule_target(inputs, held, rule)

    return select


def _rule_target(inputs: Inputs, held: RoleOnHost, rule: VersionRule) -> Target:
    other = _used(inputs, held, rule.other) if rule.other else None
    others = (other,) if other else ()
    detail = f"{held.product.product}.{held.role.name}" + (f"~{rule.other}" if rule.other else "")
    peers = tuple(other.host.name for other in others if other.host.name != held.host.name)
    return _target(held.host, detail=detail, peers=peers, subject=RuleOnHost(held, rule, others))


def _used(inputs: Inputs, held: RoleOnHost, role: str) -> RoleOnHost | None:
    """The role of the same product on the host that this one uses for it; None when it uses none."""
    return inputs.roles.get((held.host.uses.get(role, ""), held.product.product, role))
