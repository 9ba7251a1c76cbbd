"""The product's configuration as its files state it, secrets masked on the host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import ClassVar

from readiness.configs.bacula import Statement, statement, whole
from readiness.configs.model import ConfigurationFile
from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output, Probe
from readiness.core.text import one_line
from readiness.probes.elevation import complaints, refusal
from readiness.probes.reading import chosen, fields, lines, number, script, shown, summed, tag_of

_NAMES = "names\t."
_SUM = re.compile(r"([0-9a-f]{64})  -")
_STATUS = re.compile(r"0|[1-9][0-9]{0,2}|absent")


@dataclass(frozen=True, slots=True)
class Configuration(Fact):
    """The configuration files asked for, by path, and what the names that they call peers by resolve to.

    `resolved` has no addresses for a name that does not resolve on the host.
    """

    name: ClassVar[str] = "configuration"
    files: Mapping[str, ConfigurationFile]
    resolved: Mapping[str, tuple[str, ...]]


def parse_configuration(output: Output) -> Configuration | Missing:
    """Statements file by file, then the names; the sum over all of it tells when anything is lost or changed."""
    found = lines(output)
    if found and tag_of(found[0]) == "no_tool":
        (tool,) = fields(found[0], "no_tool", 1)
        return Missing(Why.TOOL_ABSENT, f"no {tool}")
    (login,) = fields(found[0] if found else "", "login", 1)
    told, names = _parts(found[1:])
    read = _files([line for line in told if line])
    asked = [path for path, one in read.items() if one.is_asked]
    unreadable = {path: one.status for path, one in read.items() if one.status != "0"}
    if refused := [path for path in asked if unreadable.get(path, "absent") != "absent"]:
        return _refused(output, login, refused[0])
    files = {path: one.statements for path, one in read.items()}
    return Configuration({path: whole(path, files, unreadable) for path in asked}, _resolved(names))


def _refused(output: Output, login: str, path: str) -> Missing:
    said = f"{path}: {one_line(' '.join(complaints(output)), 200)}"
    return refusal(output, login, f"/bin/cat {path}") or Missing(Why.NOT_PERMITTED, said)


def _parts(found: list[str]) -> tuple[list[str], list[str]]:
    """The statements and the names."""
    body = summed(found)
    at = body.index(_NAMES)
    return body[:at], body[at + 1 :]


@dataclass(frozen=True, slots=True)
class _Read:
    """One file as it was read: `is_asked` unless it was only included; `status` is 0, cat's, or absent."""

    status: str
    statements: tuple[Statement, ...]
    is_asked: bool


def _files(told: list[str]) -> dict[str, _Read]:
    files: dict[str, _Read] = {}
    rest = iter(told)
    for line in rest:
        is_asked = chosen({"file": True, "part": False}, tag_of(line))
        _, path = fields(line, tag_of(line), 2)
        statements = []
        for one in rest:
            if tag_of(one) == "status":
                break
            statements.append(_statement(one, rest))
        else:
            raise ValueError(f"{path} has no end")
        _, status = fields(one, "status", 2)
        if path in files or not _STATUS.fullmatch(status):
            raise ValueError(f"{path} twice, or {shown(status)}")
        files[path] = _Read(status, tuple(statements), is_asked)
    return files


def _statement(line: str, rest: Iterator[str]) -> Statement:
    """One statement; the digest of a secret stands on the line after it, as sha256sum prints it."""
    kind, at, *parts = line.split("\t")
    if parts[-1:] != ["."]:
        raise ValueError(f"no statement: {shown(line)}")
    given = parts[:-1]
    if kind == "secret":
        match = _SUM.fullmatch(next(rest, ""))
        if match is None:
            raise ValueError(f"no digest after {shown(line)}")
        given.append(match[1])
    return statement(kind, number(at), given)


def _resolved(names: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in names:
        if not line:
            continue
        if tag_of(line) == "asked":
            found[fields(line, "asked", 1)[0]] = []
            continue
        name, address = fields(line, "forward", 2)
        ip_address(address.partition("%")[0])
        if name not in found:
            raise ValueError(f"nobody asked for {shown(name)}")
        found[name].append(address)
    return {name: tuple(addresses) for name, addresses in found.items()}


PROBES = (Probe(Configuration, script("configuration"), parse_configuration, cost=50),)
