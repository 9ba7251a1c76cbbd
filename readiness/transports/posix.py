"""A batch of scripts for a POSIX shell: composed into one text, its two output streams taken apart by marks.

Marks carry a nonce made for the batch and stand on both streams, so that each script's standard output and standard
error are told apart without a file on the host and without a process more than `timeout`, `sh` and the tools.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output, Script

COMMAND = "env LC_ALL=C LANG=C TZ=UTC PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -s"
STDERR_KEPT = 1 << 16
_KILL_AFTER_S = 2
_LONGEST_MARK = 64


def head(nonce: str) -> str:
    """What is sent first; the host answers with the mark `ready`, which bounds the round trip of what follows."""
    return (
        f"m() {{ printf '\\n@{nonce} %s %s %s\\n' \"$@\"; printf '\\n@{nonce} %s %s %s\\n' \"$@\" >&2; }}\n"
        "if [ \"$(id -u)\" = 0 ]; then SUDO=; else SUDO='sudo -n'; fi\n"
        "export SUDO\n"
        "m ready 0 0\n"
    )


def body(scripts: tuple[Script, ...]) -> str:
    """The scripts, each with its own time limit and nothing on standard input."""
    parts = []
    for index, script in enumerate(scripts):
        arguments = " ".join(map(shlex.quote, (script.name, *script.arguments)))
        parts.append(
            f"m begin {index} 0\n"
            f"timeout -k {_KILL_AFTER_S} {script.timeout_s:g} sh -c {shlex.quote(script.text)} {arguments} </dev/null\n"
            f"m end {index} $?\n"
        )
    return "".join(parts) + "m done 0 0\n"


@dataclass(frozen=True, slots=True)
class Mark:
    """`ready`, `begin`, `end` or `done`, the script's index and the exit status."""

    word: str
    index: int
    status: int


class Stream:
    """One of the two streams, taken apart into data and marks, whatever the borders of the chunks."""

    def __init__(self, nonce: str) -> None:
        self._prefix = f"\n@{nonce} ".encode()
        self._pending = b""

    def feed(self, chunk: bytes) -> Iterator[bytes | Mark]:
        """Data and marks in order; what may be the start of a mark is held back until it is known."""
        self._pending += chunk
        while True:
            start = self._pending.find(self._prefix)
            if start < 0:
                keep = self._held()
                data, self._pending = self._pending[: len(self._pending) - keep], self._pending[-keep:] if keep else b""
                if data:
                    yield data
                return
            end = self._pending.find(b"\n", start + 1)
            if end < 0 and len(self._pending) - start < _LONGEST_MARK + len(self._prefix):
                return
            if start:
                yield self._pending[:start]
            mark = _mark(self._pending[start + len(self._prefix) : end]) if end > 0 else None
            if mark is None:  # nobody but us knows the nonce: a damaged stream, and damage is never data
                yield self._prefix
                self._pending = self._pending[start + len(self._prefix) :]
                continue
            yield mark
            self._pending = self._pending[end + 1 :]

    def _held(self) -> int:
        longest = min(len(self._prefix) - 1, len(self._pending))
        return next((n for n in range(longest, 0, -1) if self._pending.endswith(self._prefix[:n])), 0)


def _mark(text: bytes) -> Mark | None:
    words = text.decode("ascii", "replace").split(" ")
    if len(words) != 3 or not words[1].isdigit() or not words[2].isdigit():
        return None
    return Mark(words[0], int(words[1]), int(words[2]))


@dataclass
class _Running:
    """One script's output so far."""

    begun_s: float
    begun: float
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    status: int | None = None
    ended: float = 0.0
    errors_ended: bool = False


