"""One connection that stays open for single commands: each with its deadline and a limit on what is read.

The connection is made as for a visit: same pins, same logins, same limits. What breaks ends it for good, since a
command that may have run is not sent twice.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits, Output
from readiness.transports.batch_run import NoShell
from readiness.transports.budget import Budget, Failed
from readiness.transports.shells.posix import GRACE_S, NO_TIMEOUT, TIMEOUT_STATUS, bounded
from readiness.transports.ssh.channel import OPEN_S, Channel
from readiness.transports.ssh.connect import SshLink
from readiness.transports.ssh.login import Session

_HAS_TIMEOUT = "command -v timeout"


@dataclass
class _Heard:
    """What one command printed so far."""

    begun_s: float = field(default_factory=time.time)
    begun: float = field(default_factory=time.monotonic)
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)

    @property
    def size(self) -> int:
        """Bytes on both streams."""
        return len(self.stdout) + len(self.stderr)

    def output(self, status: int | None, missing: Missing | None, limit: int) -> Output:
        """What came of it, cut at `limit` bytes a stream."""
        took_s = time.monotonic() - self.begun
        streams = bytes(self.stdout[:limit]), bytes(self.stderr[:limit])
        return Output("command", status, *streams, self.begun_s, self.begun_s, took_s, missing)


class LiveConnection:
    """One host, connected to with the first command and until `close`; commands run one after another."""

    def __init__(self, link: SshLink, limits: Limits, budget: Budget) -> None:
        self._link, self._limits, self._budget = link, limits, budget
        self._stack = contextlib.ExitStack()
        self._session: Session | None = None
        self._ended: Missing | None = None
        self._read_bytes = 0

    @property
    def attempts(self) -> tuple[str, ...]:
        """Each try to connect, in words."""
        return tuple(self._link.attempts)

    def open(self) -> Missing | None:
        """Connect and log in, unless that is done; gives why no command can be run, None when one can."""
        if self._session is None and self._ended is None:
            try:
                self._session = self._link.session(self._stack)
            except Failed as failed:
                self._ended = failed.missing
            else:
                self._ended = self._lacking()
        return self._ended or self._budget.spent()

    def _lacking(self) -> Missing | None:
        """Without `timeout` a command could run on for ever, and its absence would pass for the command's status."""
        output = self._run(_HAS_TIMEOUT)
        if output.missing or output.status == 0:
            return output.missing
        return NO_TIMEOUT

    def run(self, command: str) -> Output:
        """Run one command; `missing` says why there is no usable output, and so does that of all later ones."""
        if missing := self.open():
            return _Heard().output(None, missing, 0)
        output = self._run(bounded(command, self._limits.probe_s))
        if output.status in TIMEOUT_STATUS and output.duration_s > self._limits.probe_s * 0.9 - 0.1:
            late = Missing(Why.TIMED_OUT, f"after {self._limits.probe_s:g} s")
            return replace(output, status=None, missing=late)
        return output

    def _run(self, line: str) -> Output:
        heard, limit = _Heard(), self._limits.probe_bytes
        session = self._session
        if session is None:
            return heard.output(None, Missing(Why.NOT_ASKED, "not connected"), limit)
        try:
            with contextlib.closing(Channel(session, self._budget, OPEN_S, line)) as channel:
                channel.send("", last=True)
                missing = self._listen(channel, heard)
                status = None if missing else self._status(channel, heard)
        except NoShell as error:
            return heard.output(None, Missing(Why.NOT_PERMITTED, f"the host opened no session: {error}"), limit)
        except Failed as failed:
            self._ended = self._budget.cause(failed.missing)
            return heard.output(None, self._ended, limit)
        if missing is None and status is None:
            missing = self._limit_passed(heard) or Missing(Why.UNREADABLE, "it ended without an exit status")
        return heard.output(status, missing, limit)

    def _listen(self, channel: Channel, heard: _Heard) -> Missing | None:
        """Read to the end of both streams; gives why that was given up."""
        while not channel.ended:
            for chunk, stderr in channel.read():
                (heard.stderr if stderr else heard.stdout).extend(chunk)
                self._read_bytes += len(chunk)
                if over := self._over_limit(heard):
                    return over
            if missing := self._limit_passed(heard):
                return missing
        channel.how_it_ended()
        return None

    def _status(self, channel: Channel, heard: _Heard) -> int | None:
        """The exit status, which may come after the streams have ended; None when the host never says it."""
        while channel.status is None and not channel.closed and not self._limit_passed(heard):
            channel.wait_for_status()
        if channel.status is None:
            channel.how_it_ended()
        return channel.status

    def _over_limit(self, heard: _Heard) -> Missing | None:
        if heard.size > self._limits.probe_bytes:
            return Missing(Why.OUTPUT_CUT, f"more than {self._limits.probe_bytes} bytes")
        if self._read_bytes > self._limits.host_bytes:
            self._ended = Missing(Why.OUTPUT_CUT, f"more than {self._limits.host_bytes} bytes from this host")
        return self._ended

    def _limit_passed(self, heard: _Heard) -> Missing | None:
        """The limit that the command has passed, or None."""
        limit_s = self._limits.probe_s + GRACE_S
        if time.monotonic() - heard.begun > limit_s:
            return Missing(Why.TIMED_OUT, f"after {limit_s:g} s: it did not end when told to")
        return self._budget.spent()

    def close(self) -> None:
        """Close the connection; closing twice does nothing."""
        self._session = None
        self._ended = self._ended or Missing(Why.NOT_ASKED, "the connection is closed")
        self._stack.close()
