"""Logging in to a host of the lab with OpenSSH's own client, as `readiness` would: by the pinned key."""

import subprocess

from tests.lab.lab import Lab
from tests.lab.reader import USER

_DEADLINE_S = 20.0


def login(lab: Lab, host: str, command: str, user: str = USER) -> subprocess.CompletedProcess[str]:
    """Run a command over SSH; nothing of the caller's own SSH configuration counts."""
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": "1",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(lab.estate / "known_hosts"),
        "GlobalKnownHostsFile": "/dev/null",
    }
    flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
    target = f"{user}@{lab.hosts[host].address}"
    return subprocess.run(
        ["ssh", "-F", "none", "-i", str(lab.identity_file), *flags, target, command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_DEADLINE_S,
    )
