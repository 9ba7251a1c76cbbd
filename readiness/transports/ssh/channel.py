"""One channel of an SSH connection: a command, what it prints, how it ended; never a wait without a deadline."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from readiness.core.facts import Missing, Why
from readiness.core.text import one_line
from readiness.transports.batch_run import NoShell
from readiness.transports.budget import Budget, Failed
from readiness.transports.ssh.login import Session

OPEN_S = 10.0
_TICK_S = 0.5
_CHUNK = 1 << 16


def broken(session: Session, words: str = "") -> Failed:
    """The connection ended under a command: by the host, or by us because of all that it sent."""
    if session.wire.flooded:
        return Failed(Missing(Why.OUTPUT_CUT, session.wire.flooded))
    error = session.heard.disconnect or words or str(session.transport.get_exception() or "")
    return Failed(Missing(Why.CONNECTION_LOST, one_line(error or "closed by the host", 200)), again=True)


class Channel:
    """One command at the other end of a channel; every wait has a deadline; raises Failed with the connection."""

    def __init__(self, session: Session, budget: Budget, open_s: float, command: str) -> None:
        import paramiko  # noqa: PLC0415

        self._session, self._budget = session, budget
        self._news = threading.Event()
        self.finished_sending = False
        try:
            self._channel = session.transport.open_session(timeout=max(0.1, budget.left(open_s)))
        except paramiko.ChannelException as error:
            raise NoShell(one_line(session.heard.open_failure or str(error), 200)) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise broken(session, f"no channel: {str(error) or 'closed by the host'}") from error
        self._channel.settimeout(_TICK_S)
        self._channel.in_buffer.set_event(self._news)
        self._channel.in_stderr_buffer.set_event(self._news)
        self._execute(command)

    def _execute(self, command: str) -> None:
        """Ask for the command without waiting for the answer: `exec_command` waits for ever; a refusal closes."""
        import paramiko  # noqa: PLC0415

        message = paramiko.Message()
        message.add_byte(b"\x62")  # SSH_MSG_CHANNEL_REQUEST
        message.add_int(self._channel.remote_chanid)
        message.add_string("exec")
        message.add_boolean(True)  # noqa: FBT003 - paramiko's signature
        message.add_string(command)
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):  # `ended` shows it
            self._session.transport._send_user_message(message)  # type: ignore[attr-defined]  # noqa: SLF001

    def send(self, text: str, *, last: bool = False) -> None:
        """Send text; where the other end has ended, only `ended` shows it. Raises Failed when it takes nothing in."""
        import paramiko  # noqa: PLC0415

        data, until = text.encode(), self._budget.until(OPEN_S)
        self.finished_sending = last
        try:
            while data:
                if time.monotonic() >= until and not self._budget.spent():
                    raise broken(self._session, "the host takes nothing in")
                with contextlib.suppress(TimeoutError):
                    data = data[self._channel.send(data) :]
            if last:
                self._channel.shutdown_write()
        except (paramiko.SSHException, EOFError, OSError):
            return

    def gather(self) -> None:
        """Read on with no hurry: see `Wire.gather`."""
        self._session.wire.gather()

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

    @property
    def closed(self) -> bool:
        """Whether the host closed it, after which no status comes any more."""
        return bool(self._channel.closed)

    @property
    def status(self) -> int | None:
        """The exit status; None while the host has not said it, and for a command that a signal ended."""
        status = self._channel.exit_status
        return status if status >= 0 else None

    def wait_for_status(self) -> None:
        """Wait a moment for the exit status, or for the end of the channel."""
        self._channel.status_event.wait(_TICK_S)

    def how_it_ended(self) -> str:
        """Empty, since SSH does not say; raises Failed when the connection ended, not the shell alone."""
        transport = self._session.transport
        if not self._channel.eof_received:
            transport.join(0.3)  # its thread closes the channels first, and ends then
        if not transport.is_active():
            raise broken(self._session)
        return ""

    def close(self) -> None:
        """Close the channel; the host's `sh` ends at its next mark."""
        import paramiko  # noqa: PLC0415

        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            self._channel.close()
