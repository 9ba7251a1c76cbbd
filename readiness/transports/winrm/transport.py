"""WinRM: one logon, one shell and one PowerShell a host, a deadline on everything, no shell left open."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable

from readiness.core.facts import Login, Missing, Reached, Why, WinrmListener
from readiness.core.scripts import Limits, Output, Script, Visit
from readiness.transports import Budget, Stop
from readiness.transports.shells import powershell
from readiness.transports.winrm.batch import BatchRun
from readiness.transports.winrm.login import WinrmTarget, knock, login, offer_fails
from readiness.transports.winrm.shell import IDLE_S, Session
from readiness.transports.winrm.wire import Failed

__all__ = ["WinrmTarget", "WinrmTransport"]

_NO_HOST_KEY = Missing(Why.NOT_ASKED, "WinRM has no host key")
_CLOSING_S = 3.0  # kept back at the end of a visit: the last answer may take one, then the shell is closed
# What ends a visit before its time, so that the host was not really reached.
_CUT_SHORT = {Why.CONNECTION_LOST, Why.HOST_TIMED_OUT, Why.RUN_TIMED_OUT, Why.INTERRUPTED}


class WinrmTransport:
    """One host over WinRM; `stop` ends a visit early, from any thread."""

    def __init__(self, target: WinrmTarget, stop: Stop) -> None:
        self.target, self.stop = target, stop

    def visit(self, scripts: tuple[Script, ...], limits: Limits, done: Callable[[Output], None]) -> Visit:
        """See `Transport.visit`."""
        return _Visiting(self.target, self.stop, scripts, limits, done).visit()


class _Visiting:
    """One visit: what is known of the host so far, and what came back."""

    def __init__(
        self,
        target: WinrmTarget,
        stop: Stop,
        scripts: tuple[Script, ...],
        limits: Limits,
        done: Callable[[Output], None],
    ) -> None:
        self._target, self._limits = target, limits
        self._budget = Budget.of(limits.host_s, stop)
        early = dataclasses.replace(self._budget, deadline=self._budget.deadline - min(_CLOSING_S, limits.host_s / 2))
        self._run = BatchRun(scripts, limits, early, done)
        self._attempts: list[str] = []
        self._reached: Reached | None = None
        self._listener: WinrmListener | None = None
        self._login: Login | None = None
        self._left_open = ""  # the id of a shell that a broken connection left behind

    def visit(self) -> Visit:
        """Ask without credentials, log on, run, and log on once more when the connection breaks under a script."""
        missing = self._ended()
        if self._run.begun:
            self._login = login(self._target)
            if missing is not None:
                self._run.give_up(missing)
        if self._left_open:
            self._attempts.append(f"a shell may stay open there until it was idle for {IDLE_S} s")
        return self._visit(missing)

    def _visit(self, missing: Missing | None) -> Visit:
        """The visit as it ended; a value that is not known carries the first cause."""
        unknown = missing or Missing(Why.NOT_ASKED)
        ends = (output.missing for output in self._run.outputs if output.missing and output.missing.why in _CUT_SHORT)
        cut_short = missing if self._login and missing and missing.why in _CUT_SHORT else next(ends, None)
        return Visit(
            host=self._target.name,
            reached=cut_short or self._reached or unknown,
            host_key=_NO_HOST_KEY,
            login=self._login or unknown,
            outputs=tuple(self._run.outputs),
            attempts=tuple(self._attempts),
            command=powershell.command()[0] if self._login else "",
            also=(self._listener,) if self._listener else (),
        )

    def _ended(self) -> Missing | None:
        """Why the scripts that are left have no output; None when there are none."""
        if failed := self._knock() or self._try():
            self._attempts.append(f"{self._run.progress}: {failed.missing}")
            if not (failed.again and self._left_open) or self._budget.spent():
                return failed.missing
            if again := self._try():
                self._attempts.append(f"{self._run.progress}, once more: {again.missing}")
                told = f"{failed.missing.detail}; once more: {again.missing}"
                return self._budget.spent(told) or Missing(Why.CONNECTION_LOST, told)
        return None

    def _knock(self) -> Failed | None:
        """Ask without credentials; gives why no logon may be tried."""
        try:
            self._reached, said = knock(self._target, self._limits, self._budget)
        except Failed as failed:
            return failed
        if isinstance(said, Failed):
            return said
        self._listener = said
        missing = offer_fails(self._target, said)
        return Failed(missing) if missing else None

    def _try(self) -> Failed | None:
        """One logon, from TCP to the last script, and everything of it closed."""
        try:
            with contextlib.closing(self._target.connect(self._limits, self._budget)) as wire:
                session = Session(self._target, wire, self._limits)
                try:
                    self._opened(session)
                    self._run.over(session)
                finally:
                    self._left_open = session.close()
        except Failed as failed:
            return failed
        return None

    def _opened(self, session: Session) -> None:
        """Open the shell, after the one that an earlier connection left behind is closed; raises Failed."""
        if self._left_open:
            session.close_left(self._left_open)
        session.open()
        place = f"{session.wire.address} port {self._target.port} in {session.wire.rtt_s * 1000:.1f} ms"
        self._attempts.append(f"{place}, {self._target.who} by {self._target.auth}")
