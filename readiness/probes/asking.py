"""What the scripts for a host may be made from: the arguments of a script follow from this alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from readiness.estate import Host
from readiness.products.models import FAMILIES, Product, Role


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

    def units(self) -> tuple[str, ...]:
        """The units of its roles' services."""
        return self._of_roles(Role.services_for)

    def places(self) -> tuple[str, ...]:
        """The files and folders of which the catalogue knows whose they should be."""
        if self.host.os == "windows":
            return _sorted(place.path for _, role in self.roles for place in role.windows_places)
        return self._of_roles(lambda role, family: (place.path for place in role.places_for(family)))

    def accounts(self) -> tuple[str, ...]:
        """The accounts that its roles' services run as."""
        return self._of_roles(lambda role, family: filter(None, [role.account_for(family)]))

    def certificate_folders(self) -> tuple[str, ...]:
        """The folders in which its products keep certificates."""
        return _sorted(path for product in self.products for path in product.certificate_folders_on(self.host.os))

    def configuration_files(self, product: Product) -> tuple[str, ...]:
        """The configuration files of its roles of this product."""
        return self._of_roles(Role.configuration_for, product)

    def _of_roles(self, names: Callable[[Role, str], Iterable[str]], product: Product | None = None) -> tuple[str, ...]:
        """These names of its roles, or of those of a product, for each family of systems that the host may be of.

        Which Linux it is shows on the host only.
        """
        families = [family for family in FAMILIES if (family == "windows") == (self.host.os == "windows")]
        roles = [role for owner, role in self.roles if product is None or owner is product]
        return _sorted(name for role in roles for family in families for name in names(role, family))


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))
