"""The estate and what was agreed about it, as the rest of the program sees them: frozen values, defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from readiness.core.scripts import Limits
from readiness.estate.backups import Backup, FailoverCluster


@dataclass(frozen=True, slots=True)
class CatalogueNames:
    """What the catalogue of products knows, as far as an estate can misspell it.

    `roles` are the roles by product; `related` are (product, role, other role) that a version rule compares;
    `accounts` are those that any role runs as. `command_transports` can run single commands, as users' tests do.
    """

    roles: Mapping[str, frozenset[str]]
    related: frozenset[tuple[str, str, str]]
    accounts: frozenset[str] = frozenset()
    command_transports: frozenset[str] = frozenset({"ssh"})


@dataclass(frozen=True, slots=True)
class Window:
    """The cutover, as written: both times carry their offset."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the network."""

    title: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts that something was agreed about together."""

    title: str = ""


@dataclass(frozen=True, slots=True)
class Ssh:
    """How to log in; paths as written: relative to the estate's folder, or with a leading `~/`.

    `host_key` is the pinned key as `type base64`; without one, `known_hosts` has to know the host.
    """

    user: str | None = None
    port: int = 22
    identity_files: tuple[str, ...] = ()
    agent: bool = False
    known_hosts: str | None = None
    config: str | None = None
    host_key: str | None = None


@dataclass(frozen=True, slots=True)
class Winrm:
    """How to log on over WinRM; paths as written, relative to the estate's folder or with a leading `~/`.

    `port` None is the scheme's own, 5986 or 5985; `ca` None is the system's store; `password_env` names the
    environment variable that holds the password.
    """

    user: str | None = None
    port: int | None = None
    scheme: str = "https"
    auth: str = "ntlm"
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    password_env: str = "READINESS_WINRM_PASSWORD"  # noqa: S105 - a name, not a password

    @property
    def effective_port(self) -> int:
        """The port stated, or the scheme's own."""
        return self.port or (5986 if self.scheme == "https" else 5985)


@dataclass(frozen=True, slots=True)
class Host:
    """One host; `uses` names the host of each role that this one depends on, derived where there is only one.

    `backup` is how the machine itself is backed up, None where that was not declared.
    """

    name: str
    fqdn: str
    address: str
    os: str
    transport: str
    ssh: Ssh
    winrm: Winrm
    machine_id: str | None
    zone: str | None
    groups: tuple[str, ...]
    site: str | None
    owner: str | None
    products: Mapping[str, tuple[str, ...]]
    uses: Mapping[str, str]
    backup: Backup | None = None


@dataclass(frozen=True, slots=True)
class CustomChecks:
    """A folder of users' own pytest-testinfra tests, relative to the estate's, and the hosts they are run on."""

    folder: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Estate:
    """The backup service under review; `note` is shown with every report, `hosts` are in the order as written."""

    service: str
    change: str
    note: str
    cutover: Window
    zones: Mapping[str, Zone]
    groups: Mapping[str, Group]
    ssh: Ssh
    winrm: Winrm
    limits: Limits
    jobs: int
    hosts: Mapping[str, Host]
    custom_checks: tuple[CustomChecks, ...] = ()
    clusters: Mapping[str, FailoverCluster] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """A release that was agreed on: `ID` and `VERSION_ID` of os-release(5); no groups means every host."""

    id: str
    version: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockDemand:
    """What was agreed about clocks."""

    max_offset_s: float


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening port that was agreed on, and the file name of its program; no groups means every host."""

    port: int
    process: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpaceDemand:
    """What must be left at a path on the hosts of these roles (`product.role`) or groups; neither means every host.

    `mounted`: the path must be a mount point of its own.
    """

    path: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    mounted: bool
    min_free_percent: float
    min_free_bytes: int
    min_free_inodes_percent: float

    def concerns(self, host: Host) -> bool:
        """Whether the host has one of the roles or groups, and paths of this kind."""
        if (self.path[0] != "/") != (host.os == "windows"):
            return False
        own = {f"{product}.{role}" for product, roles in host.products.items() for role in roles}
        return not (self.roles or self.groups) or bool(own & set(self.roles) or set(host.groups) & set(self.groups))


@dataclass(frozen=True, slots=True)
class WindowsDemand:
    """What was agreed about Windows hosts.

    `tls_min` is the oldest protocol that may be on (`1.2`), `firewall_profiles` are those that must be on, and
    `excluded_folders` those that the antivirus leaves alone besides the folders of the product's programs.
    """

    tls_min: str | None = None
    firewall_profiles: tuple[str, ...] | None = None
    excluded_folders: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class HostDemand:
    """What was agreed about every host, None where nothing was.

    `mandatory_access_control` is `enforcing`, `permissive`, `apparmor` or `none`.
    """

    min_memory_bytes: int | None = None
    min_swap_bytes: int | None = None
    min_open_files: int | None = None
    time_zone: str | None = None
    mandatory_access_control: str | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was agreed; None where nothing was, which is UNKNOWN unless `not_agreed` gives the reason by dotted key.

    `no_login_shell` are accounts that nobody may log in as.
    `configuration` has, by product and role, the value of each `Resource.Directive`.
    """

    operating_systems: tuple[OperatingSystem, ...] | None
    versions: Mapping[str, Mapping[str, str]] | None
    same_version_groups: tuple[str, ...] | None
    clock: ClockDemand | None
    listening_also: tuple[Listener, ...] | None
    space: tuple[SpaceDemand, ...] | None
    host: HostDemand | None
    sshd: Mapping[str, str] | None
    no_login_shell: tuple[str, ...] | None
    configuration: Mapping[str, Mapping[str, Mapping[str, str]]] | None
    not_agreed: Mapping[str, str]
    windows: WindowsDemand = WindowsDemand()
