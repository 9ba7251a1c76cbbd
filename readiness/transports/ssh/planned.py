"""Which logins over SSH a run would make, in words; contacts nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from readiness.core.scripts import PlannedLogin
from readiness.estate import Estate, Host
from readiness.transports.kind import CannotReach, PlannedLogins, Surroundings
from readiness.transports.ssh.login import fingerprint
from readiness.transports.ssh.target import SshTarget, Targets


def logins(estate: Estate, surroundings: Surroundings) -> PlannedLogins:
    """What says which logins lead to a host, those to the hosts on the way first."""
    targets, known_hosts = Targets(estate, surroundings), estate.ssh.known_hosts or "~/.ssh/known_hosts"

    def of(host: Host) -> tuple[Sequence[PlannedLogin], Sequence[CannotReach]]:
        *hops, last = _in_order(targets.target(host))
        made = [_login(hop, f"{hop.name}, on the way to {host.name}", pinned_by(hop), surroundings) for hop in hops]
        return (*made, _login(last, host.name, pinned_by(last), surroundings)), ()

    def pinned_by(target: SshTarget) -> str:
        stated = target.name in estate.hosts and estate.hosts[target.name].ssh.host_key
        return "the estate" if stated else known_hosts

    return of


def _in_order(target: SshTarget) -> Iterator[SshTarget]:
    if target.jump is not None:
        yield from _in_order(target.jump)
    yield target


def _login(target: SshTarget, to: str, pinned_by: str, surroundings: Surroundings) -> PlannedLogin:
    files = ", ".join(map(surroundings.written, target.identity_files))
    ways = [f"the key file{'s' if len(target.identity_files) > 1 else ''} {files}"] if files else []
    ways += ["the agent's keys"] if target.use_agent else []
    keys = [fingerprint(key) for key in target.pinned if not key.startswith("@")]  # @revoked, @contradicted
    proof = f"proved by the host key {' or '.join(keys)} of {pinned_by}"
    why_not = target.distrust.detail if target.distrust else "no host key is pinned"
    return PlannedLogin(
        to,
        f"{target.user} over SSH with {', or '.join(ways) or 'no key: nothing is stated'}",
        f"{target.address} port {target.port}",
        proof if keys else f"{why_not}: a run would not log in",
    )
