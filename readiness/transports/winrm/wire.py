"""The HTTP side of a WinRM connection: one TCP connection, TLS that is verified, limits on all that a host sends."""

from __future__ import annotations

import contextlib
import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from readiness.core.facts import Missing, Why
from readiness.core.text import one_line
from readiness.transports.budget import Budget, Failed
from readiness.transports.tcp import dial

_TICK_S = 0.2
_TIDY_S, _TIDY_LATE_S = 5.0, 1.0
_REPLY_BYTES = 2 << 20  # an envelope is at most 500 kB where nobody raised the limit


@dataclass(frozen=True, slots=True)
class Reply:
    """What a host answered to one request."""

    status: int
    reason: str
    headers: Message
    body: bytes


class Wire:
    """One connection, as `http.client` writes to and reads from a socket, with a deadline on each request.

    What goes wrong raises Failed, and then the connection is `broken`: its next answer might be the last one's.
    """

    def __init__(self, address: str, port: int, limit_s: float, budget: Budget, tls: ssl.SSLContext | None) -> None:
        """Connect, and prove who answers if `tls`; raises Failed."""
        self.broken = False
        self.grace_s = 0.0  # how long after a stop an answer is still waited for
        self.certificate: bytes | None = None
        self._budget, self._left_bytes = budget, _REPLY_BYTES
        self._until, self._stopped_at = budget.until(limit_s), 0.0
        self.tidying = False  # the requests that close what is open go on after a stop, for a moment
        self._late = Missing(Why.NOT_WINRM, f"no TLS handshake within {limit_s:g} s")
        dialled = dial(address, port, limit_s, budget)
        self.address, self.rtt_s = dialled.address, dialled.rtt_s
        self._raw: socket.socket = dialled.raw
        if tls:
            self._prove(tls, address)
        self._http = http.client.HTTPConnection(address, port)
        self._http.auto_open = 0  # a logon holds for one connection only
        self._http.sock = self

    def _prove(self, tls: ssl.SSLContext, name: str) -> None:
        try:
            wrapped = tls.wrap_socket(self._raw, server_hostname=name, do_handshake_on_connect=False)
            self._raw = wrapped
            self._when_ready(wrapped.do_handshake)
            self.certificate = wrapped.getpeercert(binary_form=True)
        except BaseException as error:
            self.close()
            if isinstance(error, OSError | ValueError):
                raise Failed(self._budget.cause(_unproved(error))) from error
            raise

    def exchange(self, body: bytes, headers: Mapping[str, str], limit_s: float, late: Why) -> Reply:
        """POST one body and read the answer, in all within `limit_s`; `late` is the reason when it is late."""
        self._until = self._tidy_until() if self.tidying else self._budget.until(limit_s)
        self._late, self._left_bytes = Missing(late, f"no answer within {limit_s:g} s"), _REPLY_BYTES
        try:
            return self._exchange(body, headers)
        except BaseException as error:
            self.broken = True
            if isinstance(error, OSError | http.client.HTTPException | ValueError):
                raise self._failed(error) from error
            raise

    def _exchange(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        self._http.request("POST", "/wsman", body=body, headers={"Accept-Encoding": "identity", **headers})
        with self._http.getresponse() as response:
            read = response.read(_REPLY_BYTES)
            if response.length:
                raise http.client.IncompleteRead(read, response.length)
            return Reply(response.status, response.reason, response.headers, read)

    def _failed(self, error: Exception) -> Failed:
        """Why a request failed."""
        gone = http.client.RemoteDisconnected | http.client.IncompleteRead | http.client.NotConnected | OSError
        if isinstance(error, gone):
            reason = one_line(str(error) or type(error).__name__, 200)
            return Failed(self._budget.cause(Missing(Why.CONNECTION_LOST, reason)), again=True)
        reason = one_line(f"{type(error).__name__} {error}", 100)
        return Failed(self._budget.cause(Missing(Why.NOT_WINRM, f"it speaks no HTTP: {reason}")))

    def _when_ready(self, act: Any) -> Any:
        """Do something to the socket as soon as it can be done; raises Failed when it cannot be in time."""
        while True:
            try:
                return act()
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(select.POLLIN)

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._raw, event)
        while True:
            if time.monotonic() >= self._deadline():
                raise Failed(self._budget.cause(self._late), again=True)
            if poll.poll(_TICK_S * 1000):
                return

    def _deadline(self) -> float:
        """When to give up: sooner once somebody says stop, except while tidying up."""
        if self.tidying or self._budget.stop.why is None:
            return self._until
        self._stopped_at = self._stopped_at or time.monotonic()
        return min(self._until, self._stopped_at + self.grace_s)

    def _tidy_until(self) -> float:
        now, stopped = time.monotonic(), self._budget.stop.why is not None
        return now + _TIDY_LATE_S if stopped else min(now + _TIDY_S, max(now + _TIDY_LATE_S, self._budget.deadline))

    # What http.client asks of a socket.

    def makefile(self, _mode: str) -> io.BufferedReader:
        """A reader for one answer."""
        return io.BufferedReader(_Reader(self))

    def read_into(self, buffer: memoryview) -> int:
        """Read what is there, at least a byte; 0 at the end."""
        size = int(self._when_ready(lambda: self._raw.recv_into(buffer)))
        self._left_bytes -= size
        if self._left_bytes < 0:
            raise Failed(Missing(Why.OUTPUT_CUT, f"the host sent more than {_REPLY_BYTES >> 10} KiB in one answer"))
        return size

    def sendall(self, data: bytes) -> None:
        """Send all of the data."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._when_ready(lambda: self._raw.send(rest)) :]  # noqa: B023 - called at once

    def close(self) -> None:
        """Close it for good."""
        with contextlib.suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)
        self._raw.close()


class _Reader(io.RawIOBase):
    """A wire as a file."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.read_into(memoryview(buffer))


def _unproved(error: Exception) -> Missing:
    """Why the TLS handshake failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = f"{one_line(error.verify_message, 200)}; no logon was tried"
        remedy = "name the CA of the listener's certificate, or give the listener one from a CA that is trusted"
        return Missing(Why.CERTIFICATE_NOT_TRUSTED, detail, remedy)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionError):
        return Missing(Why.CONNECTION_LOST, f"during the TLS handshake: {one_line(str(error), 200)}")
    return Missing(Why.NOT_WINRM, f"it speaks no TLS: {one_line(str(error), 200)}")
