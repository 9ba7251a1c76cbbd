"""What the arguments of a host's scripts may rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from readiness.estate import Host
from readiness.products import Product, Role


@dataclass(frozen=True, slots=True)
class Asking:
    """One host, its roles with their products, and what the estate has agreed or declared about it.

    `peers` are the hosts that it talks to, `space_paths` those that the baseline wants space at, `windows` its last
    backup windows, or those of its cluster's nodes, as start and end with the margin around them.
    """

    host: Host
    roles: tuple[tuple[Product, Role], ...] = ()
    peers: tuple[Host, ...] = ()
    space_paths: tuple[str, ...] = ()
    windows: tuple[tuple[datetime, datetime], ...] = ()

    @property
    def products(self) -> tuple[Product, ...]:
        """The products of its roles, each once."""
        return tuple({product.product: product for product, _ in self.roles}.values())

    def families(self, known: Iterable[str]) -> Iterator[str]:
        """Those that the host may be of: which Linux it is shows on the host only."""
        return (family for family in known if (family == "windows") == (self.host.os == "windows"))

    def units(self) -> tuple[str, ...]:
        """The units of its roles' services."""
        return _sorted(
            unit for _, role in self.roles for family in self.families(role.services) for unit in role.services[family]
        )

    def places(self) -> tuple[str, ...]:
        """The files and folders of which the catalogue knows whose they should be."""
        if self.host.os == "windows":
            return _sorted(entry.path for _, role in self.roles for entry in role.windows_places)
        return _sorted(
            entry.path
            for _, role in self.roles
            for family in self.families(role.places)
            for entry in role.places_for(family)
        )

    def accounts(self) -> tuple[str, ...]:
        """The accounts that its roles' services run as."""
        return _sorted(
            role.users[family].name
            for _, role in self.roles
            for family in role.users
            if family in self.families(role.users)
        )

    def certificate_folders(self) -> tuple[str, ...]:
        """The folders in which its products keep certificates."""
        return _sorted(path for product in self.products for path in product.certificate_folders_on(self.host.os))

    def configuration_files(self, product: Product) -> tuple[str, ...]:
        """The configuration files of its roles of this product."""
        return _sorted(
            path
            for owner, role in self.roles
            if owner is product
            for family in self.families(role.configuration)
            for path in role.configuration_for(family)
        )


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))
