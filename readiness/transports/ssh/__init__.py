"""SSH to Linux hosts, by paramiko, with pinned host keys."""

from __future__ import annotations

from collections.abc import Callable

from readiness.core.facts import HostKey, Login, Reached
from readiness.core.scripts import Transport
from readiness.estate import Estate, Host
from readiness.transports.budget import Stop
from readiness.transports.kind import PlannedLogins, Surroundings, TransportKind


def _maker(estate: Estate, surroundings: Surroundings, stop: Stop) -> Callable[[Host], Transport]:
    from readiness.transports.ssh.transport import maker  # noqa: PLC0415 - only where a host is reached by it

    return maker(estate, surroundings, stop)


def _logins(estate: Estate, surroundings: Surroundings) -> PlannedLogins:
    from readiness.transports.ssh.planned import logins  # noqa: PLC0415 - as above

    return logins(estate, surroundings)


KIND = TransportKind(
    name="ssh",
    title="SSH",
    systems=frozenset({"linux"}),
    speaks="posix",
    proves=frozenset({Reached, HostKey, Login}),
    ports=lambda host: frozenset({22, host.ssh.port}),  # it may be another one on the way to the host than on it
    maker=_maker,
    logins=_logins,
    runs_commands=True,
)
