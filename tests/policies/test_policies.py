"""The policies: read strictly, every value with its source, every mistake with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest
from pydantic import BaseModel

from readiness import policies
from readiness.core.errors import InputError
from readiness.policies import CertificateStrength, ClusterEvents, SChannelDefaults, WeakValues, load
from readiness.probes.windows.tls import PROTOCOLS
from readiness.yaml_text.sources import Sourced, WithSources

POLICIES: dict[str, type[WithSources]] = {
    "certificates.yaml": CertificateStrength,
    "cluster_events.yaml": ClusterEvents,
    "schannel.yaml": SChannelDefaults,
    "weak_values.yaml": WeakValues,
}


def shipped(name: str) -> str:
    return (files("readiness.policies") / name).read_text()


def sourced(value: Any) -> Iterator[Sourced]:
    if isinstance(value, Sourced):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from sourced(getattr(value, name))
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from sourced(entry)
    elif isinstance(value, tuple):
        for entry in value:
            yield from sourced(entry)


def test_every_file_is_a_policy() -> None:
    there = {one.name for one in files("readiness.policies").iterdir() if one.name.endswith(".yaml")}
    assert there == set(POLICIES)


@pytest.mark.parametrize("name", POLICIES)
def test_every_value_names_one_of_its_sources_and_general_knowledge_is_marked(name: str) -> None:
    policy = load(name, POLICIES[name])
    entries = list(sourced(policy))
    assert {entry.source for entry in entries} == set(policy.sources.values())
    assert all(entry.verified != ("general knowledge" in entry.source) for entry in entries)


def test_every_release_says_something_of_every_protocol() -> None:
    for release in policies.schannel_defaults().releases.values():
        assert tuple(release.protocols) == PROTOCOLS


def test_no_event_has_two_meanings() -> None:
    events = [
        (name.lower(), number)
        for harm in policies.cluster_events().harm
        for name in harm.providers
        for number in harm.ids
    ]
    assert len(events) == len(set(events))


@pytest.mark.parametrize(
    ("old", "new", "location", "message"),
    [
        ("rsa_bits: 2048", "rsa_bits: many", (5, 18), "'rsa_bits' must be a whole number"),
        ("curve_bits: 224, ", "", (5, 1), "curve_bits is missing"),
        ("weak_hashes:", "weak_hash:", (6, 1), "unknown key 'weak_hash'"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, location: tuple[int, int], message: str) -> None:
    text = shipped("certificates.yaml")
    assert old in text
    with pytest.raises(InputError) as refused:
        load("certificates.yaml", CertificateStrength, text.replace(old, new).encode())
    told = {(one.line, one.column): one.message for one in refused.value.problems}
    assert told[location].startswith(message), told


def test_a_source_that_the_file_does_not_name_is_refused() -> None:
    text = shipped("certificates.yaml").replace("source: nist}", "source: nits}", 1)
    with pytest.raises(InputError, match="unknown source 'nits'"):
        load("certificates.yaml", CertificateStrength, text.encode())
