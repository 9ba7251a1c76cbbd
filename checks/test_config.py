"""Is the product configured as agreed, and do the two ends of each connection agree."""

from collections.abc import Sequence

from readiness.checking import (
    Baseline,
    Configuration,
    Estate,
    Facts,
    PeerOnHost,
    RoleOnHost,
    Target,
    agreed,
    check,
    counterpart,
    each_configured_role,
    each_named_role,
    each_naming_role,
    expect_that,
    failed,
    same_value,
    unknown,
)
from readiness.checking.configured import NEEDS, files_of, naming, of_kind, points_at


def _some(texts: Sequence[str], limit: int = 8) -> str:
    """The first of them, and how many more there are: a director has thousands of clients."""
    more = f"; and {len(texts) - limit} more" if len(texts) > limit else ""
    return "; ".join(texts[:limit]) + more


@check(
    "CFG-001",
    severity="blocker",
    targets=each_configured_role,
    needs=NEEDS,
    remedy="Put the configuration where the product's package looks for it.",
    source="the product's catalogue entry, configuration",
)
def test_configuration_can_be_read(target: Target, facts: Facts) -> None:
    """The configuration is there and can be read wholly, with all that it includes.

    What a command would print into it is not read, since it would have to be run.
    """
    held: RoleOnHost = target.subject
    for one in files_of(held, facts):
        if one.unread:
            unknown(f"not read wholly: {_some(one.unread)}")
        expect_that(
            bool(one.resources),
            expected=f"resources in {one.path}",
            found=f"no {one.path}" if one.is_absent else f"{len(one.resources)} resources in {one.path}",
        )


@check(
    "CFG-002",
    severity="blocker",
    targets=each_naming_role,
    needs=NEEDS,
    remedy="Correct the address in the configuration, or make the name resolve on this host.",
    source="products.md section 1: the address in a Storage resource is what clients are told",
)
def test_addresses_of_peers_resolve(target: Target, facts: Facts) -> None:
    """The addresses by which the configuration names its peers resolve on the host.

    Resolved on the host itself, because the daemon looks them up there.
    """
    held: RoleOnHost = target.subject
    resolved = facts.need(Configuration).resolved
    flaws, fine = [], []
    for peer in (one for one in held.product.peers if one.role == held.role.name):
        for resource in of_kind(held, facts, peer.resource):
            address = resource.value(peer.address)
            told = f"{peer.resource} {resource.value('Name')}: {peer.address} {address}"
            if address is None:
                flaws.append(f"{told} (at {resource.location})")
            elif not resolved.get(address):
                flaws.append(f"{told} does not resolve")
            else:
                fine.append(address)
    if not flaws and not fine:
        unknown("the configuration names no peer")
    expected = f"{len(flaws) + len(fine)} addresses that resolve"
    expect_that(not flaws, expected=expected, found=_some(flaws or fine))


