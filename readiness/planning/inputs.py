"""All that a run rests on, from the estate's files and the catalogue, or from a run that was saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from readiness import products
from readiness.configs import SYSTEMS
from readiness.estate import Baseline, Estate, Host, LoadedEstate, Names, load, load_bytes
from readiness.products import Catalogue
from readiness.products.models import Product, Role
from readiness.transports import TRANSPORTS

CATALOGUE = "products/"


@dataclass(frozen=True)
class Inputs:
    """All that planning and judging rest on: `as_of` is the run's own time in UTC, `files` the bytes as read."""

    estate: Estate
    baseline: Baseline
    catalogue: Catalogue
    as_of: datetime
    files: Mapping[str, bytes]

    @cached_property
    def peers(self) -> Mapping[str, tuple[Host, ...]]:
        """By host, those that it uses and those that use it, in the estate's order."""
        hosts = self.estate.hosts
        names: dict[str, set[str]] = {name: set() for name in hosts}
        for host in hosts.values():
            for used in (hosts.keys() & host.uses.values()) - {host.name}:
                names[host.name].add(used)
                names[used].add(host.name)
        order = {name: number for number, name in enumerate(hosts)}
        return {name: tuple(hosts[peer] for peer in sorted(own, key=order.__getitem__)) for name, own in names.items()}

    @cached_property
    def roles(self) -> Mapping[tuple[str, str, str], RoleOnHost]:
        """Every role of every product on every host, by the names of host, product and role."""
        products = self.catalogue.products
        return {
            (host.name, name, role): RoleOnHost(host, products[name], products[name].roles[role])
            for host in self.estate.hosts.values()
            for name, own in host.products.items()
            for role in own
        }


@dataclass(frozen=True, slots=True)
class RoleOnHost:
    """One role of one product on one host."""

    host: Host
    product: Product
    role: Role

    @property
    def id(self) -> str:
        """`host/product.role`, unique in the estate."""
        return f"{self.host.name}/{self.product.product}.{self.role.name}"


def inputs_of(estate_folder: Path, as_of: datetime) -> Inputs:
    """The inputs as the estate's files and the shipped catalogue state them now; InputError with every mistake."""
    catalogue = products.load(SYSTEMS)
    return _inputs(load(estate_folder, names_of(catalogue), as_of), catalogue, as_of)


def inputs_again(files: Mapping[str, bytes], as_of: datetime) -> Inputs:
    """The inputs of a saved run from its files as they were read then, the catalogue's included."""
    catalogue = products.load_bytes(
        {name.removeprefix(CATALOGUE): data for name, data in files.items() if name.startswith(CATALOGUE)}, SYSTEMS
    )
    estate = {name: data for name, data in files.items() if not name.startswith(CATALOGUE)}
    return _inputs(load_bytes(estate, names_of(catalogue), as_of), catalogue, as_of)


def names_of(catalogue: products.Catalogue) -> Names:
    """What an estate may name."""
    roles = [role for product in catalogue.products.values() for role in product.roles.values()]
    rules = [(name, rule) for name, product in catalogue.products.items() for rule in product.version_rules]
    return Names(
        roles={name: frozenset(product.roles) for name, product in catalogue.products.items()},
        related=frozenset((name, rule.role, rule.other) for name, rule in rules if rule.other),
        transports={name: frozenset(kind.systems) for name, kind in TRANSPORTS.items()},
        accounts=frozenset(account for role in roles for account in role.own_accounts()),
        command_transports=frozenset(kind.name for kind in TRANSPORTS.values() if kind.runs_commands),
        named=frozenset((name, peer.other) for name, own in catalogue.products.items() for peer in own.peers),
        opened={name: product.opened() for name, product in catalogue.products.items()},
    )


def _inputs(loaded: LoadedEstate, catalogue: products.Catalogue, as_of: datetime) -> Inputs:
    kept = {
        f"{CATALOGUE}{name}": data for name, data in catalogue.files.items()
    }  # of unused ones, too: they are looked for
    return Inputs(loaded.estate, loaded.baseline, catalogue, as_of, {**loaded.files, **kept})


def with_limits(inputs: Inputs, *, jobs: int | None, deadline_s: float | None) -> Inputs:
    """The inputs with what the command line says about speed, which takes no part in judging."""
    estate = inputs.estate
    if jobs is not None:
        estate = estate.model_copy(update={"jobs": jobs})
    if deadline_s is not None:
        limits = replace(
            estate.limits,
            run_s=deadline_s,
            host_s=min(estate.limits.host_s, deadline_s),
            probe_s=min(estate.limits.probe_s, deadline_s),
        )
        estate = estate.model_copy(update={"limits": limits})
    return replace(inputs, estate=estate)
