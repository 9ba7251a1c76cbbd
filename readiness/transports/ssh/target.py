"""Who is to be reached over SSH: the estate's word first, then the user's ssh_config, host keys as they are pinned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from readiness.core.errors import InputError
from readiness.core.facts import Missing
from readiness.estate import Estate, Host
from readiness.files import guarded
from readiness.files.guarded import Absent, Kind, Unusable
from readiness.transports.kind import CannotReach, Surroundings
from readiness.transports.ssh import config as ssh_config
from readiness.transports.ssh.config import HostSettings, hop_of
from readiness.transports.ssh.keys import PRIVATE_KEY, KeySource, files_of
from readiness.transports.ssh.known_hosts import KNOWN_HOSTS, KnownHosts
from readiness.transports.ssh.machine import Machine
from readiness.transports.ssh.revoked import Revoked

T = TypeVar("T")


@dataclass(frozen=True)
class SshTarget:
    """How to reach and log in to one host; `pinned` keys as `type base64`, `jump` a host to go through.

    A pin `@revoked type base64` is a key the host must not show: without another pin, any key differs. `distrust` is
    why none of the pins is to be trusted, `revoked` what this machine revokes.
    """

    name: str
    address: str
    port: int
    user: str
    identity_files: tuple[Path, ...] = ()
    use_agent: bool = False
    pinned: tuple[str, ...] = ()
    jump: SshTarget | None = None
    distrust: Missing | None = None
    revoked: Revoked = field(default_factory=Revoked)

    @property
    def known_as(self) -> str:
        """The address as known_hosts writes it."""
        return self.address if self.port == 22 else f"[{self.address}]:{self.port}"

    @property
    def keys(self) -> KeySource:
        """Where the keys of the login come from."""
        return KeySource(self.identity_files, self.use_agent)


class Targets:
    """Makes targets of hosts; known_hosts and each ssh_config are read once.

    Raises CannotReach with all that is wrong in them, and with the files that cannot be used.
    """

    def __init__(self, estate: Estate, surroundings: Surroundings) -> None:
        self._surroundings, self._hosts = surroundings, estate.hosts
        self._within_s = min(guarded.ANSWER_S, estate.limits.run_s)
        self._unusable: dict[Path, Unusable | None] = {}
        self._absent: dict[Path, Unusable] = {}
        self._mistakes: list[CannotReach] = []
        known_hosts = self._stated(estate.ssh.known_hosts, "known_hosts", KNOWN_HOSTS)
        config = self._stated(estate.ssh.config, "config", ssh_config.CONFIG)
        pins = known_hosts or surroundings.home / ".ssh" / "known_hosts"
        self._agreed = known_hosts is not None
        self._known = self._read(lambda: KnownHosts.load([pins], self._within_s))
        self._config = self._read(lambda: ssh_config.load(config, surroundings.home, self._within_s))
        self._machine = self._read(lambda: Machine(surroundings, config, self._within_s))
        CannotReach.raise_all(self._mistakes)
        self._machine.revoked.keys |= self._known.revoked | self._machine.revoked.keys

    def target(self, host: Host) -> SshTarget:
        """What the estate states comes first, then the ssh_config; raises CannotReach."""
        settings = self._config.lookup(host.name, stated_of(host))
        user = host.ssh.user or settings.user
        if user is None:
            raise CannotReach(f"{host.name} has no login name", "state ssh.user, or User in the ssh_config")
        CannotReach.raise_all(self._bad_keys(host, settings))
        return self._made(host.name, host, settings, user, self._jump(host, settings, user))

    def _made(self, name: str, host: Host, settings: HostSettings, user: str, jump: SshTarget | None) -> SshTarget:
        """The target of a host of the estate."""
        address, port = settings.host_name or host.address, settings.port or host.ssh.port
        names = (name, host.fqdn, address)
        pinned = (host.ssh.host_key,) if host.ssh.host_key else self._known.pins(names, port)
        agreed = self._agreed or host.ssh.host_key is not None
        pinned, distrust = self._machine.weigh(names, port, pinned, agreed=agreed, alias=settings.host_key_alias)
        return SshTarget(
            name=name,
            address=address,
            port=port,
            user=user,
            identity_files=tuple(map(self._surroundings.path, host.ssh.identity_files or settings.identity_files)),
            use_agent=host.ssh.agent,
            pinned=pinned,
            jump=jump,
            distrust=distrust,
            revoked=self._machine.revoked,
        )

    def _stated(self, text: str | None, key: str, kind: Kind) -> Path | None:
        """The path that the estate states for all hosts; one that cannot be used is among the mistakes."""
        if text is None:
            return None
        path = self._surroundings.path(text)
        error = self._fault(path, kind)
        if error is None and kind is ssh_config.CONFIG:  # without it jump hosts and revoked keys would have no say
            error = self._absent.get(path)
        if error:
            self._mistakes.append(CannotReach.by_file(error, "ssh", key))
        return path

    def _read(self, load: Callable[[], T]) -> T:
        """What is loaded; the mistakes in it are told with all others, before anybody uses it."""
        try:
            return load()
        except InputError as error:
            places = {mistake.message.partition(":")[0] for mistake in self._mistakes}  # told at the estate already
            self._mistakes += [CannotReach.by_problem(each) for each in error.problems if each.file not in places]
            return cast("T", None)

    def _fault(self, path: Path, kind: Kind) -> Unusable | None:
        """Why a file cannot be used; one that is not there, or that others may not read, is seen where it is needed."""
        if path not in self._unusable:
            self._unusable[path] = None
            try:
                self._surroundings.read(path, kind, self._within_s)
            except Absent as error:
                self._absent[path] = error
            except Unusable as error:
                self._unusable[path] = error
        return self._unusable[path]

    def _bad_keys(self, host: Host, settings: HostSettings) -> list[CannotReach]:
        """A mistake for each identity file that is no file to be read, or has such a one beside it."""
        paths = self._surroundings.path
        stated = [(paths(text), ("ssh", "identity_file", at), None) for at, text in enumerate(host.ssh.identity_files)]
        in_config = [
            (paths(text), (), place)
            for text, place in zip(settings.identity_files, settings.identity_places, strict=True)
        ]
        faults = (
            (next(filter(None, (self._fault(file, PRIVATE_KEY) for file in files_of(path))), None), key, place)
            for path, key, place in stated or in_config
        )
        return [CannotReach.by_file(error, *key, place=place) for error, key, place in faults if error]

    def _jump(self, host: Host, settings: HostSettings, user: str) -> SshTarget | None:
        """The last hop before the host, itself reached through the hops before it."""
        jump: SshTarget | None = None
        for text in settings.proxy_jump:
            if (hop := hop_of(text)) is None:  # to leave it out would be another way than the one that was stated
                raise CannotReach(f"no ProxyJump: {text}")
            login, alias, port = hop
            of_the_hop = {"user": login, "port": port}  # which ssh puts before all else
            stated = {key: value for key, value in of_the_hop.items() if value}
            if (known := self._hosts.get(alias)) is not None:
                own = self._config.lookup(alias, {**stated_of(known), **stated})
                CannotReach.raise_all(self._bad_keys(known, own))
                jump = self._made(alias, known, own, own.user or user, jump)
            else:
                own = self._config.lookup(alias, stated)
                CannotReach.raise_all(self._bad_keys(host, own))
                jump = self._stranger(alias, host, own, own.user or user, jump)
        return jump

    def _stranger(self, alias: str, host: Host, own: HostSettings, user: str, jump: SshTarget | None) -> SshTarget:
        """A host on the way to one of the estate that is none itself."""
        address, port = own.host_name or alias, own.port or 22
        pinned = self._known.pins((alias, address), port)
        pinned, distrust = self._machine.weigh(
            (alias, address), port, pinned, agreed=self._agreed, alias=own.host_key_alias
        )
        return SshTarget(
            name=alias,
            address=address,
            port=port,
            user=user,
            identity_files=tuple(map(self._surroundings.path, own.identity_files or host.ssh.identity_files)),
            use_agent=host.ssh.agent,
            pinned=pinned,
            jump=jump,
            distrust=distrust,
            revoked=self._machine.revoked,
        )


def stated_of(host: Host) -> dict[str, str]:
    """What the estate states of how to reach a host, by the words of an ssh_config."""
    stated = {"hostname": host.address} if "address" in host.model_fields_set else {}
    if "port" in host.ssh.model_fields_set:
        stated["port"] = str(host.ssh.port)
    if host.ssh.user:
        stated["user"] = host.ssh.user
    return stated
