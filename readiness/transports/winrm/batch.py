"""Running a batch of scripts in a remote shell; what hangs or floods costs only itself."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from xml.sax.saxutils import unescape

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits, Output, Script
from readiness.core.text import decode, one_line
from readiness.transports import Budget
from readiness.transports.progress import Progress
from readiness.transports.shells import powershell
from readiness.transports.winrm.shell import Command, Session

_START_S = 90.0  # after updates powershell.exe compiles itself anew: half a minute and more
_STDERR_KEPT = 1 << 16
_RECORD = re.compile(r'<S S="Error">(.*?)</S>', re.DOTALL)
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class BatchRun(Progress):
    """The scripts of one visit: what came back, and what is left to run, over one connection or a second one."""

    def __init__(
        self, scripts: tuple[Script, ...], limits: Limits, budget: Budget, done: Callable[[Output], None]
    ) -> None:
        super().__init__(scripts, limits, budget, done)
        self.begun = False  # whether a host ever took in the scripts
        self._stderr = b""

    def over(self, session: Session) -> None:
        """Run what is left, a new command after each script that had to be abandoned; raises Failed."""
        while self.pending:
            if missing := self._spent():
                self.give_up(missing)
            else:
                self._command(session)

    def _command(self, session: Session) -> None:
        """Run what is left in one command, until it ends or has to be abandoned; raises Failed."""
        batch = powershell.Batch(self.pending, nonce := secrets.token_hex(16))
        text = powershell.packed(powershell.compose(batch.scripts, nonce))
        self._stderr = b""
        batch.sent(time.time(), time.monotonic())  # before PowerShell starts: its own age counts from then on
        with session.command() as command:
            command.send(text)
            self.begun = True
            while self._goes_on(command, batch):
                pass

    def _goes_on(self, command: Command, batch: powershell.Batch) -> bool:
        """Take in what came and act on it; False at the end of this command's use."""
        stdout, stderr = command.receive()
        self._read_bytes += len(stdout) + len(stderr)
        self._stderr += stderr[: _STDERR_KEPT - len(self._stderr)]
        for output in batch.feed(stdout, time.time(), time.monotonic()):
            self._add(output)
        if batch.finished:
            return False
        if missing := self._hopeless(batch) or self._ended(command, batch):
            self._abandon(batch, missing)
            return False
        return not command.ended

    def _abandon(self, batch: powershell.Batch, missing: Missing) -> None:
        if batch.ready:
            self._add(batch.unfinished(missing, time.time(), time.monotonic()))
        else:
            self.give_up(missing)  # a PowerShell that never got ready will not do so next time

    def _hopeless(self, batch: powershell.Batch) -> Missing | None:
        """Why the current script is given up, or None while there is hope."""
        if spent := self._spent():
            return spent
        if not batch.ready:
            late = time.monotonic() - batch.begun > _START_S
            return Missing(Why.TIMED_OUT, f"PowerShell did not start within {_START_S:g} s") if late else None
        script = batch.scripts[batch.next]
        if batch.floods:
            return Missing(Why.OUTPUT_CUT, f"more than {script.max_bytes} bytes")
        if time.monotonic() - batch.begun > script.timeout_s:
            return Missing(Why.TIMED_OUT, f"after {script.timeout_s:g} s")
        return None

    def _ended(self, command: Command, batch: powershell.Batch) -> Missing | None:
        """Why the current script is given up when PowerShell ended under it; None when it is only the rest's turn."""
        if not command.ended:
            return None
        said = errors(self._stderr) or one_line(decode(batch.noise), 300)
        told = f"exit code {command.status}: {said}" if said else f"exit code {command.status}"
        if not batch.ready:
            return Missing(Why.NOT_PERMITTED, f"PowerShell did not run the probes, {told}")
        return Missing(Why.UNREADABLE, f"PowerShell ended under this script, {told}")


def errors(stderr: bytes) -> str:
    """The error texts of what PowerShell writes as CLIXML, or plain text as it is; one line."""
    text = decode(stderr.removeprefix(b"\xef\xbb\xbf")).replace("\r", "")
    if "#< CLIXML" not in text:
        return one_line(text, 300)
    records = (unescape(record, {"&quot;": '"', "&apos;": "'"}) for record in _RECORD.findall(text))
    told = "".join(_ESCAPE.sub(lambda match: chr(int(match[1], 16)), record) for record in records)
    return one_line(told.replace("\r", ""), 300)
