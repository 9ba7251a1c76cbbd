"""The format of estate.yaml and baseline.yaml: strict models of what people write, before defaults are filled in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from readiness.estate import fields as f

_Seconds = Annotated[float, Field(gt=0, le=86_400)]
_Bytes = Annotated[int, Field(ge=1024, le=1 << 30)]
_Percent = Annotated[float, Field(ge=0, le=100)]
_Port = Annotated[int, Field(ge=1, le=65_535)]


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


_Paths = Annotated[
    tuple[f.FilePath, ...],
    AfterValidator(f.unique),
    BeforeValidator(_one_or_more, json_schema_input_type=f.FilePath | tuple[f.FilePath, ...]),
]
_Names = Annotated[tuple[f.Name, ...], AfterValidator(f.unique)]


class Written(BaseModel):
    """Base of all that is written: unknown keys and other types than asked for are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class CutoverEntry(Written):
    """When the service goes live."""

    start: f.Time = Field(examples=['"2026-12-01T20:00:00+01:00"'])
    end: f.Time = Field(examples=['"2026-12-02T04:00:00+01:00"'])

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("start")
        if start is not None and end <= start:
            raise f.refusal("the cutover does not end after its start", "mind the offsets")
        return end


class TitledEntry(Written):
    """A zone or a group."""

    title: f.Line | None = None


class HostSshEntry(Written):
    """How to log in to this host, where it differs."""

    user: f.User | None = None
    port: _Port | None = None
    identity_file: _Paths | None = None
    host_key: f.HostKeyText | None = None


class SshEntry(Written):
    """How to log in to all hosts; passwords never stand here."""

    user: f.User | None = None
    port: _Port | None = None
    identity_file: _Paths | None = None
    agent: bool | None = None
    known_hosts: f.FilePath | None = None
    config: f.FilePath | None = None


class WinrmEntry(Written):
    """How to log on over WinRM; the password never stands here, but in the environment variable that is named."""

    user: f.WindowsUser | None = None
    port: _Port | None = None
    scheme: Literal["http", "https"] | None = None
    auth: Literal["ntlm", "basic", "certificate"] | None = None
    ca: f.FilePath | None = None
    certificate: f.FilePath | None = None
    key: f.FilePath | None = None
    password_env: f.Variable | None = None


class LimitsEntry(Written):
    """Deadlines and byte limits that differ from the defaults."""

    connect_s: _Seconds | None = None
    login_s: _Seconds | None = None
    probe_s: _Seconds | None = None
    host_s: _Seconds | None = None
    run_s: _Seconds | None = None
    probe_bytes: _Bytes | None = None
    host_bytes: _Bytes | None = None


class BackupWindowEntry(Written):
    """A daily window for backups."""

    start: f.ClockTime = Field(examples=['"22:00"'])
    hours: Annotated[float, Field(gt=0, le=24)] = Field(examples=["6"])
    zone: f.Zone = Field(examples=["Europe/Berlin"])


class LookedEntry(Written):
    """Who looked into the hypervisor for snapshots that were left behind, and found none; and on which day."""

    by: f.Line = Field(examples=["VM team"])
    day: f.Day = Field(examples=['"2026-11-24"'])


class BackupEntry(Written):
    """How the host itself is backed up; quiesce and memory are of a snapshot, and needed with one."""

    method: Literal["vm_snapshot", "agent", "none"] = Field(examples=["agent"])
    quiesce: bool | None = None
    memory: bool | None = None
    window: BackupWindowEntry | None = None
    nothing_left_behind: LookedEntry | None = None


class HostEntry(Written):
    """One host."""

    fqdn: f.Fqdn = Field(examples=["dir01.example.com"])
    address: f.Address | None = None
    os: Literal["linux", "windows"] = "linux"
    transport: Literal["ssh", "winrm"] | None = None
    ssh: HostSshEntry | None = None
    winrm: WinrmEntry | None = None
    machine_id: f.MachineId | None = None
    zone: f.Name | None = None
    groups: _Names | None = None
    site: f.Line | None = None
    owner: f.Line | None = None
    products: Annotated[dict[f.Name, _Names], AfterValidator(f.filled)] | None = None
    uses: Annotated[dict[f.Name, f.Name], AfterValidator(f.filled)] | None = None
    backup: BackupEntry | None = None


class ClusterEntry(Written):
    """A Windows failover cluster under its own name; an empty preferred_owners says that any node may own a group."""

    nodes: _Names = Field(examples=["[node1, node2]"])
    preferred_owners: dict[f.Line, f.Name] | None = None


class CustomChecksEntry(Written):
    """A folder of pytest-testinfra tests; without groups and hosts they are run on every host with SSH."""

    folder: f.FilePath = Field(examples=["tests/infra"])
    groups: _Names | None = None
    hosts: _Names | None = None


