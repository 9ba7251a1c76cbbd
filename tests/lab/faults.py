"""Faults to plant in a running lab: each is a context manager, and leaves the lab as it found it."""

import datetime as dt
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.lab import dead_mount, debs
from tests.lab.bacula import TLS_FOLDER
from tests.lab.errors import LabError
from tests.lab.keys import Authority, new_ssh_key
from tests.lab.lab import Lab
from tests.lab.layers import BASE
from tests.lab.plan import SPOOL
from tests.lab.reader import USER

OLDER_VERSION = "9.6.6-1"
NEWER_VERSION = "11.0.6-1"
CLOCK_OFFSET_S = 600
_CLEARLY_S = 1.1
_PACKAGE = "bacula-fd"
_BINARY = "/usr/sbin/bacula-fd"
_CONFIGURATION = {"director": "bacula-dir.conf", "storage": "bacula-sd.conf", "client": "bacula-fd.conf"}
_HOST_KEY = "etc/ssh/ssh_host_ed25519_key"
_POLICY = "usr/sbin/policy-rc.d"


@contextmanager
def other_package_version(lab: Lab, host: str, version: str = OLDER_VERSION) -> Iterator[None]:
    """A client's package has another version, really installed; the daemon was restarted."""
    try:
        _install(lab, host, version)
        _restart_clearly_later(lab, host)
        yield
    finally:
        _reinstall(lab, host)


@contextmanager
def client_newer_than_director(lab: Lab, host: str) -> Iterator[None]:
    """A client's package is of a later series than the director's."""
    with other_package_version(lab, host, NEWER_VERSION):
        yield


@contextmanager
def daemon_stopped(lab: Lab, host: str) -> Iterator[None]:
    """The host's Bacula daemon does not run, and is still enabled."""
    unit = lab.hosts[host].daemon
    lab.exec(host, "systemctl", "stop", unit)
    try:
        yield
    finally:
        lab.exec(host, "systemctl", "start", unit)


@contextmanager
def daemon_disabled(lab: Lab, host: str) -> Iterator[None]:
    """The host's Bacula daemon runs, and would not after a reboot."""
    unit = lab.hosts[host].daemon
    lab.exec(host, "systemctl", "disable", unit)
    try:
        yield
    finally:
        lab.exec(host, "systemctl", "enable", unit)


@contextmanager
def daemon_not_restarted(lab: Lab, host: str) -> Iterator[None]:
    """A client's package was installed anew, the same version with other bytes, and the old daemon still runs."""
    policy = lab.root(host) / _POLICY
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    time.sleep(_CLEARLY_S)
    try:
        _install(lab, host, debs.installed_version(_PACKAGE), rebuilt=_BINARY)
        yield
    finally:
        policy.unlink()
        _reinstall(lab, host)


@contextmanager
def wrong_host_key(lab: Lab, host: str) -> Iterator[None]:
    """The host shows another SSH host key than the pinned one."""
    key = new_ssh_key()
    path = lab.root(host) / _HOST_KEY
    try:
        with _replaced(path, key.private), _replaced(path.with_suffix(".pub"), key.public + "\n"):
            lab.exec(host, "systemctl", "restart", "sshd")
            yield
    finally:
        lab.exec(host, "systemctl", "restart", "sshd")


@contextmanager
def sshd_stopped(lab: Lab, host: str) -> Iterator[None]:
    """Nothing listens on port 22: a connection is refused."""
    lab.exec(host, "systemctl", "stop", "sshd")
    try:
        yield
    finally:
        lab.exec(host, "systemctl", "start", "sshd")


@contextmanager
def ssh_dropped(lab: Lab, host: str) -> Iterator[None]:
    """The host's firewall drops what comes to port 22: a connection gets no answer."""
    lab.exec(host, "nft", "insert", "rule", "inet", "lab", "input", "tcp", "dport", "22", "drop")
    try:
        yield
    finally:
        lab.exec(host, "nft", "-f", "/etc/nftables.conf")


