"""What an estate may name: roles and accounts of the catalogue, transports, and what the estate itself declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from readiness.estate import texts
from readiness.yaml_text.document import Document, Path, quote
from readiness.yaml_text.known import Known
from readiness.yaml_text.references import NameOf, References

Group = Annotated[texts.Name, NameOf("group")]
Zone = Annotated[texts.Name, NameOf("zone")]
HostRef = Annotated[texts.Name, NameOf("host")]
Account = Annotated[texts.User, NameOf("account", "no role has an account of its own called")]
RoleOfProduct = Annotated[texts.RoleOfProduct, NameOf("role")]
Transport = Annotated[texts.Name, NameOf("transport")]


@dataclass(frozen=True, slots=True)
class Names:
    """What the catalogue of products and the transports know, as far as an estate can misspell it.

    `roles` are the roles by product; `related` are (product, role, other role) that a version rule compares;
    `accounts` are the roles' own on Linux; `transports` are the systems that each transport serves, in the order
    of preference; `command_transports` can run single commands, as users' tests do; `named` are (product, role) that
    a server's configuration has resources for; `opened` are by product the directives whose values leave a host, as
    they are written by their one spelling.
    """

    roles: Mapping[str, frozenset[str]]
    related: frozenset[tuple[str, str, str]]
    transports: Mapping[str, frozenset[str]]
    accounts: frozenset[str] = frozenset()
    command_transports: frozenset[str] = frozenset({"ssh"})
    named: frozenset[tuple[str, str]] = frozenset()
    opened: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def transport_for(self, system: str) -> str:
        """The first transport that serves the system; empty where there is none."""
        return next((name for name, systems in self.transports.items() if system in systems), "")


def references(names: Names, estate: Document | None) -> References:
    """The names that exist, by kind; of what the estate declares, those that can be read."""
    roles = [f"{product}.{role}" for product, own in names.roles.items() for role in own]
    known = {
        "account": Known(names.accounts, "accounts"),
        "role": Known(roles, "roles"),
        "transport": Known(names.transports, "transports"),
    }
    for kind in ("zone", "group", "host"):
        declared = estate.keys(f"{kind}s") if estate is not None else None
        if declared is not None:
            known[kind] = Known(declared, f"{kind}s")
    return known


class Roles:
    """The roles of the catalogue's products, with hints for words that are near them."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._products = Known(names.roles, "products")
        self._roles = {product: Known(roles, f"roles of {product}") for product, roles in names.roles.items()}
        self._together: dict[frozenset[str], Known | None] = {}

    def of_all(self, products: frozenset[str]) -> Known | None:
        """The roles of some products together; None when one of them is unknown, which is reported elsewhere."""
        if products not in self._together:
            roles = {role for product in products & self._roles.keys() for role in self._names.roles[product]}
            known = Known(roles, "roles of its products") if products <= self._roles.keys() else None
            self._together[products] = known
        return self._together[products]

    def check(self, document: Document, path: Path, products: Mapping[str, Iterable[tuple[str | int, str]]]) -> None:
        """Report products and roles that the catalogue does not have; each role comes with its key or index."""
        for product, roles in products.items():
            if product not in self._roles:
                message = f"unknown product {quote(product)}"
                document.report((*path, product), message, self._products.hint(product), key=True)
                continue
            known = self._roles[product]
            for at, role in roles:
                if role not in known.names:
                    message = f"unknown role {quote(role)} of {product}"
                    document.report((*path, product, at), message, known.hint(role), key=isinstance(at, str))
