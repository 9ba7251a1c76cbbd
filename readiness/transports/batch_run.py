"""The scripts of one visit, run one after another over one connection or a second one; what hangs costs only itself."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits, Output, Script
from readiness.transports.budget import Budget
from readiness.transports.shells.batch import Batch, Dialect

_STDERR_FLOOD = 8 << 20


class NoShell(Exception):
    """The host started no shell, and the connection stands."""


class RemoteShell(Protocol):
    """A shell on the host, waiting for a batch on its standard input; raises Failed when the connection ends."""

    finished_sending: bool

    def send(self, text: str, *, last: bool = False) -> None:
        """Send text, the last one when there is no more."""

    def read(self) -> Iterator[tuple[bytes, bool]]:
        """What has come in on both streams (True: standard error), waiting a moment for it."""

    def gather(self) -> None:
        """Read on with no hurry."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come, and all of it was read."""

    def how_it_ended(self) -> str:
        """How it ended, as far as that is known; raises Failed when it was the connection that ended."""


Start = Callable[[], AbstractContextManager[RemoteShell]]
"""Starts a shell over a connection that is logged in, and ends it on the way out; raises NoShell or Failed."""


class BatchRun:
    """What came back of the scripts, what is left to run, and whether anything more may be read.

    `no_commands` is why the login runs none at all, None when it does.
    """

    def __init__(
        self,
        dialect: Dialect,
        scripts: tuple[Script, ...],
        limits: Limits,
        budget: Budget,
        done: Callable[[Output], None],
    ) -> None:
        self.outputs: list[Output] = []
        self.no_commands: Missing | None = None
        self._dialect, self._scripts, self._limits, self._budget, self._done = dialect, scripts, limits, budget, done
        self._read_bytes = 0

    @property
    def pending(self) -> tuple[Script, ...]:
        """The scripts that have no output yet."""
        return self._scripts[len(self.outputs) :]

    @property
    def progress(self) -> str:
        """How far the batch came, in words."""
        return f"after {len(self.outputs)} of {len(self._scripts)} probes"

    def give_up(self, missing: Missing) -> None:
        """Give each script that is left this reason for having no output."""
        now_s = time.time()
        for script in self.pending:
            self._add(Output(script.name, None, b"", b"", now_s, now_s, 0.0, missing))

    def over(self, start: Start) -> None:
        """Run what is left, a new shell after each script that had to be abandoned; raises Failed."""
        while self.pending:
            if missing := self._too_much() or self._budget.spent(self.progress):
                self.give_up(missing)
                return
            try:
                with start() as shell:
                    self._converse(shell, Batch(self._dialect, self.pending, nonce := secrets.token_hex(16)), nonce)
            except NoShell as error:
                reason = f"{self.progress} the host opened no session: {error}"
                self._runs_nothing(Missing(Why.NO_COMMANDS, reason))

    def _converse(self, shell: RemoteShell, batch: Batch, nonce: str) -> None:
        """Run what is left in one shell, until it ends or has to be abandoned."""
        batch.sent(time.time(), time.monotonic())
        rest = self._dialect.rest(batch.scripts)
        shell.send(self._dialect.opening(batch.scripts, nonce), last=rest is None)
        while self._goes_on(shell, batch, rest):
            pass

    def _goes_on(self, shell: RemoteShell, batch: Batch, rest: str | None) -> bool:
        """Take in what came and act on it; False at the end of this shell's use."""
        for chunk, stderr in shell.read():
            self._read_bytes += len(chunk)
            for output in batch.feed(chunk, stderr=stderr, now_s=time.time(), now=time.monotonic()):
                self._add(output)
                shell.gather()  # the clock, which comes first, is read in a hurry
            if self._over_limit(batch):
                break
        if batch.finished:
            return False
        if batch.ready and not shell.finished_sending:
            return self._send_rest(shell, batch, rest or "")
        if missing := self._limit_passed(batch) or self._ended(shell, batch):
            self._abandon(batch, missing)
            return False
        return not shell.ended  # a shell that ended by itself between two scripts: the rest needs another one

    def _send_rest(self, shell: RemoteShell, batch: Batch, rest: str) -> bool:
        """Send the scripts, unless none can be run there."""
        if batch.ready and (missing := self._dialect.unfit(batch.ready)):
            self.give_up(missing)
            return False
        batch.sent(time.time(), time.monotonic())
        shell.send(rest, last=True)
        return True

    def _abandon(self, batch: Batch, missing: Missing) -> None:
        if batch.ready:
            self._add(batch.unfinished(missing, time.time(), time.monotonic()))
        else:
            self._runs_nothing(missing)  # a shell that never got ready will not do so next time

    def _runs_nothing(self, missing: Missing) -> None:
        if not self.outputs:
            self.no_commands = missing
        self.give_up(missing)

    def _too_much(self) -> Missing | None:
        if self._read_bytes > self._limits.host_bytes:
            return Missing(Why.OUTPUT_CUT, f"more than {self._limits.host_bytes} bytes from this host")
        return None

    def _over_limit(self, batch: Batch) -> Missing | None:
        """The limit in bytes that the running script has passed, or None."""
        stdout, stderr = batch.printed()
        if too_much := self._too_much():
            return too_much
        script = self.pending[0] if self.pending else None
        if script and stdout > script.max_bytes + self._dialect.excess_bytes:
            return Missing(Why.OUTPUT_CUT, f"more than {script.max_bytes} bytes")
        if stderr > min(_STDERR_FLOOD, self._limits.host_bytes // 2):
            return Missing(Why.OUTPUT_CUT, f"more than {stderr >> 20} MiB of error messages")
        return None

    def _limit_passed(self, batch: Batch) -> Missing | None:
        """The limit that the running script has passed, or None."""
        if missing := self._budget.spent(self.progress) or self._over_limit(batch):
            return missing
        dialect, ready = self._dialect, batch.ready is not None
        starting_s = dialect.start_s or self._limits.probe_s + dialect.grace_s
        limit_s = self.pending[0].timeout_s + dialect.grace_s if ready else starting_s
        if time.monotonic() - batch.since > limit_s:
            return Missing(Why.TIMED_OUT, dialect.late(limit_s, ready=ready))
        return None

    def _ended(self, shell: RemoteShell, batch: Batch) -> Missing | None:
        """Why the current script is given up when its shell ended under it; raises Failed with the connection."""
        if not shell.ended:
            return None
        how = shell.how_it_ended()
        if batch.between:
            return None
        return self._dialect.ended(how, batch.noise, batch.errors, ready=batch.ready is not None)

    def _add(self, output: Output) -> None:
        self.outputs.append(output)
        self._done(output)
