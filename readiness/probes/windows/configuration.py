"""The product's configuration on a Windows host, its secrets masked there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address

from readiness.configs import FORMATS
from readiness.configs.model import ConfigurationFile
from readiness.configs.statements import ABSENT, Statement, statement
from readiness.core.facts import Missing, Why
from readiness.probes.configuration import Configuration, arguments_of, maskings_of
from readiness.probes.reading import chosen, shown
from readiness.probes.windows.reading import (
    ADMINISTRATOR,
    Row,
    flag,
    natural,
    nonempty,
    objects,
    probe,
    shape,
    text,
    texts,
)

_DIGEST = re.compile(r"[0-9a-f]{64}")
# Why a file could not be read, by the script's word for it.
_UNREADABLE = {"denied": Why.NOT_PERMITTED, "failed": Why.UNREADABLE}
_STATUS = {"read": "", "absent": "absent", **{status: status for status in _UNREADABLE}}


@dataclass
class _Product:
    """What one product's files hold, those that were asked for and those that they include."""

    statements: dict[str, tuple[Statement, ...]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def take(self, row: Row) -> None:
        """One file."""
        path = nonempty(row["path"])
        if path in self.statements:
            raise ValueError(f"{shown(path)} twice")
        self.statements[path] = tuple(_statement(entry) for entry in objects(row["statements"]))
        if status := chosen(_STATUS, nonempty(row["status"])):
            self.unreadable[path] = status
        self.asked += [path] if flag(row["asked"]) else []

    def reasons(self) -> dict[str, str]:
        """Why files could not be read."""
        absent = {path for path, status in self.unreadable.items() if status == "absent"}
        return {path: ABSENT if path in absent else "it cannot be read by the login" for path in self.unreadable}


def _configuration(received: list[Row]) -> Configuration | Missing:
    """Files with their statements, asked for or included, then the names that they call peers by."""
    products: dict[tuple[int, str], _Product] = {}
    resolved: dict[str, tuple[str, ...]] = {}
    for row in received:
        if "name" in row:
            name, addresses = nonempty(shape(row, "name", "addresses")["name"]), texts(row["addresses"])
            if name in resolved or addresses != tuple(str(ip_address(text.partition("%")[0])) for text in addresses):
                raise ValueError(f"{shown(name)} twice, or no addresses: {shown(' '.join(addresses))}")
            resolved[name] = addresses
            continue
        shape(row, "product", "format", "path", "asked", "status", "statements")
        products.setdefault((natural(row["product"]), nonempty(row["format"])), _Product()).take(row)
    files: dict[str, ConfigurationFile] = {}
    for (_, format_name), product in products.items():
        for path in product.asked:
            if (status := product.unreadable.get(path, "absent")) != "absent":
                return Missing(_UNREADABLE[status], path, ADMINISTRATOR if status == "denied" else "")
            if path in files:
                raise ValueError(f"{shown(path)} twice")
            reader = chosen(FORMATS, format_name).read
            files[path] = reader(path, product.statements, product.reasons())
    return Configuration(files, resolved)


def _statement(row: Row) -> Statement:
    shape(row, "kind", "line", "name", "text")
    kind = nonempty(row["kind"])
    if kind == "secret" and not _DIGEST.fullmatch(nonempty(row["text"])):
        raise ValueError(f"no digest: {shown(row['text'])}")
    parts = [text(row[key]) for key in ("name", "text") if row[key] is not None]
    if kind == "include" and not parts[0]:
        raise ValueError("an include of nothing")
    # For a kind without fields the shell script prints one that nobody reads; so one is made up here.
    return statement(kind, natural(row["line"]), parts or [""])


PROBES = (probe(Configuration, _configuration, cost=50, arguments=arguments_of, after=maskings_of),)
