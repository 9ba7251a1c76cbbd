"""Names as the host itself resolves them, and the addresses that it has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from typing import ClassVar

from readiness.core.facts import Fact, Missing
from readiness.core.scripts import Output
from readiness.probes.asking import Asking
from readiness.probes.probe import Probe
from readiness.probes.reading import counted, fields, lines, no_tool, number, script, shown, tag_of

_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,253}[A-Za-z0-9])?\.?")


@dataclass(frozen=True, slots=True)
class Names(Fact):
    """The addresses of each name asked for, none where it does not resolve, and each address's own names."""

    name: ClassVar[str] = "names"
    forward: Mapping[str, tuple[str, ...]]
    reverse: Mapping[str, tuple[str, ...]]


def parse_names(output: Output) -> Names | Missing:
    """Every address has its names, every line belongs to a name that was asked for; else it is not understood."""
    received = lines(output)
    if missing := no_tool(received):
        return missing
    (count,) = fields(received[0] if received else "", "count", 1)
    forward: dict[str, list[str]] = {}
    reverse: dict[str, tuple[str, ...]] = {}
    open_address = asked = ""
    for line in received[1:]:
        match tag_of(line):
            case "asked" if not open_address:
                (asked,) = fields(line, "asked", 1)
                if asked in forward or not _NAME.fullmatch(asked):
                    raise ValueError(f"asked twice, or no name: {shown(asked)}")
                forward[asked] = []
            case "forward" if not open_address:
                name, open_address = fields(line, "forward", 2)
                ip_address(open_address.partition("%")[0])
                if name != asked or open_address in forward[asked]:
                    raise ValueError(f"an address out of its place: {shown(line)}")
                forward[asked].append(open_address)
            case "reverse" if open_address:
                address, names = fields(line, "reverse", 2)
                back = tuple(names.split())
                if address != open_address or not all(map(_NAME.fullmatch, back)):
                    raise ValueError(f"names out of their place: {shown(line)}")
                reverse[address], open_address = back, ""
            case _:
                raise ValueError(f"a line out of its place: {shown(line)}")
    if open_address or len(forward) != number(count):
        raise ValueError(f"{len(forward)} of {count} names, the last address {open_address or 'whole'}")
    return Names({name: tuple(addresses) for name, addresses in forward.items()}, reverse)


@dataclass(frozen=True, slots=True)
class Addresses(Fact):
    """The addresses of the host's own interfaces, loopback ones too where the system lists them."""

    name: ClassVar[str] = "addresses"
    addresses: tuple[str, ...]


def parse_addresses(output: Output) -> Addresses | Missing:
    """One line an address, with or without the length of its prefix, and how many; a host has at least one."""
    received = lines(output)
    if missing := no_tool(received):
        return missing
    *rows, count = received
    addresses = {str(ip_interface(address).ip) for (address,) in counted(rows, count, "address", 1)}
    if not addresses or not "".join(rows).isascii():
        raise ValueError(f"no addresses: {shown(' '.join(rows))}")
    return Addresses(tuple(sorted(addresses)))


def names_of(asking: Asking) -> tuple[str, ...]:
    """The names that a host and its peers go by."""
    return (asking.host.fqdn, *(peer.fqdn for peer in asking.peers))


PROBES = (
    Probe(Names, script("names"), parse_names, cost=25, arguments=names_of),
    Probe(Addresses, script("addresses"), parse_addresses, cost=7),
)
