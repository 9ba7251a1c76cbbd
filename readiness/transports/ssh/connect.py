"""From a target to a session that is logged in, through jumps where there are some: the one place that does it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from readiness.core.facts import HostKey, Login, Missing, Reached, Why
from readiness.core.scripts import Limits
from readiness.transports import Budget
from readiness.transports.ssh.login import Session, SshTarget
from readiness.transports.ssh.wire import ConnectFailed, Wire, dial

if TYPE_CHECKING:
    import paramiko

_PAUSE_S = 0.5
_SPARE_BYTES = 16 << 20
_PENALISED = "it let us in before: a penalty for this address (PerSourcePenalties of OpenSSH 9.8 and later)?"


class Connecting:
    """Connecting to one host: what is known of it so far, and each try in words.

    `let_in` says that the host let us in before, so that a refusal afterwards is told apart.
    """

    def __init__(self, target: SshTarget, limits: Limits, budget: Budget, *, let_in: bool) -> None:
        self.target, self.let_in = target, let_in
        self.attempts: list[str] = []
        self.reached: Reached | None = None
        self.host_key: HostKey | None = None
        self.login: Login | None = None
        self._limits, self._budget = limits, budget

    def connected(self, stack: contextlib.ExitStack) -> Session:
        """A session that is logged in; a connection that was reset before it stood is tried once more."""
        for number in (1, 2):
            attempt = contextlib.ExitStack()
            try:
                with attempt:
                    session = self._session(self.target, attempt)
                    stack.push(attempt.pop_all())
                    self.let_in = True
                    return session
            except ConnectFailed as failed:
                told = self._told(failed)
                self.attempts.append(str(told))
                if not failed.transient or number == 2 or self._budget.left(_PAUSE_S) < _PAUSE_S:
                    raise ConnectFailed(told) from failed
                time.sleep(_PAUSE_S)
        raise AssertionError

    def _told(self, failed: ConnectFailed) -> Missing:
        closed = failed.missing.why is Why.REFUSED or failed.transient
        if not (closed and self.let_in):
            return failed.missing
        return replace(failed.missing, detail=f"{failed.missing.detail}; {_PENALISED}")

    def _session(self, target: SshTarget, stack: contextlib.ExitStack) -> Session:
        """Connect, compare the host's key, log in; facts are noted for the host itself, not for its jumps."""
        own = target is self.target
        wire, reached = self._wire(target, stack)
        session = Session(wire)
        stack.callback(session.close)
        session.negotiate(target.pinned, self._limits, self._budget)
        key = session.prove(target.pinned, target.place)
        if own:
            self.host_key = key
        if key.offered not in target.pinned:
            detail = (
                f"{key.fingerprint} is not what is pinned ({', '.join(key.pinned_fingerprints)}); no login was tried"
            )
            raise ConnectFailed(Missing(Why.HOST_KEY_DIFFERS, detail))
        login = session.login(target.user, target.keys, self._limits.login_s, self._budget)
        wire.allow(4 * self._limits.host_bytes + _SPARE_BYTES)
        if own:
            self.login = login
            place = f"{reached.address} port {reached.port} in {reached.rtt_s * 1000:.1f} ms"
            self.attempts.append(f"{place}, {key.fingerprint}, {login.user} by {login.method}")
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
        if target is self.target:
            self.reached = reached
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
