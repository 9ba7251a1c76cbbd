"""An estate of Windows hosts on the bench: one way in each, all made from one described machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from readiness.estate import BackupWindow
from readiness.estate.login import NTLM_OVER_HTTP
from tests.bench.certificates import Authority
from tests.bench.machine import Machine
from tests.bench.winrm_server import Host, Listener
from tests.cutover import AHEAD

WORD = "ask me twice"
VARIABLE = "READINESS_BENCH_PASSWORD"
ENVIRONMENT = {VARIABLE: WORD, NTLM_OVER_HTTP: "1"}
USER = "check"
# The ways in: NTLM with sealed bodies over HTTP, NTLM and Basic over HTTPS.
WAYS: Mapping[str, tuple[str, str]] = {
    "srv01": ("http", "ntlm"),
    "srv02": ("https", "ntlm"),
    "fd01": ("http", "ntlm"),
    "fd02": ("https", "ntlm"),
    "fd03": ("https", "basic"),
    "clu01": ("http", "ntlm"),
    "clu02": ("https", "ntlm"),
}
SERVERS = ("srv01", "srv02")
CLIENTS = ("fd01", "fd02", "fd03")
NODES = ("clu01", "clu02")
# The nodes are backed up by disk-only snapshots, one after the other.
WINDOWS = {
    "clu01": BackupWindow(start=time(20), hours=2.0, zone="Etc/UTC"),
    "clu02": BackupWindow(start=time(23), hours=2.0, zone="Etc/UTC"),
}
# What of Linux there is none of is not agreed on, and the clients' director goes live by itself: it is not judged here,
# and every outcome that would need it says so.
BASELINE = {
    "operating_systems": [{"id": "windows", "version": version} for version in ("2019", "2022", "2025")],
    "versions": {"bacula": {"client": "9.6.7"}},
    "same_version_groups": ["clients"],
    "configuration": {"bacula": {"client": {"FileDaemon.TLS Require": "yes", "Director.TLS Require": "yes"}}},
    "clock": {"max_offset_s": 60.0},  # on a machine that runs all of these at once
    "space": [{"path": "C:\\", "mounted": True, "min_free_percent": 10.0, "min_free_inodes_percent": 0.0}],
    "host": {"min_memory_bytes": 4 << 30, "time_zone": "Etc/UTC"},
    "not_agreed": {
        key: {"reason": reason, "by": "the bench", "day": "2026-01-01"}
        for key, reason in (
            ("hosts.bacula.director", "the director goes live with CHG2 and is judged there"),
            ("host.min_swap_bytes", "Windows sees to its paging files itself"),
        )
    },
    "listening": {"also": [{"port": 135, "process": "svchost.exe"}, {"port": 5985, "process": "System"}]},
    "windows": {
        "tls_min": "1.2",
        "firewall_profiles": ["Domain", "Private", "Public"],
        "excluded_folders": [r"D:\Backup"],
    },
}
_LASTS = timedelta(days=800)
Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Fleet:
    """The estate's folder and the listeners by host."""

    estate: Path
    hosts: Mapping[str, Host]


@contextmanager
def fleet(
    folder: Path,
    faults: Mapping[str, Change] | None = None,
    *,
    names: Collection[str] = tuple(WAYS),
    declared: Change | None = None,
    listeners: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[Fleet]:
    """Bring the hosts up, or those of the `names`.

    `faults` change a host's description, `listeners` how one listens, `declared` what the estate says.
    """
    authority = Authority(folder / "authority")
    hosts: dict[str, Host] = {}
    with ExitStack() as stack:
        for name in names:
            scheme, _ = WAYS[name]
            certificate = authority.server("127.0.0.1", _LASTS) if scheme == "https" else None
            machine = _machine(name, folder, (faults or {}).get(name), certificate)
            listener = Listener({USER: WORD}, machine.environment, certificate, **(listeners or {}).get(name, {}))
            hosts[name] = stack.enter_context(Host(listener))
        yield Fleet(_estate(folder / "estate", authority, hosts, declared), hosts)


def _machine(name: str, folder: Path, fault: Change | None, certificate: tuple[Path, Path] | None) -> Machine:
    """The machine of a host, whose store has the certificate that its listener presents."""

    def change(description: dict[str, Any]) -> None:
        _call_it(name, description)
        if name not in (*CLIENTS, *NODES):
            _without_the_product(description)
        if certificate is not None:
            presented = folder / f"{name}-presents.pem"
            presented.write_bytes(b"".join(path.read_bytes() for path in certificate))
            description["certificates"]["My"].append(str(presented))
        if fault is not None:
            fault(description)

    return Machine.load(name if name in NODES else "win2022", folder / f"{name}-base").changed(change, folder / name)


def _call_it(name: str, description: dict[str, Any]) -> None:
    """Another name and machine id for a machine that is otherwise the same."""
    text = json.dumps(description).replace("WIN2022", name.upper()).replace("win2022", name)
    number = f"{list(WAYS).index(name):012d}"
    description.clear()
    text = text.replace(f"{name}.pem", "win2022.pem")  # the file stays where it is
    text = text.replace("10.99.0.22", f"10.99.0.{100 + list(WAYS).index(name)}")
    description.update(json.loads(text.replace("20348a0b1c2d", number)))


def _without_the_product(description: dict[str, Any]) -> None:
    """A server of something else."""
    cim = description["cim"]
    cim["Win32_Service"] = [row for row in cim["Win32_Service"] if row["Name"] != "Bacula-fd"]
    cim["Win32_Process"] = [row for row in cim["Win32_Process"] if row["Name"] != "bacula-fd.exe"]
    description["sockets"] = [row for row in description["sockets"] if row["port"] != 9102]
    description["registry"] = {key: row for key, row in description["registry"].items() if not key.endswith("\\Bacula")}


def _backup(window: BackupWindow) -> dict[str, Any]:
    return {
        "method": "vm_snapshot",
        "quiesce": False,
        "memory": False,
        "window": {"start": f"{window.start:%H:%M}", "hours": window.hours, "zone": window.zone},
        "nothing_left_behind": {"by": "VM team", "day": f"{datetime.now(UTC):%Y-%m-%d}"},
    }


def _estate(folder: Path, authority: Authority, hosts: Mapping[str, Host], declared: Change | None) -> Path:
    folder.mkdir()
    (folder / "ca.pem").write_bytes(authority.ca.read_bytes())
    document: dict[str, Any] = {
        "service": "windows bench",
        "change": "CHG1",
        "cutover": AHEAD,
        "groups": {"clients": {"title": "File daemons"}},
        "winrm": {"user": USER, "password_env": VARIABLE, "ca": "ca.pem"},
        "hosts": {
            name: {
                "fqdn": f"{name}.lab.example",
                "address": "127.0.0.1",
                "os": "windows",
                "products": {},
                "winrm": {"scheme": WAYS[name][0], "auth": WAYS[name][1], "port": host.port},
            }
            | ({"products": {"bacula": ["client"]}, "groups": ["clients"]} if name in CLIENTS else {})
            | ({"products": {"bacula": ["client"]}, "backup": _backup(WINDOWS[name])} if name in NODES else {})
            for name, host in hosts.items()
        },
    }
    if not {*NODES} - {*hosts}:
        document["clusters"] = {"sqlclu": {"nodes": [*NODES], "preferred_owners": {"SQL AG": "clu01"}}}
    if declared is not None:
        declared(document)
    (folder / "estate.yaml").write_text(json.dumps(document))
    (folder / "baseline.yaml").write_text(json.dumps(BASELINE))
    return folder
