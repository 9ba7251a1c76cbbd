"""Are Windows failover clusters whole, where they should be, and the same on every node."""

from collections.abc import Iterator

from readiness.checking import (
    Cluster,
    ClusterMembership,
    ClusterNode,
    Estate,
    Facts,
    FailoverCluster,
    Inputs,
    OsRelease,
    Packages,
    RoleOnHost,
    Target,
    check,
    each_cluster,
    each_cluster_node,
    each_windows_host,
    expect,
    expect_that,
    not_applicable,
    roles,
    unknown,
)
from readiness.checking.clusters import names_of, seen, seen_by_a_node
from readiness.checking.configured import NEEDS as CONFIGURED
from readiness.checking.configured import of_kind


@check(
    "CLU-001",
    severity="blocker",
    targets=each_windows_host,
    needs=(ClusterMembership,),
    remedy="Declare the cluster and its nodes under clusters in estate.yaml, and how each is backed up.",
    source="products.md section 11: ClusSvc, HKLM\\Cluster, CLUSDB",
)
def test_clusters_are_those_that_are_declared(target: Target, facts: Facts, estate: Estate) -> None:
    """A host is a cluster node exactly where the estate says so.

    A node that nobody declared is backed up like any host, and a snapshot of it may bring the cluster down. One whose
    service is down is a node still.
    """
    membership = facts.need(ClusterMembership)
    declared = next((one.name for one in estate.clusters.values() if target.host in one.nodes), None)
    state = "" if membership.running else ", its service down"
    expected = f"a node of {declared}" if declared else "no cluster node"
    if not membership.member:
        expect_that(declared is None, expected=expected, found="no cluster node")
        return
    name = membership.cluster
    if declared is not None and not name:
        unknown(
            "the name of its cluster cannot be read", blocked_by=() if membership.running else f"CLU-002 {target.id}"
        )
    expect_that(
        declared is not None and name.lower() == declared.lower(),
        expected=expected,
        found=f"a node of {name or 'a cluster whose name cannot be read'}{state}",
    )


@check(
    "CLU-002",
    severity="blocker",
    targets=each_cluster_node,
    needs=(ClusterMembership,),
    remedy="Find out in the System log why the Cluster service stopped, and start it.",
    source="products.md section 11",
)
def test_cluster_service_runs(facts: Facts) -> None:
    """The Cluster service runs on the node, and starts with it."""
    membership = facts.need(ClusterMembership)
    expect_that(
        membership.running and membership.start == "Auto",
        expected="ClusSvc Running, start Auto",
        found=f"ClusSvc {membership.state}, start {membership.start}" if membership.state else "no ClusSvc",
    )


@check(
    "CLU-003",
    severity="blocker",
    targets=each_cluster_node,
    needs=(Cluster,),
    remedy="Bring the node back into the cluster, or correct clusters in estate.yaml.",
    source="learn.microsoft.com, Get-ClusterNode",
)
def test_every_node_is_up(target: Target, facts: Facts, estate: Estate) -> None:
    """The node sees the declared nodes and no others, and all of them up.

    A node that is down or paused leaves the cluster without a spare for the cutover.
    """
    subject: ClusterNode = target.subject
    wanted = dict.fromkeys(sorted(names_of(subject.cluster, estate).values()), "Up")
    nodes = {name.upper(): state for name, state in seen(facts).nodes.items()}
    expect(dict(sorted(nodes.items())), equals=wanted, what="nodes:")


@check(
    "CLU-004",
    severity="major",
    targets=each_cluster,
    needs=(Cluster,),
    remedy="Move the group back (Move-ClusterGroup), or agree on another preferred owner in estate.yaml.",
    source="estate.yaml, clusters, preferred_owners; learn.microsoft.com, Get-ClusterGroup",
)
def test_groups_are_online_where_they_should_be(target: Target, facts: Facts, estate: Estate) -> None:
    """Every group is online, on the node that was agreed.

    A group that moved to another node, and nobody moved it, is how a cluster tells of a snapshot the day after.
    """
    cluster: FailoverCluster = target.subject
    there = seen_by_a_node(cluster, facts)
    groups = there.groups
    if cluster.preferred_owners is None:
        unknown(f"never agreed: clusters.{cluster.name}.preferred_owners says which node owns which group, or {{}}")
    names = names_of(cluster, estate)
    owners = {group: names[node] for group, node in cluster.preferred_owners.items()}
    if strange := sorted(owners.keys() - groups.keys()):
        unknown(f"the cluster has no group {', '.join(strange)}: it has {', '.join(groups)}")
    wanted, found = {}, {}
    used = {one.group for one in there.resources.values()}
    for name, group in sorted(groups.items()):
        if group.spare and group.state == "Offline" and name not in {*used, *owners}:
            continue  # no unassigned disks
        owner = group.owner.upper()
        wanted[name] = f"Online on {owners.get(name, owner)}"
        found[name] = f"{group.state} on {owner}"
    expect(found, equals=wanted, what="groups:")


