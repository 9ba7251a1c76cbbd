"""Connecting over TCP: names, one address after another, a deadline on each step."""

from __future__ import annotations

import errno
import ipaddress
import os
import select
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

from readiness.core.facts import Missing, Why
from readiness.transports.budget import Budget, Failed

_TICK_S = 0.2
_VANISHED_MS = 10_000
_ERRNO = {
    errno.ECONNREFUSED: Why.REFUSED,
    errno.ETIMEDOUT: Why.FILTERED,
    errno.ECONNRESET: Why.CONNECTION_LOST,
}


@dataclass(frozen=True, slots=True)
class Dialled:
    """A TCP connection: the address in use, and how long its handshake took."""

    raw: socket.socket
    address: str
    rtt_s: float


def dial(address: str, port: int, limit_s: float, budget: Budget) -> Dialled:
    """Connect over TCP, one address of the name after another; raises Failed."""
    until = budget.until(limit_s)
    end_points = _resolve(address, port, until, budget)
    failed: list[Failed] = []
    for number, (family, end_point) in enumerate(end_points):
        share = (until - time.monotonic()) / (len(end_points) - number)
        try:
            return _connect(family, end_point, time.monotonic() + share, budget)
        except Failed as error:
            failed.append(error)
    last = failed[-1]
    detail = "; ".join(error.missing.detail for error in failed)
    raise Failed(budget.cause(Missing(last.missing.why, detail)), again=last.again)


def _resolve(address: str, port: int, until: float, budget: Budget) -> list[tuple[int, Any]]:
    """Addresses of a name; the resolver's thread is left alone when it is late, for nothing can end it."""
    flags = socket.AI_NUMERICHOST if _is_numeric(address) else 0
    answers: list[Any] = []

    def look() -> None:
        try:
            answers.append(socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=flags))
        except (OSError, UnicodeError) as error:
            answers.append(error)

    if flags:
        look()
    else:
        thread = threading.Thread(target=look, daemon=True, name=f"resolve {address}")
        thread.start()
        while thread.is_alive() and time.monotonic() < until and budget.stop.why is None:
            thread.join(_TICK_S)
    if not answers:
        missing = Missing(Why.NO_SUCH_NAME, f"{address}: the resolver did not answer in time")
        raise Failed(budget.cause(missing))
    if isinstance(answers[0], Exception):
        reason = getattr(answers[0], "strerror", None) or str(answers[0])
        raise Failed(Missing(Why.NO_SUCH_NAME, f"{address}: {reason}"))
    return [(family, end_point) for family, _, _, _, end_point in answers[0]]


def _is_numeric(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _connect(family: int, end_point: Any, until: float, budget: Budget) -> Dialled:
    begun = time.monotonic()
    raw = socket.socket(family, socket.SOCK_STREAM)
    try:
        raw.settimeout(0)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # without it 80 ms a connection are waited away
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # a peer that vanished is noticed by what it does not acknowledge
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _VANISHED_MS)
        code = raw.connect_ex(end_point)
        if code == errno.EINPROGRESS:
            code = _wait(raw, until, budget)
        took_s = time.monotonic() - begun
        if code == 0:
            return Dialled(raw, str(end_point[0]), took_s)
    except BaseException:
        raw.close()
        raise
    raw.close()
    raise _unconnected(f"{end_point[0]} port {end_point[1]}", code, took_s, budget)


def _wait(raw: socket.socket, until: float, budget: Budget) -> int:
    poll = select.poll()
    poll.register(raw, select.POLLOUT)
    while (left := until - time.monotonic()) > 0 and budget.stop.why is None:
        if poll.poll(min(left, _TICK_S) * 1000):
            return raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return errno.ETIMEDOUT


def _unconnected(end_point: str, code: int, took_s: float, budget: Budget) -> Failed:
    why = _ERRNO.get(code, Why.UNREACHABLE)
    words = f"{took_s:.1f} s" if why is Why.FILTERED else os.strerror(code)
    missing = Missing(why, end_point if why is Why.REFUSED else f"{end_point}: {words}")
    return Failed(budget.cause(missing), again=why is Why.CONNECTION_LOST)
