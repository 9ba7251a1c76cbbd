"""A batch of scripts for a POSIX shell: composed into one text, its two output streams taken apart by marks.

Marks carry a nonce made for the batch and stand on both streams, so that each script's standard output and standard
error are told apart without a file on the host and without a process more than `timeout`, `sh` and the tools.
The nonce stands only in the text on the shell's standard input, in no argument and no variable, so nothing that a
tool prints can pass for a mark.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output, Script
from readiness.core.text import decode, one_line

COMMAND = "env LC_ALL=C LANG=C TZ=UTC PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -s"
STDERR_KEPT = 1 << 18  # find names each kernel thread in some 70 bytes, and large hosts have thousands
_NOISE_KEPT = 2000
KILL_AFTER_S = 2
_LONGEST_MARK = 64
# GNU's `timeout` ends with 124, busybox's with 143, both with 137 when they had to kill.
TIMEOUT_STATUS = (124, 137, 143)


def head(nonce: str) -> str:
    """What is sent first; the host answers with the mark `ready`, which bounds the round trip of what follows.

    The first such mark's status says whether the host has `timeout` (0 or 127). A shell whose script ran out of its
    time ends after it: what that script left behind could still write into the next one's output.
    """
    ends = "|".join(map(str, TIMEOUT_STATUS))
    return (
        f"m() {{ printf '\\n@{nonce} %s %s %s\\n' \"$@\"; printf '\\n@{nonce} %s %s %s\\n' \"$@\" >&2; }}\n"
        f'e() {{ m end "$1" "$2"; case $2 in {ends}) exit 0 ;; esac; }}\n'
        "if [ \"$(id -u)\" = 0 ]; then SUDO=; else SUDO='sudo -n'; fi\n"
        "export SUDO\n"
        "command -v timeout >/dev/null 2>&1 || m ready 0 127\n"
        "m ready 0 0\n"
    )


def _salt(script: Script) -> str:
    """In the environment, since arguments are seen by everybody on the host."""
    return f"NONCE={shlex.quote(script.nonce)} " if script.nonce else ""


def body(scripts: tuple[Script, ...]) -> str:
    """The scripts, each with its own time limit and nothing on standard input."""
    return "".join(
        f"m begin {index} 0\n"
        f"{_salt(script)}timeout -k {KILL_AFTER_S} {script.timeout_s:g} "
        f"sh -c {shlex.join((script.text, script.name, *script.arguments))} </dev/null\n"
        f"e {index} $?\n"
        for index, script in enumerate(scripts)
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """`ready`, `begin` or `end`, the script's index and the exit status."""

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


@dataclass
class _Running:
    """One script's output so far."""

    begun_s: float
    begun: float
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    stdout_bytes: int = 0
    stderr_bytes: int = 0
    status: int | None = None
    ended: float = 0.0
    errors_ended: bool = False


class Batch:
    """The outputs of one batch as they come in over one channel."""

    def __init__(self, scripts: tuple[Script, ...], nonce: str) -> None:
        self.scripts = scripts
        self.ready: Mark | None = None
        self.sent_s = 0.0
        self.noise = b""
        self._shell_ended = False
        self._streams = {False: Stream(nonce), True: Stream(nonce)}
        self._inside: dict[bool, int | None] = {False: None, True: None}
        self._running: dict[int, _Running] = {}
        self._next = 0
        self._since = 0.0

    @property
    def finished(self) -> bool:
        """Whether every script has ended, or the shell after one that ran out of its time."""
        return self._shell_ended or self._next == len(self.scripts)

    @property
    def between(self) -> bool:
        """Whether some script has ended and the next one has not begun."""
        return self._next > 0 and self._next not in self._running

    @property
    def since(self) -> float:
        """The monotonic time of the latest mark: what is waited for has been waited for since then."""
        return self._since

    def sent(self, now_s: float, now: float) -> None:
        """Note when the scripts went out."""
        self.sent_s, self._since = now_s, now

    def printed(self) -> tuple[int, int]:
        """How many bytes the current script wrote to standard output and standard error."""
        running = self._running.get(self._next)
        return (running.stdout_bytes, running.stderr_bytes) if running else (0, 0)

    def feed(self, chunk: bytes, *, stderr: bool, now_s: float, now: float) -> Iterator[Output]:
        """Take a chunk in; gives each script's output once both its streams have ended."""
        for part in self._streams[stderr].feed(chunk):
            if isinstance(part, Mark):
                self._take(part, stderr=stderr, now_s=now_s, now=now)
            else:
                self._data(part, stderr=stderr)
        while (running := self._running.get(self._next)) and running.status is not None and running.errors_ended:
            yield self._output(self._next, running)
            self._shell_ended = running.status in TIMEOUT_STATUS
            del self._running[self._next]
            self._next += 1

    def _data(self, data: bytes, *, stderr: bool) -> None:
        inside = self._inside[stderr]
        if inside is None:
            self.noise += data[: _NOISE_KEPT - len(self.noise)]
            return
        running = self._running[inside]
        if stderr:
            running.stderr_bytes += len(data)
            running.stderr += data[: STDERR_KEPT - len(running.stderr)]
        else:
            running.stdout_bytes += len(data)
            running.stdout += data[: self.scripts[inside].max_bytes - len(running.stdout)]

    def _take(self, mark: Mark, *, stderr: bool, now_s: float, now: float) -> None:
        self._since = now
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
        elif mark.word == "ready" and not stderr and self.ready is None:
            self.ready = mark

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

    def unfinished(self, missing: Missing, now_s: float, now: float) -> Output:
        """The current script's output so far, given up with a reason."""
        script, running = self.scripts[self._next], self._running.get(self._next)
        if running is None:
            return Output(script.name, None, b"", b"", now_s, now_s, 0.0, missing)
        kept = (bytes(running.stdout), bytes(running.stderr))
        sent_s = self.sent_s if self._next == 0 else running.begun_s
        return Output(script.name, None, *kept, sent_s, running.begun_s, now - running.begun, missing)


def _missing(script: Script, running: _Running) -> Missing | None:
    """What an exit status says about the tools; any other one is the parser's to judge."""
    said = one_line(decode(bytes(running.stderr[-2000:])).strip().rpartition("\n")[2], 200)
    lasted_s = running.ended - running.begun
    if running.stdout_bytes > script.max_bytes:
        return Missing(Why.OUTPUT_CUT, f"more than {script.max_bytes} bytes")
    if running.status in TIMEOUT_STATUS and lasted_s > script.timeout_s * 0.9 - 0.1:
        return Missing(Why.TIMED_OUT, f"after {script.timeout_s:g} s")
    reasons = {
        124: Missing(Why.TIMED_OUT, f"a command in it, after {lasted_s:.1f} s"),
        126: Missing(Why.NOT_PERMITTED, said or "a command may not be run"),
        127: Missing(Why.TOOL_ABSENT, said or "a command was not found"),
        137: Missing(Why.UNREADABLE, f"it was killed after {lasted_s:.1f} s, before its time was up"),
    }
    return reasons.get(running.status or 0)
