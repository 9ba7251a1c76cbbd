"""A batch as PowerShell reads it on its standard input, and the marked answers that it prints; see `powershell.py`."""

from __future__ import annotations

import base64
import gzip
import re
from dataclasses import dataclass

_STRING = "'((?:[^']|'')*)'"
_CALL = re.compile(rf"^_Run (\d+) (\d+) {_STRING} @\(((?:{_STRING},?)*)\)$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Call:
    """One script of a batch."""

    index: int
    max_bytes: int
    text: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Batch:
    """The scripts of a batch, and the nonce of its marks."""

    nonce: str
    calls: tuple[Call, ...]

    @classmethod
    def read(cls, stdin: bytes) -> Batch:
        """The batch that a client sent; ValueError for anything else."""
        text = gzip.decompress(base64.b64decode(stdin)).decode()
        nonce = re.match(f"\\$_nonce = {_STRING}\n", text)
        if nonce is None:
            raise ValueError("no batch")
        calls = (
            Call(int(index), int(limit), _plain(script), tuple(map(_plain, re.findall(_STRING, arguments))))
            for index, limit, script, arguments, _ in _CALL.findall(text)
        )
        return cls(nonce[1], tuple(calls))

    def mark(self, word: str, index: int, status: int = 0) -> bytes:
        """A mark."""
        return f"\n@{self.nonce} {word} {index} {status}\n".encode()

    def answer(self, call: Call, status: int, data: bytes) -> bytes:
        """What a script returned, between its marks."""
        begin = self.mark("begin", call.index) + self.mark("data", call.index)
        return begin + data[: call.max_bytes + 1] + self.mark("end", call.index, status)


def _plain(text: str) -> str:
    return re.sub("(['\u2018\u2019\u201a\u201b])\\1", r"\1", text)
