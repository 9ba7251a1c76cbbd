"""SSH with pinned host keys over paramiko's Transport: one connection a host, one batch, a deadline on everything."""

from __future__ import annotations

import contextlib
import secrets
import select
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Limits, Output, Script, Visit
from readiness.core.text import decode, one_line
from readiness.transports import Stop, posix
from readiness.transports.ssh_login import Connection, Failed, SshTarget, connected

if TYPE_CHECKING:
    import paramiko

_GRACE_S = 4.0
_TICK_S = 0.2
_CHUNK = 1 << 16
# What ends a visit before its time, so that the host was not really reached.
_ENDS = {Why.CONNECTION_LOST, Why.HOST_TIMED_OUT, Why.RUN_TIMED_OUT, Why.INTERRUPTED}


class _Lost(Exception):
    """The connection broke under a batch."""


@dataclass
class _Progress:
    """What is left to run, what came back and how much was read."""

    pending: list[Script]
    outputs: list[Output] = field(default_factory=list)
    read_bytes: int = 0

    def give_up(self, missing: Missing, done: Callable[[Output], None]) -> None:
        """Answer for everything that is left."""
        now = time.time()
        for script in self.pending:
            output = Output(script.name, None, b"", b"", now, now, 0.0, missing)
            self.outputs.append(output)
            done(output)
        self.pending.clear()


class SshTransport:
    """One host over SSH; `stop` ends a visit early."""

    def __init__(self, target: SshTarget, stop: Stop) -> None:
        self.target, self._stop = target, stop

    def visit(self, scripts: tuple[Script, ...], limits: Limits, done: Callable[[Output], None]) -> Visit:
        """See `Transport.visit`."""
        deadline = time.monotonic() + limits.host_s
        progress, attempts = _Progress(list(scripts)), []
        first: Connection | None = None
        lost: Missing | None = None
        for attempt in range(2):
            try:
                with connected(self.target, limits, deadline, self._stop) as connection:
                    attempts.append(f"connected as {connection.login.user}")
                    first = first or connection
                    self._run(connection.transport, progress, limits, deadline, done)
                lost = None
            except Failed as failed:
                attempts.append(str(failed.missing))
                if first is None and failed.again and attempt == 0:
                    continue
                if first is None:
                    return self._unreached(self._reason(failed.missing, deadline), failed, attempts)
            except _Lost as error:
                attempts.append(f"connection lost: {error}")
                through = f"after {len(progress.outputs)} of {len(scripts)} scripts"
                lost = self._reason(Missing(Why.CONNECTION_LOST, through), deadline)
                if lost.why is Why.CONNECTION_LOST and attempt == 0:
                    continue
            break
        if lost is not None:
            progress.give_up(lost, done)
        assert first is not None  # noqa: S101 - every other way has returned
        cut_short = next((one.missing for one in progress.outputs if one.missing and one.missing.why in _ENDS), None)
        return Visit(
            host=self.target.name,
            reached=cut_short or first.reached,
            host_key=first.host_key,
            login=first.login,
            outputs=tuple(progress.outputs),
            attempts=tuple(attempts),
            command=posix.COMMAND,
        )

    def _reason(self, missing: Missing, deadline: float) -> Missing:
        """What a broken connection is when we broke it ourselves."""
        if self._stop.why is not None:
            return Missing(self._stop.why, str(missing))
        if time.monotonic() >= deadline:
            return Missing(Why.HOST_TIMED_OUT, str(missing))
        return missing

    def _unreached(self, missing: Missing, failed: Failed, attempts: list[str]) -> Visit:
        return Visit(
            host=self.target.name,
            reached=failed.reached or missing,
            host_key=failed.host_key or missing,
            login=missing,
            outputs=(),
            attempts=tuple(attempts),
            command="",
        )

    def _run(
        self,
        transport: paramiko.Transport,
        progress: _Progress,
        limits: Limits,
        deadline: float,
        done: Callable[[Output], None],
    ) -> None:
        """Run what is left; a script that hangs or floods costs its channel and itself, not the others."""
        while progress.pending:
            if self._stop.why is not None:
                progress.give_up(Missing(self._stop.why, "before this script"), done)
            elif time.monotonic() >= deadline:
                progress.give_up(Missing(Why.HOST_TIMED_OUT, f"after {limits.host_s:g} s"), done)
            elif progress.read_bytes > limits.host_bytes:
                progress.give_up(Missing(Why.OUTPUT_CUT, f"more than {limits.host_bytes} bytes of this host"), done)
            else:
                self._one_channel(transport, progress, limits, deadline, done)

    def _one_channel(
        self,
        transport: paramiko.Transport,
        progress: _Progress,
        limits: Limits,
        deadline: float,
        done: Callable[[Output], None],
    ) -> None:
        batch = posix.Batch(tuple(progress.pending), nonce := secrets.token_hex(16))
        channel = _open(transport, min(limits.login_s, deadline - time.monotonic()))
        try:
            channel.sendall(posix.head(nonce).encode())
            opened = time.monotonic()
            sent = False
            while not batch.finished and progress.pending:
                for chunk, stderr in _chunks(channel, transport):
                    progress.read_bytes += len(chunk)
                    now_s, now = time.time(), time.monotonic()
                    for output in batch.feed(chunk, stderr=stderr, now_s=now_s, now=now):
                        progress.outputs.append(output)
                        progress.pending.pop(0)
                        done(output)
                if batch.ready and not sent:
                    sent, opened = True, time.monotonic()
                    _send(channel, batch)
                if given_up := self._given_up(channel, batch, progress, limits, deadline, opened):
                    output = batch.unfinished(given_up)
                    progress.outputs.append(output)
                    progress.pending.pop(0)
                    done(output)
                    return
        except (OSError, EOFError) as error:
            raise _Lost(str(error) or "closed") from error
        finally:
            with contextlib.suppress(OSError, EOFError):
                channel.close()

    def _given_up(  # noqa: PLR0911 - one line a reason
        self,
        channel: paramiko.Channel,
        batch: posix.Batch,
        progress: _Progress,
        limits: Limits,
        deadline: float,
        opened: float,
    ) -> Missing | None:
        """Why the current script is given up, or None while there is hope."""
        if batch.finished or not progress.pending:
            return None
        script, now = progress.pending[0], time.monotonic()
        if self._stop.why is not None:
            return Missing(self._stop.why, f"during {script.name}")
        if now >= deadline:
            return Missing(Why.HOST_TIMED_OUT, f"after {limits.host_s:g} s, during {script.name}")
        if batch.overflowed:
            return Missing(Why.OUTPUT_CUT, f"{script.name} printed more than {script.max_bytes} bytes")
        if progress.read_bytes > limits.host_bytes:
            return Missing(Why.OUTPUT_CUT, f"more than {limits.host_bytes} bytes of this host, during {script.name}")
        if now - (batch.begun or opened) > script.timeout_s + _GRACE_S:
            what = script.name if batch.ready else "the login's shell, which never got ready,"
            return Missing(Why.TIMED_OUT, f"{what} after {script.timeout_s:g} s, and did not end when told to")
        if channel.closed or channel.eof_received:
            if channel.recv_ready() or channel.recv_stderr_ready():
                return None
            said = one_line(decode(batch.noise), 200)
            return Missing(Why.CONNECTION_LOST, f"the login's shell ended during {script.name}: {said or 'no word'}")
        return None


