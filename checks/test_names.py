"""Do names mean the same everywhere: backup products find their peers by name, both ways."""

from collections.abc import Iterable
from ipaddress import ip_address

from readiness.estate import Estate
from readiness.plugin import Facts, Target, check, each_host, each_host_with_peers, expect_that
from readiness.probes import Names

SOURCE = "products.md section 0: forward = reverse DNS for every role name, own name not on a loopback address"


def _flaws(names: Names, asked: Iterable[str]) -> list[str]:
    """What is wrong with each name: no address, a loopback address, an address that leads back to other names."""
    flaws = []
    for name in asked:
        addresses = names.forward[name]
        if not addresses:
            flaws.append(f"{name} does not resolve")
        for address in addresses:
            back = {one.lower().rstrip(".") for one in names.reverse[address]}
            if ip_address(address.partition("%")[0]).is_loopback:
                flaws.append(f"{name} is {address}")
            elif name.lower() not in back:
                flaws.append(f"{name} is {address}, which is {' '.join(sorted(back)) or 'no name'}")
    return flaws


def _told(names: Names, asked: Iterable[str]) -> str:
    return ", ".join(f"{name} {' '.join(names.forward[name])}" for name in asked)


@check(
    "NAM-001",
    severity="major",
    targets=each_host,
    needs=(Names,),
    remedy="Give the name its own address in DNS or /etc/hosts, both ways; take it off Debian's 127.0.1.1 line.",
    source=SOURCE,
)
def test_own_name_resolves_on_the_host(target: Target, facts: Facts, estate: Estate) -> None:
    """The host's own name resolves on it, forward and back, and not to a loopback address.

    A daemon that announces a name on a loopback address is not found by anybody else.
    """
    own = [estate.hosts[target.id].fqdn]
    names = facts.need(Names)
    flaws = _flaws(names, own)
    expect_that(
        not flaws, expected=f"{own[0]} on an address that leads back to it", found="; ".join(flaws) or _told(names, own)
    )


@check(
    "NAM-002",
    severity="blocker",
    targets=each_host_with_peers,
    needs=(Names,),
    remedy="Make the peers' names resolve on this host, forward and back, as they do elsewhere.",
    source=SOURCE,
)
def test_names_of_peers_resolve_on_the_host(target: Target, facts: Facts) -> None:
    """The names of the host's peers resolve on it, forward and back.

    Resolved there and not where this runs: a daemon is told a name, and it is the daemon that looks it up.
    """
    peers: tuple[str, ...] = target.subject
    names = facts.need(Names)
    flaws = _flaws(names, peers)
    expected = f"{len(peers)} peers' names, each on an address that leads back to it"
    expect_that(not flaws, expected=expected, found="; ".join(flaws) or _told(names, peers))
