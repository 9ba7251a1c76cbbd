"""What a product's file may say: strict, frozen models; every value with the source it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from readiness.core.text import canonical
from readiness.products.directives import (
    CertificateDirective,
    ClusterDirective,
    OfResources,
    OpenDirectives,
    Peer,
    SafeDirective,
    SecretDirective,
)
from readiness.yaml_text.models import Strict
from readiness.yaml_text.sources import Sourced, WithSources

Family = Literal["debian", "redhat", "windows"]
FAMILIES: tuple[Family, ...] = get_args(Family)
RuleKind = Literal["eq", "ge", "max_lag", "min", "same_series"]

# pydantic's `$` is the very end of the text.
_NAME = r"^[a-z][a-z0-9_-]*$"
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")
_UNIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9:_.@-]*\.(?:service|socket|timer)")
_ABSOLUTE = re.compile(r"/[A-Za-z0-9/+._-]*")
# On Windows a package is the display name of its uninstall entry, whole or, with a star at its end, its beginning.
_TITLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ()+._-]*\*?")
_SERVICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .-]*")
_ABSOLUTE_WINDOWS = re.compile(r"[A-Z]:\\[A-Za-z0-9\\ ()+._-]*")


class PackageChoice(Sourced):
    """One package that a role needs; where one of several serves (database back-ends), `names` lists them all."""

    names: tuple[str, ...] = Field(min_length=1)

    @property
    def name(self) -> str:
        """The first name."""
        return self.names[0]


class Units(Sourced):
    """The systemd units of a role's daemons, or the services of Windows, by the name to ask for."""

    units: tuple[str, ...] = Field(min_length=1)


class Paths(Sourced):
    """Files by their absolute path."""

    paths: tuple[str, ...] = Field(min_length=1)


class Place(Sourced):
    """A file or folder, who may own it, and the most rights that its mode may give, in octal."""

    path: str
    owners: tuple[str, ...] = Field(min_length=1)
    groups: tuple[str, ...] = Field(min_length=1)
    mode: str = Field(pattern=r"^[0-7]{3,4}$")

    @property
    def mode_bits(self) -> int:
        """The mode as a number."""
        return int(self.mode, 8)


class WindowsPlace(Sourced):
    """A file or folder of a Windows host that only administrators may change; a `private` one only they may read."""

    path: str
    owners: tuple[Literal["Administrators", "SYSTEM", "TrustedInstaller"], ...] = Field(min_length=1)
    private: bool = False


class Ports(Sourced):
    """The TCP ports that a role's daemons listen on unless their configuration says otherwise."""

    tcp: tuple[Annotated[int, Field(ge=1, le=65_535)], ...] = Field(min_length=1)


class User(Sourced):
    """The account that a role's daemons run as."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")


class Role(Strict):
    """What a host does for the product; the first package of a family carries the role's version."""

    name: str = Field(pattern=_NAME)
    title: str = Field(min_length=1)
    packages: Mapping[Family, tuple[PackageChoice, ...]] = Field(min_length=1)
    units: Mapping[Family, Units] = Field(default={}, alias="services")
    programs: Mapping[Family, Paths] = {}
    configuration: Mapping[Family, Paths] = {}
    users: Mapping[Family, User] = {}
    ports: Ports | None = None
    places: Mapping[Literal["debian", "redhat"], tuple[Place, ...]] = {}
    windows_places: tuple[WindowsPlace, ...] = ()

    @model_validator(mode="after")
    def _names_are_names(self) -> Role:
        """What goes into a script's arguments is a package's, a unit's or a file's name, never an option."""
        for family in FAMILIES:
            windows = family == "windows"
            places = self.windows_places if windows else self.places_for(family)
            paths = (*(place.path for place in places), *self.programs_for(family), *self.configuration_for(family))
            for pattern, texts in (
                (_TITLE if windows else _PACKAGE, self.package_names(family)),
                (_SERVICE if windows else _UNIT, self.services_for(family)),
                (_ABSOLUTE_WINDOWS if windows else _ABSOLUTE, paths),
            ):
                if wrong := [text for text in texts if not pattern.fullmatch(text)]:
                    raise ValueError(f"not a name of its kind: {', '.join(wrong)}")
        if empty := [family for family, choices in self.packages.items() if not choices]:
            raise ValueError(f"no package for the {empty[0]} family; leave the family out")
        return self

    def configuration_for(self, family: str) -> tuple[str, ...]:
        """The configuration files on hosts of this family; empty where the catalogue knows none."""
        return next((files.paths for name, files in self.configuration.items() if name == family), ())

    def packages_for(self, family: str) -> tuple[PackageChoice, ...]:
        """The packages on hosts of this family; empty where the catalogue knows none."""
        return next((choices for name, choices in self.packages.items() if name == family), ())

    def package_names(self, family: str) -> tuple[str, ...]:
        """Every name of those packages."""
        return tuple(name for choice in self.packages_for(family) for name in choice.names)

    def services_for(self, family: str) -> tuple[str, ...]:
        """The units on hosts of this family; empty where the catalogue knows none."""
        return next((entry.units for name, entry in self.units.items() if name == family), ())

    def places_for(self, family: str) -> tuple[Place, ...]:
        """The files and folders on hosts of this family; empty where the catalogue knows none."""
        return next((places for name, places in self.places.items() if name == family), ())

    def account_for(self, family: str) -> str | None:
        """The account of the daemons on hosts of this family; None where the catalogue knows none."""
        return next((user.name for name, user in self.users.items() if name == family), None)

    def own_accounts(self) -> frozenset[str]:
        """The accounts on Linux that are the daemons' own, which root is not."""
        return frozenset(user.name for family, user in self.users.items() if family != "windows") - {"root"}

    def programs_for(self, family: str) -> tuple[str, ...]:
        """The paths of the programs on hosts of this family; empty where the catalogue knows none."""
        return next((files.paths for name, files in self.programs.items() if name == family), ())


