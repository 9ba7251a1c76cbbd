"""SSH with pinned host keys: one connection a host, one batch, a deadline on everything, nothing left behind."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits, Output, Script, Visit
from readiness.transports import Budget, Stop
from readiness.transports.shells import posix
from readiness.transports.ssh.batch import BatchRun
from readiness.transports.ssh.channel import Broken
from readiness.transports.ssh.connect import Connecting
from readiness.transports.ssh.live import LiveConnection
from readiness.transports.ssh.login import SshTarget
from readiness.transports.ssh.wire import ConnectFailed

# What ends a visit before its time, so that the host was not really reached.
_CUT_SHORT = {Why.CONNECTION_LOST, Why.HOST_TIMED_OUT, Why.RUN_TIMED_OUT, Why.INTERRUPTED}


def load_paramiko() -> None:
    """Load it ahead of the visits, which would all wait for it, and without invoke, which takes half of the time.

    paramiko does without: it needs invoke for `Match exec` in an ssh_config, which we refuse, and read by ourselves.
    """
    if "paramiko" in sys.modules:
        return
    absent = "invoke" not in sys.modules
    if absent:
        sys.modules["invoke"] = None  # type: ignore[assignment] # what the import system takes for "not there"
    try:
        import paramiko  # noqa: F401, PLC0415
    finally:
        if absent:
            del sys.modules["invoke"]


class SshTransport:
    """One host over SSH; `stop` ends a visit early, from any thread."""

    def __init__(self, target: SshTarget, stop: Stop) -> None:
        self.target, self.stop = target, stop
        self.let_in = False  # once the host let us in, a refusal afterwards is told apart

    def visit(self, scripts: tuple[Script, ...], limits: Limits, done: Callable[[Output], None]) -> Visit:
        """See `Transport.visit`."""
        return _Visiting(self, scripts, limits, done).visit()

    def live(self, limits: Limits, budget: Budget) -> LiveConnection:
        """A connection for single commands, made when the first one is run."""
        return LiveConnection(Connecting(self.target, limits, budget, let_in=self.let_in), limits, budget)


class _Visiting:
    """One visit: what is known of the host so far, and what came back."""

    def __init__(
        self, transport: SshTransport, scripts: tuple[Script, ...], limits: Limits, done: Callable[[Output], None]
    ) -> None:
        self._transport = transport
        self._budget = Budget.of(limits.host_s, transport.stop)
        self._host = Connecting(transport.target, limits, self._budget, let_in=transport.let_in)
        self._run = BatchRun(scripts, limits, self._budget, done)

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
        cut_short = missing if self._host.login and missing and missing.why in _CUT_SHORT else next(ends, None)
        return Visit(
            host=self._transport.target.name,
            reached=cut_short or self._host.reached or unknown,
            host_key=self._host.host_key or unknown,
            login=self._host.login or unknown,
            outputs=tuple(self._run.outputs),
            attempts=tuple(self._host.attempts),
            command=posix.COMMAND if self._host.login else "",
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
        self._host.attempts.append(f"the connection broke {self._run.progress}: {broken}")
        if broken.flood:
            return Missing(Why.OUTPUT_CUT, str(broken))
        return self._budget.cause(Missing(Why.CONNECTION_LOST, self._run.progress))

    def _try(self) -> Broken | None:
        """One connection, from TCP to the last script, and everything of it closed."""
        with contextlib.ExitStack() as stack:
            session = self._host.connected(stack)
            self._transport.let_in = True
            try:
                self._run.over(session)
            except Broken as broken:
                return broken
        return None
