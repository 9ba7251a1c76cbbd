"""Which logons over WinRM a run would make, in words, with the name of each password's variable; contacts nothing."""

from __future__ import annotations

from collections.abc import Sequence

from readiness.core.scripts import PlannedLogin
from readiness.estate import Host
from readiness.transports.kind import CannotReach, PlannedLogins, Surroundings
from readiness.transports.winrm.target import missing_for


def logins(surroundings: Surroundings) -> PlannedLogins:
    """What says which logon leads to a host, and what is missing for it."""

    def of(host: Host) -> tuple[Sequence[PlannedLogin], Sequence[CannotReach]]:
        settings = host.winrm
        address = f"{settings.scheme}, {host.address} port {settings.effective_port}"
        login = PlannedLogin(host.name, _credential(host, surroundings), address, _proof(host))
        return (login,), missing_for(host, surroundings)

    return of


def _credential(host: Host, surroundings: Surroundings) -> str:
    settings = host.winrm
    if settings.auth == "certificate":
        return f"the certificate {settings.certificate} with its key {settings.key} over WinRM"
    unset = "" if surroundings.environment.get(settings.password_env) else " (not set)"
    password = f"the password in {settings.password_env}{unset}"
    how = f"Basic, which sends {password} as it is" if settings.auth == "basic" else f"NTLM with {password}"
    return f"{settings.user} over WinRM by {how}"


def _proof(host: Host) -> str:
    if host.winrm.scheme == "http":
        return "nothing proves the host before the logon is sent"
    who = f"{host.winrm.ca} vouches" if host.winrm.ca else "the system's authorities vouch"
    return f"proved by a certificate that {who} for"
