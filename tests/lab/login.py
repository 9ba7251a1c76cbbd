"""Logging in to a host of the lab with OpenSSH's own client, as `readiness` would: by the pinned key."""

import subprocess

from tests.lab.lab import Lab
from tests.lab.reader import USER

_DEADLINE_S = 20.0


def options(lab: Lab) -> dict[str, str]:
    """The settings of OpenSSH with which nothing of the caller's own SSH configuration counts."""
    return {
        "IdentityFile": str(lab.identity_file),
        "BatchMode": "yes",
        "ConnectTimeout": "1",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(lab.estate / "known_hosts"),
        "GlobalKnownHostsFile": "/dev/null",
    }


def ssh(lab: Lab) -> list[str]:
    """The words that begin a command line of OpenSSH's client."""
    return ["ssh", "-F", "none", *(part for name, value in options(lab).items() for part in ("-o", f"{name}={value}"))]


def login(lab: Lab, host: str, command: str, user: str = USER) -> subprocess.CompletedProcess[str]:
    """Run a command over SSH; nothing of the caller's own SSH configuration counts."""
    return subprocess.run(
        [*ssh(lab), f"{user}@{lab.hosts[host].address}", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_DEADLINE_S,
    )
