"""WinRM to Windows hosts: one logon, one shell and one PowerShell a host."""

from __future__ import annotations

from collections.abc import Callable

from readiness.core.facts import Login, Reached, WinrmListener
from readiness.core.scripts import Transport
from readiness.estate import Estate, Host
from readiness.transports.budget import Stop
from readiness.transports.kind import PlannedLogins, Surroundings, TransportKind


def _maker(estate: Estate, surroundings: Surroundings, stop: Stop) -> Callable[[Host], Transport]:
    from readiness.transports.winrm.transport import maker  # noqa: PLC0415 - with TLS and HTTP, for its own hosts only

    return maker(surroundings, stop, estate.limits.run_s)


def _logins(estate: Estate, surroundings: Surroundings) -> PlannedLogins:  # noqa: ARG001
    from readiness.transports.winrm.planned import logins  # noqa: PLC0415 - as above

    return logins(surroundings)


KIND = TransportKind(
    name="winrm",
    title="WinRM",
    systems=frozenset({"windows"}),
    speaks="powershell",
    proves=frozenset({Reached, Login, WinrmListener}),
    ports=lambda host: frozenset({host.winrm.effective_port}),
    maker=_maker,
    logins=_logins,
)
