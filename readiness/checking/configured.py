"""What the configuration of a role says, for checks: its files, its resources, and who points at whom."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from readiness.configs.model import ConfigurationFile, Resource
from readiness.core.evaluate import unknown
from readiness.core.facts import Facts
from readiness.estate import Estate, Host
from readiness.planning.inputs import RoleOnHost
from readiness.planning.targets import PeerOnHost
from readiness.probes.configuration import Configuration
from readiness.probes.names import Addresses
from readiness.probes.system import OsRelease

NEEDS = (Configuration, OsRelease)


def files_of(own: RoleOnHost, facts: Facts) -> tuple[ConfigurationFile, ...]:
    """The configuration files of a role, absent ones too; CFG-001 reports those that were not read completely."""
    here = facts.of(own.host.name)
    family = here.need(OsRelease).family
    paths = own.role.configuration_for(family)
    if not paths:
        unknown(f"the catalogue names no configuration of {own.role.name} for the {family} family")
    files = here.need(Configuration).files
    return tuple(files[path] for path in paths)


def resources_of(own: RoleOnHost, facts: Facts) -> list[Resource]:
    """All resources of a role's files; UNKNOWN unless the files were read completely."""
    files = files_of(own, facts)
    if any(file.is_absent or file.unread for file in files):
        unknown(f"the configuration of {own.id} was not read wholly", blocked_by=f"CFG-001 {own.id}")
    return [resource for file in files for resource in file.resources]


def of_kind(own: RoleOnHost, facts: Facts, kind: str) -> list[Resource]:
    """Those of one kind, in any spelling."""
    return [resource for resource in resources_of(own, facts) if resource.is_kind(kind)]


def of_kinds(own: RoleOnHost, facts: Facts, kinds: Iterable[str]) -> list[Resource]:
    """Those of these kinds, one kind after the other."""
    return [resource for kind in kinds for resource in of_kind(own, facts, kind)]


def stated_in(resource: Resource, name: str, blocked_by: str | tuple[()] = ()) -> str | None:
    """A directive's value, None where it is not stated; UNKNOWN where it is and its value stayed on the host."""
    directive = resource.get(name)
    if directive is not None and directive.value is None:
        reason = f"{name} at {directive.location} {directive.hidden or 'is a secret'}, and stays on its host"
        unknown(reason, blocked_by=blocked_by)
    return directive.value if directive else None


def is_address_of(address: str, host: Host, configuration: Configuration) -> bool:
    """Whether an address is that of a host: its name, its address, or a name that resolves to it there.

    A loopback address in the estate, the near end of a tunnel, says nothing of what it is elsewhere.
    """
    if address.lower().rstrip(".") == host.fqdn.lower():
        return True
    return host.address.lower() in _all_of(address, configuration) and not _is_loopback(host.address)


def _all_of(address: str, configuration: Configuration) -> set[str]:
    """The address as written, without the dot at a name's end, and what it resolves to."""
    return {address.lower().rstrip("."), *configuration.resolved.get(address, ())}


def pointed_at(address: str, own: Host, facts: Facts, estate: Estate) -> list[Host]:
    """The hosts of the estate that an address in the configuration of a host is, as that host resolves it.

    By the name or the address that the estate states, else by the addresses that the hosts have: one may be known by
    another name. A loopback address is the host itself, and so is any other one that it has, since hosts have the same
    ones on bridges of their own.
    """
    configuration = facts.need(Configuration)
    hosts = estate.hosts.values()
    if stated := [host for host in hosts if is_address_of(address, host, configuration)]:
        return stated
    addresses = _all_of(address, configuration)
    if _is_own(address, configuration):
        return [own]
    own_addresses = facts.every(Addresses)
    having = [
        name for name, read in own_addresses.items() if isinstance(read, Addresses) and addresses & {*read.addresses}
    ]
    return [host for host in hosts if host.name in ([own.name] if own.name in having else having)]


def _is_own(address: str, configuration: Configuration) -> bool:
    """Whether it is the host's on which it is looked up, whichever that is."""
    return any(map(_is_loopback, _all_of(address, configuration)))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False  # a name


def naming(subject: PeerOnHost, facts: Facts) -> list[Resource]:
    """The other role's resources that point at this host; UNKNOWN where one might whose address was not read."""
    other, peer = subject.other, subject.peer
    if other is None:
        unknown(f"the estate has no {peer.role} that {subject.own.host.name} uses")
    configuration = facts.of(other.host.name).need(Configuration)
    resources = of_kinds(other, facts, peer.resources)
    here = subject.own.host
    found = [
        resource
        for resource in resources
        if (address := resource.value(peer.address)) is not None
        and (
            is_address_of(address, here, configuration)
            or (here.name == other.host.name and not subject.is_handed_on and _is_own(address, configuration))
        )
    ]
    for resource in () if found else resources:
        stated_in(resource, peer.address)
    return found
