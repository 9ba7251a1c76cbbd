"""testinfra's backend over our connection; imported by testinfra itself, by the name it is registered with."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, NoReturn

import testinfra.backend
from testinfra.backend import base
from testinfra.host import Host

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output
from readiness.transports.shells.posix import bounded

NAME = "readiness"
Ask = Callable[[str, str], Output]


class Unanswered(Exception):
    """A command without usable output, and why."""

    def __init__(self, missing: Missing) -> None:
        self.missing = missing
        super().__init__(str(missing))


class PinnedBackend(base.BaseBackend):  # type: ignore[misc]  # testinfra has no types
    """A host of the estate, as the tests of `connected_through` reach it."""

    NAME = NAME
    ask: ClassVar[Ask | None] = None
    sudo_limit_s: ClassVar[float] = 30.0

    def __repr__(self) -> str:
        """Short: it stands in the messages of failed assertions."""
        return f"<{self.hostname}>"

    def run(self, command: str, *args: str, **_: Any) -> Any:
        """Run a command; raises Unanswered where nothing usable came back, and before any host may be contacted."""
        ask = type(self).ask
        if ask is None:
            raise RuntimeError("a test asks a host while tests are collected: that is for fixtures and tests")
        line = self.get_command(command, *args)
        output = ask(self.hostname, line)
        if output.missing is not None or output.status is None:
            raise Unanswered(output.missing or Missing(Why.UNREADABLE, "no exit status"))
        return self.result(output.status, self.encode(line), output.stdout, output.stderr)

    def run_local(self, *_: Any) -> NoReturn:
        """Nothing is run on this machine."""
        raise RuntimeError("custom checks run no commands on this machine")

    def get_encoding(self) -> str:
        """Fixed, since asking the host would send a command that no test sends."""
        return "utf-8"

    def get_sudo_command(self, command: str, sudo_user: str | None) -> str:
        """As another user, without ever waiting for a password; the deadline is kept as that user."""
        user = "" if sudo_user is None else f"-u {shlex.quote(sudo_user)} "
        return f"sudo -n {user}{bounded(command, self.sudo_limit_s, '/bin/sh')}"


class ForeignBackend(base.BaseBackend):  # type: ignore[misc]  # as above
    """Any other connection of testinfra's, whose host keys nobody would compare."""

    @classmethod
    def get_hosts(cls, host: str, **_: Any) -> NoReturn:
        """Refuse."""
        _refuse(host)

    def __init__(self, host: str = "local", *_: Any, **__: Any) -> None:
        _refuse(host)


def _refuse(host: str) -> NoReturn:
    raise RuntimeError(f"{host}: custom checks reach hosts through the fixture `host` alone, over our connection")


@contextmanager
def connected_through(ask: Ask | None, sudo_limit_s: float) -> Iterator[None]:
    """Inside the `with`, testinfra has this connection only; with None, hosts can be named but not asked."""
    known = dict(testinfra.backend.BACKENDS)
    ours, foreign = f"{__name__}.{PinnedBackend.__name__}", f"{__name__}.{ForeignBackend.__name__}"
    testinfra.backend.BACKENDS.update({**dict.fromkeys(known, foreign), NAME: ours})
    PinnedBackend.ask, PinnedBackend.sudo_limit_s = ask, sudo_limit_s
    _forget_hosts()
    try:
        yield
    finally:
        PinnedBackend.ask = None
        testinfra.backend.BACKENDS.clear()
        testinfra.backend.BACKENDS.update(known)
        _forget_hosts()


def _forget_hosts() -> None:
    Host._host_cache.clear()  # noqa: SLF001 - its own get_host would give connections of another session
    Host._hosts_cache.clear()  # noqa: SLF001 - as above
