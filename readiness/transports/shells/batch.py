"""A batch of scripts whose output comes in over one channel: taken apart by marks, whatever shell prints them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from readiness.core.facts import Missing
from readiness.core.scripts import Output, Script
from readiness.transports.shells.marks import Mark, Stream

_NOISE_KEPT = 2000
_ERRORS_KEPT = 1 << 16
STDERR_KEPT = 1 << 18  # find names each kernel thread in some 70 bytes, and large hosts have thousands


@dataclass
class Running:
    """One script's output so far; `open` once what comes is its output, and no longer noise."""

    begun_s: float
    begun: float
    open: bool
    errors_ended: bool
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    stdout_bytes: int = 0
    stderr_bytes: int = 0
    status: int | None = None
    ended: float = 0.0


class Dialect(ABC):
    """What differs from shell to shell.

    `marks_errors`: marks are on standard error, too, so that it can be split by script.
    `marks_data`: the mark `data` begins a script's output; what it printed before that is noise.
    `excess_bytes` is how far beyond its limit a script's output may come before the script is given up.
    `start_s` is what the shell may take to get ready, None for as long as a probe; `grace_s` is what is waited
    besides, where the host itself ends what is out of time.
    """

    command: ClassVar[str]
    marks_errors: ClassVar[bool] = True
    marks_data: ClassVar[bool] = False
    excess_bytes: ClassVar[int] = 0
    start_s: ClassVar[float | None] = None
    grace_s: ClassVar[float] = 0.0

    @abstractmethod
    def opening(self, scripts: tuple[Script, ...], nonce: str) -> str:
        """What is sent first."""

    def rest(self, scripts: tuple[Script, ...]) -> str | None:  # noqa: ARG002 - for dialects that send in two steps
        """What is sent once the shell is ready; None when all was sent with the opening."""
        return None

    def unfit(self, ready: Mark) -> Missing | None:  # noqa: ARG002 - for dialects that need another tool
        """Why no script can be run there, by the mark with which the shell got ready."""
        return None

    def ends_after(self, status: int) -> bool:  # noqa: ARG002 - for dialects that do
        """Whether the shell ends by itself after a script with this exit status."""
        return False

    @abstractmethod
    def output(self, script: Script, running: Running) -> tuple[bytes, bytes, Missing | None]:
        """Standard output and standard error of a script that ended, and what makes them unusable."""

    @abstractmethod
    def late(self, limit_s: float, *, ready: bool) -> str:
        """What was not done within the limit, in words."""

    @abstractmethod
    def ended(self, how: str, noise: bytes, errors: bytes, *, ready: bool) -> Missing:
        """Why the current script has no output when its shell ended under it, `how` in the transport's words."""


class Batch:
    """The outputs of one batch as they come in over one channel."""

    def __init__(self, dialect: Dialect, scripts: tuple[Script, ...], nonce: str) -> None:
        self.scripts = scripts
        self.ready: Mark | None = None
        self.sent_s = 0.0
        self.noise = b""
        self.errors = b""  # standard error of a shell that does not mark it
        self.next = 0  # the index of the script that is running or will run
        self.since = 0.0  # the monotonic time of the latest mark: what is waited for has been waited for since then
        self._dialect = dialect
        self._shell_ended = False
        self._streams = {False: Stream(nonce), True: Stream(nonce)}
        self._inside: dict[bool, int | None] = {False: None, True: None}
        self._running: dict[int, Running] = {}

    @property
    def finished(self) -> bool:
        """Whether every script has ended, or the shell after one that ran out of its time."""
        return self._shell_ended or self.next == len(self.scripts)

    @property
    def between(self) -> bool:
        """Whether some script has ended and the next one has not begun."""
        return self.next > 0 and self.next not in self._running

    def sent(self, now_s: float, now: float) -> None:
        """Note when the scripts went out."""
        self.sent_s, self.since = now_s, now

    def printed(self) -> tuple[int, int]:
        """How many bytes the current script wrote to standard output and standard error."""
        running = self._running.get(self.next)
        return (running.stdout_bytes, running.stderr_bytes) if running else (0, 0)

    def feed(self, chunk: bytes, *, stderr: bool, now_s: float, now: float) -> Iterator[Output]:
        """Take a chunk in; gives each script's output once all of it has come."""
        if stderr and not self._dialect.marks_errors:
            self.errors += chunk[: _ERRORS_KEPT - len(self.errors)]
            return
        for part in self._streams[stderr].feed(chunk):
            if isinstance(part, Mark):
                self._take(part, stderr=stderr, now_s=now_s, now=now)
            else:
                self._data(part, stderr=stderr)
        while (running := self._running.get(self.next)) and running.status is not None and running.errors_ended:
            yield self._output(self.next, running)
            self._shell_ended = self._dialect.ends_after(running.status)
            del self._running[self.next]
            self.next += 1

    def _data(self, data: bytes, *, stderr: bool) -> None:
        inside = self._inside[stderr]
        running = self._running[inside] if inside is not None else None
        if inside is None or running is None or not running.open:
            self.noise += data[: _NOISE_KEPT - len(self.noise)]
        elif stderr:
            running.stderr_bytes += len(data)
            running.stderr += data[: STDERR_KEPT - len(running.stderr)]
        else:
            running.stdout_bytes += len(data)
            running.stdout += data[: self.scripts[inside].max_bytes - len(running.stdout)]

    def _take(self, mark: Mark, *, stderr: bool, now_s: float, now: float) -> None:
        running = self._running.get(mark.index) if self._inside[stderr] == mark.index else None
        if mark.word == "data":
            if running is not None:
                running.open = True
            return  # and the script's time goes on
        self.since = now
        if mark.word == "begin" and mark.index < len(self.scripts):
            self._begin(mark.index, stderr=stderr, now_s=now_s, now=now)
        elif mark.word == "end" and running is not None:
            self._inside[stderr] = None
            if stderr:
                running.errors_ended = True
            else:
                running.status, running.ended = mark.status, now
        elif mark.word == "ready" and not stderr and self.ready is None:
            self.ready = mark

    def _begin(self, index: int, *, stderr: bool, now_s: float, now: float) -> None:
        fresh = Running(now_s, now, open=not self._dialect.marks_data, errors_ended=not self._dialect.marks_errors)
        running = self._running.setdefault(index, fresh)
        self._inside[stderr] = index
        if not stderr:
            running.begun_s, running.begun = now_s, now

    def _output(self, index: int, running: Running) -> Output:
        script = self.scripts[index]
        stdout, stderr, missing = self._dialect.output(script, running)
        return Output(
            name=script.name,
            status=running.status,
            stdout=stdout,
            stderr=stderr,
            sent_s=self.sent_s if index == 0 else running.begun_s,
            begun_s=running.begun_s,
            duration_s=running.ended - running.begun,
            missing=missing,
        )

    def unfinished(self, missing: Missing, now_s: float, now: float) -> Output:
        """The current script's output so far, given up with a reason."""
        script, running = self.scripts[self.next], self._running.get(self.next)
        if running is None:
            return Output(script.name, None, b"", b"", now_s, now_s, 0.0, missing)
        kept = (bytes(running.stdout), bytes(running.stderr))
        sent_s = self.sent_s if self.next == 0 else running.begun_s
        return Output(script.name, None, *kept, sent_s, running.begun_s, now - running.begun, missing)
