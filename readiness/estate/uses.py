"""Which host each host uses for a role: as stated, or derived where the estate has only one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from readiness.estate.hosts import Host, Hosts
from readiness.estate.names import Names, Roles
from readiness.yaml_text.document import Document, quote

# Host names in order, by product and role; a mapping because an estate has thousands and each is looked up.
Holders = Mapping[tuple[str, str], Mapping[str, None]]


def holders_of(hosts: Hosts) -> Holders:
    """The hosts that hold a product's role."""
    holders: dict[tuple[str, str], dict[str, None]] = {}
    for name, host in hosts.items():
        for product, roles in host.products.items():
            for role in roles:
                holders.setdefault((product, role), {})[name] = None
    return holders


def few(names: Iterable[str], limit: int = 5) -> str:
    """The first names in one line."""
    first = list(islice(names, limit + 1))
    return ", ".join(first[:limit]) + (", ..." if len(first) > limit else "")


def effective_uses(host: Host, holders: Holders, names: Names) -> tuple[Mapping[str, str], list[tuple[str, str, str]]]:
    """The uses as stated, completed where the estate has one host with the role; and (role, message, hint) if not."""
    uses = dict(host.uses)
    problems: list[tuple[str, str, str]] = []
    for product, role in _needed(host, names):
        candidates = holders.get((product, role), {})
        if role not in uses:
            if len(candidates) > 1:
                message = f"it is not said which {product} {role} this host uses"
                problems.append((role, message, f"write uses: {{{role}: ...}}, one of {few(candidates)}"))
            elif candidates:
                uses[role] = next(iter(candidates))
        elif candidates and uses[role] not in candidates and _holds(uses[role], role, host, holders):
            message = f"the {role} {quote(uses[role])} is none of {product}"
            problems.append((role, message, f"this version knows one {role} a host: split the products"))
    return uses, problems


def _needed(host: Host, names: Names) -> list[tuple[str, str]]:
    """The (product, other role) that version rules compare this host's roles with, in a fixed order."""
    products = host.products
    return sorted({(product, other) for product, role, other in names.related if role in products.get(product, ())})


def _holds(used: str, role: str, host: Host, holders: Holders) -> bool:
    """Whether a host holds the role of one of this host's products."""
    return any(used in holders.get((product, role), ()) for product in host.products)


def check_uses(document: Document, hosts: Hosts, names: Names) -> None:
    """Report products and roles that do not exist, and uses of hosts that do not hold the role."""
    catalogue, holders = Roles(names), holders_of(hosts)
    for name, host in hosts.items():
        path = ("hosts", name)
        catalogue.check(document, (*path, "products"), {key: enumerate(own) for key, own in host.products.items()})
        incomplete = document.is_incomplete((*path, "products"))
        roles = None if incomplete else catalogue.of_all(frozenset(host.products))
        for role, used in host.uses.items():
            at = (*path, "uses", role)
            readable = used in hosts and not document.is_incomplete(("hosts", used, "products"))
            if roles is not None and role not in roles.names:
                document.report(at, f"unknown role {quote(role)}", roles.hint(role), key=True)
            elif roles is not None and readable and not _holds(used, role, host, holders):
                message = f"the host {quote(used)} does not hold the role {role}"
                document.report(at, message, _having(role, host, holders))
        if not document.is_incomplete((*path, "uses")):
            for role, message, hint in effective_uses(host, holders, names)[1]:
                document.report((*path, "uses", role), message, hint)


def _having(role: str, host: Host, holders: Holders) -> str:
    having = next((hosts for product in host.products if (hosts := holders.get((product, role)))), {})
    return f"held by {few(having)}" if having else f"no host holds the role {role}"