def _send(channel: paramiko.Channel, batch: posix.Batch) -> None:
    text = posix.body(batch.scripts).encode()
    batch.sent_s = time.time()
    channel.sendall(text)
    channel.shutdown_write()


def _open(transport: paramiko.Transport, timeout_s: float) -> paramiko.Channel:
    import paramiko  # noqa: PLC0415

    try:
        channel = transport.open_session(timeout=max(timeout_s, 0.1), window_size=1 << 20)
        channel.settimeout(max(timeout_s, 0.1))
        channel.exec_command(posix.COMMAND)
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise _Lost(str(error) or "no channel") from error
    return channel


def _chunks(channel: paramiko.Channel, transport: paramiko.Transport) -> Iterator[tuple[bytes, bool]]:
    """What has come in on both streams, waiting a moment for it."""
    poll = select.poll()
    poll.register(channel.fileno(), select.POLLIN)
    poll.poll(_TICK_S * 1000)
    while channel.recv_ready():
        yield channel.recv(_CHUNK), False
    while channel.recv_stderr_ready():
        yield channel.recv_stderr(_CHUNK), True
    if not transport.is_active() and not channel.recv_ready() and not channel.recv_stderr_ready():
        raise _Lost("the host ended the connection")
    if channel.eof_received or channel.closed:
        time.sleep(0.005)  # the pipe behind fileno() stays readable after EOF
