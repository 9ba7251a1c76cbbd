"""What could be agreed on, demand by demand: what hosts have in common, where they differ, what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from readiness.core.facts import Facts, HostFacts, Login, Missing
from readiness.core.outcomes import Target
from readiness.estate.baseline import Demands, demands
from readiness.estate.demands import Demand, NotAgreed
from readiness.observing import NOT_OBSERVED, OBSERVERS, asked_of, flaws_of, observed
from readiness.observing.observer import Nothing, Observer
from readiness.planning.inputs import Inputs, RoleOnHost
from readiness.policies import weak_values
from readiness.proposing.statements import refused
from readiness.yaml_text.writing import flow

Store = Mapping[str, HostFacts]
Entries = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """Something that is said of hosts."""

    text: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One entry of a mapping by its name, or of a list, or a single value, and the hosts that have it."""

    name: str
    value: Any
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """A demand that was never agreed: the entries that all hosts have, and those that only some have.

    `flaws` are why nobody should agree on it unseen, `notes` what is not a value: what could not be read or stated.
    `kind` is dict, list, or the type of a single value; NoneType where nothing was found.
    """

    key: str
    kind: type
    common: tuple[Entry, ...]
    differing: tuple[Entry, ...]
    flaws: tuple[Said, ...]
    notes: tuple[Said, ...]
    is_read: bool

    @property
    def stands(self) -> bool:
        """Whether it can be proposed as it is: an empty list where the file takes one, and nothing speaks against."""
        if self.flaws or self.kind is type(None):
            return False
        return bool(self.common) or (self.kind is list and not refused(self.key, []))

    @property
    def value(self) -> Any:
        """What all hosts have in common, as it would be written."""
        if self.kind is dict:
            return {entry.name: entry.value for entry in self.common}
        values = [entry.value for entry in self.common]
        return values if self.kind is list else values[0]


def not_reached(inputs: Inputs, store: Store) -> Mapping[str, str]:
    """The hosts of the estate that nobody could log in to, each with the reason."""
    reasons = {}
    for host in inputs.estate.hosts:
        if (known := store.get(host)) is None:
            reasons[host] = "not contacted"
        elif not isinstance(login := known.values.get(Login.name), Login):
            reached = known.values.get("reached")
            reasons[host] = str(next((fact for fact in (reached, login) if isinstance(fact, Missing)), "no login"))
    return reasons


def proposals(inputs: Inputs, store: Store) -> Iterator[Proposal]:
    """Each demand that was never agreed for some host of the estate, in the order of the file."""
    unreached = not_reached(inputs, store)
    for key, kind in demands().items():
        observer = OBSERVERS.get(key)
        if observer is None:
            if inputs.baseline.agreed_on(key, None) is None:
                reason = NOT_OBSERVED.get(key, "nothing is read that shows it")
                yield Proposal(key, type(None), (), (), (), (Said(reason, ()),), is_read=True)
            continue
        for own_key, targets in _by_key(key, kind, observer.targets(inputs)):
            if concerned := _never_agreed(inputs, own_key, targets, by_entry=observer.by_entry):
                reached = [target for target in concerned if target.host not in unreached]
                yield _proposal(own_key, observer, reached, inputs, store)


def _by_key(key: str, kind: Demand, targets: Iterable[Target]) -> Iterator[tuple[str, Sequence[Target]]]:
    """The targets of a demand; of one by role those of each role, by the role's key."""
    if not kind.by_role:
        yield key, tuple(targets)
        return
    roles: dict[str, list[Target]] = {}
    for target in targets:
        own = getattr(target, "subject", None)
        if isinstance(own, RoleOnHost):
            roles.setdefault(f"{key}.{own.product.product}.{own.role.name}", []).append(target)
    yield from roles.items()


def _never_agreed(inputs: Inputs, key: str, targets: Sequence[Target], *, by_entry: bool) -> Sequence[Target]:
    """The targets for which nobody agreed on anything; of a mapping, which hosts add to, all that it would be for."""
    stated = {target.id: inputs.baseline.agreed_on(key, target.host) for target in targets}
    if None not in stated.values():
        return ()
    if by_entry:
        return [target for target in targets if not isinstance(stated[target.id], NotAgreed)]
    return [target for target in targets if stated[target.id] is None]


