"""How each host is reached: the estate's word first, then the user's ssh_config, host keys from the estate's pins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.core.errors import InputError, Problem
from readiness.core.scripts import Transport
from readiness.estate import Estate, Host
from readiness.transports import Stop
from readiness.transports.ssh.config import HostSettings, SshConfig
from readiness.transports.ssh.config import load as load_config
from readiness.transports.ssh.known_hosts import KnownHosts
from readiness.transports.ssh.login import SshTarget
from readiness.transports.ssh.transport import SshTransport, load_paramiko

if TYPE_CHECKING:
    from readiness.transports.winrm.transport import WinrmTarget


def connector(
    estate: Estate, folder: Path, home: Path, environment: Mapping[str, str], stop: Stop
) -> Callable[[Sequence[str]], Mapping[str, Transport]]:
    """A maker of transports for hosts by name; reads key lists and settings now, contacts nothing.

    Passwords of WinRM come from the variables of `environment` that the estate names. Raises InputError for what is
    wrong with known_hosts or ssh_config, a host without a login name, or a password that is not there.
    """
    routes = _Routes(estate, folder, home, environment)
    targets: dict[str, SshTarget | WinrmTarget] = {}
    problems: list[Problem] = []
    for host in estate.hosts.values():
        try:
            targets[host.name] = routes.target(host) if host.transport == "ssh" else routes.winrm(host)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return lambda names: {name: _transport(targets[name], stop) for name in names}


def _transport(target: SshTarget | WinrmTarget, stop: Stop) -> Transport:
    if isinstance(target, SshTarget):
        load_paramiko()
        return SshTransport(target, stop)
    from readiness.transports.winrm.transport import WinrmTransport  # noqa: PLC0415 - with TLS and HTTP, for its own hosts only

    return WinrmTransport(target, stop)


class _Routes:
    """What is read once for all hosts."""

    def __init__(self, estate: Estate, folder: Path, home: Path, environment: Mapping[str, str]) -> None:
        self._folder, self._home, self._environment = folder, home, environment
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

    def winrm(self, host: Host) -> WinrmTarget:
        """The estate's values; the password from the environment, where the logon has one."""
        from readiness.transports.winrm.transport import WinrmTarget  # noqa: PLC0415 - as above

        way = host.winrm
        password = self._environment.get(way.password_env, "") if way.auth != "certificate" else ""
        if way.auth != "certificate" and not password:
            message = f"{host.name} has no password: the environment variable {way.password_env} is not set"
            raise InputError([Problem(self._file, 0, 0, message, "set it, or name another in winrm.password_env")])
        try:
            return WinrmTarget(
                name=host.name,
                address=host.address,
                port=way.effective_port,
                scheme=way.scheme,
                auth=way.auth,
                user=way.user or "",
                password=password,
                ca_file=self._path(way.ca) if way.ca else None,
                certificate=self._path(way.certificate) if way.certificate else None,
                certificate_key=self._path(way.key) if way.key else None,
            )
        except ValueError as error:
            raise InputError([Problem(self._file, 0, 0, str(error))]) from error

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
