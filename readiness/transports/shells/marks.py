"""Marks on an output stream: which script begins or ends where; a nonce that nobody else knows marks them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST_MARK = 64


@dataclass(frozen=True, slots=True)
class Mark:
    """`ready`, `begin`, `data` or `end`, the script's index and the exit status."""

    word: str
    index: int
    status: int


class Stream:
    """One of the two streams, split into data and marks, wherever its chunks begin and end."""

    def __init__(self, nonce: str) -> None:
        self._prefix = f"\n@{nonce} ".encode()
        self._pending = b""

    def feed(self, chunk: bytes) -> Iterator[bytes | Mark]:
        """Data and marks in order; what may be the start of a mark is held back until it is known."""
        self._pending += chunk
        while True:
            start = self._pending.find(self._prefix)
            if start < 0:
                yield from self._flushed()
                return
            end = self._pending.find(b"\n", start + 1)
            if end < 0 and len(self._pending) - start < _LONGEST_MARK + len(self._prefix):
                return
            if start:
                yield self._pending[:start]
            mark = _mark(self._pending[start + len(self._prefix) : end]) if end > 0 else None
            if mark is None:  # nobody but us knows the nonce, so this is no mark of ours cut short: data
                yield self._prefix
                self._pending = self._pending[start + len(self._prefix) :]
                continue
            yield mark
            self._pending = self._pending[end + 1 :]

    def _flushed(self) -> Iterator[bytes]:
        border = self._pending.rfind(b"\n", -len(self._prefix))  # a mark's only end of line before its words
        if border < 0 or not self._prefix.startswith(self._pending[border:]):
            border = len(self._pending)
        data, self._pending = self._pending[:border], self._pending[border:]
        if data:
            yield data


def _mark(text: bytes) -> Mark | None:
    words = text.decode("ascii", "replace").split(" ")
    if len(text) > _LONGEST_MARK or len(words) != 3 or not words[1].isdigit() or not words[2].isdigit():
        return None
    return Mark(words[0], int(words[1]), int(words[2]))
