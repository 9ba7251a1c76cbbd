"""The estate folder of a lab: what `readiness` is given to judge it."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from readiness.estate.baseline import unstated
from tests.lab.plan import SPOOL, Host, Plan
from tests.lab.reader import USER

FOLDER = "estate"
VERSION = "9.6.7"
_LEFT = {"min_free_percent": 5.0, "min_free_inodes_percent": 5.0}
_CUTOVER_HOUR = 20
_ON = {"TLS Enable": "yes", "TLS Require": "yes"}
_CONFIGURATION = {
    role: {f"{resource}.{name}": value for resource in resources for name, value in _ON.items()}
    for role, resources in {
        "director": ("Director", "Client", "Storage"),
        "storage": ("Storage", "Director"),
        "client": ("FileDaemon", "Director"),
    }.items()
}
_CUTOVER_LENGTH = dt.timedelta(hours=8)


def write_estate(plan: Plan, host_keys: Mapping[str, str]) -> Path:
    """Write `estate.yaml`, `baseline.yaml` and `known_hosts`."""
    folder = plan.state / FOLDER
    folder.mkdir(exist_ok=True)
    _dump(folder / "estate.yaml", _estate(plan))
    _dump(folder / "baseline.yaml", _with_reasons(_baseline(plan), plan))
    lines = [f"{host.fqdn},{host.address} {host_keys[host.name]}" for host in plan.hosts.values()]
    (folder / "known_hosts").write_text("\n".join(lines) + "\n")
    return folder


def _estate(plan: Plan) -> dict[str, Any]:
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    start = tomorrow.replace(hour=_CUTOVER_HOUR, minute=0, second=0, microsecond=0)
    return {
        "service": "backup lab",
        "change": "CHG-LAB",
        "cutover": {"start": start.isoformat(), "end": (start + _CUTOVER_LENGTH).isoformat()},
        "ssh": {"user": USER, "identity_file": "../id_ed25519", "known_hosts": "known_hosts"},
        "groups": {"clients": {"title": "File daemons"}},
        "hosts": {host.name: _host(host) for host in plan.hosts.values()},
    }


def _host(host: Host) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "fqdn": host.fqdn,
        "address": host.address,
        "os": "linux",
        "transport": "ssh",
        "machine_id": host.machine_id,
        "owner": "backup-ops",
        "products": {"bacula": [host.role]},
    }
    if host.role == "client":
        entry |= {"groups": ["clients"], "uses": {"director": "dir01", "storage": "sd01"}}
    return entry


def _baseline(plan: Plan) -> dict[str, Any]:
    systems = [{"id": "debian", "version": "12"}]
    if plan.redhat:
        systems.append({"id": "rocky", "version": "9"})
    return {
        "operating_systems": systems,
        "versions": {"bacula": {"director": VERSION, "storage": VERSION, "client": VERSION}},
        "sudo": {"also": []},
        "same_version_groups": ["clients"],
        "no_login_shell": ["bacula"],
        "configuration": {"bacula": _CONFIGURATION},
        "clock": {"max_offset_s": 30.0},  # a busy machine bounds no clock closer; faults are minutes off
        "listening": {"also": []},
        "host": {
            "min_memory_bytes": 1 << 30,
            "min_swap_bytes": 0,
            "min_open_files": 1024,
            "time_zone": "Etc/UTC",
            "mandatory_access_control": _access_control(),
        },
        "sshd": {"PermitRootLogin": "prohibit-password", "PasswordAuthentication": "no", "X11Forwarding": "no"},
        "space": [
            {"path": "/", **_LEFT},
            {"path": "/var/lib/bacula", "roles": ["bacula.director", "bacula.storage"], **_LEFT},
            {"path": SPOOL, "roles": ["bacula.storage"], "mounted": True, **_LEFT, "min_free_bytes": 1 << 20},
        ],
    }


def _with_reasons(baseline: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """A demand that the lab has no part in says so; those of Windows hosts are stated where the lab has such hosts."""
    keys = unstated(baseline, sorted({f"bacula.{host.role}" for host in plan.hosts.values()}))
    exemption = {"reason": "the lab has no part in it", "by": "the lab", "day": "2026-01-01"}
    reasons = {key: exemption for key in keys if not key.startswith("windows.")}
    return {**baseline, "not_agreed": reasons} if reasons else baseline


def _access_control() -> str:
    """The kernel's, which all hosts share with this machine."""
    enforce = Path("/sys/fs/selinux/enforce")
    if enforce.exists():
        return "enforcing" if enforce.read_text() == "1" else "permissive"
    apparmor = Path("/sys/module/apparmor/parameters/enabled")
    return "apparmor" if apparmor.exists() and apparmor.read_text().strip() == "Y" else "none"


def _dump(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=120))
