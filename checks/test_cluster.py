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
    TargetOf,
    check,
    each_cluster,
    each_cluster_node,
    each_windows_host,
    expect,
    expect_that,
    first_few,
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
    source="https://learn.microsoft.com/powershell/module/failoverclusters/get-clusternode",
)
def test_clusters_are_those_that_are_declared(target: Target, facts: Facts, estate: Estate) -> None:
    """A host is a cluster node exactly where the estate says so.

    A node that nobody declared is backed up like any host, and a snapshot of it may bring the cluster down. One whose
    service is down is a node still.
    """
    membership = facts.need(ClusterMembership)
    declared = next((cluster.name for cluster in estate.clusters.values() if target.host in cluster.nodes), None)
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
    source="https://learn.microsoft.com/powershell/module/failoverclusters/start-clusternode",
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
    source="https://learn.microsoft.com/powershell/module/failoverclusters/get-clusternode",
)
def test_every_node_is_up(target: TargetOf[ClusterNode], facts: Facts, estate: Estate) -> None:
    """The node sees the declared nodes and no others, and all of them up.

    A node that is down or paused leaves the cluster without a spare for the cutover.
    """
    wanted = dict.fromkeys(sorted(names_of(target.subject.cluster, estate).values()), "Up")
    nodes = {name.upper(): state for name, state in seen(facts).nodes.items()}
    expect(dict(sorted(nodes.items())), equals=wanted, what="nodes:")


@check(
    "CLU-004",
    severity="major",
    targets=each_cluster,
    needs=(Cluster,),
    remedy="Move the group back (Move-ClusterGroup), or agree on another preferred owner in estate.yaml.",
    source="estate.yaml, clusters.CLUSTER.preferred_owners; "
    "https://learn.microsoft.com/powershell/module/failoverclusters/get-clustergroup",
)
def test_groups_are_online_where_they_should_be(
    target: TargetOf[FailoverCluster], facts: Facts, estate: Estate
) -> None:
    """Every group is online, on the node that was agreed.

    A group that is on another node, and nobody moved it, is often the trace of last night's snapshot.
    """
    cluster = target.subject
    view = seen_by_a_node(cluster, facts)
    groups = view.groups
    names = names_of(cluster, estate)
    if cluster.preferred_owners is None:
        nodes = {name: node for node, name in names.items()}
        found = [f"{name} on {nodes.get(group.owner.upper(), group.owner)}" for name, group in sorted(groups.items())]
        where = f"clusters.{cluster.name}.preferred_owners says which node owns which group, or {{}}"
        unknown(f"never agreed, found {first_few(found, 8)}: {where}")
    owners = {group: names[node] for group, node in cluster.preferred_owners.items()}
    if strange := sorted(owners.keys() - groups.keys()):
        unknown(f"the cluster has no group {', '.join(strange)}: it has {', '.join(groups)}")
    wanted, states = {}, {}
    used = {resource.group for resource in view.resources.values()}
    for name, group in sorted(groups.items()):
        if group.spare and group.state == "Offline" and name not in {*used, *owners}:
            continue  # no unassigned disks
        owner = group.owner.upper()
        wanted[name] = f"Online on {owners.get(name, owner)}"
        states[name] = f"{group.state} on {owner}"
    expect(states, equals=wanted, what="groups:")


@check(
    "CLU-005",
    severity="major",
    targets=each_cluster,
    needs=(Cluster,),
    remedy="Configure a witness (Set-ClusterQuorum), or bring it online.",
    source="https://learn.microsoft.com/windows-server/failover-clustering/manage-cluster-quorum",
)
def test_quorum_has_its_witness(target: TargetOf[FailoverCluster], facts: Facts) -> None:
    """The cluster has a witness that is online.

    Without one, two nodes that lose each other for some seconds stop both, or one by chance.
    """
    cluster = target.subject
    view = seen_by_a_node(cluster, facts)
    if view.witness is None:
        unknown("WMI was asked, since the module FailoverClusters is not there, and does not tell the witness")
    resource = view.resources.get(view.witness)
    if view.witness and resource is None:
        unknown(f"the witness {view.witness} is none of the cluster's resources")
    expect_that(
        resource is not None and resource.state == "Online",
        expected=f"a witness that is online, for {len(cluster.nodes)} nodes",
        found=f"{view.witness} {resource.state}" if resource is not None else "no witness",
    )


