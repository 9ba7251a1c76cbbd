"""The product's configuration on a Windows host, its secrets masked there."""

from __future__ import annotations

import re
from ipaddress import ip_address

from readiness.configs.bacula import Statement, statement, whole
from readiness.core.facts import Missing, Why
from readiness.probes.configuration import Configuration
from readiness.probes.reading import chosen, shown
from readiness.probes.windows.reading import ADMINISTRATOR, Row, flag, objects, probe, reads, shape, some, text, texts
from readiness.probes.windows.reading import whole as number

_DIGEST = re.compile(r"[0-9a-f]{64}")
# Why a file could not be read; what an included one is told with.
_UNREADABLE = {"denied": Why.NOT_PERMITTED, "failed": Why.UNREADABLE}
_STATUS = {"read": "", "absent": "absent", **{status: status for status in _UNREADABLE}}


def _configuration(found: list[Row]) -> Configuration | Missing:
    """Files with their statements, asked for or included, then the names that they call peers by."""
    files: dict[str, tuple[Statement, ...]] = {}
    unreadable: dict[str, str] = {}
    asked: list[str] = []
    resolved: dict[str, tuple[str, ...]] = {}
    for row in found:
        if "name" in row:
            name, addresses = some(shape(row, "name", "addresses")["name"]), texts(row["addresses"])
            if name in resolved or not addresses == tuple(str(ip_address(one.partition("%")[0])) for one in addresses):
                raise ValueError(f"{shown(name)} twice, or no addresses: {shown(' '.join(addresses))}")
            resolved[name] = addresses
            continue
        path = some(shape(row, "path", "asked", "status", "statements")["path"])
        if path in files:
            raise ValueError(f"{shown(path)} twice")
        files[path] = tuple(_statement(entry) for entry in objects(row["statements"]))
        if status := chosen(_STATUS, some(row["status"])):
            unreadable[path] = status
        asked += [path] if flag(row["asked"]) else []
    for path in asked:
        if (status := unreadable.get(path, "absent")) != "absent":
            denied = status == "denied"
            return Missing(_UNREADABLE[status], path, ADMINISTRATOR if denied else "")
    return Configuration({path: whole(path, files, unreadable) for path in asked}, resolved)


def _statement(row: Row) -> Statement:
    shape(row, "kind", "line", "name", "text")
    kind = some(row["kind"])
    if kind == "secret" and not _DIGEST.fullmatch(some(row["text"])):
        raise ValueError(f"no digest: {shown(row['text'])}")
    parts = [text(row[key]) for key in ("name", "text") if row[key] is not None]
    if kind == "include" and not parts[0]:
        raise ValueError("an include of nothing")
    # What has no fields here has the name of its file in the other script's line, which nobody asks for.
    return statement(kind, number(row["line"]), parts or [""])


PROBES = (probe(Configuration, reads(_configuration), cost=50),)