@check(
    "CLU-005",
    severity="major",
    targets=each_cluster,
    needs=(Cluster,),
    remedy="Configure a witness (Set-ClusterQuorum), or bring it online.",
    source="learn.microsoft.com, Configure and manage quorum",
)
def test_quorum_has_its_witness(target: Target, facts: Facts) -> None:
    """The cluster has a witness that is online.

    Without one, two nodes that lose each other for some seconds stop both, or one by chance.
    """
    cluster: FailoverCluster = target.subject
    found = seen_by_a_node(cluster, facts)
    if found.witness is None:
        unknown("WMI was asked, since the module FailoverClusters is not there, and does not tell the witness")
    resource = found.resources.get(found.witness)
    if found.witness and resource is None:
        unknown(f"the witness {found.witness} is none of the cluster's resources")
    expect_that(
        resource is not None and resource.state == "Online",
        expected=f"a witness that is online, for {len(cluster.nodes)} nodes",
        found=f"{found.witness} {resource.state}" if resource is not None else "no witness",
    )


def _roles_of(cluster: FailoverCluster, inputs: Inputs) -> Iterator[tuple[str, list[RoleOnHost]]]:
    """The roles that two nodes or more hold, by product and role."""
    held: dict[str, list[RoleOnHost]] = {}
    for one in roles(inputs):
        if one.host.name in cluster.nodes:
            held.setdefault(f"{one.product.product}.{one.role.name}", []).append(one)
    yield from ((name, entries) for name, entries in held.items() if len(entries) > 1)


@check(
    "CLU-006",
    severity="blocker",
    targets=each_cluster,
    needs=(Packages, OsRelease),
    remedy="Bring the agents of all nodes to one version.",
    source="products.md section 12; the nodes take over each other's work",
)
def test_nodes_have_one_version(target: Target, facts: Facts, inputs: Inputs) -> None:
    """The nodes have the same roles of the product, on the same version.

    After a failover the other node's agent reads what the first one wrote.
    """
    cluster: FailoverCluster = target.subject
    held = {node: inputs.estate.hosts[node].products for node in cluster.nodes}
    if not any(held.values()):
        not_applicable("the estate declares no product on its nodes")
    first = cluster.nodes[0]
    expect(
        {node: dict(one) for node, one in held.items()},
        equals={node: dict(held[first]) for node in held},
        what="roles:",
    )
    for name, entries in _roles_of(cluster, inputs):
        versions = {one.host.name: _versions(one, facts.of(one.host.name)) for one in entries}
        expect(versions, equals=dict.fromkeys(versions, versions[first]), what=f"{name}:")


def _versions(held: RoleOnHost, facts: Facts) -> str:
    """The versions of the role's packages; their absence is VER-001's to report."""
    family = facts.need(OsRelease).family
    packages = facts.need(Packages)
    found = [one.version for name in held.role.package_names(family) for one in packages.called(name)]
    if not found:
        unknown(f"no package of {held.id}", blocked_by=f"VER-001 {held.id}")
    return ", ".join(found)


@check(
    "CLU-007",
    severity="major",
    targets=each_cluster,
    needs=CONFIGURED,
    remedy="Make the setting the same on every node.",
    source="the product's catalogue entry, same_on_cluster_nodes",
)
def test_nodes_are_configured_alike(target: Target, facts: Facts, inputs: Inputs) -> None:
    """What the product wants the same on every node is."""
    cluster: FailoverCluster = target.subject
    alike = 0
    for name, entries in _roles_of(cluster, inputs):
        directives = [one for one in entries[0].product.same_on_cluster_nodes if one.role == entries[0].role.name]
        for one in directives:
            found = {held.host.name: _stated(held, facts, one.resources, one.directive) for held in entries}
            first = next(iter(found.values()))
            expect(found, equals=dict.fromkeys(found, first), what=f"{name} {one.directive}:")
            alike += 1
    if not alike:
        not_applicable("the catalogue names no setting of the products on its nodes that must be the same")


def _stated(held: RoleOnHost, facts: Facts, kinds: tuple[str, ...], directive: str) -> str:
    """What is stated, a secret by its digest; UNKNOWN where it was hidden on the host."""
    stated = [one.get(directive) for kind in kinds for one in of_kind(held, facts, kind)]
    found = [one for one in stated if one is not None]
    if hidden := [one for one in found if one.value is None and one.digest is None]:
        unknown(f"{directive} at {hidden[0].location} on {held.host.name} {hidden[0].hidden}")
    return ", ".join(sorted(one.value if one.value is not None else f"{one.digest}" for one in found)) or "not stated"