class Batch:
    """The outputs of one batch as they come in over one channel."""

    def __init__(self, scripts: tuple[Script, ...], nonce: str) -> None:
        self.scripts, self.ready, self.finished = scripts, False, False
        self.sent_s = 0.0
        self.noise = b""
        self._streams = {False: Stream(nonce), True: Stream(nonce)}
        self._inside: dict[bool, int | None] = {False: None, True: None}
        self._running: dict[int, _Running] = {}
        self._next = 0

    @property
    def current(self) -> int:
        """The index of the script that has not ended."""
        return self._next

    @property
    def begun(self) -> float | None:
        """The monotonic time at which the current script began, None before its mark."""
        running = self._running.get(self._next)
        return running.begun if running else None

    @property
    def overflowed(self) -> bool:
        """Whether the current script printed more than it may."""
        running = self._running.get(self._next)
        return running is not None and len(running.stdout) > self.scripts[self._next].max_bytes

    def feed(self, chunk: bytes, *, stderr: bool, now_s: float, now: float) -> Iterator[Output]:
        """Take a chunk in; gives each script's output once both its streams have ended."""
        for part in self._streams[stderr].feed(chunk):
            if isinstance(part, Mark):
                self._take(part, stderr=stderr, now_s=now_s, now=now)
            else:
                self._data(part, stderr=stderr)
        while (running := self._running.get(self._next)) and running.status is not None and running.errors_ended:
            yield self._output(self._next, running)
            del self._running[self._next]
            self._next += 1

    def _data(self, data: bytes, *, stderr: bool) -> None:
        inside = self._inside[stderr]
        running = self._running.get(inside) if inside is not None else None
        if running is None:
            self.noise = (self.noise + data)[:2000]
        elif stderr:
            running.stderr += data[: STDERR_KEPT - len(running.stderr)]
        else:
            room = self.scripts[inside or 0].max_bytes + 1 - len(running.stdout)
            running.stdout += data[:room]

    def _take(self, mark: Mark, *, stderr: bool, now_s: float, now: float) -> None:
        if mark.word == "begin" and mark.index < len(self.scripts):
            self._inside[stderr] = mark.index
            running = self._running.setdefault(mark.index, _Running(now_s, now))
            if not stderr:
                running.begun_s, running.begun = now_s, now
        elif mark.word == "end" and self._inside[stderr] == mark.index:
            self._inside[stderr] = None
            running = self._running[mark.index]
            if stderr:
                running.errors_ended = True
            else:
                running.status, running.ended = mark.status, now
        elif mark.word == "ready" and not stderr:
            self.ready = True
        elif mark.word == "done" and not stderr:
            self.finished = True

    def _output(self, index: int, running: _Running) -> Output:
        script = self.scripts[index]
        return Output(
            name=script.name,
            status=running.status,
            stdout=bytes(running.stdout),
            stderr=bytes(running.stderr),
            sent_s=self.sent_s if index == 0 else running.begun_s,
            begun_s=running.begun_s,
            duration_s=running.ended - running.begun,
            missing=_missing(script, running),
        )

    def unfinished(self, missing: Missing) -> Output:
        """The current script's output, given up with a reason."""
        script, running = self.scripts[self._next], self._running.get(self._next)
        kept = (bytes(running.stdout[:4096]), bytes(running.stderr[:4096])) if running else (b"", b"")
        begun_s = running.begun_s if running else self.sent_s
        return Output(script.name, None, *kept, sent_s=self.sent_s, begun_s=begun_s, duration_s=0.0, missing=missing)


def _missing(script: Script, running: _Running) -> Missing | None:
    """What an exit status says about the tools; any other one is the parser's to judge."""
    said = running.stderr.decode("utf-8", "backslashreplace").strip().splitlines()
    last = said[-1] if said else ""
    if len(running.stdout) > script.max_bytes:
        return Missing(Why.OUTPUT_CUT, f"more than {script.max_bytes} bytes")
    match running.status:
        case 124 | 137:
            return Missing(Why.TIMED_OUT, f"{script.name} after {script.timeout_s:g} s")
        case 127:
            return Missing(Why.TOOL_ABSENT, last or "a command was not found")
        case 126:
            return Missing(Why.NOT_PERMITTED, last or "a command may not be run")
    return None
