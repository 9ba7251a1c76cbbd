"""What only shows when baseline.yaml is read together with the catalogue and the estate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any

from readiness.estate.baseline import Baseline, Demands, demand_of, demands
from readiness.estate.demands import NotAgreed, leaf, value_at
from readiness.estate.hosts import Hosts
from readiness.estate.names import Names, Roles
from readiness.estate.uses import Holders, few, holders_of
from readiness.yaml_text.document import Document, quote
from readiness.yaml_text.known import Known
from readiness.yaml_text.models import models_in

Path = tuple[str, ...]
_MOST_AHEAD = timedelta(hours=14)  # of UTC, on the islands where a day begins first


def check_baseline(
    document: Document, baseline: Baseline, names: Names, hosts: Hosts, as_of: datetime, *, all_hosts: bool
) -> None:
    """Report roles that the catalogue does not have, statements that contradict each other, and days to come.

    `all_hosts`: the hosts are all there are, as written, so that a role which none of them has is nobody's.
    """
    catalogue, known = Roles(names), _keys(names)
    opened = {product: Known(own.values(), "directives that leave a host") for product, own in names.opened.items()}
    holders, last = holders_of(hosts), (as_of + _MOST_AHEAD).astimezone(UTC).date()
    for path, section in baseline.sections():
        for key, kind in demands().items():
            value = value_at(section, key)
            if value is not None and kind.by_role:
                products = {product: [(role, role) for role in roles] for product, roles in value.items()}
                catalogue.check(document, (*path, key), products)
        _check_spellings(document, path, section)
        _check_directives(document, path, section, names, opened)
        _check_not_agreed(document, path, section, known, holders)
        _check_days(document, path, section, last)
        if path:
            _check_scope(document, path, section)
            if all_hosts:
                _check_roles(document, path, section, hosts, holders)
    _check_groups(document, baseline.of_estate(hosts, as_of), hosts)


def _keys(names: Names) -> Known:
    """Every key that `not_agreed` may have."""
    roles = [f"{product}.{role}" for product, own in names.roles.items() for role in own]
    keys = [
        entry
        for key, kind in demands().items()
        for entry in ([f"{key}.{role}" for role in roles] if kind.by_role else [key])
    ]
    keys += [f"hosts.{product}.{other}" for product, _, other in names.related]
    keys += [f"roles.{role}" for role in roles]
    return Known([*keys, *(f"peers.{product}.{role}.NAME" for product, role in names.named)], "demands")


def _check_spellings(document: Document, path: Path, section: Demands) -> None:
    """A directive or keyword that stands there in two spellings would demand two things of one setting."""
    for key, statement in section.statements().items():
        first: dict[str, str] = {}
        for name in statement if isinstance(statement, Mapping) else ():
            twin = first.setdefault(leaf(name), name)
            if twin != name:
                message = f"{quote(name)} is another spelling of {quote(twin)}"
                document.report((*path, *key.split("."), name), message, "remove one of the two", key=True)


def _check_directives(
    document: Document, path: Path, section: Demands, names: Names, opened: Mapping[str, Known]
) -> None:
    """A demand on a directive whose value stays on its host could never be judged."""
    for product, roles in (section.configuration or {}).items():
        if (own := names.opened.get(product)) is None:
            continue
        for role, directives in roles.items():
            for name in directives:
                if leaf(name) not in own:
                    at = (*path, "configuration", product, role, name)
                    message = f"{quote(name)}: its value does not leave the host"
                    document.report(at, message, opened[product].hint(name), key=True)


def _check_not_agreed(document: Document, path: Path, section: Demands, known: Known, holders: Holders) -> None:
    for key in section.not_agreed:
        at = (*path, "not_agreed", key)
        _, *role = key.split(".")
        if _as_known(key) not in known.names:
            document.report(at, f"unknown demand {quote(key)}", known.hint(key), key=True)
        elif key.startswith("roles.") and path[:1] == ("hosts",) and path[1] in holders.get((role[0], role[1]), ()):
            message = f"{key} is not agreed, and {path[1]} declares that role"
            document.report(at, message, "remove it: it is for hosts that do not", key=True)
        elif key.startswith("hosts."):
            if having := holders.get((role[0], role[1])):
                message = f"{key} is not agreed, and the estate has {few(having)}"
                document.report(at, message, "remove it: that host is what the others are held against", key=True)
        elif value_at(section, key) is not None:
            line = document.locate((*path, *key.split(".")))[0]
            message = f"{key} is stated at line {line} and not agreed here"
            document.report(at, message, "keep one of the two", key=True)


def _check_days(document: Document, path: Path, section: Demands, last: date) -> None:
    """Nothing was agreed on a day that is yet to come."""
    days = {(*path, "not_agreed", key, "day"): exemption.day for key, exemption in section.not_agreed.items()}
    if isinstance(section, Baseline) and section.agreed:
        days["agreed", "day"] = section.agreed.day
    for place, day in days.items():
        if day > last:
            document.report(place, f"day {day} is yet to come", "the day on which it was agreed")


def _as_known(key: str) -> str:
    """The key as it stands among the known ones, where a peer's own name is NAME."""
    first, *rest = key.split(".", 3)
    return f"{first}.{rest[0]}.{rest[1]}.NAME" if first == "peers" and rest[2:] and rest[2] else key


def _check_scope(document: Document, path: Path, section: Demands) -> None:
    """What is stated for a group or a host is for its hosts alone."""
    kind = path[0].removesuffix("s")
    for key, statement in section.statements().items():
        if not key.startswith("hosts.") and key in demands() and demand_of(key).of_the_estate:
            message = f"{key} is about the estate as a whole, not about one {kind}"
            document.report(
                (*path, *_written_at(key, statement)), message, "state it for all: at the beginning of a line", key=True
            )
    for at, entry in models_in(section, path):
        if getattr(entry, "groups", ()):
            message = f"groups in what is stated for the {kind} {path[1]}"
            hint = f"remove it: the entry is for the {kind} already"
            document.report((*at, "groups"), message, hint, key=True)


def _check_roles(document: Document, path: Path, section: Demands, hosts: Hosts, holders: Holders) -> None:
    """What is stated for a group or a host about a role that none of its hosts has would be held against nobody."""
    kind, name = path[0].removesuffix("s"), path[1]
    for key, statement in section.statements().items():
        first, *role = key.split(".")
        if first not in demands() or not demands()[first].by_role:
            continue
        having = holders.get((role[0], role[1]), {})
        if not any(name in (host, *hosts[host].groups) for host in having):
            message = f"{key} is stated for the {kind} {name}, which has no {' '.join(role)}"
            document.report((*path, *_written_at(key, statement)), message, "state it where the role is", key=True)


def _check_groups(document: Document, baseline: Baseline, hosts: Hosts) -> None:
    """Report groups that state different things for the same host, unless the host states its own."""
    seen: set[tuple[Path, ...]] = set()
    for name in hosts:
        sections = {path: section for path, section in baseline.sections_for(name) if path}
        if len(sections) < 2 or tuple(sections) in seen:
            continue
        seen.add(tuple(sections))
        own = sections.pop(("hosts", name)).statements() if ("hosts", name) in sections else {}
        for first, second in combinations(sections, 2):
            here, there = sections[first].statements(), sections[second].statements()
            for key in sorted(here.keys() & there.keys()):
                for entries in _differences(here[key], there[key], own.get(key)):
                    at_first = (*first, *_written_at(key, here[key]), *entries[:1])
                    at_second = (*second, *_written_at(key, there[key]), *entries[1:])
                    line, column = document.locate(at_first)
                    message = (
                        f"{'.'.join((key, *entries[1:]))} of the group {second[1]} is not that of {first[1]} at "
                        f"{document.file}:{line}:{column}, and {name} is in both"
                    )
                    document.report(at_second, message, "agree on the same, or state it for the host")


def _differences(first: Any, second: Any, own: Any) -> Iterator[tuple[str, ...]]:
    """Where two groups differ and the host does not state its own: entries of mappings as both spell them, or ()."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        if not isinstance(own, NotAgreed):
            spelling = {leaf(name): name for name in first}
            settled = {leaf(name) for name in own or ()}
            for name in second:
                twin = spelling.get(leaf(name))
                if twin is not None and leaf(name) not in settled and first[twin] != second[name]:
                    yield twin, name
    elif not _same(first, second) and (own is None or isinstance(own, Mapping)):
        yield ()


def _same(first: Any, second: Any) -> bool:
    """Whether two statements demand the same; the order of a list says nothing, but of demands for one path."""
    if not (isinstance(first, tuple) and isinstance(second, tuple)):
        return bool(first == second)
    paths = [getattr(entry, "path", entry) for entry in first]
    in_any_order = len(first) == len(second) and len(set(paths)) == len(paths)
    return first == second or (in_any_order and all(entry in second for entry in first))


def _written_at(key: str, statement: Any) -> Path:
    return ("not_agreed", key) if isinstance(statement, NotAgreed) else tuple(key.split("."))
