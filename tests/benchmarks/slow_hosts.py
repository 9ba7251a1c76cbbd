"""Hosts behind a delay: `python -m tests.benchmarks.slow_hosts HOST_KEY ADDRESS PORT ANSWERS RTT_S WORK_S`.

An SSH server that lets everybody in and answers a batch, each script with a saved output, after `WORK_S`; in front of
it a relay that holds every chunk back for half a round trip, and a connection for one and a half.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncssh

from tests.bench.hostile_ssh import Open
from tests.benchmarks.forty import SALT

_CHUNK = 1 << 16


def _shell(answers: Mapping[str, list[str]], work_s: float):  # type: ignore[no-untyped-def]  # noqa: ANN202
    async def shell(process: asyncssh.SSHServerProcess[bytes]) -> None:
        head = b""
        while b"m ready 0 0\n" not in head:
            head += await process.stdin.read(_CHUNK)
        nonce = re.findall(rb"@([0-9a-f]{32}) ", head)[0].decode()

        def mark(word: str, index: int) -> bytes:
            return f"\n@{nonce} {word} {index} 0\n".encode()

        for stream in (process.stdout, process.stderr):
            stream.write(mark("ready", 0))
        body = await process.stdin.read()
        await asyncio.sleep(work_s)
        salts = [*re.findall(rb"^NONCE=([0-9a-f]{64}) ", body, re.MULTILINE), b""]
        then, now = (
            hashlib.sha256(b"mark " + salt).hexdigest() for salt in (SALT.encode(), salts[0])
        )  # the reader's mark
        names = re.findall(rb"' (\w+)(?: [^\n]*)?</dev/null\n", body)
        for index, name in enumerate(names):
            for stream in (process.stdout, process.stderr):
                stream.write(mark("begin", index))
            for stream, text in zip((process.stdout, process.stderr), answers[name.decode()], strict=True):
                stream.write(text.replace(then, now).encode() + mark("end", index))
        for stream in (process.stdout, process.stderr):
            stream.write(mark("done", 0))
        process.exit(0)

    return shell


async def _relay(source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    while chunk := await source.read(_CHUNK):
        loop.call_later(delay_s, sink.write, chunk)
    loop.call_later(delay_s, sink.close)


async def serve(
    host_key: str, listen: str, port: int, answers: Mapping[str, list[str]], rtt_s: float, work_s: float
) -> None:
    """Serve until the end of the process."""
    acceptor = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=Open,
        server_host_keys=[host_key],
        process_factory=_shell(answers, work_s),
        encoding=None,
        backlog=512,
    )

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.5 * rtt_s)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", acceptor.get_port())
        await asyncio.gather(_relay(reader, far_writer, rtt_s / 2), _relay(far_reader, writer, rtt_s / 2))

    server = await asyncio.start_server(connected, listen, port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    saved = json.loads(Path(sys.argv[4]).read_text())
    asyncio.run(serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), saved, float(sys.argv[5]), float(sys.argv[6])))
