"""The layers that make a host what it is: its role's packages only, then its own identity and configuration."""

import os
from collections.abc import Iterator
from pathlib import Path

from tests.lab import bacula, network
from tests.lab.keys import Authority, SshKey
from tests.lab.layers import BASE, Layer
from tests.lab.packages import DPKG_INFO, DPKG_STATUS, stanzas
from tests.lab.plan import SPOOL, Host, Plan, Role
from tests.lab.reader import reader_of
from tests.lab.system import enable, user_of_base

_PACKAGES: dict[Role, frozenset[str]] = {
    "director": frozenset(
        {"bacula-common", "bacula-common-sqlite3", "bacula-console", "bacula-director", "bacula-director-sqlite3"}
    ),
    "storage": frozenset({"bacula-common", "bacula-common-sqlite3", "bacula-sd"}),
    "client": frozenset({"bacula-common", "bacula-fd"}),
}
_CONFIGURATIONS = ("bacula-dir.conf", "bacula-sd.conf", "bacula-fd.conf", "bconsole.conf", "common_default_passwords")


_SPOOL_MOUNT = f"""[Mount]
What=tmpfs
Where={SPOOL}
Type=tmpfs
Options=size=16m,nr_inodes=400,mode=755
"""


def write_role(layer: Layer, role: Role) -> None:
    """Leave only the role's Bacula packages, on disk and in dpkg's records."""
    entries = stanzas()
    foreign = [name for name in entries if name.startswith("bacula") and name not in _PACKAGES[role]]
    for name in foreign:
        _hide_package(layer, name)
    kept = [entry for name, entry in entries.items() if name not in foreign]
    layer.write(str(DPKG_STATUS.relative_to(BASE)), "\n".join(kept))
    uid, gid = write_bacula_folders(layer)
    if role == "storage":
        layer.empty("var/lib/bacula/volumes", mode=0o750, uid=uid, gid=gid)
        layer.write("etc/systemd/system/srv-spool.mount", _SPOOL_MOUNT)
        layer.link("etc/systemd/system/multi-user.target.wants/srv-spool.mount", "../srv-spool.mount")
    if role == "director":
        _write_catalogue(layer, uid, gid)


def write_host(layer: Layer, plan: Plan, host: Host, *, ssh: SshKey, tls: Authority, files: dict[str, str]) -> None:
    """Write a host's own identity, keys and configuration."""
    layer.write("usr/local/sbin/readiness-read", reader_of(host.role), mode=0o755)
    layer.write("etc/hostname", host.name + "\n")
    layer.write("etc/machine-id", host.machine_id + "\n", mode=0o444)
    layer.write("etc/ssh/ssh_host_ed25519_key", ssh.private, mode=0o600)
    layer.write("etc/ssh/ssh_host_ed25519_key.pub", ssh.public + "\n")
    layer.write("etc/nftables.conf", network.firewall(plan, host), mode=0o755)
    layer.write("etc/chrony/chrony.conf", network.chrony(plan, host))
    _, gid = user_of_base("bacula")
    for name, text in files.items():
        layer.write(f"etc/bacula/{name}", text, mode=0o640, gid=gid)
    identity = tls.issue(host.fqdn)
    layer.write(f"{bacula.TLS_FOLDER}/ca.pem", tls.certificate)
    layer.write(f"{bacula.TLS_FOLDER}/host.pem", identity.certificate)
    layer.write(f"{bacula.TLS_FOLDER}/host.key", identity.key, mode=0o640, gid=gid)
    enable(layer, f"{host.daemon}.service")
    if host.role == "director":
        layer.link("etc/systemd/system/bacula-dir.service", "/lib/systemd/system/bacula-director.service")


def write_bacula_folders(layer: Layer) -> tuple[int, int]:
    """Empty Bacula's folders and hide the configuration of the base system; returns the daemons' user and group."""
    uid, gid = user_of_base("bacula")
    layer.empty("var/lib/bacula", mode=0o750, uid=uid, gid=gid)
    layer.empty("var/log/bacula", mode=0o750, uid=uid, gid=gid)
    for name in _CONFIGURATIONS:
        layer.hide(f"etc/bacula/{name}")
    return uid, gid


def files_of(package: str) -> Iterator[str]:
    """The files of an installed package, without its folders."""
    for line in (DPKG_INFO / f"{package}.list").read_text().splitlines():
        path = Path(line)
        if os.path.lexists(path) and not path.is_dir():
            yield str(_without_merged_usr(path).relative_to(BASE))


def _hide_package(layer: Layer, name: str) -> None:
    if (DPKG_INFO / f"{name}.list").is_file():
        for path in files_of(name):
            layer.hide(path)
    for record in DPKG_INFO.glob(f"{name}.*"):
        layer.hide(str(record.relative_to(BASE)))


def _without_merged_usr(path: Path) -> Path:
    """`/lib` is a link to `/usr/lib`, and a layer must not replace the link by a folder."""
    return path.parent.resolve() / path.name


def _write_catalogue(layer: Layer, uid: int, gid: int) -> None:
    database = layer.root / "catalogue"
    bacula.catalogue(database)
    layer.write("var/lib/bacula/bacula.db", database.read_bytes(), mode=0o640, uid=uid, gid=gid)
    database.unlink()
