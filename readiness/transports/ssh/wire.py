"""The TCP side of an SSH connection: names, connecting, and the socket as paramiko sees it, with limits on it."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import select
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from readiness.core.facts import Missing, Why
from readiness.core.text import decode, one_line
from readiness.transports import Budget

if TYPE_CHECKING:
    import paramiko

_TICK_S = 0.2
_CHUNK = 1 << 16
_BEFORE_BANNER = 1 << 16
_BEFORE_LOGIN = 1 << 20
_WAKE_S = 2.0
_GATHER_S, _GATHER_MOST_S, _GATHER_SHARE = 0.05, 0.5, 0.1
_VANISHED_MS = 10_000
_ERRNO = {
    errno.ECONNREFUSED: Why.REFUSED,
    errno.ETIMEDOUT: Why.FILTERED,
    errno.ECONNRESET: Why.CONNECTION_LOST,
}


class ConnectFailed(Exception):
    """A connection that came to nothing; `transient` when another try may well work."""

    def __init__(self, missing: Missing, *, transient: bool = False) -> None:
        self.missing, self.transient = missing, transient
        super().__init__(str(missing))


class TooMuch(EOFError):
    """A host that sent more than anybody would; an EOFError, which paramiko takes for the end of the connection."""


class Wire:
    """A socket, or a channel of a jump host, as paramiko reads and writes it.

    It bounds what a host may send at each stage, keeps what came before the SSH banner, and reads in large pieces.
    paramiko's own time-out of 0.1 s, with which it looks whether it was closed, is not needed: closing wakes it.
    """

    def __init__(self, raw: socket.socket | paramiko.Channel) -> None:
        self._raw = raw
        self._raw.settimeout(_WAKE_S)
        self._buffer, self._at = b"", 0
        self._closed = False  # paramiko looks at it
        self._gathering_since: float | None = None
        self._received, self._allowed = 0, _BEFORE_LOGIN
        self._banner_seen = False
        self.preface = b""
        self.flooded = ""  # why it was ended from here

    def allow(self, more: int) -> None:
        """Let the host send this much from now on."""
        self._allowed = self._received + more

    def gather(self) -> None:
        """From now on take what comes within a moment in at once: a host sends every line of a script by itself."""
        self._gathering_since = self._gathering_since or time.monotonic()

    def _pause(self) -> None:
        """Wait for more to come, a tenth of the time it has taken so far: a slow host's pieces are far apart."""
        if self._gathering_since and self._at < _CHUNK:  # after a full piece there is more at once
            so_far_s = time.monotonic() - self._gathering_since
            time.sleep(min(_GATHER_MOST_S, max(_GATHER_S, so_far_s * _GATHER_SHARE)))

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end."""
        if self._at == len(self._buffer):
            self._pause()
            self._buffer, self._at = self._raw.recv(_CHUNK), 0
            self._check()
        piece = self._buffer[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def _check(self) -> None:
        self._received += len(self._buffer)
        if self._received > self._allowed:
            self._end(f"the host sent more than {self._allowed >> 10} KiB")
        if not self._banner_seen:
            self.preface += self._buffer
            self._banner_seen = self.preface.startswith(b"SSH-") or b"\nSSH-" in self.preface
            if not self._banner_seen and len(self.preface) > _BEFORE_BANNER:
                self._end(f"no SSH banner in the first {_BEFORE_BANNER >> 10} KiB")

    def _end(self, why: str) -> None:
        self.flooded = why
        raise TooMuch(why)

    def send(self, data: bytes) -> int:
        """Send some of the data."""
        return self._raw.send(data)

    def settimeout(self, _seconds: float | None) -> None:
        """Nothing: see the class."""

    def shut(self) -> None:
        """Wake whatever waits on it, from any thread."""
        with contextlib.suppress(OSError, EOFError):
            if isinstance(self._raw, socket.socket):
                self._raw.shutdown(socket.SHUT_RDWR)
            else:
                self._raw.close()

    def close(self) -> None:
        """Close it for good."""
        self._closed = True
        self.shut()
        with contextlib.suppress(OSError, EOFError):
            self._raw.close()

    def said(self) -> str:
        """The first line that came before any SSH banner, cleaned."""
        return one_line(decode(self.preface[:400]).strip().split("\n", 1)[0].strip(), 80)


@dataclass(frozen=True, slots=True)
class Dialled:
    """A TCP connection: the address in use, and how long its handshake took."""

    raw: socket.socket
    address: str
    rtt_s: float


def dial(address: str, port: int, limit_s: float, budget: Budget) -> Dialled:
    """Connect over TCP, one address of the name after another; raises ConnectFailed."""
    until = budget.until(limit_s)
    places = _resolve(address, port, until, budget)
    failed: list[ConnectFailed] = []
    for number, (family, place) in enumerate(places):
        share = (until - time.monotonic()) / (len(places) - number)
        try:
            return _connect(family, place, time.monotonic() + share, budget)
        except ConnectFailed as error:
            failed.append(error)
    last = failed[-1]
    detail = "; ".join(error.missing.detail for error in failed)
    raise ConnectFailed(budget.cause(Missing(last.missing.why, detail)), transient=last.transient)


def _resolve(address: str, port: int, until: float, budget: Budget) -> list[tuple[int, Any]]:
    """Addresses of a name; the resolver's thread is left alone when it is late, for nothing can end it."""
    flags = socket.AI_NUMERICHOST if _is_numeric(address) else 0
    found: list[Any] = []

    def look() -> None:
        try:
            found.append(socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=flags))
        except (OSError, UnicodeError) as error:
            found.append(error)

    if flags:
        look()
    else:
        thread = threading.Thread(target=look, daemon=True, name=f"resolve {address}")
        thread.start()
        while thread.is_alive() and time.monotonic() < until and budget.stop.why is None:
            thread.join(_TICK_S)
    if not found:
        missing = Missing(Why.NO_SUCH_NAME, f"{address}: the resolver did not answer in time")
        raise ConnectFailed(budget.cause(missing))
    if isinstance(found[0], Exception):
        told = getattr(found[0], "strerror", None) or str(found[0])
        raise ConnectFailed(Missing(Why.NO_SUCH_NAME, f"{address}: {told}"))
    return [(family, place) for family, _, _, _, place in found[0]]


