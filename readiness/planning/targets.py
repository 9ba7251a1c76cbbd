"""What checks look at: pure selectors from the run's inputs to targets, in the order the estate was written.

Each selector is a function of `Inputs`; the type of its result says what a target's `subject` is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from readiness.core.outcomes import Target, TargetOf
from readiness.estate import Estate, FailoverCluster, Host
from readiness.estate.space import SpaceDemand
from readiness.planning.inputs import Inputs, RoleOnHost
from readiness.products.directives import Peer
from readiness.products.models import Role, VersionRule
from readiness.products.signs import Signs, signs_of
from readiness.transports import TRANSPORTS

_S = TypeVar("_S")
ESTATE = "estate"


@dataclass(frozen=True, slots=True)
class RuleOnHost:
    """A version rule of a product, for the role on a host that it is about, and the role that it is held against.

    `other` is that of the host which this one uses for it; None for a rule about one role alone, or for no host.
    """

    own: RoleOnHost
    rule: VersionRule
    other: RoleOnHost | None


@dataclass(frozen=True, slots=True)
class PeerOnHost:
    """A role on a host, and the role that names it in its configuration, on the host that it uses; None for no host.

    `is_handed_on`: other hosts of the estate are told the address by which it is named.
    """

    own: RoleOnHost
    peer: Peer
    other: RoleOnHost | None
    is_handed_on: bool


@dataclass(frozen=True, slots=True)
class UndeclaredRole:
    """A role that a host does not declare, and those that it does."""

    role: RoleOnHost
    declared: tuple[Role, ...]

    @property
    def signs(self) -> Signs:
        """What would show it there; read anew each time, so that an outcome says which values it rests on."""
        return signs_of(self.role.role, self.role.host.os, self.declared)

    @property
    def key(self) -> str:
        """The key of `not_agreed` by which the host may have it all the same."""
        return f"roles.{self.role.product.product}.{self.role.role.name}"


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A host that is declared a node of a failover cluster."""

    host: Host
    cluster: FailoverCluster


def _target(host: Host, subject: _S, *, detail: str = "", peers: tuple[str, ...] = ()) -> TargetOf[_S]:
    name = f"{host.name}/{detail}" if detail else host.name
    return TargetOf(name, host.name, detail, peers, host.owner or "", subject=subject)


def the_estate(inputs: Inputs) -> Iterator[TargetOf[Estate]]:
    """The estate as a whole, whose peers are all its hosts."""
    yield TargetOf(ESTATE, peers=tuple(inputs.estate.hosts), subject=inputs.estate)


def each_host(inputs: Inputs) -> Iterator[TargetOf[Host]]:
    """Every host."""
    for host in inputs.estate.hosts.values():
        yield _target(host, host)


def each_linux_host(inputs: Inputs) -> Iterator[TargetOf[Host]]:
    """Every Linux host, whatever the way in."""
    return (target for target in each_host(inputs) if target.subject.os == "linux")


def each_windows_host(inputs: Inputs) -> Iterator[TargetOf[Host]]:
    """Every Windows host, whatever the way in."""
    return (target for target in each_host(inputs) if target.subject.os == "windows")


def login_ports(host: Host) -> frozenset[int]:
    """The ports of a host that our own login comes in by."""
    return TRANSPORTS[host.transport].ports(host)


def each_cluster(inputs: Inputs) -> Iterator[TargetOf[FailoverCluster]]:
    """Every failover cluster, its nodes as peers."""
    for cluster in inputs.estate.clusters.values():
        yield TargetOf(cluster.name, peers=cluster.nodes, subject=cluster)


def each_cluster_node(inputs: Inputs) -> Iterator[TargetOf[ClusterNode]]:
    """Every host that is declared a node of a failover cluster."""
    for cluster in inputs.estate.clusters.values():
        for name in cluster.nodes:
            host = inputs.estate.hosts[name]
            yield _target(host, ClusterNode(host, cluster))


def each_host_with_peers(inputs: Inputs) -> Iterator[TargetOf[tuple[Host, ...]]]:
    """Every host that talks to others by the catalogue; the subject are those others."""
    for host in inputs.estate.hosts.values():
        if peers := inputs.peers[host.name]:
            yield _target(host, peers, peers=tuple(peer.name for peer in peers))


def roles(inputs: Inputs) -> Iterator[RoleOnHost]:
    """Every role of every product on every host."""
    yield from inputs.roles.values()


def each_role(
    where: Callable[[RoleOnHost], bool] = lambda _: True,
) -> Callable[[Inputs], Iterator[TargetOf[RoleOnHost]]]:
    """A selector of every role of every product on every host, of those only for which `where` holds."""

    def select(inputs: Inputs) -> Iterator[TargetOf[RoleOnHost]]:
        for role in roles(inputs):
            if where(role):
                yield _target(role.host, role, detail=f"{role.product.product}.{role.role.name}")

    return select


def each_undeclared_role(inputs: Inputs) -> Iterator[TargetOf[UndeclaredRole]]:
    """Every role of the catalogue on every host that does not declare it."""
    for host in inputs.estate.hosts.values():
        for subject in undeclared_on(host, inputs):
            role = subject.role
            yield _target(host, subject, detail=f"{role.product.product}.{role.role.name}")


def undeclared_on(host: Host, inputs: Inputs) -> Iterator[UndeclaredRole]:
    """The roles that a host does not declare, as far as the catalogue knows them on its system.

    A role without a service, such as a console, is a tool that does nothing of itself: beside another role of its
    product it is none that the host must declare.
    """
    products = inputs.catalogue.products
    declared = tuple(products[name].roles[role] for name, own in host.products.items() for role in own)
    for name, product in products.items():
        for role in product.roles.values():
            subject = UndeclaredRole(RoleOnHost(host, product, role), declared)
            if role.name not in host.products.get(name, ()) and (role.units or name not in host.products):
                yield from [subject] if subject.signs else []


