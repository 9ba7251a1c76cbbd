"""Collect from one sshd as if it were many hosts: `python -m tests.benchmarks.collect_many FOLDER PORT USER N`."""

from __future__ import annotations

import sys
from pathlib import Path

from readiness.collect import collect
from readiness.core.facts import Missing
from readiness.core.scripts import Limits, Script
from readiness.probes import PROBES
from readiness.transports import Stop
from readiness.transports.known_hosts import KnownHosts
from readiness.transports.ssh import SshTransport
from readiness.transports.ssh_login import SshTarget

PARALLEL = 16
SCRIPTS = tuple(Script(one.name, one.text) for one in PROBES if one.name in {"clock", "os_release", "identity"})


def main(folder: Path, port: int, user: str, hosts: int) -> None:
    pinned = KnownHosts.load([folder / "known_hosts"]).pins(("127.0.0.1",), port)
    stop = Stop()
    target = SshTarget("localhost", "127.0.0.1", port, user, (folder / "id",), pinned=pinned)
    names = [f"host{number}" for number in range(hosts)]
    transports = {name: SshTransport(target, stop) for name in names}
    read = list(collect(dict.fromkeys(names, SCRIPTS), transports, Limits(), jobs=PARALLEL, stop=stop))
    good = sum(not any(isinstance(value, Missing) for value in one.facts.values.values()) for one in read)
    if good != hosts:
        sys.exit(f"{good} of {hosts} were read")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
