"""The socket of an SSH connection as paramiko sees it, with limits on what a host may send."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

from readiness.core.text import decode, one_line

if TYPE_CHECKING:
    import paramiko

_CHUNK = 1 << 16
_BEFORE_BANNER = 1 << 16
_BEFORE_LOGIN = 1 << 20
_WAKE_S = 2.0
_GATHER_S, _GATHER_MOST_S, _GATHER_SHARE = 0.05, 0.5, 0.1


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

    def _end(self, reason: str) -> None:
        self.flooded = reason
        raise TooMuch(reason)

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

    def first_line(self) -> str:
        """The first line that came before any SSH banner, cleaned."""
        return one_line(decode(self.preface[:400]).strip().split("\n", 1)[0].strip(), 80)
