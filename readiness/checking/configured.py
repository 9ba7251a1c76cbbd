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


def points_at(resource: Resource, directive: str, host: Host, configuration: Configuration) -> bool:
    """Whether a resource's address is this host."""
    address = resource.value(directive)
    return address is not None and is_address_of(address, host, configuration)


def is_address_of(address: str, host: Host, configuration: Configuration) -> bool:
    """Whether an address is that of a host: its name, its address, or a name that resolves to it there."""
    names = {host.fqdn.lower(), host.address.lower()}
    return address.lower().rstrip(".") in names or host.address in configuration.resolved.get(address, ())


def pointed_at(address: str, own: Host, facts: Facts, estate: Estate) -> list[Host]:
    """The hosts of the estate that an address in the configuration of a host is, as that host resolves it.

    By the name or the address that the estate states, else by the addresses that the hosts have: one may be known by
    another name. A loopback address is the host itself.
    """
    configuration = facts.need(Configuration)
    hosts = estate.hosts.values()
    if stated := [host for host in hosts if is_address_of(address, host, configuration)]:
        return stated
    addresses = {address, *configuration.resolved.get(address, ())}
    if any(map(_is_loopback, addresses)):
        return [own]
    own_addresses = facts.every(Addresses)
    having = [
        name for name, read in own_addresses.items() if isinstance(read, Addresses) and addresses & {*read.addresses}
    ]
    return [host for host in hosts if host.name in having]


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
    found = [resource for resource in resources if points_at(resource, peer.address, subject.own.host, configuration)]
    for resource in () if found else resources:
        stated_in(resource, peer.address)
    return found
