"""The user's ssh_config as far as it says how to reach a host; nothing in it weakens the comparison of host keys.

`Match exec` and `ProxyCommand` would run commands on this machine and are refused; `StrictHostKeyChecking`,
`UserKnownHostsFile` and their like are not read at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import glob
from pathlib import Path

from readiness.core.errors import InputError, Problem

_READ = {"hostname", "port", "user", "identityfile", "proxyjump"}
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What the file says of one host; None where it says nothing, `proxy_jump` in the order of the hops."""

    host_name: str | None = None
    port: int | None = None
    user: str | None = None
    identity_files: tuple[str, ...] = ()
    proxy_jump: tuple[str, ...] = ()


@dataclass(frozen=True)
class SshConfig:
    """Sections in order: patterns and their options."""

    sections: tuple[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], ...] = ()

    def lookup(self, alias: str) -> HostSettings:
        """The first value of each option whose section matches; identity files add up, as in OpenSSH."""
        values: dict[str, list[str]] = {}
        for patterns, options in self.sections:
            if _applies(patterns, alias):
                for key, value in options:
                    values.setdefault(key, []).append(value)
        first = {key: found[0] for key, found in values.items()}
        jump = first.get("proxyjump", "none")
        return HostSettings(
            host_name=first["hostname"].replace("%h", alias) if "hostname" in first else None,
            port=int(first["port"]) if "port" in first else None,
            user=first.get("user"),
            identity_files=tuple(values.get("identityfile", ())),
            proxy_jump=() if jump.lower() == "none" else tuple(hop.strip() for hop in jump.split(",")),
        )


def load(path: Path) -> SshConfig:
    """Read the file and what it includes; no file is no settings. Raises InputError with every refused line."""
    sections: list[tuple[tuple[str, ...], list[tuple[str, str]]]] = [(("*",), [])]
    problems: list[Problem] = []
    for file, number, key, value in _lines(path, path.parent, problems, 0):
        if key == "host":
            sections.append((tuple(value.split()), []))
        elif key == "match":
            sections.append(_match(file, number, value, problems))
        elif key == "proxycommand" and value.lower() != "none":
            problems.append(_refused(file, number, "ProxyCommand runs a command here", "use ProxyJump"))
        elif key == "port" and not value.isdigit():
            problems.append(_refused(file, number, f"no port: {value}", "a number"))
        elif key in _READ:
            sections[-1][1].append((key, value))
    if problems:
        raise InputError(problems)
    return SshConfig(tuple((patterns, tuple(options)) for patterns, options in sections))


def _refused(file: Path, number: int, message: str, hint: str) -> Problem:
    return Problem(str(file), number, 1, message, hint)


def _match(
    file: Path, number: int, value: str, problems: list[Problem]
) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """`Match all` and `Match host PATTERNS`; any other criterion cannot be judged here."""
    words = value.split()
    if words and words[0].lower() == "all":
        return ("*",), []
    if len(words) == 2 and words[0].lower() in {"host", "originalhost"}:
        return tuple(words[1].split(",")), []
    what = "Match exec runs a command here" if "exec" in value.lower() else f"Match {value} is not understood"
    problems.append(_refused(file, number, what, "use Host, Match all or Match host"))
    return (), []


def _lines(path: Path, base: Path, problems: list[Problem], depth: int) -> Iterator[tuple[Path, int, str, str]]:
    if depth > _MAX_DEPTH:
        problems.append(Problem(str(path), 0, 0, "includes itself, or too deep"))
        return
    try:
        text = path.read_text(errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        problems.append(Problem(str(path), 0, 0, f"cannot be read: {error.strerror}"))
        return
    for number, line in enumerate(text.splitlines(), start=1):
        match = re.fullmatch(r"\s*([A-Za-z]\w*)(?:\s*=\s*|\s+)(.*?)\s*", line)
        if not match:
            continue
        key, value = match[1].lower(), match[2].strip('"')
        if key != "include":
            yield path, number, key, value
            continue
        for pattern in value.split():
            where = Path(pattern).expanduser()
            for included in sorted(glob(str(where if where.is_absolute() else base / where))):  # noqa: PTH207 - patterns
                yield from _lines(Path(included), base, problems, depth + 1)


def _applies(patterns: tuple[str, ...], alias: str) -> bool:
    if any(fnmatchcase(alias, pattern[1:]) for pattern in patterns if pattern.startswith("!")):
        return False
    return any(fnmatchcase(alias, pattern) for pattern in patterns if not pattern.startswith("!"))
