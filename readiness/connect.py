"""How each host is reached: the estate's word first, then the user's ssh_config, host keys from the estate's pins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from readiness.core.errors import InputError, Problem
from readiness.core.scripts import Transport
from readiness.estate import Estate, Host
from readiness.transports import Stop
from readiness.transports.known_hosts import KnownHosts
from readiness.transports.ssh import SshTransport
from readiness.transports.ssh_config import HostSettings, SshConfig
from readiness.transports.ssh_config import load as load_config
from readiness.transports.ssh_login import SshTarget


def connector(
    estate: Estate, folder: Path, home: Path, stop: Stop
) -> Callable[[Sequence[str]], Mapping[str, Transport]]:
    """A maker of transports for hosts by name; reads key lists and settings now, contacts nothing.

    Raises InputError for what is wrong with known_hosts or ssh_config, or a host without a login name.
    """
    routes = _Routes(estate, folder, home)
    targets: dict[str, SshTarget] = {}
    problems: list[Problem] = []
    for host in estate.hosts.values():
        try:
            targets[host.name] = routes.target(host)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return lambda names: {name: SshTransport(targets[name], stop) for name in names}


class _Routes:
    """What is read once for all hosts."""

    def __init__(self, estate: Estate, folder: Path, home: Path) -> None:
        self._folder, self._home = folder, home
        self._configs: dict[str, SshConfig] = {}
        named = estate.ssh.known_hosts
        self._known = KnownHosts.load([self._path(named)] if named else [home / ".ssh" / "known_hosts"])
        self._file = str(folder / "estate.yaml")

    def _path(self, text: str) -> Path:
        if text.startswith("~/"):
            return self._home / text[2:]
        return self._folder / text

    def _settings(self, host: Host) -> HostSettings:
        named = host.ssh.config
        if named is None:
            return HostSettings()
        if named not in self._configs:
            self._configs[named] = load_config(self._path(named))
        return self._configs[named].lookup(host.name)

    def target(self, host: Host) -> SshTarget:
        """The estate's own values win over the ssh_config's."""
        if host.transport != "ssh":
            message = f"{host.name}: no way over {host.transport} yet"
            raise InputError([Problem(self._file, 0, 0, message, "remove the host")])
        settings = self._settings(host)
        user = host.ssh.user or settings.user
        if user is None:
            message = f"{host.name} has no login name"
            raise InputError([Problem(self._file, 0, 0, message, "state ssh.user, or User in the ssh_config")])
        address = settings.host_name or host.address
        port = settings.port if settings.port and host.ssh.port == 22 else host.ssh.port
        files = host.ssh.identity_files or settings.identity_files
        pinned = (host.ssh.host_key,) if host.ssh.host_key else self._known.pins((host.name, host.fqdn, address), port)
        return SshTarget(
            name=host.name,
            address=address,
            port=port,
            user=user,
            identity_files=tuple(map(self._path, files)),
            use_agent=host.ssh.agent,
            pinned=pinned,
            jump=self._jump(host, settings, user),
        )

    def _jump(self, host: Host, settings: HostSettings, user: str) -> SshTarget | None:
        """The last hop before the host, itself reached through the hops before it."""
        jump: SshTarget | None = None
        for hop in settings.proxy_jump:
            login, _, place = hop.rpartition("@")
            alias, _, port_text = place.partition(":")
            own = self._configs[host.ssh.config or ""].lookup(alias)
            address = own.host_name or alias
            port = int(port_text or own.port or 22)
            jump = SshTarget(
                name=alias,
                address=address,
                port=port,
                user=login or own.user or user,
                identity_files=tuple(map(self._path, own.identity_files or host.ssh.identity_files)),
                use_agent=host.ssh.agent,
                pinned=self._known.pins((alias, address), port),
                jump=jump,
            )
        return jump
