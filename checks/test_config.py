"""Is the product configured as agreed, and do the two ends of each connection agree."""

from readiness.checking import (
    Addresses,
    Baseline,
    Configuration,
    Estate,
    Facts,
    Peer,
    PeerOnHost,
    Resource,
    RoleOnHost,
    TargetOf,
    agreed,
    check,
    counterpart,
    each_named_role,
    each_role,
    each_server,
    excused,
    expect_each,
    expect_that,
    failed,
    first_few,
    is_configured,
    names_peers,
    not_applicable,
    same_value,
    unknown,
)
from readiness.checking.configured import NEEDS, files_of, naming, of_kind, of_kinds, pointed_at, stated_in


def _few(texts: list[str]) -> str:
    """The first few: a director has thousands of clients."""
    return first_few(texts, 8, separator="; ")


@check(
    "CFG-001",
    severity="blocker",
    targets=each_role(is_configured),
    needs=NEEDS,
    remedy="Put the configuration where the product's package looks for it.",
    source="readiness/products/*.yaml, configuration",
)
def test_configuration_can_be_read(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """The configuration is there and can be read wholly, with all that it includes.

    What a command would print into it is not read, since it would have to be run.
    """
    for file in files_of(target.subject, facts):
        if file.unread:
            unknown(f"not read wholly: {_few(list(file.unread))}")
        expect_that(
            bool(file.resources),
            expected=f"resources in {file.path}",
            found=f"no {file.path}" if file.is_absent else f"{len(file.resources)} resources in {file.path}",
        )


@check(
    "CFG-002",
    severity="blocker",
    targets=each_role(names_peers),
    needs=NEEDS,
    remedy="Correct the address in the configuration, or make the name resolve on this host.",
    source="Bacula 9.6 main manual (https://www.bacula.org/9.6.x-manuals/en/main/), Configuring the Director, "
    "Storage Resource, Address",
)
def test_addresses_of_peers_resolve(target: TargetOf[RoleOnHost], facts: Facts) -> None:
    """The addresses by which the configuration names its peers resolve on the host.

    Resolved on the host itself, because the daemon looks them up there.
    """
    resolved = facts.need(Configuration).resolved
    findings = []
    for peer, resource in _peers(target.subject, facts):
        address = stated_in(resource, peer.address)
        stated = f"{_called(peer, resource)}: {peer.address} {address}"
        if address is None:
            findings.append((False, f"{stated} (at {resource.location})"))
        elif not resolved.get(address):
            findings.append((False, f"{stated} does not resolve"))
        else:
            findings.append((True, address))
    expect_each(findings, expected=f"{len(findings)} addresses that resolve")


def _peers(own: RoleOnHost, facts: Facts) -> list[tuple[Peer, Resource]]:
    """Each resource of a role's configuration that names a host of another role; UNKNOWN where there is none."""
    peers = [peer for peer in own.product.peers if peer.role == own.role.name]
    named = [(peer, resource) for peer in peers for resource in of_kinds(own, facts, peer.resources)]
    return named or unknown("the configuration names no peer")


def _called(peer: Peer, resource: Resource) -> str:
    """A peer's resource by its kind and name."""
    return f"{next(kind for kind in peer.resources if resource.is_kind(kind))} {resource.value('Name')}"


@check(
    "CFG-003",
    severity="blocker",
    targets=each_named_role,
    needs=NEEDS,
    remedy="Give the server a resource for this host, with its address.",
    source="readiness/products/*.yaml, peers",
)
def test_server_knows_the_host(target: TargetOf[PeerOnHost], facts: Facts, baseline: Baseline) -> None:
    """The server's configuration has a resource that points at this host.

    A client that the director does not know is never backed up, and nothing reports it.
    """
    subject, peer = target.subject, target.subject.peer
    server = counterpart(baseline, target, subject.own.product.product, peer.role, subject.other).host.name
    resources = naming(subject, facts)
    kinds = " or ".join(peer.resources)
    expect_that(
        bool(resources),
        expected=f"a {kinds} resource on {server} whose {peer.address} is this host",
        found=_few([_called(peer, resource) for resource in resources]) or f"no such {kinds}",
    )


@check(
    "CFG-004",
    severity="blocker",
    targets=each_named_role,
    needs=NEEDS,
    remedy="State the same secret at both ends, and restart both daemons.",
    source="readiness/products/*.yaml, peers",
)
def test_both_ends_have_one_secret(target: TargetOf[PeerOnHost], facts: Facts, baseline: Baseline) -> None:
    """The server and this host state the same secret for their connection.

    Compared by digests with a nonce of this run, so that neither secret leaves its host.
    """
    subject, peer, here = target.subject, target.subject.peer, target.subject.own
    other = counterpart(baseline, target, here.product.product, peer.role, subject.other)
    theirs = naming(subject, facts)
    if not theirs:
        unknown("the server has no resource for this host", blocked_by=f"CFG-003 {target.id}")
    name = next((stated_in(resource, "Name") for resource in of_kind(other, facts, peer.answer)), None)
    ours = [resource for resource in of_kind(here, facts, peer.answer) if stated_in(resource, "Name") == name]
    expected = f"one {peer.secret} at both ends of {name} and {here.host.name}"
    if not ours or name is None:
        failed(expected=expected, found=f"no {peer.answer} resource named {name} on {here.host.name}")
    secrets = [(resource.location, resource.get(peer.secret)) for resource in (*ours, *theirs)]
    if lacking := [location for location, secret in secrets if secret is None]:
        failed(expected=expected, found=f"no {peer.secret} at {_few(lacking)}")
    stated = [(location, secret) for location, secret in secrets if secret is not None]
    if hidden := [f"{location} ({secret.hidden})" for location, secret in stated if secret.digest is None]:
        unknown(f"a {peer.secret} that cannot be compared at {_few(hidden)}")
    same = len({secret.digest for _, secret in stated}) == 1
    ends = f"{ours[-1].location} on {here.host.name} and {theirs[0].location} on {other.host.name}"
    expect_that(same, expected=expected, found=f"{'the same' if same else f'another {peer.secret}'} in {ends}")


@check(
    "CFG-005",
    severity="major",
    targets=each_server,
    needs=(*NEEDS, Addresses),
    remedy="Add the host or its role to estate.yaml, or take the resource out of the configuration; if it is to stay, "
    "say why in baseline.yaml, not_agreed: peers.PRODUCT.ROLE.NAME, with * for any part of the name.",
    source="readiness/products/*.yaml, peers",
)
def test_peers_are_hosts_of_the_estate(
    target: TargetOf[RoleOnHost], facts: Facts, estate: Estate, baseline: Baseline
) -> None:
    """Every host that the configuration names is one of the estate's, and declares the role that it is named for.

    A host that is configured and not in the estate is backed up, and nobody checks it. A resource that is disabled is
    no such host, since it is used for no scheduled job; a loopback address is the server itself; behind another port
    than the role's is another daemon than the one that was declared.
    """
    own = target.subject
    strange: list[str] = []
    left_out: list[str] = []
    peers = _peers(own, facts)
    for peer, resource in peers:
        key = f"peers.{own.product.product}.{peer.other}.{resource.value('Name') or ''}"
        if exemption := excused(baseline, key, target):
            left_out.append(f"{_called(peer, resource)} not agreed: {exemption}")
        elif _is_disabled(peer, resource):
            left_out.append(f"{_called(peer, resource)} disabled")
        elif flaw := _flaw(own, peer, resource, facts, estate):
            strange.append(f"{_called(peer, resource)} ({stated_in(resource, peer.address)}) {flaw}")
    met = f"all {len(peers) - len(left_out)} of them" + (f"; besides {_few(left_out)}" if left_out else "")
    if len(left_out) == len(peers):
        not_applicable(f"every peer is left out: {_few(left_out)}")
    expect_that(
        not strange,
        expected="every peer in the estate, with its role",
        found=_few(strange) if strange else met,
    )


def _is_disabled(peer: Peer, resource: Resource) -> bool:
    return peer.switch is not None and same_value(resource.value(peer.switch) or "", "no")


def _flaw(own: RoleOnHost, peer: Peer, resource: Resource, facts: Facts, estate: Estate) -> str:
    """What is wrong with whom a resource points at; empty for a host of the estate that declares the role."""
    address = stated_in(resource, peer.address)
    hosts = pointed_at(address, own.host, facts, estate) if address else []
    if any(peer.other in host.products.get(own.product.product, ()) for host in hosts):
        return _other_port(own, peer, resource)
    if hosts:
        return f"is {' or '.join(host.name for host in hosts)}, which does not declare the role {peer.other}"
    return "is not in the estate"


def _other_port(own: RoleOnHost, peer: Peer, resource: Resource) -> str:
    """The port that is not the role's: the daemon behind it, by a tunnel or a second one, is not what was declared."""
    port = stated_in(resource, peer.port) if peer.port else None
    ports = own.product.roles[peer.other].ports
    if port is None or ports is None or any(same_value(port, str(usual)) for usual in ports.tcp):
        return ""
    return f"is at port {port}, and the role {peer.other} at {' or '.join(map(str, ports.tcp))}"


@check(
    "CFG-006",
    severity="blocker",
    targets=each_role(is_configured),
    needs=NEEDS,
    remedy="Set the directive as agreed and reload the daemon, or agree on what is set.",
    source="baseline.yaml, configuration",
)
def test_directives_are_as_agreed(target: TargetOf[RoleOnHost], facts: Facts, baseline: Baseline) -> None:
    """The directives that something was agreed about are stated, with the agreed values, in every such resource.

    A directive that is left out has a default that differs between versions: what was agreed must be stated.
    """
    own = target.subject
    product, role = own.product.product, own.role.name
    wanted: dict[str, str] = agreed(baseline, f"configuration.{product}.{role}", target, facts)
    findings, hidden = [], []
    for key, value in wanted.items():
        kind, _, name = key.partition(".")
        resources = of_kind(own, facts, kind)
        if not resources:
            findings.append((False, f"no {kind} resource"))
        for resource in resources:
            every = resource.every(name) if own.product.adds_up(kind, name) else resource.every(name)[-1:]
            if kept := [f"{name} at {entry.location} {entry.hidden}" for entry in every if entry.value is None]:
                hidden += kept
                continue
            stated = ", ".join(f"{entry.value}" for entry in every)
            text = f"{kind} {resource.value('Name')}: {name} {stated if every else 'not stated'}"
            findings.append((bool(every) and same_value(stated, value), text))
    if hidden and all(as_agreed for as_agreed, _ in findings):
        unknown(f"not read: {_few(hidden)}")
    expect_each(findings, expected=", ".join(f"{key} {value}" for key, value in wanted.items()))
