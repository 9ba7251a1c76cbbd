"""SSH with pinned host keys: one connection a host, one batch, a deadline on everything, nothing left behind."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from readiness.core.facts import HostKey, Login, Missing, Reached, Why
from readiness.core.scripts import Limits, Output, Script, Visit
from readiness.transports import Budget, Stop, posix
from readiness.transports.ssh_batch import BatchRun, Broken
from readiness.transports.ssh_login import Session, SshTarget
from readiness.transports.ssh_wire import ConnectFailed, Wire, dial

if TYPE_CHECKING:
    import paramiko

_PAUSE_S = 0.5
_SPARE_BYTES = 16 << 20
# What ends a visit before its time, so that the host was not really reached.
_CUT_SHORT = {Why.CONNECTION_LOST, Why.HOST_TIMED_OUT, Why.RUN_TIMED_OUT, Why.INTERRUPTED}
_PENALISED = "it let us in before: a penalty for this address (PerSourcePenalties of OpenSSH 9.8 and later)?"


class SshTransport:
    """One host over SSH; `stop` ends a visit early, from any thread."""

    def __init__(self, target: SshTarget, stop: Stop) -> None:
        self.target, self.stop = target, stop
        self.let_in = False  # once the host let us in, a refusal afterwards is told apart

    def visit(self, scripts: tuple[Script, ...], limits: Limits, done: Callable[[Output], None]) -> Visit:
        """See `Transport.visit`."""
        return _Visiting(self, scripts, limits, done).visit()


class _Visiting:
    """One visit: what is known of the host so far, and what came back."""

    def __init__(
        self, transport: SshTransport, scripts: tuple[Script, ...], limits: Limits, done: Callable[[Output], None]
    ) -> None:
        self._transport, self._limits = transport, limits
        self._budget = Budget.of(limits.host_s, transport.stop)
        self._run = BatchRun(scripts, limits, self._budget, done)
        self._attempts: list[str] = []
        self._reached: Reached | None = None
        self._host_key: HostKey | None = None
        self._login: Login | None = None

    def visit(self) -> Visit:
        """Connect, run, and connect once more when the connection breaks under a script."""
        try:
            lost = self._run_connected()
        except ConnectFailed as failed:
            return self._visit(failed.missing)
        if lost is not None:
            self._run.give_up(lost)
        return self._visit(lost)

    def _visit(self, missing: Missing | None) -> Visit:
        """The visit as it ended; a value that is not known carries the first cause."""
        unknown = missing or Missing(Why.NOT_ASKED)
        ends = (output.missing for output in self._run.outputs if output.missing and output.missing.why in _CUT_SHORT)
        cut_short = missing if self._login and missing and missing.why in _CUT_SHORT else next(ends, None)
        return Visit(
            host=self._transport.target.name,
            reached=cut_short or self._reached or unknown,
            host_key=self._host_key or unknown,
            login=self._login or unknown,
            outputs=tuple(self._run.outputs),
            attempts=tuple(self._attempts),
            command=posix.COMMAND if self._login else "",
        )

    def _run_connected(self) -> Missing | None:
        """Run the scripts; gives why the rest of them has no output, raises ConnectFailed before a login."""
        broken = self._try()
        if broken is None:
            return None
        lost = self._lost(broken)
        if lost.why is Why.CONNECTION_LOST:
            try:
                broken = self._try()
            except ConnectFailed as failed:
                again = f"{self._run.progress}; connecting again: {failed.missing}"
                return self._budget.spent(again) or Missing(Why.CONNECTION_LOST, again)
            return self._lost(broken) if broken else None
        return lost

    def _lost(self, broken: Broken) -> Missing:
        self._attempts.append(f"the connection broke {self._run.progress}: {broken}")
        if broken.flood:
            return Missing(Why.OUTPUT_CUT, str(broken))
        return self._budget.cause(Missing(Why.CONNECTION_LOST, self._run.progress))

    def _try(self) -> Broken | None:
        """One connection, from TCP to the last script, and everything of it closed."""
        with contextlib.ExitStack() as stack:
            session = self._connected(stack)
            try:
                self._run.over(session)
            except Broken as broken:
                return broken
        return None

    def _connected(self, stack: contextlib.ExitStack) -> Session:
        """A session that is logged in; a connection that was reset before it stood is tried once more."""
        for number in (1, 2):
            attempt = contextlib.ExitStack()
            try:
                with attempt:
                    session = self._session(self._transport.target, attempt)
                    stack.push(attempt.pop_all())
                    self._transport.let_in = True
                    return session
            except ConnectFailed as failed:
                told = self._told(failed)
                self._attempts.append(str(told))
                if not failed.transient or number == 2 or self._budget.left(_PAUSE_S) < _PAUSE_S:
                    raise ConnectFailed(told) from failed
                time.sleep(_PAUSE_S)
        raise AssertionError

    def _told(self, failed: ConnectFailed) -> Missing:
        closed = failed.missing.why is Why.REFUSED or failed.transient
        if not (closed and self._transport.let_in):
            return failed.missing
        return replace(failed.missing, detail=f"{failed.missing.detail}; {_PENALISED}")

    def _session(self, target: SshTarget, stack: contextlib.ExitStack) -> Session:
        """Connect, compare the host's key, log in; facts are noted for the host itself, not for its jumps."""
        own = target is self._transport.target
        wire, reached = self._wire(target, stack)
        session = Session(wire)
        stack.callback(session.close)
        session.negotiate(target.pinned, self._limits, self._budget)
        key = session.prove(target.pinned, target.place)
        if own:
            self._host_key = key
        if key.offered not in target.pinned:
            detail = (
                f"{key.fingerprint} is not what is pinned ({', '.join(key.pinned_fingerprints)}); no login was tried"
            )
            raise ConnectFailed(Missing(Why.HOST_KEY_DIFFERS, detail))
        login = session.login(target.user, target.keys, self._limits.login_s, self._budget)
        wire.allow(4 * self._limits.host_bytes + _SPARE_BYTES)
        if own:
            self._login = login
            place = f"{reached.address} port {reached.port} in {reached.rtt_s * 1000:.1f} ms"
            self._attempts.append(f"{place}, {key.fingerprint}, {login.user} by {login.method}")
        return session

    def _wire(self, target: SshTarget, stack: contextlib.ExitStack) -> tuple[Wire, Reached]:
        """A connection to the host's port, direct or through its jump."""
        if target.jump is None:
            dialled = dial(target.address, target.port, self._limits.connect_s, self._budget)
            wire = Wire(dialled.raw)
            reached = Reached(dialled.address, target.port, dialled.rtt_s)
        else:
            begun = time.monotonic()
            wire = Wire(self._tunnel(target, target.jump, stack))
            reached = Reached(target.address, target.port, time.monotonic() - begun)
        stack.callback(wire.close)
        stack.enter_context(self._budget.stop.closing(wire.shut))
        if target is self._transport.target:
            self._reached = reached
        return wire, reached

    def _tunnel(self, target: SshTarget, jump: SshTarget, stack: contextlib.ExitStack) -> paramiko.Channel:
        """A channel from the jump to the host's port; what goes wrong with the jump says so."""
        try:
            session = self._session(jump, stack)
        except ConnectFailed as failed:
            told = replace(failed.missing, detail=f"through {jump.name}: {failed.missing}")
            raise ConnectFailed(told, transient=failed.transient) from failed
        limit_s = self._budget.left(self._limits.connect_s)
        try:
            return session.tunnel(target.address, target.port, limit_s)
        except ConnectFailed as failed:
            told = replace(
                failed.missing,
                detail=f"{target.address} port {target.port} through {jump.name}: {failed.missing.detail}",
            )
            raise ConnectFailed(self._budget.cause(told)) from failed