class EstateFile(Written):
    """The file estate.yaml."""

    service: f.Line = Field(examples=["corporate backup"])
    change: f.Line = Field(examples=["CHG0012345"])
    cutover: CutoverEntry = Field(
        examples=['{start: "2026-12-01T20:00:00+01:00", end: "2026-12-02T04:00:00+01:00"}'],
    )
    note: f.Line | None = None
    zones: dict[f.Name, TitledEntry] | None = None
    groups: dict[f.Name, TitledEntry] | None = None
    ssh: SshEntry | None = None
    winrm: WinrmEntry | None = None
    limits: LimitsEntry | None = None
    jobs: Annotated[int, Field(ge=1, le=512)] | None = None
    hosts: dict[f.HostName, HostEntry] = Field(examples=["{dir01: {fqdn: dir01.example.com}}"])
    clusters: Annotated[dict[f.HostName, ClusterEntry], AfterValidator(f.filled)] | None = None
    custom_checks: Annotated[tuple[CustomChecksEntry, ...], AfterValidator(f.unique)] | None = None


class SystemEntry(Written):
    """A release that was agreed on, for everybody or for groups."""

    id: f.SystemId = Field(examples=["debian"])
    version: f.Version = Field(examples=['"12"'])
    groups: _Names | None = None


class ClockEntry(Written):
    """What was agreed about clocks."""

    max_offset_s: _Seconds = Field(examples=["1.0"])


class ListenerEntry(Written):
    """A listening port that was agreed on beside the products' and SSH's, for everybody or for groups."""

    port: _Port = Field(examples=["9100"])
    process: f.ProgramName = Field(examples=["node_exporter"])
    groups: _Names | None = None


class ListeningEntry(Written):
    """What may listen beside the products and SSH; an empty list says that nothing may."""

    also: Annotated[tuple[ListenerEntry, ...], AfterValidator(f.different)] = Field(examples=["[]"])


class SpaceEntry(Written):
    """What must be left in the filesystem of a path, for everybody or for the hosts of roles or groups."""

    path: f.PlacePath = Field(examples=["/var/lib/bacula"])
    roles: Annotated[tuple[f.RoleOfProduct, ...], AfterValidator(f.unique)] | None = None
    groups: _Names | None = None
    mounted: bool = False
    min_free_percent: _Percent = Field(examples=["10"])
    min_free_bytes: Annotated[int, Field(ge=0)] = 0
    min_free_inodes_percent: _Percent = Field(examples=["5"])


_Profiles = Annotated[tuple[Literal["Domain", "Private", "Public"], ...], AfterValidator(f.unique)]


class WindowsEntry(Written):
    """What was agreed about Windows hosts."""

    tls_min: Literal["1.0", "1.1", "1.2", "1.3"] | None = Field(None, examples=['"1.2"'])
    firewall_profiles: _Profiles | None = Field(None, examples=["[Domain, Private, Public]"])
    excluded_folders: Annotated[tuple[f.WindowsPath, ...], AfterValidator(f.unique)] | None = Field(
        None, examples=["['D:\\Backup']"]
    )


class HostDemandEntry(Written):
    """What was agreed about every host."""

    min_memory_bytes: Annotated[int, Field(ge=0)] | None = None
    min_swap_bytes: Annotated[int, Field(ge=0)] | None = None
    min_open_files: Annotated[int, Field(ge=1)] | None = None
    time_zone: f.TimeZone | None = None
    mandatory_access_control: Literal["enforcing", "permissive", "apparmor", "none"] | None = None


class BaselineFile(Written):
    """The file baseline.yaml."""

    operating_systems: Annotated[tuple[SystemEntry, ...], AfterValidator(f.unique)] | None = None
    versions: (
        Annotated[
            dict[f.Name, Annotated[dict[f.Name, f.Version], AfterValidator(f.filled)]],
            AfterValidator(f.filled),
        ]
        | None
    ) = None
    same_version_groups: _Names | None = None
    clock: ClockEntry | None = None
    listening: ListeningEntry | None = None
    host: HostDemandEntry | None = None
    sshd: Annotated[dict[f.Keyword, f.Line], AfterValidator(f.filled)] | None = None
    space: Annotated[tuple[SpaceEntry, ...], AfterValidator(f.unique)] | None = None
    windows: WindowsEntry | None = None
    no_login_shell: Annotated[tuple[f.User, ...], AfterValidator(f.unique)] | None = None
    configuration: (
        Annotated[
            dict[
                f.Name,
                Annotated[
                    dict[f.Name, Annotated[dict[f.DirectiveName, f.Line], AfterValidator(f.filled)]],
                    AfterValidator(f.filled),
                ],
            ],
            AfterValidator(f.filled),
        ]
        | None
    ) = None
    not_agreed: Mapping[str, f.Reason] | None = None
