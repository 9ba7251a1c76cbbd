"""Names, listening sockets and the firewall of a Windows host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import ClassVar

from readiness.core.facts import Fact
from readiness.probes.listening import Holder, Listening, Socket
from readiness.probes.names import Addresses, Names, names_of
from readiness.probes.reading import chosen, shown
from readiness.probes.windows.reading import Row, by_what, named, natural, nonempty, objects, probe, shape, text, texts

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?\.?")
# GpoBoolean of MSFT_NetFirewallProfile; in force it is never NotConfigured.
_SWITCH = {"True": True, "False": False}
_ACTIONS = {"Block": "block", "Allow": "allow"}
# NetworkCategory of MSFT_NetConnectionProfile, and the profile that serves it.
_CATEGORIES = {"Public": "Public", "Private": "Private", "DomainAuthenticated": "Domain"}


def _names(received: list[Row]) -> Names:
    """Every name that was asked for with its addresses, and each address with its names."""
    forward: dict[str, tuple[str, ...]] = {}
    reverse: dict[str, tuple[str, ...]] = {}
    for row in received:
        asked = nonempty(shape(row, "name", "addresses")["name"])
        if asked in forward or not _NAME.fullmatch(asked):
            raise ValueError(f"twice, or no name: {shown(asked)}")
        addresses = [shape(entry, "address", "names") for entry in objects(row["addresses"])]
        for entry in addresses:
            names = texts(entry["names"])
            if not all(map(_NAME.fullmatch, names)):
                raise ValueError(f"no names: {shown(' '.join(names))}")
            reverse[_address(entry["address"])] = names
        forward[asked] = tuple(_address(entry["address"]) for entry in addresses)
        if len({*forward[asked]}) != len(addresses):
            raise ValueError(f"an address of {asked} twice")
    return Names(forward, reverse)


def _address(value: object) -> str:
    address = nonempty(value)
    ip_address(address.partition("%")[0])
    return address


def _addresses(received: list[Row]) -> Addresses:
    """One address a row, at least one: a host that was reached has it. What follows a % is the interface."""
    addresses = {str(ip_address(_address(shape(row, "address")["address"]).partition("%")[0])) for row in received}
    if not addresses:
        raise ValueError("no address at all, on a host that was reached at one")
    return Addresses(tuple(sorted(addresses)))


def _listening(received: list[Row]) -> Listening:
    """One socket a row; Windows numbers no sockets, so its place in the order stands for the inode."""
    holders_of: dict[tuple[int, str], set[Holder]] = {}
    for row in received:
        shape(row, "address", "port", "process", "program")
        address, port = _address(row["address"]).partition("%")[0], natural(row["port"])
        if not 0 < port < 1 << 16:
            raise ValueError(f"no port: {shown(address)} {port}")
        program = "" if row["program"] is None else text(row["program"])
        holders_of.setdefault((port, address), set()).add(Holder(natural(row["process"]), program))
    if not holders_of:
        raise ValueError("no socket at all, on a host that was reached over one")
    ordered = list(enumerate(sorted(holders_of), start=1))
    sockets = tuple(Socket(address, port, number) for number, (port, address) in ordered)
    return Listening(
        sockets, {number: tuple(sorted(holders_of[key], key=lambda holder: holder.pid)) for number, key in ordered}
    )


@dataclass(frozen=True, slots=True)
class FirewallProfile:
    """A profile as it is in force: `inbound` and `outbound` are `block` or `allow`, for what no rule names."""

    enabled: bool
    inbound: str
    outbound: str


@dataclass(frozen=True, slots=True)
class FirewallProfiles(Fact):
    """The profiles Domain, Private and Public, and those that the host's networks use, by interface."""

    name: ClassVar[str] = "firewall_profiles"
    profiles: Mapping[str, FirewallProfile]
    networks: Mapping[str, str]


def _firewall(received: list[Row]) -> FirewallProfiles:
    rows_of = by_what(received, "network", "profile")
    networks = {
        name: chosen(_CATEGORIES, nonempty(row["state"])) for name, row in named(rows_of["network"], "state").items()
    }
    profiles = {
        name: FirewallProfile(
            chosen(_SWITCH, nonempty(row["state"])),
            chosen(_ACTIONS, nonempty(row["inbound"])),
            chosen(_ACTIONS, nonempty(row["outbound"])),
        )
        for name, row in named(rows_of["profile"], "state", "inbound", "outbound").items()
    }
    if profiles.keys() != {*_CATEGORIES.values()}:
        raise ValueError(f"not the three profiles: {', '.join(profiles)}")
    return FirewallProfiles(profiles, networks)


PROBES = (
    probe(Names, _names, cost=25, arguments=names_of),
    probe(Addresses, _addresses, cost=15),
    probe(Listening, _listening, cost=30),
    probe(FirewallProfiles, _firewall, cost=30),
)
