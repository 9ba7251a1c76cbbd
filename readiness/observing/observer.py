"""What an observer of a demand is, and what it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.core.evaluate import unknown
from readiness.core.facts import Fact, Facts
from readiness.core.outcomes import Target
from readiness.estate import Host
from readiness.planning.inputs import Inputs, RoleOnHost
from readiness.planning.targets import each_host


@dataclass(frozen=True, slots=True)
class Asked:
    """A host with its facts, and its role where the demand is by role; no host for the estate as a whole."""

    facts: Facts
    host: Host | None
    own: RoleOnHost | None
    inputs: Inputs | None

    @property
    def on(self) -> Host:
        """The host."""
        return self.host or unknown("this is about one host")

    @property
    def role(self) -> RoleOnHost:
        """The role on the host."""
        return self.own or unknown("this is about a role on a host")

    @property
    def roles(self) -> Mapping[tuple[str, str, str], RoleOnHost]:
        """Every role in the estate."""
        return self.inputs.roles if self.inputs else unknown("the roles of the estate are not known here")


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing on this host that could be stated, for this reason."""

    reason: str


def _as_found(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Observer:
    """How the value of a demand is found: a mapping and a list count entry by entry, anything else whole.

    `needs` are the facts of `see`, `targets` the hosts and roles it concerns. `stated` makes of what was found what
    would be demanded. `flaws` are reasons not to agree on what was found, and may ask for more facts. `by_system`: the
    entries of a list are for the hosts of one system each, Linux or Windows. `by_entry`: what is stated for all, for a
    group and for a host is put together entry by entry.
    """

    see: Callable[[Asked], Any]
    needs: tuple[type[Fact], ...]
    targets: Callable[[Inputs], Iterable[Target]] = each_host
    stated: Callable[[Any], Any] = _as_found
    flaws: Callable[[Asked], Iterable[str]] | None = None
    by_system: bool = False
    by_entry: bool = False
