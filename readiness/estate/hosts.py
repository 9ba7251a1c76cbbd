"""The hosts: what each is, how it is reached, what it does for the products; and that no two entries are one host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from readiness.estate import texts
from readiness.estate.backups import Backup, check_backup
from readiness.estate.login import HostSsh, Ssh, Winrm, check_winrm
from readiness.estate.names import Group, HostRef, Names, Transport, Zone
from readiness.estate.network import Address, Fqdn, canonical_address
from readiness.yaml_text.document import Document, quote
from readiness.yaml_text.models import Keyed, WrittenAs, merged, stated
from readiness.yaml_text.shapes import ListOf, MappingOf


class Host(Keyed):
    """One host; `address`, `transport`, `ssh`, `winrm` and `uses` are completed when the estate is loaded.

    `model_fields_set` stays what was written of `address`, and of `ssh` for the host or for all.
    """

    stand_in: ClassVar[Mapping[str, Any]] = {"fqdn": "left-out.invalid", "products": {}}
    if_missing: ClassVar[Mapping[str, str]] = {
        "products": "products: {bacula: [client]}, or products: {} for none, on purpose"
    }

    fqdn: Fqdn = stated("The DNS name of the host.", example="dir01.example.com")
    address: Address = stated("Where to connect to; without it the fqdn.", "", example="192.0.2.11")
    os: Literal["linux", "windows"] = stated("The system of the host.", "linux", example="linux")
    transport: Transport = stated("How it is reached; without it as usual for its system.", "", example="ssh")
    ssh: Annotated[Ssh, WrittenAs(HostSsh)] = stated(
        "How to log in over SSH, where it differs.", HostSsh(), example="{port: 2222}"
    )
    winrm: Winrm = stated("How to log on over WinRM, where it differs.", Winrm(), example="{scheme: https}")
    machine_id: texts.MachineId | None = stated(
        "The id in /etc/machine-id.", None, example="0123456789abcdef0123456789abcdef"
    )
    zone: Zone | None = stated("The zone of the network that it is in.", None, example="core")
    groups: ListOf[Group] = stated("The groups that it belongs to.", (), example="[clients]")
    site: texts.Line | None = stated("Where it stands.", None, example="ams")
    owner: texts.Line | None = stated("Who mends what is wrong with it.", None, example="backup-ops")
    products: dict[texts.Name, ListOf[texts.Name]] = stated(
        "Its roles, by product; {} for none, on purpose.", example="{bacula: [client]}"
    )
    uses: MappingOf[texts.Name, HostRef] = stated(
        "The host of each role that it depends on, where the estate has several.", {}, example="{director: dir01}"
    )
    reads: ListOf[texts.PlacePath] = stated(
        "Folders besides the products' own in which root follows what a configuration includes or names.",
        (),
        example="[/srv/bacula/conf.d]",
    )
    backup: Backup | None = stated("How the host itself is backed up.", None, example="{method: agent}")


Hosts = Mapping[str, Host]


def completed(host: Host, ssh: Ssh, winrm: Winrm, names: Names) -> Host:
    """The host with the settings that are in force for it."""
    update = {
        "address": host.address or host.fqdn,
        "transport": host.transport or names.transport_for(host.os),
        "ssh": merged(ssh, host.ssh) if "ssh" in host.model_fields_set else ssh,
        "winrm": merged(winrm, host.winrm) if "winrm" in host.model_fields_set else winrm,
    }
    made = host.model_copy(update=update)
    if not host.address:
        made.model_fields_set.discard("address")  # completed, not stated
    return made


def check_hosts(document: Document, written: Hosts, hosts: Hosts, names: Names, *, winrm_is_stated: bool) -> None:
    """Report hosts that contradict themselves, and entries for the same host; `hosts` are the completed ones."""
    for name, host in hosts.items():
        path, stated_keys = ("hosts", name), written[name].model_fields_set
        if not any(document.is_incomplete((*path, key)) for key in ("os", "transport")):
            _check_transport(document, host, stated_keys, names)
        if (
            host.transport == "winrm"
            and host.os in names.transports["winrm"]
            and not any(map(document.is_incomplete, ((*path, "winrm"), ("winrm",))))
        ):
            elsewhere = ("winrm",) if winrm_is_stated else path
            check_winrm(document, (*path, "winrm") if "winrm" in stated_keys else elsewhere, host.winrm)
        if host.reads and host.os == "windows":
            document.report((*path, "reads"), "only hosts with Linux have the reader", "remove it, or correct os")
        if host.backup is not None and not document.is_incomplete((*path, "backup")):
            check_backup(document, (*path, "backup"), host.backup)
    _check_twins(document, written, hosts)


def _check_transport(document: Document, host: Host, stated_keys: set[str], names: Names) -> None:
    path = ("hosts", host.name)
    systems = names.transports.get(host.transport)
    if not host.transport:
        document.report(path, f"no transport reaches a host with os {host.os}", "correct os")
    elif systems is not None and host.os not in systems:
        hint = f"leave it out: it is {names.transport_for(host.os)} for os {host.os}"
        document.report((*path, "transport"), f"{host.transport} to a host with os {host.os}", hint)
    for settings in ("ssh", "winrm"):
        if settings in stated_keys and host.os not in names.transports.get(settings, ()):
            message = f"{settings} settings of a host that is reached by another transport"
            document.report((*path, settings), message, f"os is {host.os}: remove it, or correct os")


def _check_twins(document: Document, written: Hosts, hosts: Hosts) -> None:
    """No two entries for one host: the second would be checked as if it were another."""
    first: dict[tuple[str, str], str] = {}
    for name, host in hosts.items():
        for key, what, value in _identities(host, written[name].model_fields_set):
            twin = first.setdefault((what, value.lower()), name)
            if twin != name and not document.is_incomplete(("hosts", name, key)):
                hint = "one entry a host; remove one, or correct it"
                document.report(("hosts", name, key), f"{what} {quote(value)} is also that of {twin}", hint)


def _identities(host: Host, stated_keys: set[str]) -> Iterator[tuple[str, str, str]]:
    """What no two hosts share: key, what it is, value. The name counts as an address, because it may stand for it."""
    yield "fqdn", "fqdn", host.fqdn
    if host.machine_id is not None:
        yield "machine_id", "machine_id", host.machine_id
    port = {"ssh": host.ssh.port, "winrm": host.winrm.effective_port}.get(host.transport)
    for key, address in (("fqdn", host.fqdn), ("address", host.address)):
        if key in stated_keys:
            yield key, "address and port", f"{canonical_address(address)} port {port}"
