"""SSH servers that misbehave, for real over TCP: silent, dribbling, flooding, hanging, dying, out of date."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

import asyncssh

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
T = TypeVar("T")
ESCAPES = b"\x1b]0;owned\x07\x1b[2J\x9b31m\xe2\x80\xae\r"


class Hostile:
    """A bench of servers in one thread; everything it opened is closed at the end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hostile")
        self._servers: list[asyncio.AbstractServer | asyncssh.SSHAcceptor] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.02)
        await self._loop.shutdown_default_executor()

    def tcp(self, handler: Handler) -> int:
        """Serve each connection with `handler`; the port."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await handler(reader, writer)
            writer.transport.abort()

        server = self._call(asyncio.start_server(serve, "127.0.0.1", 0))
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def ssh(self, host_key: Path, server: Callable[[], asyncssh.SSHServer], **options: Any) -> int:
        """A server of the real protocol; the port."""

        async def listen() -> asyncssh.SSHAcceptor:
            return await asyncssh.listen(
                "127.0.0.1", 0, server_factory=server, server_host_keys=[str(host_key)], **options
            )

        acceptor = self._call(listen())
        self._servers.append(acceptor)
        return int(acceptor.get_port())

    def stalling(self, port: int, after_bytes: int, *, close: bool = False) -> int:
        """A way to another port that passes so many bytes of its answers on, then stalls or resets."""

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            upwards = asyncio.create_task(_copy(reader, far_writer, 1 << 40))
            try:
                await _copy(far_reader, writer, after_bytes)
                if not close:
                    await asyncio.sleep(1000)
                _reset(writer)
            finally:
                upwards.cancel()
                far_writer.transport.abort()

        return self.tcp(relay)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int) -> None:
    while left and (chunk := await reader.read(min(left, 4096))):
        left -= len(chunk)
        writer.write(chunk)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def says(text: bytes, *, then: str = "silence") -> Handler:
    """Send a text, then fall silent, close or reset."""

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()
        if then == "silence":
            await asyncio.sleep(1000)
        if then == "reset":
            await asyncio.sleep(0.05)
            _reset(writer)

    return handler


def repeats(text: bytes, pause_s: float, first: bytes = b"") -> Handler:
    """Send a text again and again, with a pause."""

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(text)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return handler


class Open(asyncssh.SSHServer):
    """Lets everybody in."""

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - asyncssh's signature
        return False


class Deaf(asyncssh.SSHServer):
    """Never answers a login."""

    async def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        await asyncio.sleep(1000)
        return True


class Rude(asyncssh.SSHServer):
    """Refuses a login with a banner that steers terminals."""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - asyncssh's signature
        self._connection.send_auth_banner(ESCAPES.decode("latin-1"))
        return True

    def public_key_auth_supported(self) -> bool:
        return True


def floods(*, stderr: bool) -> Callable[[asyncssh.SSHServerProcess[bytes]], Awaitable[None]]:
    """A shell that prints without end."""

    async def process(shell: asyncssh.SSHServerProcess[bytes]) -> None:
        with contextlib.suppress(OSError, asyncssh.Error):
            while True:
                (shell.stderr if stderr else shell.stdout).write(b"x" * 32768)
                await (shell.stderr if stderr else shell.stdout).drain()

    return process


async def hangs(shell: asyncssh.SSHServerProcess[bytes]) -> None:
    """A shell that says nothing."""
    shell.stdout.write(b"Last login: yesterday\n")
    await asyncio.sleep(1000)


async def dies(shell: asyncssh.SSHServerProcess[bytes]) -> None:
    """A shell under which the connection breaks once it was told what to do."""
    await shell.stdin.read(100)
    shell.channel.get_connection().abort()


async def begins_only(shell: asyncssh.SSHServerProcess[bytes]) -> None:
    """A shell that plays along until the first script has begun."""
    text = b""
    while b"m ready" not in text:
        text += await shell.stdin.read(4096)
    nonce = text.split(b"@")[1].split(b" ")[0]
    for stream in (shell.stdout, shell.stderr):
        stream.write(b"\n@" + nonce + b" ready 0 0\n\n@" + nonce + b" begin 0 0\n")
    await asyncio.sleep(1000)
