"""From a target to a session that is logged in, through jumps where there are some: the one place that does it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from readiness.core.facts import Missing, Reached, Why
from readiness.core.scripts import Limits
from readiness.transports.batch_run import Start
from readiness.transports.budget import Budget, Failed
from readiness.transports.shells.posix import COMMAND
from readiness.transports.ssh.channel import OPEN_S, Channel
from readiness.transports.ssh.login import Session
from readiness.transports.ssh.target import SshTarget
from readiness.transports.ssh.wire import Wire
from readiness.transports.tcp import dial
from readiness.transports.visiting import Link

if TYPE_CHECKING:
    import paramiko

_PAUSE_S = 0.5
_SPARE_BYTES = 16 << 20
_PENALISED = "it let us in before: a penalty for this address (PerSourcePenalties of OpenSSH 9.8 and later)?"


class SshLink(Link):
    """Connecting to one host over SSH.

    `let_in`: the host let us in before, which makes a refusal another fault.
    """

    def __init__(self, target: SshTarget, limits: Limits, budget: Budget, *, let_in: bool) -> None:
        super().__init__(limits, budget)
        self.target, self.let_in = target, let_in

    @contextlib.contextmanager
    def connected(self) -> Iterator[Start]:
        """See `Link.connected`."""
        with contextlib.ExitStack() as stack:
            session = self.session(stack)
            open_s = min(OPEN_S, self.limits.login_s)
            yield lambda: contextlib.closing(Channel(session, self.budget, open_s, COMMAND))

    def session(self, stack: contextlib.ExitStack) -> Session:
        """A session that is logged in; a connection that was reset before it stood is tried once more."""
        for number in (1, 2):
            attempt = contextlib.ExitStack()
            try:
                with attempt:
                    session = self._logged_in(self.target, attempt)
                    stack.push(attempt.pop_all())
                    self.let_in = True
                    return session
            except Failed as failed:
                missing = self._missing(failed)
                self.attempts.append(str(missing))
                if not failed.again or number == 2 or self.budget.left(_PAUSE_S) < _PAUSE_S:
                    raise Failed(missing) from failed
                time.sleep(_PAUSE_S)
        raise AssertionError

    def _missing(self, failed: Failed) -> Missing:
        closed = failed.missing.why is Why.REFUSED or failed.again
        if not (closed and self.let_in):
            return failed.missing
        return replace(failed.missing, detail=f"{failed.missing.detail}; {_PENALISED}")

    def _logged_in(self, target: SshTarget, stack: contextlib.ExitStack) -> Session:
        """Connect, compare the host's key, log in; facts are noted for the host itself, not for its jumps."""
        own = target is self.target
        wire, reached = self._wire(target, stack)
        session = Session(wire)
        stack.callback(session.close)
        session.negotiate(target.pinned, self.limits, self.budget)
        key = session.prove(target.pinned, target.known_as, target.revoked)
        if own:
            distrust = target.distrust
            self.learn(replace(key, distrust=f"{distrust.detail}; {distrust.remedy}") if distrust else key)
        if target.distrust is not None:
            detail = f"it shows {key.fingerprint}; {target.distrust.detail}; no login was tried"
            raise Failed(replace(target.distrust, detail=detail))
        if key.offered not in target.pinned:
            detail = (
                f"{key.fingerprint} is not what is pinned ({', '.join(key.pinned_fingerprints)}); no login was tried"
            )
            raise Failed(Missing(Why.HOST_KEY_DIFFERS, detail))
        login = session.login(target.user, target.keys, self.limits.login_s, self.budget)
        wire.allow(4 * self.limits.host_bytes + _SPARE_BYTES)
        if own:
            self.learn(login)
            reached_at = f"{reached.address} port {reached.port} in {reached.rtt_s * 1000:.1f} ms"
            self.attempts.append(f"{reached_at}, {key.fingerprint}, {login.user} by {login.method}")
        return session

    def _wire(self, target: SshTarget, stack: contextlib.ExitStack) -> tuple[Wire, Reached]:
        """A connection to the host's port, direct or through its jump."""
        if target.jump is None:
            dialled = dial(target.address, target.port, self.limits.connect_s, self.budget)
            wire = Wire(dialled.raw)
            reached = Reached(dialled.address, target.port, dialled.rtt_s)
        else:
            begun = time.monotonic()
            wire = Wire(self._tunnel(target, target.jump, stack))
            reached = Reached(target.address, target.port, time.monotonic() - begun)
        stack.callback(wire.close)
        stack.enter_context(self.budget.stop.closing(wire.shut))
        if target is self.target:
            self.learn(reached)
        return wire, reached

    def _tunnel(self, target: SshTarget, jump: SshTarget, stack: contextlib.ExitStack) -> paramiko.Channel:
        """A channel from the jump to the host's port; what goes wrong with the jump says so."""
        try:
            session = self._logged_in(jump, stack)
        except Failed as failed:
            missing = replace(failed.missing, detail=f"through {jump.name}: {failed.missing}")
            raise Failed(missing, again=failed.again) from failed
        limit_s = self.budget.left(self.limits.connect_s)
        try:
            return session.tunnel(target.address, target.port, limit_s)
        except Failed as failed:
            missing = replace(
                failed.missing,
                detail=f"{target.address} port {target.port} through {jump.name}: {failed.missing.detail}",
            )
            raise Failed(self.budget.cause(missing)) from failed