@contextmanager
def login_refused(lab: Lab, host: str) -> Iterator[None]:
    """The login user's key is not authorised."""
    with _replaced(lab.root(host) / "home" / USER / ".ssh/authorized_keys", ""):
        yield


@contextmanager
def sudo_rule_missing(lab: Lab, host: str) -> Iterator[None]:
    """The login user may run nothing as root."""
    with _replaced(lab.root(host) / "etc/sudoers.d/readiness", ""):
        yield


@contextmanager
def same_machine_id(lab: Lab, host: str, other: str) -> Iterator[None]:
    """The host has the machine id of another, as a clone has."""
    with _replaced(lab.root(host) / "etc/machine-id", lab.hosts[other].machine_id + "\n"):
        yield


@contextmanager
def own_name_on_loopback(lab: Lab, host: str) -> Iterator[None]:
    """The host's own name is on 127.0.1.1, as Debian's installer leaves it."""
    with _hosts_changed(lab, host, lab.hosts[host].address, "127.0.1.1"):
        yield


@contextmanager
def peer_has_no_name(lab: Lab, host: str, peer: str) -> Iterator[None]:
    """The host does not resolve the name of a host that it talks to."""
    with _hosts_changed(lab, host, lab.hosts[peer].address, "# "):
        yield


@contextmanager
def peers_swapped(lab: Lab, host: str, one: str, other: str) -> Iterator[None]:
    """The host takes two of its peers for each other, forward and back."""
    names = lab.root(host) / "etc/hosts"
    first, second = lab.hosts[one].address, lab.hosts[other].address
    text = names.read_text().replace(f"{first}\t", "swapped\t")
    with _replaced(names, text.replace(f"{second}\t", f"{first}\t").replace("swapped\t", f"{second}\t")):
        yield


@contextmanager
def configured(lab: Lab, host: str, old: str, new: str, *, file: str = "") -> Iterator[None]:
    """The daemon's configuration says something else in the first place where it says `old`; the daemon goes on."""
    path = lab.root(host) / "etc/bacula" / (file or _CONFIGURATION[lab.hosts[host].role])
    before = path.read_text()
    if old not in before:
        raise LabError(f"{path.name} of {host} does not say {old!r}")
    with _replaced(path, before.replace(old, new, 1)):
        yield


@contextmanager
def certificate(
    lab: Lab, host: str, *, name: str = "", days: float = 3650, rsa_bits: int = 0, other_key: bool = False
) -> Iterator[None]:
    """The host has a certificate of another authority, which it also names; wrong only in what is asked for."""
    authority = Authority()
    lifetime = dt.timedelta(days=days)
    identity = authority.issue(name or lab.hosts[host].fqdn, lifetime=lifetime, rsa_bits=rsa_bits)
    key = authority.issue("other.example").key if other_key else identity.key
    folder = lab.root(host) / TLS_FOLDER
    with (
        _replaced(folder / "ca.pem", authority.certificate),
        _replaced(folder / "host.pem", identity.certificate),
        _replaced(folder / "host.key", key),
    ):
        yield


@contextmanager
def broken_chain(lab: Lab, host: str) -> Iterator[None]:
    """The authority that the host names is another one of the same name."""
    with _replaced(lab.root(host) / TLS_FOLDER / "ca.pem", Authority().certificate):
        yield


@contextmanager
def mode(lab: Lab, host: str, path: str, changed: int) -> Iterator[None]:
    """A file or folder has another mode."""
    file = lab.root(host) / path
    before = stat.S_IMODE(file.stat().st_mode)
    file.chmod(changed)
    try:
        yield
    finally:
        file.chmod(before)


