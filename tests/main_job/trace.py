"""What the system is asked for by all that a login starts on a host, as strace tells it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.lab.lab import Lab

_STARTS = ("clone", "clone3", "fork", "vfork", "execve")
_OPENS = ("open", "openat", "openat2", "creat")
_CHANGES = (
    *("mkdir", "mkdirat", "mknod", "mknodat", "unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2"),
    *("link", "linkat", "symlink", "symlinkat", "chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown"),
    *("fchownat", "truncate", "ftruncate", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "mount"),
)
_CALL = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+).*")
# The message of the day is made by PAM for every login, whoever it is.
_HARMLESS = re.compile(r'"(/dev/null|/dev/tty|/run/motd\.dynamic\.new)"')
_FILE = "/tmp/trace"


@dataclass
class Trace:
    """What was done to files, as `program: call`, by everything but sshd; read once the trace has ended."""

    done: list[str] = field(default_factory=list)
    programs: set[str] = field(default_factory=set)


@contextmanager
def traced(lab: Lab, host: str) -> Iterator[Trace]:
    """Trace what the host's sshd starts until the end."""
    calls = ",".join((*_STARTS, *_OPENS, *_CHANGES))
    command = f"exec strace -f -qq -s 300 -e trace={calls} -o {_FILE} -p $(cat /run/sshd.pid)"
    thread = threading.Thread(target=lab.exec, args=(host, "sh", "-c", command), kwargs={"check": False})
    thread.start()
    trace = Trace()
    try:
        _attached(lab, host)
        yield trace
    finally:
        lab.exec(host, "pkill", "-INT", "-x", "strace", check=False)
        thread.join()
    _read(lab.exec(host, "cat", _FILE).stdout, trace)


def _attached(lab: Lab, host: str) -> None:
    waiting = "until grep -q 'TracerPid:.*[1-9]' /proc/$(cat /run/sshd.pid)/status; do sleep 0.1; done"
    lab.exec(host, "timeout", "10", "sh", "-c", waiting)


def _read(text: str, trace: Trace) -> None:
    program: dict[str, str] = {}
    for pid, call, arguments, result in _calls(text):
        own = program.get(pid, "sshd")
        if call == "execve":
            program[pid] = arguments.split('"')[1].rsplit("/")[-1]
            trace.programs.add(program[pid])
        elif call in _STARTS:
            program[str(result)] = own
        elif own != "sshd" and _is_change(call, arguments):
            trace.done.append(f"{own}: {call}({arguments})")


def _calls(text: str) -> Iterator[tuple[str, str, str, int]]:
    """The calls that succeeded; one that strace shows in two lines is put together."""
    unfinished: dict[str, str] = {}
    for line in text.splitlines():
        pid, _, rest = line.partition(" ")
        if rest.endswith("<unfinished ...>"):
            unfinished[pid] = line.removesuffix("<unfinished ...>")
            continue
        resumed = re.match(r" *<\.\.\. \w+ resumed>(.*)", rest)
        whole = unfinished.pop(pid, "") + resumed[1] if resumed else line
        if (match := _CALL.match(whole)) and int(match[4]) >= 0:
            yield match[1], match[2], match[3], int(match[4])


def _is_change(call: str, arguments: str) -> bool:
    if call in _CHANGES or call == "creat":
        return True
    writes = re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_TMPFILE", arguments)
    return writes is not None and not _HARMLESS.search(arguments)
