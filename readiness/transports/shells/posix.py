"""A batch of scripts for a POSIX shell: composed into one text, its two output streams split by marks.

Marks carry a nonce made for the batch and are on both streams, so that each script's standard output and standard
error can be split without a file on the host and without processes besides `timeout`, `sh` and the tools.
The nonce is only in the text on the shell's standard input, in no argument and no variable, so nothing that a tool
prints can pass for a mark.
"""

from __future__ import annotations

import shlex

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Script
from readiness.core.text import decode, one_line
from readiness.transports.shells.batch import Dialect, Running
from readiness.transports.shells.marks import Mark

# Nothing of the login's environment counts: POSIXLY_CORRECT or SYSTEMD_COLORS change what tools print.
COMMAND = "env -i LC_ALL=C LANG=C TZ=UTC PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -s"
_KILL_AFTER_S = 2
# GNU's `timeout` ends with 124, busybox's with 143, both with 137 when they had to kill.
TIMEOUT_STATUS = (124, 137, 143)
GRACE_S = 4.0  # `timeout` kills 2 s after it ended a script; what lives on after that is stuck in the kernel
NO_TIMEOUT = Missing(Why.TOOL_ABSENT, "timeout", "install coreutils, which has the command timeout")


def bounded(command: str, limit_s: float, shell: str = "$SHELL") -> str:
    """The command as the login's own shell runs it, ended by the host itself after `limit_s` seconds."""
    return f"{bounding(limit_s, shell)} {shlex.quote(command)}"


def bounding(limit_s: float, shell: str) -> str:
    """What stands before a quoted command that the host itself ends after `limit_s` seconds."""
    return f"timeout -k {_KILL_AFTER_S} {limit_s:g} {shell} -c"


def head(nonce: str) -> str:
    """What is sent first; the host answers with the mark `ready`, which bounds the round trip of what follows.

    The first such mark's status says whether the host has `timeout` (0 or 127). A shell whose script ran out of its
    time ends after it: what that script left behind could still write into the next one's output.
    """
    ends = "|".join(map(str, TIMEOUT_STATUS))
    return (
        f"m() {{ printf '\\n@{nonce} %s %s %s\\n' \"$@\"; printf '\\n@{nonce} %s %s %s\\n' \"$@\" >&2; }}\n"
        f'e() {{ m end "$1" "$2"; case $2 in {ends}) exit 0 ;; esac; }}\n'
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
        f"{_salt(script)}timeout -k {_KILL_AFTER_S} {script.timeout_s:g} "
        f"sh -c {shlex.join((script.text, script.name, *script.arguments))} </dev/null\n"
        f"e {index} $?\n"
        for index, script in enumerate(scripts)
    )


class Posix(Dialect):
    """The dialect of POSIX shells, see `Dialect`."""

    command = COMMAND
    grace_s = GRACE_S

    def opening(self, scripts: tuple[Script, ...], nonce: str) -> str:  # noqa: ARG002 - they follow
        """The marks' functions; the scripts follow when the host can bound their time."""
        return head(nonce)

    def rest(self, scripts: tuple[Script, ...]) -> str | None:
        """The scripts."""
        return body(scripts)

    def unfit(self, ready: Mark) -> Missing | None:
        """A host without `timeout` cannot bound their time."""
        return NO_TIMEOUT if ready.status else None

    def ends_after(self, status: int) -> bool:
        """Our own text has the shell end after a script that ran out of time."""
        return status in TIMEOUT_STATUS

    def output(self, script: Script, running: Running) -> tuple[bytes, bytes, Missing | None]:
        """Both streams as they are."""
        return bytes(running.stdout), bytes(running.stderr), _missing(script, running)

    def late(self, limit_s: float, *, ready: bool) -> str:
        """The host's own `timeout` should have ended the script before."""
        late = "it did not end when told to" if ready else "the login's shell never got ready"
        return f"after {limit_s:g} s: {late}"

    def ended(self, how: str, noise: bytes, errors: bytes, *, ready: bool) -> Missing:  # noqa: ARG002 - told apart
        """A shell that ends before it is ready is a login's that runs no commands."""
        if ready:
            return Missing(Why.UNREADABLE, "the shell ended under this script")
        words = one_line(decode(noise), 200) or "its shell ended without a word"
        return Missing(Why.NO_COMMANDS, words)


def _missing(script: Script, running: Running) -> Missing | None:
    """What an exit status says about the tools; any other one is the parser's to judge."""
    last_line = one_line(decode(bytes(running.stderr[-2000:])).strip().rpartition("\n")[2], 200)
    lasted_s = running.ended - running.begun
    if running.stdout_bytes > script.max_bytes:
        return Missing(Why.OUTPUT_CUT, f"more than {script.max_bytes} bytes")
    if running.status in TIMEOUT_STATUS and lasted_s > script.timeout_s * 0.9 - 0.1:
        return Missing(Why.TIMED_OUT, f"after {script.timeout_s:g} s")
    reasons = {
        124: Missing(Why.TIMED_OUT, f"a command in it, after {lasted_s:.1f} s"),
        126: Missing(Why.NOT_PERMITTED, last_line or "a command may not be run"),
        127: Missing(Why.TOOL_ABSENT, last_line or "a command was not found"),
        137: Missing(Why.UNREADABLE, f"it was killed after {lasted_s:.1f} s, before its time was up"),
    }
    return reasons.get(running.status or 0)