@contextmanager
def owner(lab: Lab, host: str, path: str, changed: str) -> Iterator[None]:
    """A file or folder belongs to another user."""
    before = lab.exec(host, "stat", "-c", "%U", f"/{path}").stdout.strip()
    lab.exec(host, "chown", changed, f"/{path}")
    try:
        yield
    finally:
        lab.exec(host, "chown", before, f"/{path}")


@contextmanager
def login_shell(lab: Lab, host: str, user: str) -> Iterator[None]:
    """A daemon's account has a shell to log in with."""
    users = lab.root(host) / "etc/passwd"
    lines = (line.rpartition(":") for line in users.read_text().splitlines())
    text = "".join(f"{rest}:{'/bin/bash' if rest.startswith(f'{user}:') else shell}\n" for rest, _, shell in lines)
    with _replaced(users, text):
        yield


@contextmanager
def _hosts_changed(lab: Lab, host: str, address: str, instead: str) -> Iterator[None]:
    names = lab.root(host) / "etc/hosts"
    with _replaced(names, names.read_text().replace(f"{address}\t", f"{instead}\t")):
        yield


@contextmanager
def daemon_on_loopback_only(lab: Lab, host: str) -> Iterator[None]:
    """A client's daemon listens on 127.0.0.1, as Debian's template says."""
    with _daemon_configured(lab, host, f"FD Address = {lab.hosts[host].address}", "FD Address = 127.0.0.1"):
        yield


@contextmanager
def port_of_another_program(lab: Lab, host: str) -> Iterator[None]:
    """Another program holds a client's port, and the daemon was moved to another one."""
    with _daemon_configured(lab, host, "FD Port = 9102", "FD Port = 9112"), listener(lab, host, 9102):
        yield


@contextmanager
def listener(lab: Lab, host: str, port: int) -> Iterator[None]:
    """A program that nobody declared listens on every address."""
    unit = f"listener-{port}"
    lab.exec(host, "systemd-run", "--quiet", f"--unit={unit}", "busybox", "nc", "-ll", "-p", str(port), "-e", "true")
    try:
        lab.exec(host, "sh", "-c", f"until busybox nc -w 1 127.0.0.1 {port} </dev/null; do sleep 0.05; done")
        yield
    finally:
        lab.exec(host, "systemctl", "stop", unit)


@contextmanager
def undeclared_daemon(lab: Lab, host: str) -> Iterator[None]:
    """A file daemon that no package brought runs from a folder of its own."""
    folder = lab.root(host) / "opt/bacula"
    folder.mkdir(parents=True)
    shutil.copy2(_BINARY, folder / _PACKAGE)
    (folder / "own.conf").write_text(
        'Director { Name = other; Password = "other" }\n'
        "FileDaemon { Name = own-fd; FDport = 9102; Working Directory = /opt/bacula; Pid Directory = /opt/bacula }\n"
        "Messages { Name = Standard; Director = other = all }\n"
    )
    lab.exec(host, "systemd-run", "--quiet", "--unit=own", "/opt/bacula/bacula-fd", "-f", "-c", "/opt/bacula/own.conf")
    try:
        lab.exec(host, "sh", "-c", "until busybox nc -w 1 127.0.0.1 9102 </dev/null; do sleep 0.05; done")
        yield
    finally:
        lab.exec(host, "systemctl", "stop", "own")
        lab.exec(host, "systemctl", "reset-failed", "own", check=False)  # it ends by the signal, which counts as failed
        shutil.rmtree(folder)


@contextmanager
def products_forgotten(lab: Lab, host: str) -> Iterator[None]:
    """The estate says that a host has none of the products, and it has."""
    estate = lab.estate / "estate.yaml"
    document = yaml.safe_load(estate.read_text())
    document["hosts"][host] |= {"products": {}}
    document["hosts"][host].pop("uses")
    with _replaced(estate, yaml.safe_dump(document, sort_keys=False)):
        yield


