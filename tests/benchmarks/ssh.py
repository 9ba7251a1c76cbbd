"""Reading N hosts on loopback: our collecting against one OpenSSH process a host with the same script."""

from __future__ import annotations

import shlex
import sys

from readiness.transports import posix
from tests.benchmarks.collect_many import PARALLEL, SCRIPTS
from tests.transports.sshd import Sshd


def prepare(server: Sshd, hosts: int) -> tuple[list[str], list[str]]:
    """The two commands; both compare host keys strictly and use curve25519."""
    folder, user = server.folder, server.target().user
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {server.public_host_key}\n")
    (folder / "batch.sh").write_text(posix.head("0" * 32) + posix.body(SCRIPTS))
    module = "tests.benchmarks.collect_many"
    ours = [sys.executable, "-m", module, str(folder), str(server.port), user, str(hosts)]
    options = {
        "UserKnownHostsFile": folder / "known_hosts",
        "StrictHostKeyChecking": "yes",
        "IdentityFile": folder / "id",
        "IdentitiesOnly": "yes",
        "KexAlgorithms": "curve25519-sha256",
        "BatchMode": "yes",
        "GSSAPIAuthentication": "no",
    }
    told = " ".join(f"-o {shlex.quote(f'{name}={value}')}" for name, value in options.items())
    login = f"{user}@127.0.0.1 {shlex.quote(posix.COMMAND)}"
    one = f"ssh -F none -p {server.port} {told} {login} <{folder}/batch.sh >/dev/null 2>&1 # {{}}"
    theirs = ["sh", "-c", f"seq {hosts} | xargs -P{PARALLEL} -I{{}} sh -c {shlex.quote(one)}"]
    return ours, theirs
