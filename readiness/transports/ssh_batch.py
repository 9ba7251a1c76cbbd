"""Running a batch of scripts over a connection that is logged in; what hangs or floods costs only itself."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits, Output, Script
from readiness.core.text import decode, one_line
from readiness.transports import Budget, posix
from readiness.transports.ssh_login import Session

_GRACE_S = 4.0  # `timeout` kills 2 s after it ended a script; what lives on after that is stuck in the kernel
_TICK_S = 0.5
_OPEN_S = 10.0
_CHUNK = 1 << 16
_STDERR_FLOOD = 8 << 20


class Broken(Exception):
    """The connection ended under the batch; `flood` when we ended it, because of what the host sent."""

    def __init__(self, session: Session, told: str = "") -> None:
        self.flood = bool(session.wire.flooded)
        words = session.wire.flooded or session.heard.disconnect or told
        super().__init__(one_line(words or str(session.transport.get_exception() or "") or "closed by the host", 200))


class BatchRun:
    """The scripts of one visit: what came back, and what is left to run, over one connection or a second one."""

    def __init__(
        self, scripts: tuple[Script, ...], limits: Limits, budget: Budget, done: Callable[[Output], None]
    ) -> None:
        self.outputs: list[Output] = []
        self._scripts, self._limits, self._budget, self._done = scripts, limits, budget, done
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
        """Answer for everything that is left."""
        now_s = time.time()
        for script in self.pending:
            self._add(Output(script.name, None, b"", b"", now_s, now_s, 0.0, missing))

    def over(self, session: Session) -> None:
        """Run what is left, a new channel after each script that had to be abandoned; raises Broken."""
        while self.pending:
            if missing := self._spent():
                self.give_up(missing)
            else:
                self._channel(session)

    def _spent(self) -> Missing | None:
        if self._read_bytes > self._limits.host_bytes:
            return Missing(Why.OUTPUT_CUT, f"more than {self._limits.host_bytes} bytes from this host")
        return self._budget.spent(self.progress)

    def _add(self, output: Output) -> None:
        self.outputs.append(output)
        self._done(output)

    def _channel(self, session: Session) -> None:
        """Run what is left over one channel, until it ends or has to be abandoned."""
        try:
            shell = _Shell(session, self._budget, min(_OPEN_S, self._limits.login_s))
        except _NoShell as error:
            self.give_up(Missing(Why.NOT_PERMITTED, f"{self.progress} the host opened no session: {error}"))
            return
        try:
            self._converse(shell, posix.Batch(self.pending, nonce := secrets.token_hex(16)), nonce)
        finally:
            shell.close()

    def _converse(self, shell: _Shell, batch: posix.Batch, nonce: str) -> None:
        batch.sent(time.time(), time.monotonic())
        shell.send(posix.head(nonce))
        while self._goes_on(shell, batch):
            pass

    def _goes_on(self, shell: _Shell, batch: posix.Batch) -> bool:
        """Take in what came and act on it; False at the end of this channel's use."""
        for chunk, stderr in shell.read():
            self._read_bytes += len(chunk)
            for output in batch.feed(chunk, stderr=stderr, now_s=time.time(), now=time.monotonic()):
                self._add(output)
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

    def _begin(self, shell: _Shell, batch: posix.Batch) -> bool:
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
        if self._read_bytes > self._limits.host_bytes:
            return Missing(Why.OUTPUT_CUT, f"more than {self._limits.host_bytes} bytes from this host")
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

    def _ended(self, shell: _Shell, batch: posix.Batch) -> Missing | None:
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


class _NoShell(Exception):
    """The host opened no channel, and the connection stands."""


class _Shell:
    """The shell at the other end of one channel; every wait has a deadline; raises Broken with the connection."""

    def __init__(self, session: Session, budget: Budget, open_s: float) -> None:
        import paramiko  # noqa: PLC0415

        self._session, self._budget = session, budget
        self._news = threading.Event()
        self.finished_sending = False
        try:
            self._channel = session.transport.open_session(timeout=max(0.1, budget.left(open_s)))
        except paramiko.ChannelException as error:
            raise _NoShell(one_line(session.heard.open_failure or str(error), 200)) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise Broken(session, f"no channel: {str(error) or 'closed by the host'}") from error
        self._channel.settimeout(_TICK_S)
        self._channel.in_buffer.set_event(self._news)
        self._channel.in_stderr_buffer.set_event(self._news)
        self._execute(posix.COMMAND)

    def _execute(self, command: str) -> None:
        """Ask for the command without waiting for the answer: `exec_command` waits for ever; a refusal closes."""
        import paramiko  # noqa: PLC0415

        message = paramiko.Message()
        message.add_byte(b"\x62")  # SSH_MSG_CHANNEL_REQUEST
        message.add_int(self._channel.remote_chanid)
        message.add_string("exec")
        message.add_boolean(True)  # noqa: FBT003 - paramiko's signature
        message.add_string(command)
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):  # `ended` tells
            self._session.transport._send_user_message(message)  # type: ignore[attr-defined]  # noqa: SLF001

    def send(self, text: str, *, last: bool = False) -> None:
        """Send text, unless the other end has ended, which `ended` tells; raises Broken when it takes nothing in."""
        import paramiko  # noqa: PLC0415

        data, until = text.encode(), self._budget.until(_OPEN_S)
        self.finished_sending = last
        try:
            while data:
                if time.monotonic() >= until and not self._budget.spent():
                    raise Broken(self._session, "the host takes nothing in")
                with contextlib.suppress(TimeoutError):
                    data = data[self._channel.send(data) :]
            if last:
                self._channel.shutdown_write()
        except (paramiko.SSHException, EOFError, OSError):
            return

    def read(self) -> Iterator[tuple[bytes, bool]]:
        """What has come in on both streams (True: standard error), waiting a moment for it."""
        self._news.wait(_TICK_S)
        channel = self._channel
        while True:
            # The event is cleared when either stream runs empty, so both are looked at again before the next wait.
            ready = (channel.recv_ready(), channel.recv_stderr_ready())
            if ready[0]:
                yield channel.recv(_CHUNK), False
            if ready[1]:
                yield channel.recv_stderr(_CHUNK), True
            if not any(ready):
                return

    @property
    def ended(self) -> bool:
        """Whether nothing more will come, and all of it was read."""
        channel = self._channel
        return bool(channel.closed or channel.eof_received) and not (
            channel.recv_ready() or channel.recv_stderr_ready()
        )

    def must_be_connected(self) -> None:
        """Raise Broken when it was the connection that ended, not the shell alone."""
        transport = self._session.transport
        if not self._channel.eof_received:
            transport.join(0.3)  # its thread closes the channels first, and ends then
        if not transport.is_active():
            raise Broken(self._session)

    def close(self) -> None:
        """Close the channel; the host's `sh` ends at its next mark."""
        import paramiko  # noqa: PLC0415

        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            self._channel.close()
