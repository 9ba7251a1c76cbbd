"""A batch of scripts for Windows PowerShell 4.0 and later: composed into one text, its output split by marks.

A script is the body of a script block; its arguments arrive as $args. It prints nothing and returns objects, of which
the batch makes a JSON list in ASCII. The batch goes over standard input, since a command line holds 8191 characters.
"""

from __future__ import annotations

import base64
import gzip
import re
from functools import cache
from pathlib import Path
from xml.sax.saxutils import unescape

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Script
from readiness.core.text import decode, one_line
from readiness.transports.shells.batch import Dialect, Running

# `$input` first: powershell.exe itself reads a redirected standard input, and hands it over there.
_BOOTSTRAP = (
    "$ProgressPreference='SilentlyContinue';$i=[string]::Join('',@($input));if(-not $i){$i=[Console]::In.ReadToEnd()};"
    "$g=New-Object IO.Compression.GzipStream((New-Object IO.MemoryStream(,[Convert]::FromBase64String($i))),"
    "[IO.Compression.CompressionMode]::Decompress);"
    "&([ScriptBlock]::Create((New-Object IO.StreamReader($g,[Text.Encoding]::UTF8)).ReadToEnd()))"
)
# The program with its full path, in cmd's words, and its arguments; the same for every batch.
PROGRAM = r"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe"
ARGUMENTS = (
    "-NoProfile",
    "-NonInteractive",
    "-EncodedCommand",
    base64.b64encode(_BOOTSTRAP.encode("utf-16-le")).decode(),
)
# The default ones of PowerShell's own language, typographic ones included, all end a single-quoted string.
_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")
_RECORD = re.compile(r'<S S="Error">(.*?)</S>', re.DOTALL)
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


@cache
def _prelude() -> str:
    return Path(__file__).with_name("batch.ps1").read_text(encoding="ascii")


def literal(text: str) -> str:
    """Text as a single-quoted string of PowerShell."""
    return "'" + _QUOTES.sub(r"\g<0>\g<0>", text) + "'"


def compose(scripts: tuple[Script, ...], nonce: str) -> str:
    """The whole batch; a script that does not even parse costs only itself, so each goes as a string."""
    calls = (
        f"$nonce = {literal(script.nonce)}\n"
        f"_Run {index} {script.max_bytes} {literal(script.text)} @({','.join(map(literal, script.arguments))})\n"
        for index, script in enumerate(scripts)
    )
    return f"$_nonce = {literal(nonce)}\n{_prelude()}_Mark ready 0 0\n{''.join(calls)}"


def packed(text: str) -> str:
    """The batch as it goes over standard input: gzip, base64, one line."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode() + "\n"


class PowerShell(Dialect):
    """The dialect of Windows PowerShell, see `Dialect`."""

    command = PROGRAM
    marks_errors = False
    marks_data = True
    excess_bytes = 1  # what the batch itself lets through of an output that is too long
    start_s = 90.0  # after updates powershell.exe compiles itself anew: half a minute and more

    def opening(self, scripts: tuple[Script, ...], nonce: str) -> str:
        """All of it: it reads its standard input to the end before it does anything."""
        return packed(compose(scripts, nonce))

    def output(self, script: Script, running: Running) -> tuple[bytes, bytes, Missing | None]:
        """One text: the objects, or the error of a script that failed."""
        text = bytes(running.stdout)
        too_long = running.stdout_bytes > script.max_bytes
        missing = Missing(Why.OUTPUT_CUT, f"more than {script.max_bytes} bytes") if too_long else None
        return (b"", text, missing) if running.status else (text, b"", missing)

    def late(self, limit_s: float, *, ready: bool) -> str:
        """Nothing on the host ends a script that is out of time."""
        return f"after {limit_s:g} s" if ready else f"PowerShell did not start within {limit_s:g} s"

    def ended(self, how: str, noise: bytes, errors: bytes, *, ready: bool) -> Missing:
        """What PowerShell wrote to standard error tells why, else what something printed."""
        words = errors_in(errors) or one_line(decode(noise), 300)
        reason = f"{how}: {words}" if words else how
        if not ready:
            return Missing(Why.NO_COMMANDS, f"PowerShell did not run the probes, {reason}")
        return Missing(Why.UNREADABLE, f"PowerShell ended under this script, {reason}")


def errors_in(stderr: bytes) -> str:
    """The error texts of what PowerShell writes as CLIXML, or plain text as it is; one line."""
    text = decode(stderr.removeprefix(b"\xef\xbb\xbf")).replace("\r", "")
    if "#< CLIXML" not in text:
        return one_line(text, 300)
    records = (unescape(record, {"&quot;": '"', "&apos;": "'"}) for record in _RECORD.findall(text))
    joined = "".join(_ESCAPE.sub(lambda match: chr(int(match[1], 16)), record) for record in records)
    return one_line(joined.replace("\r", ""), 300)
