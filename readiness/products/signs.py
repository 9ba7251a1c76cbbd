"""What shows that a host has a role, whatever the estate says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from readiness.products.models import FAMILIES, Role


@dataclass(frozen=True, slots=True)
class Signs:
    """The packages, units and programs of a role on hosts of one system, by the names to look for."""

    packages: tuple[str, ...]
    units: tuple[str, ...]
    programs: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether the catalogue knows anything to look for."""
        return bool(self.packages or self.units or self.programs)


def signs_of(role: Role, system: str, declared: Iterable[Role] = ()) -> Signs:
    """The signs of a role on hosts of a system, `windows` or another one, beside those that are `declared`.

    Of all the system's families, since which it is shows on the host only. What a declared role has, too, is no sign of
    another one. The first package makes the role; the others may come with other packages, as libraries do.
    """

    def first_packages(family: str) -> tuple[str, ...]:
        return tuple(name for choice in role.packages_for(family)[:1] for name in choice.names)

    families = [family for family in FAMILIES if (family == "windows") == (system == "windows")]
    others = tuple(declared)

    def names(own: Callable[[str], Iterable[str]], theirs: Callable[[Role, str], Iterable[str]]) -> tuple[str, ...]:
        wanted = dict.fromkeys(name for family in families for name in own(family))
        taken = {name for other in others for family in families for name in theirs(other, family)} if wanted else ()
        return tuple(name for name in wanted if name not in taken)

    return Signs(
        packages=names(first_packages, Role.package_names),
        units=names(role.services_for, Role.services_for),
        programs=names(role.programs_for, Role.programs_for),
    )