class VersionRule(Sourced):
    """A rule about the version of `role`, held against that of the host of the role `other` which it uses.

    `eq`: the same version. `ge`: the other is not older. `max_lag`: at most `n` `unit`s behind the other. `min`: at
    least `version`, no other. `same_series`: the same series. `parts` says how many parts of the upstream version
    count, all when it is left out.
    """

    rule: RuleKind
    role: str
    other: str | None = None
    parts: int | None = Field(default=None, ge=1, le=6)
    n: int | None = Field(default=None, ge=0)
    unit: Literal["major", "minor"] | None = None
    version: str | None = Field(default=None, pattern=r"^[0-9]+(\.[0-9]+)*$")
    severity: Literal["blocker", "major", "minor"]
    why: str = Field(min_length=1)

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> VersionRule:
        """A rule of each kind has its own terms and no others."""
        needs = {"max_lag": {"other", "n", "unit"}, "min": {"version"}, "same_series": {"other", "parts"}}
        may = {"eq": {"parts"}, "ge": {"parts"}}.get(self.rule, set())
        needed = needs.get(self.rule, {"other"})
        given = {name for name in ("other", "parts", "n", "unit", "version") if getattr(self, name) is not None}
        if lacks := sorted(needed - given):
            raise ValueError(f"a rule {self.rule} needs {', '.join(lacks)}")
        if strange := sorted(given - needed - may):
            raise ValueError(f"a rule {self.rule} has no {', '.join(strange)}")
        return self


class Format(Sourced):
    """The language of the product's configuration files, which a reader in `configs/` knows."""

    name: str = Field(pattern=_NAME)


class Product(WithSources):
    """One product of the catalogue."""

    product: str = Field(pattern=_NAME)
    title: str = Field(min_length=1)
    roles: Mapping[str, Role] = Field(min_length=1)
    version_rules: tuple[VersionRule, ...] = ()
    open_directives: tuple[OpenDirectives, ...] = ()
    certificate_directives: tuple[CertificateDirective, ...] = ()
    secret_directives: tuple[SecretDirective, ...] = ()
    safe_directives: tuple[SafeDirective, ...] = ()
    configuration_format: Format | None = None
    include_folders: Paths | None = None
    certificate_folders: Paths | None = None
    peers: tuple[Peer, ...] = ()
    same_on_cluster_nodes: tuple[ClusterDirective, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _roles_carry_their_name(cls, data: Any) -> Any:
        """A role's key is its name; one that also writes `name` is refused by `_role_names_are_keys`."""
        if not isinstance(data, dict) or not isinstance(data.get("roles"), dict):
            return data
        roles = {key: {"name": key, **role} if isinstance(role, dict) else role for key, role in data["roles"].items()}
        return {**data, "roles": roles}

    @model_validator(mode="after")
    def _folders_are_absolute(self) -> Product:
        both = (self.include_folders, self.certificate_folders)
        folders = [path for entry in both if entry for path in entry.paths]
        if wrong := [path for path in folders if not (_ABSOLUTE.fullmatch(path) or _ABSOLUTE_WINDOWS.fullmatch(path))]:
            raise ValueError(f"not a folder's path: {', '.join(wrong)}")
        return self

    def certificate_folders_on(self, system: str) -> tuple[str, ...]:
        """The folders of certificates on hosts of this system, `windows` or another one."""
        paths = self.certificate_folders.paths if self.certificate_folders else ()
        return tuple(path for path in paths if (path[0] != "/") == (system == "windows"))

    @model_validator(mode="after")
    def _role_names_are_keys(self) -> Product:
        if wrong := [key for key, role in self.roles.items() if role.name != key]:
            raise ValueError(f"the role {wrong[0]} is named by its key")
        return self

    def opened(self) -> Mapping[str, str]:
        """Every directive whose value leaves a host, `Resource.Directive` as the file has it by its one spelling."""
        return {key: name for key, (name, _) in self.leaving.items()}

    @cached_property
    def leaving(self) -> Mapping[str, tuple[str, str]]:
        """The same, each with the shape in which it leaves."""
        entries: list[tuple[OfResources, tuple[str, ...], str]] = [
            (entry, entry.directives, entry.shape) for entry in self.open_directives
        ]
        entries += [(entry, (entry.directive,), "path") for entry in self.certificate_directives]
        names = [(f"{kind}.{name}", shape) for entry, own, shape in entries for kind in entry.resources for name in own]
        return {canonical(name): (name, shape) for name, shape in names}

    def adds_up(self, resource: str, directive: str) -> bool:
        """Whether a directive that is stated again in a resource of this kind adds to what stands there."""
        key = canonical(f"{resource}.{directive}")
        return any(entry.adds_up and key in entry.keys_of(*entry.directives) for entry in self.open_directives)

    def peers_of(self, role: str) -> tuple[Peer, ...]:
        """How other roles' configurations name hosts of this role."""
        return tuple(peer for peer in self.peers if peer.other == role)

    def rules_for(self, role: str) -> tuple[VersionRule, ...]:
        """The version rules that are about this role."""
        return tuple(rule for rule in self.version_rules if rule.role == role)