def _roles_of(cluster: FailoverCluster, inputs: Inputs) -> Iterator[tuple[str, list[RoleOnHost]]]:
    """The roles that two nodes or more hold, by product and role."""
    by_name: dict[str, list[RoleOnHost]] = {}
    for own in roles(inputs):
        if own.host.name in cluster.nodes:
            by_name.setdefault(f"{own.product.product}.{own.role.name}", []).append(own)
    yield from ((name, entries) for name, entries in by_name.items() if len(entries) > 1)


@check(
    "CLU-006",
    severity="blocker",
    targets=each_cluster,
    needs=(Packages, OsRelease),
    remedy="Bring the agents of all nodes to one version.",
    source="https://learn.microsoft.com/windows-server/failover-clustering/clustering-requirements",
)
def test_nodes_have_one_version(target: TargetOf[FailoverCluster], facts: Facts, inputs: Inputs) -> None:
    """The nodes have the same roles of the product, on the same version.

    After a failover the other node's agent reads what the first one wrote.
    """
    cluster = target.subject
    products = {node: dict(inputs.estate.hosts[node].products) for node in cluster.nodes}
    if not any(products.values()):
        not_applicable("the estate declares no product on its nodes")
    first = cluster.nodes[0]
    expect(products, equals=dict.fromkeys(products, products[first]), what="roles:")
    for name, entries in _roles_of(cluster, inputs):
        versions = {own.host.name: _versions(own, facts.of(own.host.name)) for own in entries}
        expect(versions, equals=dict.fromkeys(versions, versions[first]), what=f"{name}:")


def _versions(own: RoleOnHost, facts: Facts) -> str:
    """The versions of the role's packages; VER-001 reports absent ones."""
    family = facts.need(OsRelease).family
    installed = facts.need(Packages)
    packages = [package for name in own.role.package_names(family) for package in installed.called(name)]
    if not packages:
        unknown(f"no package of {own.id}", blocked_by=f"VER-001 {own.id}")
    return ", ".join(package.version for package in packages)


@check(
    "CLU-007",
    severity="major",
    targets=each_cluster,
    needs=CONFIGURED,
    remedy="Make the setting the same on every node.",
    source="readiness/products/*.yaml, same_on_cluster_nodes",
)
def test_nodes_are_configured_alike(target: TargetOf[FailoverCluster], facts: Facts, inputs: Inputs) -> None:
    """What the product wants the same on every node is."""
    cluster = target.subject
    alike = 0
    for name, entries in _roles_of(cluster, inputs):
        first = entries[0]
        for same in first.product.same_on_cluster_nodes:
            if same.role == first.role.name:
                stated = {own.host.name: _stated(own, facts, same.resources, same.directive) for own in entries}
                expect(stated, equals=dict.fromkeys(stated, stated[first.host.name]), what=f"{name} {same.directive}:")
                alike += 1
    if not alike:
        not_applicable("the catalogue names no setting of the products on its nodes that must be the same")


def _stated(own: RoleOnHost, facts: Facts, kinds: tuple[str, ...], directive: str) -> str:
    """What is stated, a secret by its digest; UNKNOWN where it was hidden on the host."""
    resources = [resource for kind in kinds for resource in of_kind(own, facts, kind)]
    stated = [entry for resource in resources if (entry := resource.get(directive)) is not None]
    if hidden := [entry for entry in stated if entry.value is None and entry.digest is None]:
        unknown(f"{directive} at {hidden[0].location} on {own.host.name} {hidden[0].hidden}")
    values = sorted(entry.value if entry.value is not None else f"{entry.digest}" for entry in stated)
    return ", ".join(values) or "not stated"