def has_service(role: RoleOnHost) -> bool:
    """Whether it runs a service; a console has packages and no daemon."""
    return bool(role.role.units)


def listens(role: RoleOnHost) -> bool:
    """Whether its daemons listen on ports."""
    return has_service(role) and role.role.ports is not None


def is_configured(role: RoleOnHost) -> bool:
    """Whether its configuration can be read."""
    return bool(role.product.configuration_format and role.role.configuration)


def names_peers(role: RoleOnHost) -> bool:
    """Whether its configuration names its peers by address."""
    return is_configured(role) and any(peer.role == role.role.name for peer in role.product.peers)


def each_server(inputs: Inputs) -> Iterator[TargetOf[RoleOnHost]]:
    """Every role whose configuration names its peers, with all hosts as peers, since it may name any of them."""
    others = tuple(inputs.estate.hosts)
    for target in each_role(names_peers)(inputs):
        yield replace(target, peers=tuple(name for name in others if name != target.host))


def has_account(role: RoleOnHost) -> bool:
    """Whether it has an account of its own on Linux, which root is not."""
    return role.host.os == "linux" and bool(role.role.own_accounts())


def each_named_role(inputs: Inputs) -> Iterator[TargetOf[PeerOnHost]]:
    """Every role that the configuration of another role names."""
    having = Counter(product for host in inputs.estate.hosts.values() for product in host.products)
    for own in roles(inputs):
        for peer in own.product.peers_of(own.role.name):
            handed_on = peer.handed_on and having[own.product.product] > 1
            yield _beside(own, peer.role, PeerOnHost(own, peer, _used(inputs, own, peer.role), handed_on))


def each_version_rule(*kinds: str) -> Callable[[Inputs], Iterator[TargetOf[RuleOnHost]]]:
    """A selector of every role that a product's version rule of these kinds is about."""

    def select(inputs: Inputs) -> Iterator[TargetOf[RuleOnHost]]:
        for own in roles(inputs):
            for rule in own.product.rules_for(own.role.name):
                if rule.rule in kinds:
                    other = _used(inputs, own, rule.other) if rule.other else None
                    yield _beside(own, rule.other, RuleOnHost(own, rule, other))

    return select


_B = TypeVar("_B", RuleOnHost, PeerOnHost)


def _beside(own: RoleOnHost, other_role: str | None, subject: _B) -> TargetOf[_B]:
    """A target of one role that is held against another, whose host is a peer."""
    other = subject.other
    peers = (other.host.name,) if other and other.host.name != own.host.name else ()
    detail = f"{own.product.product}.{own.role.name}" + (f"~{other_role}" if other_role else "")
    return _target(own.host, subject, detail=detail, peers=peers)


def _used(inputs: Inputs, own: RoleOnHost, role: str) -> RoleOnHost | None:
    """The role of the same product on the host that this one uses for it; None when it uses none."""
    return inputs.roles.get((own.host.uses.get(role, ""), own.product.product, role))


def each_space(inputs: Inputs) -> Iterator[TargetOf[SpaceDemand | None]]:
    """Every path that the baseline wants space at, on each of its hosts.

    Where nothing was agreed, the estate is the target, or the host for which a reason was given. A demand that concerns
    no host has a target without one, so that it is not taken for met.
    """
    baseline, hosts = inputs.baseline, inputs.estate.hosts.values()
    for_all = baseline.agreed_on("space", None)
    stated = {host.name: baseline.agreed_on("space", host.name) for host in hosts}
    if not isinstance(for_all, tuple) and (not stated or for_all in stated.values()):
        yield TargetOf(ESTATE, subject=None)
    for host in hosts:
        if isinstance(stated[host.name], tuple):
            for demand in baseline.space_on(host):
                yield _target(host, demand, detail=demand.path.lstrip("/") or "/")
        elif stated[host.name] != for_all:
            yield _target(host, None)
    for path in dict.fromkeys(_space_of_nobody(inputs)):
        yield TargetOf(f"{ESTATE}/{path}", detail=path, subject=None)


def _space_of_nobody(inputs: Inputs) -> Iterator[str]:
    """The paths that are demanded of no host of those that the demand stands for: all, a group's, or the one host."""
    hosts = inputs.estate.hosts.values()
    for path, section in inputs.baseline.sections():
        members = [host for host in hosts if not path or path[1] in (host.name, *host.groups)]
        concerned = {demand.path for demand in section.space or () for host in members if demand.concerns(host)}
        yield from (demand.path for demand in section.space or () if demand.path not in concerned)


def each_space_with_inodes(inputs: Inputs) -> Iterator[TargetOf[SpaceDemand | None]]:
    """The same but for Windows hosts, whose filesystems have no number of files that could run out."""
    for target in each_space(inputs):
        if target.host is None or inputs.estate.hosts[target.host].os != "windows":
            yield target


def each_group_of_one_version(inputs: Inputs) -> Iterator[Target]:
    """Every group that the baseline wants on one version, the members as peers; the estate when none was agreed."""
    groups = inputs.baseline.agreed_on("same_version_groups", None)
    if not isinstance(groups, tuple):
        yield Target(ESTATE)
        return
    for group in groups:
        yield Target(group, peers=tuple(host.name for host in inputs.estate.hosts.values() if group in host.groups))
