"""What is known of a failover cluster, for checks: as one node sees it, or as the first node that answers."""

from __future__ import annotations

from collections.abc import Mapping

from readiness.core.evaluate import unknown
from readiness.core.facts import FactMissing, Facts
from readiness.estate import Estate, FailoverCluster
from readiness.probes.windows.cluster import Cluster

NEEDS = (Cluster,)


def seen(facts: Facts) -> Cluster:
    """The cluster as the host sees it; UNKNOWN where its service is down, which CLU-002 reports."""
    cluster = facts.need(Cluster)
    if not cluster.running:
        unknown("the Cluster service does not run here", blocked_by=f"CLU-002 {facts.host}")
    return cluster


def seen_by_a_node(cluster: FailoverCluster, facts: Facts) -> Cluster:
    """The cluster as its first node that answers sees it."""
    lacking: FactMissing | None = None
    for node in cluster.nodes:
        try:
            view = facts.of(node).need(Cluster)
        except FactMissing as missing:
            lacking = lacking or missing
            continue
        if view.running:
            return view
    if lacking is not None:
        raise lacking
    return unknown("the Cluster service runs on no node", blocked_by=tuple(f"CLU-002 {node}" for node in cluster.nodes))


def names_of(cluster: FailoverCluster, estate: Estate) -> Mapping[str, str]:
    """What the cluster calls its nodes, by the hosts' names in the estate."""
    return {node: estate.hosts[node].fqdn.split(".")[0].upper() for node in cluster.nodes}
