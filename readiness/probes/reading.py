"""Reading what scripts print: tagged lines whose last field is a full stop, and a last line `end`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import TypeVar

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output
from readiness.core.text import clean, decode

_SUM = re.compile(r"([0-9a-f]{64})  -")
_SHOWN = 200
LONGEST_LINE = 8192  # what patterns are matched against stays short enough for any of them
# A warning of sudo that stops no command.
_HARMLESS = re.compile(r"sudo: unable to resolve host .*")
T = TypeVar("T")


def script(name: str, ending: str = "sh") -> str:
    """The text of a script in the package, for `sh` or in PowerShell (`ps1`)."""
    return (files("readiness.probes") / "scripts" / f"{name}.{ending}").read_text(encoding="utf-8")


def lines(output: Output) -> list[str]:
    """The lines before `end`; ValueError for a script that failed, was cut, or printed what is no plain text."""
    if output.status != 0:
        raise ValueError(f"exit status {output.status}: {decode(output.stderr[:_SHOWN])}")
    text = output.stdout.decode()
    if clean(text) != text:
        raise ValueError("characters that have no place in it")
    received = text.split("\n")
    if max(map(len, received)) > LONGEST_LINE:
        raise ValueError("a line longer than any tool prints")
    if received[-2:] != ["end", ""] or "end" in received[:-2]:
        raise ValueError("cut short, or something after its end")
    return received[:-2]


def fields(line: str, tag: str, count: int) -> list[str]:
    """The `count` fields of a line with this tag, without tag and full stop; ValueError for any other line."""
    parts = line.split("\t")
    if parts[0] != tag or parts[-1] != "." or len(parts) != count + 2:
        raise ValueError(f"not one line of {tag}: {shown(line)}")
    return parts[1:-1]


def counted(rows: list[str], count: str, tag: str, width: int) -> list[list[str]]:
    """The fields of rows with this tag; ValueError unless they are as many as the line that counts them says."""
    if number(*fields(count, "count", 1)) != len(rows):
        raise ValueError(f"{len(rows)} rows of {tag}, and {shown(count)}")
    return [fields(row, tag, width) for row in rows]


def tag_of(line: str) -> str:
    """The first field."""
    return line.split("\t", 1)[0]


def no_tool(received: list[str]) -> Missing | None:
    """That the host lacks a tool, where this is all that a script says; None where it says something else."""
    if len(received) != 1 or tag_of(received[0]) != "no_tool":
        return None
    (tool,) = fields(received[0], "no_tool", 1)
    return Missing(Why.TOOL_ABSENT, f"no {tool}")


def hidden(process: str) -> Missing:
    """That nothing is seen of a process: one that others than root cannot see, or that ended meanwhile."""
    remedy = "where /proc is mounted with hidepid: mount it with gid= of a group of the login, or log in as root"
    return Missing(Why.NOT_PERMITTED, f"nothing in /proc/{process}", remedy)


def summed(received: list[str]) -> list[str]:
    """The lines before the last one, which is their sum as sha256sum prints it; ValueError when it is another."""
    match = _SUM.fullmatch(received[-1] if received else "")
    if match is None or hashlib.sha256(("\n".join(received[:-1]) + "\n").encode()).hexdigest() != match[1]:
        raise ValueError("not what the host had summed up")
    return received[:-1]


def number(text: str) -> int:
    """A number in plain decimal digits, of a length that counts and times have."""
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ValueError(f"no number: {shown(text)}")
    return int(text)


def shown(text: str) -> str:
    """The beginning of a text, for messages."""
    return repr(text[:_SHOWN])


def chosen(options: Mapping[str, T], key: str) -> T:
    """The option of this name; ValueError for a name that is none of them."""
    if key not in options:
        raise ValueError(f"none of {', '.join(options)}: {shown(key)}")
    return options[key]


def complaints(output: Output) -> list[str]:
    """The lines of a script's stderr, without those that hinder nothing."""
    messages = [line[:LONGEST_LINE] for line in decode(output.stderr).splitlines()]
    return [line for line in messages if line and not _HARMLESS.fullmatch(line)]
