"""The layer that all hosts share: a plain Debian without anything of the machine it runs on."""

import os
import pwd

from tests.lab.layers import BASE, Layer
from tests.lab.network import hosts_file
from tests.lab.plan import Plan
from tests.lab.reader import USER, sudo_rule

USER_ID = 2077
_KEPT = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "var"}
_EMPTIED = {
    "dev": 0o755, "proc": 0o555, "sys": 0o555, "run": 0o755, "tmp": 0o1777, "root": 0o700, "home": 0o755,
    "mnt": 0o755, "media": 0o755, "opt": 0o755, "srv": 0o755, "boot": 0o755, "usr/local": 0o755,
    "etc/systemd/system": 0o755, "etc/ssh": 0o755, "etc/sudoers.d": 0o750, "etc/profile.d": 0o755, "etc/apt": 0o755,
    "var/log": 0o755, "var/tmp": 0o1777, "var/mail": 0o2775, "var/lib/systemd": 0o755,
    **{f"etc/rc{level}.d": 0o755 for level in "0123456S"},
}  # fmt: skip
_HIDDEN = ("etc/fstab", "etc/environment", "etc/ld.so.preload", "etc/machine-id", "var/lib/dbus/machine-id",
           "var/lib/man-db/auto-update")  # fmt: skip
_MASKED = (
    "systemd-udevd.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket",
    "systemd-udev-trigger.service", "systemd-udev-settle.service", "systemd-networkd.service",
    "systemd-networkd.socket", "systemd-resolved.service", "systemd-timesyncd.service", "systemd-logind.service",
    "getty.target", "console-getty.service", "systemd-modules-load.service", "systemd-sysctl.service",
    "systemd-remount-fs.service", "kmod-static-nodes.service", "systemd-binfmt.service", "systemd-firstboot.service",
    "systemd-machine-id-commit.service", "systemd-pcrphase.service", "systemd-pcrphase-sysinit.service",
    "systemd-random-seed.service", "systemd-repart.service", "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service", "systemd-journal-flush.service", "systemd-journald-audit.socket",
    "systemd-initctl.socket", "systemd-ask-password-console.path", "systemd-ask-password-wall.path",
    "systemd-sysusers.service", "systemd-tmpfiles-setup-dev.service", "systemd-tmpfiles-clean.timer",
    "dev-hugepages.mount", "dev-mqueue.mount", "proc-sys-fs-binfmt_misc.automount", "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "tmp.mount",
)  # fmt: skip
_ENABLED = ("ssh.service", "chrony.service", "nftables.service")
_ALIASES = {"sshd.service": "ssh.service", "chronyd.service": "chrony.service"}
_SSHD_CONFIG = f"""Port 22
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowUsers root {USER}
UsePAM yes
UseDNS no
PrintMotd no
X11Forwarding no
Subsystem sftp /usr/lib/openssh/sftp-server
"""
# The capability that chronyd would need to set the clock is one that no host has; `-x` does without.
_CHRONY_DROP_IN = "[Unit]\nConditionCapability=\n"
_JOURNAL = "[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\nForwardToSyslog=no\n"


def write_common(layer: Layer, plan: Plan, public_key: str) -> None:
    """Write the shared layer."""
    for entry in BASE.iterdir():
        if entry.name not in _KEPT and entry.name not in _EMPTIED:
            layer.hide(entry.name)
    for path, mode in _EMPTIED.items():
        layer.empty(path, mode=mode)
    for path in _HIDDEN:
        layer.hide(path)
    _write_etc(layer, plan)
    _write_units(layer)
    _write_users(layer, public_key)


def enable(layer: Layer, unit: str) -> None:
    """Enable a unit as `systemctl enable` would."""
    layer.link(f"etc/systemd/system/multi-user.target.wants/{unit}", f"/lib/systemd/system/{unit}")


def _write_etc(layer: Layer, plan: Plan) -> None:
    layer.write("etc/hosts", hosts_file(plan.hosts.values()))
    layer.write("etc/resolv.conf", "")
    layer.link("etc/localtime", "/usr/share/zoneinfo/Etc/UTC")
    layer.write("etc/ssh/sshd_config", _SSHD_CONFIG)
    layer.write("etc/sudoers.d/readiness", sudo_rule(), mode=0o440)
    layer.write("etc/default/chrony", 'DAEMON_OPTS="-F 1 -x"\n')
    layer.write("etc/systemd/journald.conf", _JOURNAL)
    layer.write("etc/ucf.conf", "conf_force_conffold=YES\n")
    session = (BASE / "etc/pam.d/common-session").read_text()
    kept = [line for line in session.splitlines() if "pam_systemd" not in line]
    layer.write("etc/pam.d/common-session", "\n".join(kept) + "\n")


def _write_units(layer: Layer) -> None:
    for unit in _MASKED:
        layer.link(f"etc/systemd/system/{unit}", "/dev/null")
    for unit in _ENABLED:
        enable(layer, unit)
    for alias, unit in _ALIASES.items():
        layer.link(f"etc/systemd/system/{alias}", f"/lib/systemd/system/{unit}")
    layer.write("etc/systemd/system/chrony.service.d/lab.conf", _CHRONY_DROP_IN)


def _write_users(layer: Layer, public_key: str) -> None:
    home = f"/home/{USER}"
    entries = {
        "passwd": f"{USER}:x:{USER_ID}:{USER_ID}:Readiness:{home}:/bin/bash",
        "shadow": f"{USER}:*:19000:0:99999:7:::",
        "group": f"{USER}:x:{USER_ID}:",
        "gshadow": f"{USER}:!::",
    }
    for name, entry in entries.items():
        _append(layer, f"etc/{name}", entry)
    for folder, owner in (("root", 0), (home[1:], USER_ID)):
        layer.empty(f"{folder}/.ssh", mode=0o700, uid=owner, gid=owner)
        (layer.root / folder).chmod(0o700)
        layer.write(f"{folder}/.ssh/authorized_keys", public_key + "\n", mode=0o600, uid=owner, gid=owner)
    os.chown(layer.root / home[1:], USER_ID, USER_ID)


def _append(layer: Layer, path: str, entry: str) -> None:
    base = BASE / path
    status = base.stat()
    user = entry.partition(":")[0]
    lines = [line for line in base.read_text().splitlines() if not line.startswith(f"{user}:")]
    text = "\n".join([*lines, entry]) + "\n"
    layer.write(path, text, mode=status.st_mode & 0o777, uid=status.st_uid, gid=status.st_gid)


def user_of_base(name: str) -> tuple[int, int]:
    """The user and group number of a system user that a package made."""
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid
