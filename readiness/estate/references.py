"""What only shows when the entries of both files are read together: names that must exist, values that must differ.

Works on the plain data and passes over whatever has another type than it should, so that a mistake in one place does
not hide those in others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from itertools import islice
from typing import Any

from readiness.core.scripts import Limits
from readiness.estate.fields import canonical_address
from readiness.estate.models import CatalogueNames, HostDemand
from readiness.estate.tables import table
from readiness.estate.validate import Known
from readiness.estate.ways import way_of
from readiness.estate.yaml_lines import Document, Path, quote

_IN_ORDER = (
    ("connect_s", "host_s"),
    ("login_s", "host_s"),
    ("probe_s", "host_s"),
    ("host_s", "run_s"),
    ("probe_bytes", "host_bytes"),
)
_DEMANDS = (
    *("operating_systems", "same_version_groups", "clock.max_offset_s", "listening.also", "space", "sshd"),
    "no_login_shell",
    *("windows.tls_min", "windows.firewall_profiles", "windows.excluded_folders"),
    *(f"host.{one.name}" for one in fields(HostDemand)),
)

# Host names in order, by product and role; a mapping because an estate has thousands and each is looked up.
Holders = Mapping[tuple[str, str], Mapping[str, None]]


class Catalogue:
    """The catalogue's names with hints for words that are near them."""

    def __init__(self, written: CatalogueNames) -> None:
        self.written = written
        self.products = Known(written.roles, "products")
        self.roles = {product: Known(roles, f"roles of {product}") for product, roles in written.roles.items()}
        self._together: dict[frozenset[str], Known | None] = {}

    def usable(self, products: frozenset[str]) -> Known | None:
        """The roles of some products together; None when one of them is unknown, which is reported elsewhere."""
        if products not in self._together:
            roles = {role for product in products & self.roles.keys() for role in self.written.roles[product]}
            known = Known(roles, "roles of its products") if products <= self.roles.keys() else None
            self._together[products] = known
        return self._together[products]


def _texts(value: Any) -> Iterator[tuple[int, str]]:
    """The texts of a list with their index."""
    if isinstance(value, tuple):
        yield from ((at, one) for at, one in enumerate(value) if isinstance(one, str))


def roles_of(host: Any) -> dict[str, list[str]]:
    """The roles that a host holds, by product."""
    products = table(table(host).get("products"))
    return {product: [role for _, role in _texts(roles)] for product, roles in products.items()}


def holders_of(hosts: Mapping[str, Any]) -> Holders:
    """The hosts that hold a product's role."""
    holders: dict[tuple[str, str], dict[str, None]] = {}
    for name, host in hosts.items():
        for product, roles in roles_of(host).items():
            for role in roles:
                holders.setdefault((product, role), {})[name] = None
    return holders


def needed(products: Mapping[str, Iterable[str]], names: CatalogueNames) -> list[tuple[str, str]]:
    """The (product, other role) that version rules compare this host's roles with, in a fixed order."""
    return sorted(
        {(product, other) for product, role, other in names.related if role in tuple(products.get(product, ()))}
    )


def check_estate(document: Document, names: CatalogueNames) -> None:
    """Report what does not fit together within estate.yaml."""
    estate = table(document.value)
    hosts = table(estate.get("hosts"))
    for section in ("zones", "groups", "hosts"):
        _differ_by_more_than_case(document, section, table(estate.get(section)))
    _check_limits(document, table(estate.get("limits")))
    _check_places(document, estate, hosts)
    catalogue = Catalogue(names)
    _check_products(document, hosts, catalogue)
    _check_uses(document, hosts, catalogue)
    _check_twice(document, estate, hosts)


def _differ_by_more_than_case(document: Document, section: str, entries: Mapping[str, Any]) -> None:
    first: dict[str, str] = {}
    for name in entries:
        twin = first.setdefault(name.lower(), name)
        if twin != name:
            path = (section, name)
            document.report(path, f"{quote(name)} differs from {twin} only by case", "choose another name", key=True)


def _check_limits(document: Document, limits: Mapping[str, Any]) -> None:
    values = {**asdict(Limits()), **limits}
    for small, big in _IN_ORDER:
        low, high = values[small], values[big]
        both = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (low, high))
        if not both or low <= high or not {small, big} & limits.keys():
            continue
        at = small if small in limits else big
        told = [f"{key} {values[key]:.10g}{'' if key in limits else ' (the default)'}" for key in (small, big)]
        document.report(("limits", at), " is more than ".join(told), f"{small} is at most {big}")


def names_in(document: Document, section: str) -> frozenset[str] | None:
    """The names that a section of estate.yaml declares; None when it cannot be read, so that none is called unknown."""
    entries = table(document.value).get(section, {})
    return frozenset(entries) if document.root is not None and isinstance(entries, dict) else None


def _known(document: Document, section: str) -> Known | None:
    names = names_in(document, section)
    return Known(names, section) if names is not None else None


def _check_places(document: Document, estate: Mapping[str, Any], hosts: Mapping[str, Any]) -> None:
    """Zones and groups exist, and each group has a member: one without would be checked and say nothing."""
    zones, groups = (_known(document, section) for section in ("zones", "groups"))
    members: set[str] = set()
    for name, host in hosts.items():
        zone = table(host).get("zone")
        if zones and isinstance(zone, str) and zone not in zones.names:
            document.report(("hosts", name, "zone"), f"unknown zone {quote(zone)}", zones.hint(zone))
        for at, group in _texts(table(host).get("groups")):
            members.add(group)
            if groups and group not in groups.names:
                path = ("hosts", name, "groups", at)
                document.report(path, f"unknown group {quote(group)}", groups.hint(group))
    for group in table(estate.get("groups")):
        if group in hosts:
            hint = "--hosts takes both: give one another name"
            document.report(("groups", group), f"the group {quote(group)} has the name of a host", hint, key=True)
        elif hosts and group not in members:
            hint = "give it hosts, or remove it: nothing would be checked"
            document.report(("groups", group), f"the group {quote(group)} has no members", hint, key=True)


def _check_products(document: Document, hosts: Mapping[str, Any], catalogue: Catalogue) -> None:
    for name, host in hosts.items():
        products = table(table(host).get("products"))
        pairs = {product: list(_texts(roles)) for product, roles in products.items()}
        _check_roles(document, ("hosts", name, "products"), pairs, catalogue)


def _check_roles(
    document: Document, path: Path, pairs: Mapping[str, Iterable[tuple[str | int, str]]], catalogue: Catalogue
) -> None:
    """Report products and roles that the catalogue does not have."""
    for product, roles in pairs.items():
        if product not in catalogue.roles:
            message = f"unknown product {quote(product)}"
            document.report((*path, product), message, catalogue.products.hint(product), key=True)
            continue
        known = catalogue.roles[product]
        for at, role in roles:
            if role not in known.names:
                message = f"unknown role {quote(role)} of {product}"
                document.report((*path, product, at), message, known.hint(role), key=isinstance(at, str))


def _check_uses(document: Document, hosts: Mapping[str, Any], catalogue: Catalogue) -> None:
    known, holders = Known(hosts, "hosts"), holders_of(hosts)
    for name, host in hosts.items():
        products = roles_of(host)
        stated = table(table(host).get("uses"))
        roles = catalogue.usable(frozenset(products))
        for role, used in stated.items():
            path = ("hosts", name, "uses", role)
            if roles is not None and role not in roles.names:
                document.report(path, f"unknown role {quote(role)}", roles.hint(role), key=True)
            elif isinstance(used, str) and used not in known.names:
                document.report(path, f"unknown host {quote(used)}", known.hint(used))
            elif roles is not None and isinstance(used, str) and not _is_held(used, role, products, holders):
                message = f"the host {quote(used)} does not hold the role {role}"
                document.report(path, message, _having(role, products, holders))
        _, problems = effective_uses(products, stated, holders, catalogue.written)
        for role, message, hint in problems:
            document.report(("hosts", name, "uses", role), message, hint)


def _having(role: str, products: Iterable[str], holders: Holders) -> str:
    having = next((hosts for product in products if (hosts := holders.get((product, role)))), {})
    return f"held by {_some(having)}" if having else f"no host holds the role {role}"


def _some(names: Iterable[str], limit: int = 5) -> str:
    first = list(islice(names, limit + 1))
    return ", ".join(first[:limit]) + (", ..." if len(first) > limit else "")


def effective_uses(
    products: Mapping[str, Iterable[str]], stated: Mapping[str, Any], holders: Holders, names: CatalogueNames
) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """The uses as stated, completed where the estate has one host with the role; and (role, message, hint) if not."""
    uses = dict(stated)
    problems: list[tuple[str, str, str]] = []
    for product, role in needed(products, names):
        candidates = holders.get((product, role), {})
        if role not in uses:
            if len(candidates) > 1:
                message = f"it is not said which {product} {role} this host uses"
                problems.append((role, message, f"write uses: {{{role}: ...}}, one of {_some(candidates)}"))
            elif candidates:
                uses[role] = next(iter(candidates))
        elif candidates and stated[role] not in candidates and _is_held(stated[role], role, products, holders):
            message = f"the {role} {quote(str(uses[role]))} is none of {product}"
            problems.append((role, message, f"this version knows one {role} a host: split the products"))
    return uses, problems


def _is_held(used: object, role: str, products: Iterable[str], holders: Holders) -> bool:
    return any(used in holders.get((product, role), ()) for product in products)


def _check_twice(document: Document, estate: Mapping[str, Any], hosts: Mapping[str, Any]) -> None:
    """No two entries for one host: the second would be checked as if it were another."""
    first: dict[tuple[str, str], str] = {}
    for name, entry in hosts.items():
        for at, what, value in _identities(table(entry), way_of(estate, table(entry)).get("port")):
            twin = first.setdefault((what, value.lower()), name)
            if twin != name:
                hint = "one entry a host; remove one, or correct it"
                document.report(("hosts", name, at), f"{what} {quote(value)} is also that of {twin}", hint)


def _identities(host: Mapping[str, Any], port: object) -> Iterator[tuple[str, str, str]]:
    """What no two hosts share: key, what it is, value. The name counts as an address, because one may stand for it."""
    for key in ("fqdn", "machine_id"):
        if isinstance(value := host.get(key), str):
            yield key, key, value
    for key in ("fqdn", "address"):
        if isinstance(value := host.get(key), str):
            yield key, "address and port", f"{canonical_address(value)} port {port}"


def check_baseline(
    document: Document, groups: Iterable[str] | None, names: CatalogueNames, hosts: Mapping[str, Any]
) -> None:
    """Report what baseline.yaml names and nobody has; `groups` is None when the estate could not be read."""
    baseline = table(document.value)
    for section in ("versions", "configuration"):
        stated = table(baseline.get(section))
        pairs = {product: [(role, role) for role in table(roles)] for product, roles in stated.items()}
        _check_roles(document, (section,), pairs, Catalogue(names))
    _check_space(document, baseline, names)
    accounts = Known(names.accounts, "accounts")
    for at, account in _texts(baseline.get("no_login_shell")):
        if account not in accounts.names:
            document.report(("no_login_shell", at), f"no role runs as {quote(account)}", accounts.hint(account))
    if groups is not None:
        known = Known(groups, "groups")
        for path, group in _groups_in(baseline):
            if group not in known.names:
                document.report(path, f"unknown group {quote(group)}", known.hint(group))
    _check_not_agreed(document, baseline, names, holders_of(hosts))


def _check_space(document: Document, baseline: Mapping[str, Any], names: CatalogueNames) -> None:
    """The roles exist."""
    known = Known({f"{product}.{role}" for product, roles in names.roles.items() for role in roles}, "roles")
    entries = baseline.get("space")
    for number, entry in enumerate(entries if isinstance(entries, tuple) else ()):
        for at, role in _texts(table(entry).get("roles")):
            if role not in known.names:
                document.report(("space", number, "roles", at), f"unknown role {quote(role)}", known.hint(role))


def _groups_in(baseline: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    for at, group in _texts(baseline.get("same_version_groups")):
        yield ("same_version_groups", at), group
    for path in (("operating_systems",), ("listening", "also"), ("space",)):
        entries: Any = baseline
        for part in path:
            entries = table(entries).get(part)
        for number, entry in enumerate(entries if isinstance(entries, tuple) else ()):
            for at, group in _texts(table(entry).get("groups")):
                yield (*path, number, "groups", at), group


def _check_not_agreed(document: Document, baseline: Mapping[str, Any], names: CatalogueNames, holders: Holders) -> None:
    of_roles = {
        f"{section}.{product}.{role}"
        for section in ("versions", "configuration")
        for product, roles in names.roles.items()
        for role in roles
    }
    of_others = {f"hosts.{product}.{other}": holders.get((product, other)) for product, _, other in names.related}
    known = Known({*_DEMANDS, *of_roles, *of_others}, "demands")
    for key in table(baseline.get("not_agreed")):
        path = ("not_agreed", key)
        if key not in known.names:
            document.report(path, f"unknown demand {quote(key)}", known.hint(key), key=True)
        elif having := of_others.get(key):
            message = f"{key} is not agreed, and the estate has {_some(having)}"
            document.report(path, message, "remove it: that host is what the others are held against", key=True)
        elif _states(baseline, key):
            place = document.locate(key.split("."))[0]
            message = f"{key} is stated at line {place} and not agreed here"
            document.report(path, message, "keep one of the two", key=True)


def _states(baseline: Mapping[str, Any], key: str) -> bool:
    value: Any = baseline
    for part in key.split("."):
        value = table(value).get(part)
    return value is not None