@check(
    "CFG-003",
    severity="blocker",
    targets=each_named_role,
    needs=NEEDS,
    remedy="Give the server a resource for this host, with its address.",
    source="the product's catalogue entry, peers",
)
def test_server_knows_the_host(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The server's configuration has a resource that points at this host.

    A client that the director does not know is never backed up, and nothing reports it.
    """
    subject: PeerOnHost = target.subject
    peer = subject.peer
    server = counterpart(baseline, subject.holder.product.product, peer.role, subject.other).host.name
    found = naming(subject, facts)
    names = _some([str(one.value("Name")) for one in found])
    expect_that(
        bool(found),
        expected=f"a {peer.resource} resource on {server} whose {peer.address} is this host",
        found=f"{peer.resource} {names}" if found else f"no such {peer.resource}",
    )


@check(
    "CFG-004",
    severity="blocker",
    targets=each_named_role,
    needs=NEEDS,
    remedy="State the same secret at both ends, and restart both daemons.",
    source="the product's catalogue entry, peers",
)
def test_both_ends_have_one_secret(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The server and this host state the same secret for their connection.

    Compared by digests with a nonce of this run, so that neither secret leaves its host.
    """
    subject: PeerOnHost = target.subject
    peer, holder = subject.peer, subject.holder
    other = counterpart(baseline, holder.product.product, peer.role, subject.other)
    theirs = naming(subject, facts)
    if not theirs:
        unknown("the server has no resource for this host", blocked_by=f"CFG-003 {target.id}")
    name = next((one.value("Name") for one in of_kind(other, facts, peer.answer)), None)
    own = [one for one in of_kind(holder, facts, peer.answer) if one.value("Name") == name]
    expected = f"one {peer.secret} at both ends of {name} and {holder.host.name}"
    if not own or name is None:
        failed(expected=expected, found=f"no {peer.answer} resource named {name} on {holder.host.name}")
    stated = [(resource.location, resource.get(peer.secret)) for resource in (*own, *theirs)]
    if lacking := [place for place, one in stated if one is None]:
        failed(expected=expected, found=f"no {peer.secret} at {_some(lacking)}")
    if hidden := [f"{place} ({one.hidden})" for place, one in stated if one is not None and one.digest is None]:
        unknown(f"a {peer.secret} that cannot be compared at {_some(hidden)}")
    digests = [one.digest for _, one in stated if one is not None]
    places = f"{own[-1].location} on {holder.host.name} and {theirs[0].location} on {other.host.name}"
    told = "the same" if len(set(digests)) == 1 else f"another {peer.secret}"
    expect_that(len(set(digests)) == 1, expected=expected, found=f"{told} in {places}")


@check(
    "CFG-005",
    severity="minor",
    targets=each_naming_role,
    needs=NEEDS,
    remedy="Add the host to the estate, or take its resource out of the configuration.",
    source="the product's catalogue entry, peers",
)
def test_peers_are_hosts_of_the_estate(target: Target, facts: Facts, estate: Estate) -> None:
    """Every host that the configuration names is one of the estate's.

    A host that is configured and not in the estate is backed up, and nobody checks it.
    """
    held: RoleOnHost = target.subject
    configuration = facts.need(Configuration)
    strange, known = [], 0
    for peer in (one for one in held.product.peers if one.role == held.role.name):
        hosts = [host for host in estate.hosts.values() if peer.other in host.products.get(held.product.product, ())]
        for resource in of_kind(held, facts, peer.resource):
            if any(points_at(resource, peer.address, host, configuration) for host in hosts):
                known += 1
            else:
                strange.append(f"{peer.resource} {resource.value('Name')} ({resource.value(peer.address)})")
    if not strange and not known:
        unknown("the configuration names no peer")
    found = f"not in the estate: {_some(strange)}" if strange else f"all {known} of them"
    expect_that(not strange, expected="every peer in the estate", found=found)


@check(
    "CFG-006",
    severity="blocker",
    targets=each_configured_role,
    needs=NEEDS,
    remedy="Set the directive as agreed and reload the daemon, or agree on what is set.",
    source="baseline.yaml, configuration",
)
def test_directives_are_as_agreed(target: Target, facts: Facts, baseline: Baseline) -> None:
    """The directives that something was agreed about are stated, with the agreed values, in every such resource.

    A directive that is left out has a default that differs between versions: what was agreed must be stated.
    """
    held: RoleOnHost = target.subject
    product, role = held.product.product, held.role.name
    stated = (baseline.configuration or {}).get(product, {}).get(role)
    wanted: dict[str, str] = agreed(baseline, f"configuration.{product}.{role}", stated)
    flaws: list[str] = []
    fine: list[str] = []
    for key, value in wanted.items():
        kind, _, name = key.partition(".")
        resources = of_kind(held, facts, kind)
        if not resources:
            flaws.append(f"no {kind} resource")
        for resource in resources:
            found = resource.value(name)
            told = f"{kind} {resource.value('Name')}: {name} {found if found is not None else 'not stated'}"
            (fine if found is not None and same_value(found, value) else flaws).append(told)
    expected = ", ".join(f"{key} {value}" for key, value in wanted.items())
    expect_that(not flaws, expected=expected, found=_some(flaws or fine))
