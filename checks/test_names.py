"""Do names mean the same everywhere: backup products find their peers by name, both ways."""

from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address

from readiness.checking import (
    Addresses,
    Facts,
    Host,
    Missing,
    Names,
    TargetOf,
    check,
    each_host,
    each_host_with_peers,
    expect_that,
)

SOURCE = "RFC 1912 section 2.1 (forward and reverse names agree); RFC 1122 section 3.2.1.3 (loopback stays on its host)"


def _flaws(names: Names, asked: Mapping[str, Collection[str] | None]) -> list[str]:
    """What is wrong with each name: no address, a loopback one, one of another machine, one that leads back elsewhere.

    `asked` has the addresses that the machine of each name really has, None where they were not read.
    """
    flaws = []
    for name, real in asked.items():
        addresses = names.forward[name]
        if not addresses:
            flaws.append(f"{name} does not resolve")
        for address in addresses:
            back = {other.lower().rstrip(".") for other in names.reverse[address]}
            if ip_address(address.partition("%")[0]).is_loopback:
                flaws.append(f"{name} is {address}")
            elif real is not None and address.partition("%")[0] not in real:
                flaws.append(f"{name} is {address}, which that machine does not have")
            elif name.lower() not in back:
                flaws.append(f"{name} is {address}, which is {' '.join(sorted(back)) or 'no name'}")
    return flaws


def _listed(names: Names, asked: Iterable[str]) -> str:
    return ", ".join(f"{name} {' '.join(names.forward[name])}" for name in asked)


@check(
    "NAM-001",
    severity="major",
    targets=each_host,
    needs=(Names, Addresses),
    remedy="Give the name its own address in DNS or /etc/hosts, both ways; take it off Debian's 127.0.1.1 line.",
    source=SOURCE,
)
def test_own_name_resolves_on_the_host(target: TargetOf[Host], facts: Facts) -> None:
    """The host's own name resolves on it to its own addresses, forward and back, and not to a loopback one.

    A daemon that announces a name on a loopback address is not found by anybody else.
    """
    own, names = target.subject.fqdn, facts.need(Names)
    flaws = _flaws(names, {own: facts.need(Addresses).addresses})
    expect_that(
        not flaws,
        expected=f"{own} on an address that leads back to it",
        found="; ".join(flaws) or _listed(names, [own]),
    )


@check(
    "NAM-002",
    severity="blocker",
    targets=each_host_with_peers,
    needs=(Names, Addresses),
    remedy="Make the peers' names resolve on this host, forward and back, as they do elsewhere.",
    source=SOURCE,
)
def test_names_of_peers_resolve_on_the_host(target: TargetOf[tuple[Host, ...]], facts: Facts) -> None:
    """The names of the host's peers resolve on it to addresses that the peers have, forward and back.

    Resolved there and not where this runs, since the daemon itself looks the name up; compared with the addresses that
    each peer really has, since a name may lead to another machine forward and back.
    """
    peers = target.subject
    names = facts.need(Names)
    read = {peer.fqdn: facts.of(peer.name).get(Addresses) for peer in peers}
    flaws = _flaws(names, {name: None if isinstance(fact, Missing) else fact.addresses for name, fact in read.items()})
    expected = f"{len(peers)} peers' names, each on an address of that peer that leads back to it"
    if not flaws:
        for peer in peers:
            facts.of(peer.name).need(Addresses)
    expect_that(not flaws, expected=expected, found="; ".join(flaws) or _listed(names, read))
