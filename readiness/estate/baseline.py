"""The file baseline.yaml: what was agreed, for all hosts, by group and by host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, ClassVar

from pydantic import PrivateAttr

from readiness.estate import texts
from readiness.estate.clock import Clock
from readiness.estate.demands import Demand, NotAgreed, Section, demand, demands_in, leaf, value_at
from readiness.estate.hosts import Host, Hosts
from readiness.estate.listening import Listening
from readiness.estate.machines import Machines, OperatingSystem, Sudo, Windows
from readiness.estate.names import Account, Group, HostRef
from readiness.estate.space import SpaceDemand
from readiness.yaml_text.known import Known
from readiness.yaml_text.models import Strict, stated
from readiness.yaml_text.shapes import ListOf, MappingOf, V

_ByRole = MappingOf[texts.Name, MappingOf[texts.Name, V]]


class Demands(Section):
    """What was agreed for all hosts, for a group or for a host."""

    operating_systems: ListOf[OperatingSystem] | None = demand(
        "The releases that were agreed on.", example='[{id: debian, version: "12"}]'
    )
    versions: _ByRole[texts.Version] | None = demand(
        "The version of each role's packages, by product.", example='{bacula: {director: "9.6.7"}}', by_role=True
    )
    same_version_groups: ListOf[Group] | None = demand(
        "Groups whose hosts have one version.", example="[clients]", of_the_estate=True
    )
    clock: Clock | None = stated("Clocks.", None, example="{max_offset_s: 1.0}")
    listening: Listening | None = stated("Listening ports.", None, example="{also: []}")
    host: Machines | None = stated("The hosts themselves.", None, example="{min_memory_bytes: 4294967296}")
    sshd: MappingOf[texts.Keyword, texts.Line] | None = demand(
        "The settings that sshd goes by.", example='{PermitRootLogin: "no"}'
    )
    sudo: Sudo | None = stated("What the login may do as root.", None, example="{also: []}")
    space: ListOf[SpaceDemand] | None = demand(
        "What must be left in filesystems.",
        example="[{path: /var/lib/bacula, min_free_percent: 10, min_free_inodes_percent: 5}]",
    )
    windows: Windows | None = stated("Windows hosts.", None, example='{tls_min: "1.2"}')
    no_login_shell: ListOf[Account] | None = demand(
        "Accounts of the products that nobody may log in as.", example="[bacula]"
    )
    configuration: _ByRole[MappingOf[texts.DirectiveName, texts.Line]] | None = demand(
        "The value of each Resource.Directive, by product and role.",
        example='{bacula: {client: {FileDaemon.TLS Require: "yes"}}}',
        by_role=True,
    )
    not_agreed: dict[str, NotAgreed] = stated(
        "Demands that it was agreed not to state, each with the reason, who agreed to it and when; also "
        "hosts.PRODUCT.ROLE that are elsewhere, roles.PRODUCT.ROLE that hosts may have undeclared, and "
        "peers.PRODUCT.ROLE.NAME that are not in the estate, NAME with `*` for several.",
        {},
        example='{same_version_groups: {reason: "own patch day", by: "J. Doe", day: 2026-11-24, until: 2026-12-31}}',
    )

    def statement(self, key: str) -> Any:
        """What this section says of a demand: its value, NotAgreed, or None where it says nothing."""
        return self.not_agreed.get(key) or value_at(self, key)

    def statements(self) -> dict[str, Any]:
        """Everything that this section says, by the demand's key."""
        values: dict[str, Any] = {}
        for key, kind in demands().items():
            value = value_at(self, key)
            if value is not None and kind.by_role:
                values |= {
                    f"{key}.{product}.{role}": entry
                    for product, roles in value.items()
                    for role, entry in roles.items()
                }
            elif value is not None:
                values[key] = value
        return {**values, **self.not_agreed}


class Agreement(Strict):
    """Who agreed on all of it, and on which day; `readiness propose` leaves it to be filled in."""

    by: texts.Words = stated("Who agreed on what stands in this file.", example="backup board")
    day: texts.Day = stated("On which day.", example='"2026-11-24"')


