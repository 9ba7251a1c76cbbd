"""Reading what scripts print: tagged lines that end in a full stop of their own, and a last line `end`."""

from __future__ import annotations

from importlib.resources import files

from readiness.core.scripts import Output


def script(name: str) -> str:
    """The text of a script in the package."""
    return (files("readiness.probes") / "scripts" / f"{name}.sh").read_text()


def lines(output: Output) -> list[str]:
    """The lines before `end`; ValueError for a script that failed, was cut, or printed what is no text."""
    if output.status != 0:
        raise ValueError(f"exit status {output.status}: {output.stderr[:200].decode('utf-8', 'backslashreplace')}")
    text = output.stdout.decode()
    if "\0" in text or "\r" in text:
        raise ValueError("control characters")
    found = text.split("\n")
    if found[-2:] != ["end", ""]:
        raise ValueError("the last line is missing")
    if "end" in found[:-2]:
        raise ValueError("lines after the last one")
    return found[:-2]


def fields(line: str, count: int) -> list[str]:
    """The fields of one tagged line without tag and full stop; ValueError unless there are exactly `count`."""
    parts = line.split("\t")
    if parts[-1] != "." or len(parts) != count + 2:
        raise ValueError(f"a damaged line: {line[:200]!r}")
    return parts[1:-1]


def tag(line: str) -> str:
    """The first field."""
    return line.split("\t", 1)[0]


def only(found: list[str], what: str) -> str:
    """The one value there must be."""
    if len(found) != 1:
        raise ValueError(f"{len(found)} lines {what}")
    return found[0]