def _is_numeric(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _connect(family: int, place: Any, until: float, budget: Budget) -> Dialled:
    begun = time.monotonic()
    raw = socket.socket(family, socket.SOCK_STREAM)
    try:
        raw.settimeout(0)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # without it 80 ms a connection are waited away
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # a peer that vanished is noticed by what it does not acknowledge
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _VANISHED_MS)
        code = raw.connect_ex(place)
        if code == errno.EINPROGRESS:
            code = _wait(raw, until, budget)
        took_s = time.monotonic() - begun
        if code == 0:
            return Dialled(raw, str(place[0]), took_s)
    except BaseException:
        raw.close()
        raise
    raw.close()
    raise _unconnected(f"{place[0]} port {place[1]}", code, took_s, budget)


def _wait(raw: socket.socket, until: float, budget: Budget) -> int:
    poll = select.poll()
    poll.register(raw, select.POLLOUT)
    while (left := until - time.monotonic()) > 0 and budget.stop.why is None:
        if poll.poll(min(left, _TICK_S) * 1000):
            return raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return errno.ETIMEDOUT


def _unconnected(place: str, code: int, took_s: float, budget: Budget) -> ConnectFailed:
    why = _ERRNO.get(code, Why.UNREACHABLE)
    told = f"{took_s:.1f} s" if why is Why.FILTERED else os.strerror(code)
    missing = Missing(why, place if why is Why.REFUSED else f"{place}: {told}")
    return ConnectFailed(budget.cause(missing), transient=why is Why.CONNECTION_LOST)