@contextmanager
def _daemon_configured(lab: Lab, host: str, old: str, new: str) -> Iterator[None]:
    """A client's daemon runs with another line in its configuration."""
    settings = lab.root(host) / "etc/bacula/bacula-fd.conf"
    text = settings.read_text()
    if old not in text:
        raise LabError(f"{host}: no {old} in {settings}")
    try:
        with _replaced(settings, text.replace(old, new)):
            lab.exec(host, "systemctl", "restart", _PACKAGE)
            yield
    finally:
        lab.exec(host, "systemctl", "restart", _PACKAGE)


@contextmanager
def space_used_up(lab: Lab, host: str) -> Iterator[None]:
    """The spool's filesystem is full."""
    with _filled(lab, host, f"dd if=/dev/zero of={SPOOL}/filling bs=64k 2>/dev/null; true"):
        yield


@contextmanager
def inodes_used_up(lab: Lab, host: str) -> Iterator[None]:
    """The spool's filesystem has no inodes left, and space enough."""
    with _filled(lab, host, f"seq -f {SPOOL}/filling%g 500 | xargs touch 2>/dev/null; true"):
        yield


@contextmanager
def _filled(lab: Lab, host: str, command: str) -> Iterator[None]:
    lab.exec(host, "sh", "-c", command)
    try:
        yield
    finally:
        lab.exec(host, "sh", "-c", f"rm {SPOOL}/filling*")


@contextmanager
def read_only(lab: Lab, host: str) -> Iterator[None]:
    """The spool's filesystem became read-only."""
    lab.exec(host, "mount", "-o", "remount,ro", SPOOL)
    try:
        yield
    finally:
        lab.exec(host, "mount", "-o", "remount,rw", SPOOL)


@contextmanager
def not_mounted(lab: Lab, host: str) -> Iterator[None]:
    """The spool's folder is there, and its filesystem is not."""
    lab.exec(host, "systemctl", "stop", "srv-spool.mount")
    try:
        yield
    finally:
        lab.exec(host, "systemctl", "start", "srv-spool.mount")


