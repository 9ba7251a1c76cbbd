"""Who is to be reached over SSH: the estate's word first, then the user's ssh_config, host keys as they are pinned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from readiness.estate import Estate, Host
from readiness.transports.kind import CannotReach, Surroundings
from readiness.transports.ssh.config import HostSettings, SshConfig, load
from readiness.transports.ssh.keys import KeySource
from readiness.transports.ssh.known_hosts import KnownHosts


@dataclass(frozen=True)
class SshTarget:
    """How to reach and log in to one host; `pinned` keys as `type base64`, `jump` a host to go through.

    A pin `@revoked type base64` is a key the host must not show: without another pin, any key differs.
    """

    name: str
    address: str
    port: int
    user: str
    identity_files: tuple[Path, ...] = ()
    use_agent: bool = False
    pinned: tuple[str, ...] = ()
    jump: SshTarget | None = None

    @property
    def known_as(self) -> str:
        """The address as known_hosts writes it."""
        return self.address if self.port == 22 else f"[{self.address}]:{self.port}"

    @property
    def keys(self) -> KeySource:
        """Where the keys of the login come from."""
        return KeySource(self.identity_files, self.use_agent)


class Targets:
    """Makes targets of hosts; known_hosts and each ssh_config are read once. Raises InputError for what is in them."""

    def __init__(self, estate: Estate, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._configs: dict[str, SshConfig] = {}
        named = estate.ssh.known_hosts
        default = surroundings.home / ".ssh" / "known_hosts"
        self._known = KnownHosts.load([surroundings.path(named) if named else default])

    def target(self, host: Host) -> SshTarget:
        """The estate's own values win over the ssh_config's; raises CannotReach."""
        settings = self._config(host).lookup(host.name)
        user = host.ssh.user or settings.user
        if user is None:
            raise CannotReach(f"{host.name} has no login name", "state ssh.user, or User in the ssh_config")
        address = settings.host_name or host.address
        port = settings.port if settings.port and host.ssh.port == 22 else host.ssh.port
        files = host.ssh.identity_files or settings.identity_files
        pinned = (host.ssh.host_key,) if host.ssh.host_key else self._known.pins((host.name, host.fqdn, address), port)
        return SshTarget(
            name=host.name,
            address=address,
            port=port,
            user=user,
            identity_files=tuple(map(self._surroundings.path, files)),
            use_agent=host.ssh.agent,
            pinned=pinned,
            jump=self._jump(host, settings, user),
        )

    def _config(self, host: Host) -> SshConfig:
        named = host.ssh.config
        if named is None:
            return SshConfig()
        if named not in self._configs:
            self._configs[named] = load(self._surroundings.path(named))
        return self._configs[named]

    def _jump(self, host: Host, settings: HostSettings, user: str) -> SshTarget | None:
        """The last hop before the host, itself reached through the hops before it."""
        jump: SshTarget | None = None
        for hop in settings.proxy_jump:
            login, _, end_point = hop.rpartition("@")
            alias, _, port_text = end_point.partition(":")
            own = self._config(host).lookup(alias)
            address = own.host_name or alias
            port = int(port_text or own.port or 22)
            jump = SshTarget(
                name=alias,
                address=address,
                port=port,
                user=login or own.user or user,
                identity_files=tuple(map(self._surroundings.path, own.identity_files or host.ssh.identity_files)),
                use_agent=host.ssh.agent,
                pinned=self._known.pins((alias, address), port),
                jump=jump,
            )
        return jump
