"""SSH with pinned host keys: one connection a host, one batch, a deadline on everything, nothing left behind."""

from __future__ import annotations

import sys
from collections.abc import Callable

from readiness.core.scripts import Limits, Output, Script, Visit
from readiness.estate import Estate, Host
from readiness.transports.budget import Budget, Stop
from readiness.transports.kind import Surroundings
from readiness.transports.shells import DIALECTS
from readiness.transports.ssh.connect import SshLink
from readiness.transports.ssh.live import LiveConnection
from readiness.transports.ssh.target import SshTarget, Targets
from readiness.transports.visiting import Visiting


def load_paramiko() -> None:
    """Load it ahead of the visits, which would all wait for it, and without invoke, which takes half of the time.

    paramiko does without: it needs invoke for `Match exec` in an ssh_config, which we refuse, and read by ourselves.
    """
    if "paramiko" in sys.modules:
        return
    absent = "invoke" not in sys.modules
    if absent:
        sys.modules["invoke"] = None  # type: ignore[assignment] # what the import system takes for "not there"
    try:
        import paramiko  # noqa: F401, PLC0415
    finally:
        if absent:
            del sys.modules["invoke"]


class SshTransport:
    """One host over SSH; `stop` ends a visit early, from any thread."""

    def __init__(self, target: SshTarget, stop: Stop) -> None:
        self.target, self.stop = target, stop

    def visit(self, scripts: tuple[Script, ...], limits: Limits, done: Callable[[Output], None]) -> Visit:
        """See `Transport.visit`."""
        link = SshLink(self.target, limits, Budget.of(limits.host_s, self.stop), let_in=False)
        return Visiting(self.target.name, link, DIALECTS["posix"], scripts, done).visit()

    def live(self, limits: Limits, budget: Budget) -> LiveConnection:
        """A connection for single commands to a host that was visited, made when the first one is run."""
        return LiveConnection(SshLink(self.target, limits, budget, let_in=True), limits, budget)


def maker(estate: Estate, surroundings: Surroundings, stop: Stop) -> Callable[[Host], SshTransport]:
    """What makes the transport to a host; raises InputError for known_hosts and ssh_config."""
    targets = Targets(estate, surroundings)
    load_paramiko()
    return lambda host: SshTransport(targets.target(host), stop)