class Baseline(Demands):
    """The file baseline.yaml: what is stated for a host comes before its groups', and that before what is for all."""

    may_be_empty: ClassVar[bool] = True

    agreed: Agreement | None = stated(
        "Who agreed on it, and when; once it stands there it must be filled in.",
        None,
        example='{by: backup board, day: "2026-11-24"}',
    )
    groups: dict[Group, Demands] = stated(
        "What was agreed for the hosts of a group.", {}, example="{clients: {clock: {max_offset_s: 5.0}}}"
    )
    hosts: dict[HostRef, Demands] = stated(
        "What was agreed for one host.", {}, example="{dir01: {clock: {max_offset_s: 0.5}}}"
    )
    _groups_of: Mapping[str, tuple[str, ...]] = PrivateAttr(default_factory=dict)
    _as_of: datetime = PrivateAttr(datetime.max.replace(tzinfo=UTC))

    def of_estate(self, hosts: Hosts, as_of: datetime) -> Baseline:
        """The baseline that knows which hosts are in which groups, and the run's own time."""
        baseline = self.model_copy()
        baseline._groups_of = {name: host.groups for name, host in hosts.items()}  # noqa: SLF001 - its own copy
        baseline._as_of = as_of  # noqa: SLF001 - as above
        return baseline

    def agreed_on(self, key: str, host: str | None) -> Any:
        """What is in force for a host (None: for the estate): the value, NotAgreed, or None where nothing was stated.

        Mappings, such as directives by name, are put together entry by entry. Raises ValueError for a key that is no
        demand.
        """
        demand_of(key)
        entries: dict[str, tuple[str, Any]] = {}
        for _, section in self.sections_for(host):
            statement = section.statement(key)
            if isinstance(statement, Mapping):
                for name, value in statement.items():
                    entries.setdefault(leaf(name), (name, value))
            elif statement is not None:
                return dict(entries.values()) or statement
        return dict(entries.values()) or None

    def not_agreed_on(self, key: str, host: str | None) -> NotAgreed | None:
        """The exemption from a key that comes first for a host, good or over; None where nobody wrote one."""
        written = self.written_not_agreed(key, host)
        return written[1] if written is not None else None

    def written_not_agreed(self, key: str, host: str | None) -> tuple[str, NotAgreed] | None:
        """The same with its key as written, in which a `*` fits anything."""
        entries = (entry for _, section in self.sections_for(host) for entry in section.not_agreed.items())
        return next((entry for entry in entries if fnmatchcase(key, entry[0])), None)

    def is_over(self, exemption: NotAgreed) -> bool:
        """Whether an exemption no longer holds at the run's own time; days are those of UTC."""
        return exemption.is_over(self._as_of.astimezone(UTC).date())

    def space_on(self, host: Host) -> tuple[SpaceDemand, ...]:
        """What is demanded of the host's filesystems; of two demands for one path the later, more special one."""
        stated_for_host = self.agreed_on("space", host.name)
        entries = stated_for_host if isinstance(stated_for_host, tuple) else ()
        return tuple({entry.path: entry for entry in entries if entry.concerns(host)}.values())

    def sections_for(self, host: str | None) -> Iterator[tuple[tuple[str, ...], Demands]]:
        """What is stated for a host with its path in the file, the most special first."""
        if host is not None:
            if (own := self.hosts.get(host)) is not None:
                yield ("hosts", host), own
            for group in self._groups_of.get(host, ()):
                if (section := self.groups.get(group)) is not None:
                    yield ("groups", group), section
        yield (), self

    def sections(self) -> Iterator[tuple[tuple[str, ...], Demands]]:
        """Everything that is stated, with its path in the file."""
        yield (), self
        yield from ((("groups", name), section) for name, section in self.groups.items())
        yield from ((("hosts", name), section) for name, section in self.hosts.items())


@cache
def demands() -> Mapping[str, Demand]:
    """Every demand by its key; one by role has a key for each, `versions.PRODUCT.ROLE`."""
    return dict(demands_in(Demands))


@cache
def demand_of(key: str) -> Demand:
    """The demand of a key; raises ValueError for a key that is none, with the one that was perhaps meant."""
    first, *more = key.split(".")
    known = demands()
    if key in known and not known[key].by_role:
        return known[key]
    if first in known and known[first].by_role and len(more) == 2:
        return known[first]
    keys = [f"{name}.PRODUCT.ROLE" if kind.by_role else name for name, kind in known.items()]
    raise ValueError(f"{key} is no demand ({Known(keys, 'demands').hint(key)})")


def unstated(written: Mapping[str, Any], roles: Iterable[str]) -> tuple[str, ...]:
    """The keys of the demands that a baseline as written states nothing of, for these roles as `product.role`."""
    keys = ([f"{key}.{role}" for role in roles] if kind.by_role else [key] for key, kind in demands().items())
    reasons = written.get("not_agreed", {})
    return tuple(key for own in keys for key in own if value_at(written, key) is None and key not in reasons)
