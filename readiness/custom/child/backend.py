"""testinfra's backend, which asks the run for what a command gives; testinfra imports it by the name it is known by."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn

import testinfra.backend
from testinfra.backend import base
from testinfra.host import Host

from readiness.custom.child.parent import Answer

NAME = "readiness"
Ask = Callable[[str, str], Answer]
"""Gives what a command on a host came to."""
Refused = Callable[[str], None]
"""Takes what a test asked for in vain, so that it cannot pass over that."""


class Unanswered(Exception):
    """A command without usable output, and why."""


class PinnedBackend(base.BaseBackend):  # type: ignore[misc]  # testinfra has no types
    """A host of the estate, reached by the run."""

    NAME = NAME
    HAS_RUN_ANSIBLE = True  # for its variables
    ask: ClassVar[Ask | None] = None
    sudo_prefix: ClassVar[str] = ""

    def __repr__(self) -> str:
        """Short: it stands in the messages of failed assertions."""
        return f"<{self.hostname}>"

    def run(self, command: str, *args: str, **_: Any) -> Any:
        """Run a command; raises Unanswered where nothing usable came back, and before any host may be contacted."""
        ask = type(self).ask
        if ask is None:
            raise RuntimeError("a test asks a host while tests are collected: that is for fixtures and tests")
        line = self.get_command(command, *args)
        encoded = self.encode(line)
        answer = ask(self.hostname, line)
        if answer.missing:
            raise Unanswered(answer.missing)
        return self.result(answer.status, encoded, answer.stdout, answer.stderr)

    def run_local(self, *_: Any) -> NoReturn:
        """Nothing is run on this machine."""
        refuse("custom checks run no commands on this machine")

    def run_ansible(self, *_: Any, **__: Any) -> NoReturn:
        """Ansible's modules would be run by Ansible on this machine."""
        refuse("custom checks run no Ansible: ask the fixture `host` for what its modules would say")

    def get_variables(self) -> Any:
        """What Ansible's inventory would say of this host."""
        from testinfra.utils.ansible_runner import AnsibleRunner  # noqa: PLC0415 - names this machine when imported

        return AnsibleRunner().get_variables(self.hostname)

    def get_encoding(self) -> str:
        """Fixed, since asking the host would send a command that no test sends."""
        return "utf-8"

    def get_sudo_command(self, command: str, sudo_user: str | None) -> str:
        """As another user, without ever waiting for a password; the deadline is kept as that user."""
        user = "" if sudo_user is None else f"-u {shlex.quote(sudo_user)} "
        return f"sudo -n {user}{type(self).sudo_prefix} {shlex.quote(command)}"


class ForeignBackend(base.BaseBackend):  # type: ignore[misc]  # as above
    """Any other connection of testinfra's, whose host keys nobody would compare."""

    @classmethod
    def get_hosts(cls, host: str, **_: Any) -> NoReturn:
        """Refuse."""
        _refuse_host(host)

    def __init__(self, host: str, *_: Any, **__: Any) -> None:
        _refuse_host(host)


class LocalBackend(base.BaseBackend):  # type: ignore[misc]  # as above
    """This machine: modules of testinfra's name it when they are imported, so only what it is asked is refused."""

    NAME = "local"

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__("local")

    def run(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse."""
        _refuse_host("local")

    run_local = run


_refused: list[Refused] = []


def refuse(message: str) -> NoReturn:
    """Refuse what a test asks for, whatever it makes of that."""
    for tell in _refused:
        tell(message)
    raise RuntimeError(message)


def _refuse_host(host: str) -> NoReturn:
    Host._hosts_cache.clear()  # noqa: SLF001 - the same question again would be answered with no hosts
    refuse(f"{host}: custom checks reach hosts through the fixture `host` alone, over our connection")


def connect(ask: Ask | None, refused: Refused, sudo_prefix: str, inventory: Mapping[str, Any]) -> None:
    """Give testinfra this connection only; with None, hosts can be named but not asked.

    Ansible's inventory is this one, whatever file a test takes it from.
    """
    ours = {kind.NAME: f"{__name__}.{kind.__name__}" for kind in (PinnedBackend, LocalBackend)}
    foreign = f"{__name__}.{ForeignBackend.__name__}"
    testinfra.backend.BACKENDS.update({**dict.fromkeys(testinfra.backend.BACKENDS, foreign), **ours})
    PinnedBackend.ask, PinnedBackend.sudo_prefix = ask, sudo_prefix
    _refused[:] = [refused]
    from testinfra.utils.ansible_runner import AnsibleRunner  # noqa: PLC0415 - as above

    AnsibleRunner.inventory = property(lambda _: inventory)
    AnsibleRunner.get_host = lambda _, host, **__: testinfra.get_host(f"{NAME}://{host}")
