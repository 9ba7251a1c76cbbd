"""Running a batch of scripts over a connection that is logged in; what hangs or floods costs only itself."""

from __future__ import annotations

import secrets
import time

from readiness.core.facts import Missing, Why
from readiness.core.text import decode, one_line
from readiness.transports.progress import Progress
from readiness.transports.shells import posix
from readiness.transports.ssh.channel import OPEN_S, Channel, NoChannel
from readiness.transports.ssh.login import Session

_GRACE_S = 4.0  # `timeout` kills 2 s after it ended a script; what lives on after that is stuck in the kernel
_STDERR_FLOOD = 8 << 20


class BatchRun(Progress):
    """The scripts of one visit: what came back, and what is left to run, over one connection or a second one."""

    def over(self, session: Session) -> None:
        """Run what is left, a new channel after each script that had to be abandoned; raises Broken."""
        while self.pending:
            if missing := self._spent():
                self.give_up(missing)
            else:
                self._channel(session)

    def _channel(self, session: Session) -> None:
        """Run what is left over one channel, until it ends or has to be abandoned."""
        try:
            shell = Channel(session, self._budget, min(OPEN_S, self._limits.login_s), posix.COMMAND)
        except NoChannel as error:
            self.give_up(Missing(Why.NOT_PERMITTED, f"{self.progress} the host opened no session: {error}"))
            return
        try:
            self._converse(shell, posix.Batch(self.pending, nonce := secrets.token_hex(16)), nonce)
        finally:
            shell.close()

    def _converse(self, shell: Channel, batch: posix.Batch, nonce: str) -> None:
        batch.sent(time.time(), time.monotonic())
        shell.send(posix.head(nonce))
        while self._goes_on(shell, batch):
            pass

    def _goes_on(self, shell: Channel, batch: posix.Batch) -> bool:
        """Take in what came and act on it; False at the end of this channel's use."""
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
            return self._begin(shell, batch)
        if missing := self._hopeless(batch) or self._ended(shell, batch):
            self._abandon(batch, missing)
            return False
        return not (shell.ended and batch.between)  # a shell that ended by itself: the rest needs another one

    def _begin(self, shell: Channel, batch: posix.Batch) -> bool:
        """Send the scripts, unless the host cannot bound their time."""
        if batch.ready and batch.ready.status:
            self.give_up(Missing(Why.TOOL_ABSENT, "timeout", "install coreutils, which has the command timeout"))
            return False
        text = posix.body(batch.scripts)
        batch.sent(time.time(), time.monotonic())
        shell.send(text, last=True)
        return True

    def _abandon(self, batch: posix.Batch, missing: Missing) -> None:
        if batch.ready or self._budget.spent():
            self._add(batch.unfinished(missing, time.time(), time.monotonic()))
        else:
            self.give_up(missing)  # a shell that never got ready will not do so next time

    def _over_limit(self, batch: posix.Batch) -> Missing | None:
        stdout, stderr = batch.printed()
        if too_much := self._too_much():
            return too_much
        script = self.pending[0] if self.pending else None
        if script and stdout > script.max_bytes:
            return Missing(Why.OUTPUT_CUT, f"more than {script.max_bytes} bytes")
        if stderr > min(_STDERR_FLOOD, self._limits.host_bytes // 2):
            return Missing(Why.OUTPUT_CUT, f"more than {stderr >> 20} MiB of error messages")
        return None

    def _hopeless(self, batch: posix.Batch) -> Missing | None:
        """Why the current script is given up, or None while there is hope."""
        if spent := self._budget.spent(self.progress):
            return spent
        if over := self._over_limit(batch):
            return over
        patience_s = self.pending[0].timeout_s + _GRACE_S if batch.ready else self._limits.probe_s + _GRACE_S
        if time.monotonic() - batch.since > patience_s:
            what = "it did not end when told to" if batch.ready else "the login's shell never got ready"
            return Missing(Why.TIMED_OUT, f"after {patience_s:g} s: {what}")
        return None

    def _ended(self, shell: Channel, batch: posix.Batch) -> Missing | None:
        """Why the current script is given up when its shell ended under it; raises Broken."""
        if not shell.ended:
            return None
        shell.must_be_connected()
        if batch.between:
            return None
        said = one_line(decode(batch.noise), 200)
        if batch.ready:
            return Missing(Why.UNREADABLE, "the shell ended under this script")
        return Missing(Why.NOT_PERMITTED, f"the login runs no commands: {said or 'its shell ended without a word'}")
