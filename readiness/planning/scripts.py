"""What is sent to each host: its scripts with their arguments. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from readiness.core.checks import Check
from readiness.core.outcomes import Target
from readiness.core.scripts import Script
from readiness.estate import Host, windows_of
from readiness.estate.backups import MARGIN_S, WINDOWS, Bounds
from readiness.planning.inputs import Inputs
from readiness.probes import PROBES_OF
from readiness.probes.asking import Asking
from readiness.probes.probe import Probe
from readiness.transports import TRANSPORTS

# Secrets that a host may have besides one or two for each peer; who names others, as a director does its clients, holds
# those of clients that are no hosts of the estate, too.
_FOR_ITSELF, _FOR_OTHERS = 16, 1 << 16


def scripts_of(inputs: Inputs, pairs: Iterable[tuple[Check, Target]]) -> Mapping[str, tuple[Script, ...]]:
    """By host, the scripts of the facts that its pairs need, cheapest first."""
    needs: dict[str, set[str]] = {}
    for check, target in pairs:
        for host in target.hosts:
            needs.setdefault(host, set()).update(kind.name for kind in check.needs)
    ordered = {shell: sorted(probes, key=lambda probe: (probe.cost, probe.name)) for shell, probes in PROBES_OF.items()}
    return {
        name: tuple(
            script_of(probe, asking, inputs)
            for probe in ordered[TRANSPORTS[host.transport].speaks]
            if not probe.as_root and probe.facts & needs[name]
        )
        for name, host in inputs.estate.hosts.items()
        if name in needs
        for asking in (asking_of(host, inputs),)
    }


def script_of(probe: Probe, asking: Asking, inputs: Inputs) -> Script:
    """A probe's script for a host."""
    limits = inputs.estate.limits
    return Script(
        probe.name,
        probe.text_for(asking),
        arguments=probe.arguments(asking),
        timeout_s=max(limits.probe_s, probe.needs_s),
        max_bytes=limits.probe_bytes * max(1, len(probe.parts)),
        shell=probe.shell,
        most_secrets=_most_secrets(asking),
    )


def _most_secrets(asking: Asking) -> int:
    names_others = any(peer.role == role.name for product, role in asking.roles for peer in product.peers)
    return (_FOR_OTHERS if names_others else _FOR_ITSELF) + 2 * len(asking.peers)


def asking_of(host: Host, inputs: Inputs) -> Asking:
    """What this host's scripts may rest on."""
    products = inputs.catalogue.products
    return Asking(
        host=host,
        roles=tuple(
            (products[name], products[name].roles[role]) for name, roles in host.products.items() for role in roles
        ),
        peers=inputs.peers[host.name],
        space_paths=tuple(demand.path for demand in inputs.baseline.space_on(host)),
        windows=_windows(host, inputs),
    )


def _windows(host: Host, inputs: Inputs) -> Bounds:
    """The last backup windows of all nodes of its cluster with the margin around them; the last week without any."""
    margin = timedelta(seconds=MARGIN_S)
    clusters = inputs.estate.clusters.values()
    nodes = next((cluster.nodes for cluster in clusters if host.name in cluster.nodes), (host.name,))
    backups = (inputs.estate.hosts[node].backup for node in nodes)
    week_ago = inputs.as_of - timedelta(days=WINDOWS)
    windows = windows_of(backups, WINDOWS, inputs.as_of) or ((week_ago, week_ago),)
    return tuple((start - margin, end + margin) for start, end in windows)