@contextmanager
def mount_dead(lab: Lab, host: str) -> Iterator[None]:
    """The server of the spool's mount takes every request and answers none: whoever asks can not even be killed."""
    script = str(Path(dead_mount.__file__))
    command = [sys.executable, script, str(lab.init_of(host)), SPOOL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            if server.stdout is None or server.stdout.readline() != "mounted\n":
                raise LabError(f"{host}: no FUSE mount on {SPOOL}")
            yield
        finally:
            server.kill()
            lab.exec(host, "umount", "--lazy", SPOOL)


@contextmanager
def few_open_files(lab: Lab, host: str) -> Iterator[None]:
    """The host's daemon may have only few files open."""
    unit = lab.hosts[host].daemon
    folder = lab.root(host) / f"etc/systemd/system/{unit}.service.d"
    folder.mkdir()
    (folder / "few.conf").write_text("[Service]\nLimitNOFILE=512\n")
    try:
        lab.exec(host, "sh", "-c", f"systemctl daemon-reload && systemctl restart {unit}")
        yield
    finally:
        (folder / "few.conf").unlink()
        folder.rmdir()
        lab.exec(host, "sh", "-c", f"systemctl daemon-reload && systemctl restart {unit}")


@contextmanager
def other_time_zone(lab: Lab, host: str) -> Iterator[None]:
    """The host is in another time zone."""
    zone = lab.root(host) / "etc/localtime"
    before = zone.readlink()
    zone.unlink()
    zone.symlink_to("../usr/share/zoneinfo/Europe/Berlin")
    try:
        yield
    finally:
        zone.unlink()
        zone.symlink_to(before)


@contextmanager
def reboot_due(lab: Lab, host: str) -> Iterator[None]:
    """A package was installed that asks for a reboot."""
    run = lab.root(host) / "run"
    (run / "reboot-required").write_text("*** System restart required ***\n")
    (run / "reboot-required.pkgs").write_text("libc6\nlibc6\n")
    try:
        yield
    finally:
        (run / "reboot-required").unlink()
        (run / "reboot-required.pkgs").unlink()


@contextmanager
def core_package_installed_since_boot(lab: Lab, host: str) -> Iterator[None]:
    """A package that only a reboot brings into use was installed after the last one."""
    record = next((lab.root(host) / "var/lib/dpkg/info").glob("libc6:*.list"))
    times = record.stat()
    record.touch()
    try:
        yield
    finally:
        os.utime(record, ns=(times.st_atime_ns, times.st_mtime_ns))


@contextmanager
def unit_failed(lab: Lab, host: str) -> Iterator[None]:
    """A unit that is none of the products' failed."""
    lab.exec(host, "systemd-run", "--quiet", "--unit=nightly-report", "false")
    try:
        lab.exec(host, "sh", "-c", "until systemctl is-failed --quiet nightly-report; do sleep 0.05; done")
        yield
    finally:
        lab.exec(host, "systemctl", "reset-failed", "nightly-report")


@contextmanager
def root_may_log_in(lab: Lab, host: str) -> Iterator[None]:
    """Root may log in by password, by the first line on it; a later one says otherwise and does not count."""
    settings = lab.root(host) / "etc/ssh/sshd_config"
    with _replaced(settings, "PermitRootLogin yes\n" + settings.read_text()):
        yield


@contextmanager
def clock_off(lab: Lab, host: str, offset_s: int = CLOCK_OFFSET_S) -> Iterator[None]:
    """`date` tells another time to logins; everything else, and the kernel, keep theirs.

    Not through `/etc/ld.so.preload`: the library unlinks files when a program ends, for which the sandbox of sshd kills
    its own process, and no login succeeds. Not through `/etc/environment`: nothing of a login's environment counts.
    """
    tool = lab.root(host) / "usr/local/bin/date"
    tool.parent.mkdir(parents=True, exist_ok=True)
    library = next((BASE / "usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    faked = f"LD_PRELOAD={library} FAKETIME={offset_s:+d} FAKETIME_DONT_FAKE_MONOTONIC=1"
    tool.write_text(f'#!/bin/sh\n{faked} exec /usr/bin/date "$@"\n')
    tool.chmod(0o755)
    try:
        yield
    finally:
        tool.unlink()


@contextmanager
def unplugged(lab: Lab, host: str) -> Iterator[None]:
    """The host's cable is out: nothing goes in or comes out."""
    lab.plug(host, connected=False)
    try:
        yield
    finally:
        lab.plug(host, connected=True)


def _install(lab: Lab, host: str, version: str, rebuilt: str | None = None) -> None:
    if lab.hosts[host].daemon != _PACKAGE or lab.hosts[host].redhat:
        raise LabError(f"{host} has no Debian package {_PACKAGE}")
    folder = lab.plan.state / "packages"
    folder.mkdir(exist_ok=True)
    archive = debs.repack(folder, _PACKAGE, version, rebuilt)
    inside = lab.root(host) / "tmp" / archive.name
    inside.write_bytes(archive.read_bytes())
    try:
        lab.exec(host, "dpkg", "--force-unsafe-io", "--install", f"/tmp/{archive.name}")
    finally:
        inside.unlink()


def _reinstall(lab: Lab, host: str) -> None:
    _install(lab, host, debs.installed_version(_PACKAGE))
    _restart_clearly_later(lab, host)


def _restart_clearly_later(lab: Lab, host: str) -> None:
    """Restart the daemon once more: a process' start is only known to the second."""
    time.sleep(_CLEARLY_S)
    lab.exec(host, "systemctl", "restart", _PACKAGE)


@contextmanager
def _replaced(path: Path, content: str) -> Iterator[None]:
    """Change the text of a file in place, so that owner and mode stay."""
    before = path.read_text()
    path.write_text(content)
    try:
        yield
    finally:
        path.write_text(before)
