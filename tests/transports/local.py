"""A transport of the tests' own: a shell of this machine, which proves no host key and has no TCP connection."""

from __future__ import annotations

import contextlib
import getpass
import os
import select
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator

from readiness.core.facts import Login
from readiness.core.scripts import Limits, Output, PlannedLogin, Script, Visit
from readiness.transports.batch_run import Start
from readiness.transports.budget import Budget, Stop
from readiness.transports.kind import TransportKind
from readiness.transports.shells import DIALECTS
from readiness.transports.visiting import Link, Visiting

_TICK_S = 0.2
_CHUNK = 1 << 16


class Shell:
    """`sh -s` on this machine, see `batch_run.RemoteShell`; ended with all that it started."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        words = shlex.split(DIALECTS["posix"].command)
        self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, process_group=0)
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._input = self._process.stdin
        self._streams = {self._process.stdout.fileno(): False, self._process.stderr.fileno(): True}
        for descriptor in (*self._streams, self._input.fileno()):
            os.set_blocking(descriptor, False)
        self._unsent = b""
        self.finished_sending = False

    def send(self, text: str, *, last: bool = False) -> None:
        self._unsent += text.encode()
        self.finished_sending = last

    def read(self) -> Iterator[tuple[bytes, bool]]:
        writing = [] if self._input.closed else [self._input.fileno()]
        readable, writable, _ = select.select(list(self._streams), writing if self._unsent else [], [], _TICK_S)
        if writable:
            with contextlib.suppress(BrokenPipeError):
                self._unsent = self._unsent[os.write(self._input.fileno(), self._unsent[:_CHUNK]) :]
        if self.finished_sending and not self._unsent:
            self._input.close()
        for descriptor in readable:
            chunk = os.read(descriptor, _CHUNK)
            stderr = self._streams[descriptor]
            if chunk:
                yield chunk, stderr
            else:
                del self._streams[descriptor]

    def gather(self) -> None:
        """Nothing: there is no network."""

    @property
    def ended(self) -> bool:
        return not self._streams

    def how_it_ended(self) -> str:
        return ""

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream:
                stream.close()
        self._process.wait()


class LocalLink(Link):
    @contextlib.contextmanager
    def connected(self) -> Iterator[Start]:
        self.learn(Login(getpass.getuser(), "local"))
        self.attempts.append("a shell of this machine")
        yield lambda: contextlib.closing(Shell())


class LocalTransport:
    def __init__(self, host: str, stop: Stop) -> None:
        self._host, self._stop = host, stop

    def visit(self, scripts: tuple[Script, ...], limits: Limits, done: Callable[[Output], None]) -> Visit:
        link = LocalLink(limits, Budget.of(limits.host_s, self._stop))
        return Visiting(self._host, link, DIALECTS["posix"], scripts, done).visit()


KIND = TransportKind(
    name="of-the-tests",
    title="The local shell",
    systems=frozenset({"linux"}),
    speaks="posix",
    proves=frozenset({Login}),
    ports=lambda _: frozenset(),
    maker=lambda _estate, _surroundings, stop: lambda host: LocalTransport(host.name, stop),
    logins=lambda _estate, _surroundings: lambda host: ((PlannedLogin(host.name, "nobody", "here", "itself"),), ()),
)
