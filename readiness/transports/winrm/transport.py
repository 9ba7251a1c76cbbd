"""WinRM: one logon, one shell and one PowerShell a host, a deadline on everything, no shell left open."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

from readiness.core.facts import Login, WinrmListener
from readiness.core.scripts import Limits, Output, Script, Visit
from readiness.estate import Host
from readiness.files import guarded
from readiness.files.guarded import Kind, Unusable
from readiness.transports.batch_run import Start
from readiness.transports.budget import Budget, Failed, Stop
from readiness.transports.kind import CannotReach, Surroundings
from readiness.transports.shells import DIALECTS
from readiness.transports.visiting import Link, Visiting
from readiness.transports.winrm.login import offer_fails, probe_listener
from readiness.transports.winrm.shell import IDLE_S, Session
from readiness.transports.winrm.target import CA, CERTIFICATE, KEY, WinrmTarget, target_of


class WinrmTransport:
    """One host over WinRM; `stop` ends a visit early, from any thread."""

    def __init__(self, target: WinrmTarget, stop: Stop) -> None:
        self.target, self.stop = target, stop

    def visit(self, scripts: tuple[Script, ...], limits: Limits, done: Callable[[Output], None]) -> Visit:
        """See `Transport.visit`."""
        link = _Link(self.target, limits, Budget.of(limits.host_s, self.stop))
        return Visiting(self.target.name, link, DIALECTS["powershell"], scripts, done).visit()


class _Link(Link):
    """Connecting to one host over WinRM: its listener is asked once, without credentials, before any logon."""

    closing_s: ClassVar[float] = 3.0  # the last answer may take one, then the shell is closed

    def __init__(self, target: WinrmTarget, limits: Limits, budget: Budget) -> None:
        super().__init__(limits, budget)
        self._target = target
        self._open_shell = ""  # the id of a shell that a broken connection left behind

    @contextlib.contextmanager
    def connected(self) -> Iterator[Start]:
        """See `Link.connected`."""
        with contextlib.ExitStack() as stack:
            try:
                session = self._session(stack)
            except Failed as failed:
                self.attempts.append(str(failed.missing))
                raise
            try:
                yield session.shell
            finally:
                if session.took_input:  # a host may know who we are, and let us run nothing
                    self.learn(Login(self._target.who, self._target.auth))

    def _session(self, stack: contextlib.ExitStack) -> Session:
        """One logon with a shell, all of it closed by the stack; raises Failed."""
        if WinrmListener not in self.facts:
            self._probe_listener()
        wire = stack.enter_context(contextlib.closing(self._target.connect(self.limits, self.budget)))
        session = Session(self._target, wire, self.limits)
        stack.callback(self._close, session)
        if self._open_shell:
            session.close_left(self._open_shell)
        session.open()
        reached_at = f"{wire.address} port {self._target.port} in {wire.rtt_s * 1000:.1f} ms"
        self.attempts.append(f"{reached_at}, {self._target.who} by {self._target.auth}")
        return session

    def _probe_listener(self) -> None:
        """Ask without credentials; raises Failed when no logon may be tried."""
        reached, answer = probe_listener(self._target, self.limits, self.budget)
        self.learn(reached)
        if isinstance(answer, Failed):
            raise answer
        self.learn(answer)
        if missing := offer_fails(self._target, answer):
            raise Failed(missing)

    def _close(self, session: Session) -> None:
        self._open_shell = session.close()
        still_open = f"a shell may stay open there until it was idle for {IDLE_S} s"
        self.left_behind = still_open if self._open_shell else ""


def maker(surroundings: Surroundings, stop: Stop, run_s: float) -> Callable[[Host], WinrmTransport]:
    """What makes the transport to a host; each file that is named is looked at once."""

    @functools.cache
    def fault(path: Path, kind: Kind) -> Unusable | None:
        try:
            surroundings.read(path, kind, min(guarded.ANSWER_S, run_s))
        except Unusable as error:
            return error
        return None

    def make(host: Host) -> WinrmTransport:
        settings = host.winrm
        files = (
            ("ca", settings.ca, CA),
            ("certificate", settings.certificate, CERTIFICATE),
            ("key", settings.key, KEY),
        )
        CannotReach.raise_all(
            [
                CannotReach.by_file(error, "winrm", key)
                for key, text, kind in files
                if text and (error := fault(surroundings.path(text), kind))
            ]
        )
        return WinrmTransport(target_of(host, surroundings), stop)

    return make
