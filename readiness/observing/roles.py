"""What hosts show of the demands on the roles of products, and on groups of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from readiness.configs.model import Resource, same_value
from readiness.core.evaluate import not_applicable, unknown
from readiness.core.facts import Facts
from readiness.core.text import canonical
from readiness.observing.observer import Asked, Observer
from readiness.planning.inputs import RoleOnHost
from readiness.planning.targets import (
    each_role,
    has_account,
    has_service,
    is_configured,
    the_estate,
)
from readiness.probes.configuration import Configuration
from readiness.probes.packages import Packages
from readiness.probes.rights import Rights
from readiness.probes.system import OsRelease
from readiness.probes.units import OpenFiles
from readiness.rules import versions

NO_LOGIN = frozenset({"nologin", "false"})
# What differs from host to host by its nature, names and addresses, and free lists are not proposed.
_SHAPES = frozenset({"number", "path", "switch", "word"})


def is_linux_daemon(own: RoleOnHost) -> bool:
    """Whether it runs a service on a Linux host."""
    return has_service(own) and own.host.os == "linux"


def _version(asked: Asked) -> str:
    return _version_of(asked.role, asked.facts).upstream


def _version_of(own: RoleOnHost, facts: Facts) -> versions.Version:
    """The version of the role's first package."""
    return _versions(own, facts)[0][1]


def _versions(own: RoleOnHost, facts: Facts) -> list[tuple[str, versions.Version]]:
    """Name and version of each of the role's packages."""
    family = facts.need(OsRelease).family
    choices = own.role.packages_for(family)
    if not choices:
        unknown(f"the catalogue names no package of {own.role.name} for the {family} family")
    packages, found = facts.need(Packages), []
    for choice in choices:
        installed = [package for name in choice.names for package in packages.called(name)]
        if len(installed) != 1:
            unknown(f"{len(installed)} versions of {' or '.join(choice.names)} on {own.host.name}")
        found.append((installed[0].name, versions.Version.parse(installed[0].version, family)))
    return found


def _left_behind(asked: Asked) -> Iterator[str]:
    first, *others = _versions(asked.role, asked.facts)
    for name, version in others:
        if version.upstream != first[1].upstream:
            yield f"{name} is of version {version}"


def _groups_of_one_version(asked: Asked) -> list[str]:
    """The groups of the estate with several members whose products' versions are the same."""
    groups = [group for group in asked.inputs.estate.groups if len(_members(asked, group)) > 1] if asked.inputs else []
    found = [group for group in groups if all(len(set(own)) == 1 for own in _by_role(asked, group).values())]
    return found or not_applicable(
        "no group of several hosts has one version" if groups else "the estate has no group of several hosts"
    )


def _members(asked: Asked, group: str) -> list[RoleOnHost]:
    return [own for own in asked.roles.values() if group in own.host.groups]


def _by_role(asked: Asked, group: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for own in _members(asked, group):
        version = _version_of(own, asked.facts.of(own.host.name))
        found.setdefault(f"{own.product.product}.{own.role.name}", []).append(version.upstream)
    return found


def _open_files(asked: Asked) -> int:
    """The least that one of the role's daemons may have open."""
    units = asked.role.role.services_for(asked.facts.need(OsRelease).family)
    limits = asked.facts.need(OpenFiles).limits
    own = [limits[unit] for unit in units if unit in limits]
    if not own or 0 in own:
        unknown(f"no daemon of {asked.role.role.name} runs")
    least = min((limit for limit in own if limit is not None), default=None)
    return not_applicable("unlimited, which meets any demand") if least is None else least


def _account(asked: Asked) -> tuple[str, str]:
    """The role's account and its shell; no name where the account is root's, which no role has for its own."""
    name = asked.role.role.account_for(asked.facts.need(OsRelease).family)
    if name is None or name not in asked.role.role.own_accounts():
        return "", ""
    shell = asked.facts.need(Rights).shells.get(name)
    return name, shell or unknown(f"there is no account {name}")


def _without_shell(asked: Asked) -> list[str]:
    name, shell = _account(asked)
    return [name] if shell.rpartition("/")[2] in NO_LOGIN else []


def _with_shell(asked: Asked) -> Iterator[str]:
    name, shell = _account(asked)
    if name and shell.rpartition("/")[2] not in NO_LOGIN:
        yield f"{name} has the login shell {shell}"


def _resources(asked: Asked) -> list[Resource]:
    """All resources of the role's files; UNKNOWN unless they were read wholly."""
    own, family = asked.role, asked.facts.need(OsRelease).family
    files = asked.facts.need(Configuration).files
    found = [files[path] for path in own.role.configuration_for(family) if path in files]
    if not found or any(file.is_absent or file.unread for file in found):
        unknown(f"the configuration of {own.id} was not read wholly")
    return [resource for file in found for resource in file.resources]


def _directives(asked: Asked) -> dict[str, str]:
    """The directives that say the same in every resource of their kind, and may leave a host."""
    by_kind: dict[str, list[Resource]] = {}
    for resource in _resources(asked):
        by_kind.setdefault(resource.kind, []).append(resource)
    product, found = asked.role.product, {}
    for kind, own in by_kind.items():
        for name in dict.fromkeys(entry.name for entry in own[0].directives):
            spelling, shape = product.leaving.get(f"{kind}.{name}", ("", ""))
            if shape in _SHAPES and (value := _in_every(own, name, adds_up=product.adds_up(kind, name))):
                found[spelling] = value
    return dict(sorted(found.items()))


def _in_every(resources: list[Resource], name: str, *, adds_up: bool) -> str | None:
    """A directive's value as CFG-006 compares it; None where one does not state it, or another, or kept it."""
    first: str | None = None
    for resource in resources:
        own = resource.every(name) if adds_up else resource.every(name)[-1:]
        texts = [entry.value for entry in own if entry.value is not None]
        value = ", ".join(texts)
        if not own or len(texts) < len(own) or not same_value(value, value if first is None else first):
            return None
        first = first or value
    return first


def _unsafe_directives(asked: Asked) -> Iterator[str]:
    """What the product's catalogue entry holds for unsafe, stated so or by default."""
    resources = _resources(asked)
    for entry in asked.role.product.safe_directives:
        kinds = {canonical(kind): kind for kind in entry.resources}
        for resource in resources:
            if resource.kind in kinds and (flaw := _flaw(entry.directive, entry.default, resource, entry.safe)):
                yield f"{kinds[resource.kind]}: {flaw}: {entry.why}"


def _flaw(directive: str, default: str, resource: Resource, safe: tuple[str, ...]) -> str:
    stated = resource.get(directive)
    value = default if stated is None else stated.value
    if value is None:
        return f"{directive} was not told"
    if any(same_value(value, wanted) for wanted in safe):
        return ""
    return f"{directive} {value}" + (" by default" if stated is None else "")


OBSERVERS: Mapping[str, Observer] = {
    "versions": Observer(_version, (Packages, OsRelease), each_role(), flaws=_left_behind),
    "same_version_groups": Observer(_groups_of_one_version, (Packages, OsRelease), the_estate),
    "host.min_open_files": Observer(_open_files, (OpenFiles, OsRelease), each_role(is_linux_daemon)),
    "no_login_shell": Observer(_without_shell, (Rights, OsRelease), each_role(has_account), flaws=_with_shell),
    "configuration": Observer(
        _directives, (Configuration, OsRelease), each_role(is_configured), flaws=_unsafe_directives, by_entry=True
    ),
}
