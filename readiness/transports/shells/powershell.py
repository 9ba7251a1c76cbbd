"""A batch of scripts for Windows PowerShell 4.0 and later: composed into one text, its output taken apart by marks.

A script is the body of a script block; its arguments arrive as $args. It prints nothing and returns objects, of which
the batch makes a JSON list in ASCII. The batch goes over standard input, since a command line holds 8191 characters.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output, Script
from readiness.transports.shells.posix import Mark, Stream

_NOISE_KEPT = 2000
# `$input` first: powershell.exe itself reads a redirected standard input, and hands it over there.
_BOOTSTRAP = (
    "$ProgressPreference='SilentlyContinue';$i=[string]::Join('',@($input));if(-not $i){$i=[Console]::In.ReadToEnd()};"
    "$g=New-Object IO.Compression.GzipStream((New-Object IO.MemoryStream(,[Convert]::FromBase64String($i))),"
    "[IO.Compression.CompressionMode]::Decompress);"
    "&([ScriptBlock]::Create((New-Object IO.StreamReader($g,[Text.Encoding]::UTF8)).ReadToEnd()))"
)
_ARGUMENTS = (
    "-NoProfile",
    "-NonInteractive",
    "-EncodedCommand",
    base64.b64encode(_BOOTSTRAP.encode("utf-16-le")).decode(),
)
# The default ones of PowerShell's own language, typographic ones included, all end a single-quoted string.
_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


def command() -> tuple[str, tuple[str, ...]]:
    """The program with its full path, in cmd's words, and its arguments; the same for every batch."""
    return r"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe", _ARGUMENTS


@cache
def _prelude() -> str:
    return Path(__file__).with_name("batch.ps1").read_text(encoding="ascii")


def literal(text: str) -> str:
    """Text as a single-quoted string of PowerShell."""
    return "'" + _QUOTES.sub(r"\g<0>\g<0>", text) + "'"


def compose(scripts: tuple[Script, ...], nonce: str) -> str:
    """The whole batch; a script that does not even parse costs only itself, so each goes as a string."""
    calls = (
        f"$nonce = {literal(one.nonce)}\n"
        f"_Run {index} {one.max_bytes} {literal(one.text)} @({','.join(map(literal, one.arguments))})\n"
        for index, one in enumerate(scripts)
    )
    return f"$_nonce = {literal(nonce)}\n{_prelude()}_Mark ready 0 0\n{''.join(calls)}"


def packed(text: str) -> bytes:
    """The batch as it goes over standard input: gzip, base64, one line."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)) + b"\n"


@dataclass
class _Running:
    """One script's output so far."""

    begun_s: float
    begun: float
    in_data: bool = False
    size: int = 0
    text: bytearray = field(default_factory=bytearray)


class Batch:
    """The outputs of one batch as they come in over one command's standard output."""

    def __init__(self, scripts: tuple[Script, ...], nonce: str) -> None:
        self.scripts = scripts
        self.ready = False
        self.sent_s = 0.0
        self.noise = b""
        self.next = 0  # the index of the script that is running or will run
        self._stream = Stream(nonce)
        self._running: _Running | None = None
        self._since = 0.0

    @property
    def finished(self) -> bool:
        """Whether every script has ended."""
        return self.next == len(self.scripts)

    @property
    def begun(self) -> float:
        """The monotonic time at which the current script began, else that of the latest mark."""
        return self._running.begun if self._running else self._since

    @property
    def floods(self) -> bool:
        """Whether the current script says more than the batch itself would let it."""
        return self._running is not None and self._running.size > self.scripts[self.next].max_bytes + 1

    def sent(self, now_s: float, now: float) -> None:
        """Note when the scripts went out."""
        self.sent_s, self._since = now_s, now

    def feed(self, chunk: bytes, now_s: float, now: float) -> Iterator[Output]:
        """Take a chunk in; gives each script's output once it has ended."""
        for part in self._stream.feed(chunk):
            if isinstance(part, Mark):
                self._since = now
                if output := self._take(part, now_s, now):
                    yield output
            else:
                self._data(part)

    def _data(self, data: bytes) -> None:
        running = self._running
        if running is None or not running.in_data:  # what something printed that should have returned it
            self.noise += data[: _NOISE_KEPT - len(self.noise)]
            return
        running.size += len(data)
        running.text += data[: self.scripts[self.next].max_bytes - len(running.text)]

    def _take(self, mark: Mark, now_s: float, now: float) -> Output | None:
        if mark.word == "ready":
            self.ready = True
        elif self.finished or mark.index != self.next:
            return None
        elif mark.word == "begin":
            self._running = _Running(now_s, now)
        elif mark.word == "data" and self._running:
            self._running.in_data = True
        elif mark.word == "end" and self._running:
            return self._end(self._running, mark.status, now)
        return None

    def _end(self, running: _Running, status: int, now: float) -> Output:
        script, text, first = self.scripts[self.next], bytes(running.text), self.next == 0
        missing = (
            Missing(Why.OUTPUT_CUT, f"more than {script.max_bytes} bytes") if running.size > script.max_bytes else None
        )
        self.next, self._running = self.next + 1, None
        return Output(
            name=script.name,
            status=status,
            stdout=b"" if status else text,
            stderr=text if status else b"",
            sent_s=self.sent_s if first else running.begun_s,
            begun_s=running.begun_s,
            duration_s=now - running.begun,
            missing=missing,
        )

    def unfinished(self, missing: Missing, now_s: float, now: float) -> Output:
        """The next script's output, given up with a reason."""
        script, running = self.scripts[self.next], self._running or _Running(now_s, now)
        sent_s = self.sent_s if self.next == 0 and self._running else running.begun_s
        return Output(
            script.name, None, bytes(running.text), b"", sent_s, running.begun_s, now - running.begun, missing
        )
