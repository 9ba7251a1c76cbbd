"""What may stand for PowerShell behind the bench: a batch answered from recordings, or by a host that misbehaves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from readiness.core.scripts import Output
from readiness.demo.winrm_batch import Batch, Call
from tests.bench.winrm_shells import Program, Step


def replay(recorded: Mapping[str, Output]) -> Program:
    """Answers from a recording by script text; a script that was not recorded is an error of PowerShell's."""

    def program(stdin: bytes) -> Iterator[Step]:
        batch = Batch.read(stdin)
        yield "stdout", batch.mark("ready", 0)
        for call in batch.calls:
            output = recorded.get(call.text)
            unknown = json.dumps({"id": "NotRecorded", "category": "NotImplemented", "message": "not recorded"})
            found = (output.stdout or output.stderr) if output else unknown.encode()
            yield "stdout", batch.answer(call, (output.status or 0) if output else 1, found)
        yield 0

    return program


def pretend(stdin: bytes) -> Iterator[Step]:
    """Does what each script's text says, in words of its own; see `_act`."""
    batch = Batch.read(stdin)
    yield ("stdout", b"\xef\xbb\xbf")
    yield ("stderr", b'\xef\xbb\xbf#< CLIXML\r\n<Objs><S S="progress">Preparing modules for first use.</S></Objs>')
    yield "stdout", batch.mark("ready", 0)
    for call in batch.calls:
        word, _, rest = call.text.partition(" ")
        if word == "exit":
            yield "stdout", batch.mark("begin", call.index)
            yield ("stderr", b'#< CLIXML\r\n<Objs><S S="Error">went &amp; left_x000D__x000A_</S></Objs>')
            yield int(rest)
            return
        yield from _act(batch, call, word, rest)
    yield 0


def _act(batch: Batch, call: Call, word: str, rest: str) -> Iterator[Step]:
    """One script: `say JSON`, `arguments`, `big BYTES`, `sleep S`, `flood`, `errors BYTES`, or an error."""
    if word == "say":
        yield "stdout", batch.answer(call, 0, rest.encode())
    elif word == "arguments":
        yield "stdout", batch.answer(call, 0, json.dumps(call.arguments).encode())
    elif word == "big":
        yield "stdout", batch.answer(call, 0, b'["' + b"x" * (int(rest) - 4) + b'"]')
    elif word == "sleep":
        yield "stdout", batch.mark("begin", call.index)
        yield float(rest)
        yield "stdout", batch.answer(call, 0, b"[]")
    elif word == "flood":
        yield "stdout", batch.mark("begin", call.index)
        yield "stdout", batch.mark("data", call.index)
        while True:
            yield "stdout", b"x" * 50_000
            yield 0.01
    elif word == "errors":
        yield "stderr", b"e" * int(rest)
        yield "stdout", batch.answer(call, 0, b"[]")
    else:
        yield "stdout", batch.answer(call, 1, json.dumps({"id": word}).encode())


def never_ready(_: bytes) -> Iterator[Step]:
    """A PowerShell that may not run what it is sent."""
    yield "stderr", b'#< CLIXML\r\n<Objs><S S="Error">Cannot invoke method. Only core types.</S></Objs>'
    yield 1


def never_says_anything(_: bytes) -> Iterator[Step]:
    yield 3600.0
