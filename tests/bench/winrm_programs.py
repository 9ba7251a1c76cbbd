"""What may stand for PowerShell behind the bench: a batch answered from recordings, or by a host that misbehaves."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from readiness.core.scripts import Output
from tests.bench.winrm_shells import Program, Step

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
    nonce: str
    calls: tuple[Call, ...]

    @classmethod
    def read(cls, stdin: bytes) -> Batch:
        """The batch that a client sent."""
        text = gzip.decompress(base64.b64decode(stdin)).decode()
        nonce = re.match(f"\\$_nonce = {_STRING}\n", text)
        assert nonce is not None
        calls = (
            Call(int(index), int(limit), _plain(script), tuple(map(_plain, re.findall(_STRING, arguments))))
            for index, limit, script, arguments, _ in _CALL.findall(text)
        )
        return cls(nonce[1], tuple(calls))

    def mark(self, word: str, index: int, status: int = 0) -> Step:
        return "stdout", f"\n@{self.nonce} {word} {index} {status}\n".encode()

    def answer(self, call: Call, status: int, data: bytes) -> Iterator[Step]:
        yield self.mark("begin", call.index)
        yield self.mark("data", call.index)
        yield "stdout", data[: call.max_bytes + 1]
        yield self.mark("end", call.index, status)


def _plain(text: str) -> str:
    return re.sub("(['\u2018\u2019\u201a\u201b])\\1", r"\1", text)


def replay(recorded: Mapping[str, Output]) -> Program:
    """Answers from a recording by script text; a script that was not recorded is an error of PowerShell's."""

    def program(stdin: bytes) -> Iterator[Step]:
        batch = Batch.read(stdin)
        yield batch.mark("ready", 0)
        for call in batch.calls:
            output = recorded.get(call.text)
            unknown = json.dumps({"id": "NotRecorded", "category": "NotImplemented", "message": "not recorded"})
            found = (output.stdout or output.stderr) if output else unknown.encode()
            yield from batch.answer(call, (output.status or 0) if output else 1, found)
        yield 0

    return program


def pretend(stdin: bytes) -> Iterator[Step]:
    """Does what each script's text says, in words of its own; see `_act`."""
    batch = Batch.read(stdin)
    yield ("stdout", b"\xef\xbb\xbf")
    yield ("stderr", b'\xef\xbb\xbf#< CLIXML\r\n<Objs><S S="progress">Preparing modules for first use.</S></Objs>')
    yield batch.mark("ready", 0)
    for call in batch.calls:
        word, _, rest = call.text.partition(" ")
        if word == "exit":
            yield batch.mark("begin", call.index)
            yield ("stderr", b'#< CLIXML\r\n<Objs><S S="Error">went &amp; left_x000D__x000A_</S></Objs>')
            yield int(rest)
            return
        yield from _act(batch, call, word, rest)
    yield 0


def _act(batch: Batch, call: Call, word: str, rest: str) -> Iterator[Step]:
    """One script: `say JSON`, `arguments`, `big BYTES`, `sleep S`, `flood`, `errors BYTES`, or an error."""
    if word == "say":
        yield from batch.answer(call, 0, rest.encode())
    elif word == "arguments":
        yield from batch.answer(call, 0, json.dumps(call.arguments).encode())
    elif word == "big":
        yield from batch.answer(call, 0, b'["' + b"x" * (int(rest) - 4) + b'"]')
    elif word == "sleep":
        yield batch.mark("begin", call.index)
        yield float(rest)
        yield from batch.answer(call, 0, b"[]")
    elif word == "flood":
        yield batch.mark("begin", call.index)
        yield batch.mark("data", call.index)
        while True:
            yield "stdout", b"x" * 50_000
            yield 0.01
    elif word == "errors":
        yield "stderr", b"e" * int(rest)
        yield from batch.answer(call, 0, b"[]")
    else:
        yield from batch.answer(call, 1, json.dumps({"id": word}).encode())


def never_ready(_: bytes) -> Iterator[Step]:
    """A PowerShell that may not run what it is sent."""
    yield "stderr", b'#< CLIXML\r\n<Objs><S S="Error">Cannot invoke method. Only core types.</S></Objs>'
    yield 1


def never_says_anything(_: bytes) -> Iterator[Step]:
    yield 3600.0