def _proposal(key: str, observer: Observer, targets: Sequence[Target], inputs: Inputs, store: Store) -> Proposal:
    found: dict[str, Entries] = {}
    flaws: list[tuple[str, str]] = []
    notes: list[tuple[str, str]] = []
    kind: type = type(None)
    is_read = True
    for target in targets:
        asked = asked_of(target, Facts(store, target.host), inputs)
        value, against = observed(observer, asked), flaws_of(observer, asked)
        host = target.host or ""
        if isinstance(value, Nothing):
            notes.append((value.reason, host))
        elif isinstance(value, Missing) or isinstance(against, Missing):
            is_read = False
            notes.append((f"not read: {value if isinstance(value, Missing) else against}", host))
        else:
            value = observer.stated(value)
            kind = type(value)
            found[target.id] = _entries(value)
            flaws += ((text, host) for text in (*against, *_weak(key, found[target.id])))
    common, differing = _compared(found, targets, inputs, by_system=observer.by_system)
    differing = [_of_its_group(entry, targets, inputs) for entry in differing]
    refusals = [(entry, reason) for entry in (*common, *differing) if (reason := _refused(key, kind, entry))]
    wrong = [entry for entry, _ in refusals]
    notes += (
        (f"{flow(entry.value)} cannot be stated: {reason}", host) for entry, reason in refusals for host in entry.hosts
    )
    return Proposal(
        key,
        kind,
        tuple(entry for entry in common if entry not in wrong),
        tuple(entry for entry in differing if entry not in wrong),
        _said(flaws),
        _said(notes),
        is_read,
    )


def _of_its_group(entry: Entry, targets: Sequence[Target], inputs: Inputs) -> Entry:
    """An entry that may name the groups it is for, with the one whose members are just the hosts that have it."""
    if not isinstance(entry.value, dict):
        return entry
    concerned = {target.host for target in targets}
    for group in inputs.estate.groups:
        members = {host.name for host in inputs.estate.hosts.values() if group in host.groups} & concerned
        if members == set(entry.hosts):
            return replace(entry, value={**entry.value, "groups": [group]})
    return entry


def _entries(value: Any) -> Entries:
    if isinstance(value, dict):
        return value
    return {repr(entry): entry for entry in value} if isinstance(value, list) else {"": value}


def _weak(key: str, entries: Entries) -> Iterator[str]:
    """What the policy says against these values."""
    for weak in weak_values().values:
        if weak.demand == key and weak.part in entries and (why := weak.flaw(entries[weak.part])):
            yield f"{weak.part} {flow(entries[weak.part])}: {why}".lstrip()


def _refused(key: str, kind: type, entry: Entry) -> str:
    value = {entry.name: entry.value} if kind is dict else [entry.value] if kind is list else entry.value
    return refused(key, value)


def _compared(
    found: Mapping[str, Entries], targets: Sequence[Target], inputs: Inputs, *, by_system: bool
) -> tuple[list[Entry], list[Entry]]:
    """The entries that all have, those of one system where they count by system, and those that only some have."""
    host_of = {target.id: target.host or "" for target in targets}
    system_of = {name: inputs.estate.hosts[host_of[name]].os if by_system and host_of[name] else "" for name in found}
    common: list[Entry] = []
    differing: list[Entry] = []
    for name in dict.fromkeys(name for entries in found.values() for name in entries):
        holders: dict[str, list[str]] = {}
        values: dict[str, Any] = {}
        for target, entries in found.items():
            if name in entries:
                text = repr(entries[name])
                holders.setdefault(text, []).append(target)
                values[text] = entries[name]
        for text, own in holders.items():
            system = system_of[own[0]]
            everybody = [target for target in found if system_of[target] == system]
            hosts = tuple(dict.fromkeys(host_of[target] for target in own if host_of[target]))
            (common if set(own) >= set(everybody) else differing).append(Entry(name, values[text], hosts))
    covered = {system_of[target] for entry in common for target in found if entry.name in found[target]}
    if by_system and covered != set(system_of.values()):  # what stands for one would be held against the other
        return [], [*common, *differing]
    return common, differing


def _said(texts: Iterable[tuple[str, str]]) -> tuple[Said, ...]:
    """Each text once, with its hosts."""
    hosts: dict[str, dict[str, None]] = {}
    for text, host in texts:
        hosts.setdefault(text, {}).update({host: None} if host else {})
    return tuple(Said(text, tuple(own)) for text, own in hosts.items())


def example_of(key: str) -> str:
    """How a demand is written, by its model's example."""
    model: Any = Demands
    *sections, name = key.split(".")[:1] if demands().get(key.partition(".")[0]) else key.split(".")
    for section in sections:
        annotation = model.model_fields[section].annotation
        model = next(part for part in getattr(annotation, "__args__", (annotation,)) if part is not type(None))
    (example,) = model.model_fields[name].examples
    return str(example)
