"""The Debian packages that the lab's hosts are made of."""

import os
import subprocess
from pathlib import Path

from tests.lab.errors import LabError

PACKAGES = (
    "acl", "ansible-core", "bacula-common", "bacula-common-sqlite3", "bacula-console", "bacula-director",
    "bacula-director-sqlite3", "bacula-fd", "bacula-sd", "busybox", "chrony", "dbus", "gawk", "iproute2",
    "libfaketime", "mawk", "nftables", "openssh-client", "openssh-server", "original-awk", "procps", "rpm",
    "sqlite3", "strace", "sudo", "systemd", "systemd-sysv", "util-linux",
)  # fmt: skip
DPKG_INFO = Path("/var/lib/dpkg/info")
DPKG_STATUS = Path("/var/lib/dpkg/status")
POLICY = Path("/usr/sbin/policy-rc.d")


def missing() -> list[str]:
    """Name the packages that are not installed; all of them where there is no dpkg."""
    installed = {name for name, stanza in stanzas().items() if "\nStatus: install ok installed\n" in stanza}
    return [name for name in PACKAGES if name not in installed]


def stanzas() -> dict[str, str]:
    """Read dpkg's status file: the text of each package's entry by the package's name."""
    if not DPKG_STATUS.is_file():
        return {}
    entries = DPKG_STATUS.read_text().strip().split("\n\n")
    return {entry.partition("\n")[0].removeprefix("Package: "): entry + "\n" for entry in entries}


def prepare() -> None:
    """Install what is missing, without starting any daemon in the base system."""
    wanted = missing()
    if not wanted:
        return
    if os.geteuid() != 0:
        raise LabError(f"packages are missing and only root can install them: {' '.join(wanted)}")
    if POLICY.exists():
        _install(wanted)
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        _install(wanted)
    finally:
        POLICY.unlink()


def _install(wanted: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *wanted]):
        done = subprocess.run(["apt-get", "--quiet", *command], env=environment, check=False)
        if done.returncode:
            raise LabError(f"apt-get {command[0]} failed with status {done.returncode}")
    if still := missing():
        raise LabError(f"apt-get did not install: {' '.join(still)}")
