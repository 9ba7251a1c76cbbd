"""What is judged by and was published somewhere: one YAML a policy, every value with its source, read once."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from readiness.core.errors import InputError, Problem
from readiness.products.models import Sourced, worded
from readiness.products.places import Path, nearest, read

P = TypeVar("P", bound="Policy")
Default = Literal["enabled", "disabled", "absent"]


class Policy(BaseModel):
    """Base of all policies: no unknown keys, and a source for each value."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    sources: Mapping[str, str] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _sources_are_worded(cls, data: Any) -> Any:
        """Each value carries the text of its source."""
        sources = data.get("sources") if isinstance(data, dict) else None
        return worded(data, sources) if isinstance(sources, dict) else data


class Release(Sourced):
    """A release of Windows Server, and what its SChannel does with each protocol by itself."""

    name: str
    protocols: Mapping[str, Default]


class SChannelDefaults(Policy):
    """What SChannel does where the registry says nothing, by the build of Windows."""

    releases: Mapping[str, Release]


class Harm(Sourced):
    """Events of these providers and numbers, what they mean, and whether one of them is enough: it is `grave` then."""

    providers: tuple[str, ...] = Field(min_length=1)
    ids: tuple[int, ...] = Field(min_length=1)
    meaning: str = Field(min_length=1)
    grave: bool


class DiskReset(Sourced):
    """The event of a disk that was reset, which the driver of its adapter writes, whatever its name; but for some."""

    ids: tuple[int, ...] = Field(min_length=1)
    other_than: tuple[str, ...]
    meaning: str = Field(min_length=1)


class ClusterEvents(Policy):
    """The events that tell of harm near a backup window of a failover cluster."""

    harm: tuple[Harm, ...]
    disk_reset: DiskReset


class KeyLengths(Sourced):
    """The fewest bits of a key that still count as strong."""

    rsa_bits: int
    curve_bits: int


class Hashes(Sourced):
    """Hashes that no new signature may use."""

    names: tuple[str, ...] = Field(min_length=1)


class CertificateStrength(Policy):
    """How strong certificates must be at least."""

    keys: KeyLengths
    weak_hashes: Hashes


@functools.cache
def schannel_defaults() -> SChannelDefaults:
    """What SChannel does by itself."""
    return load("schannel.yaml", SChannelDefaults)


@functools.cache
def cluster_events() -> ClusterEvents:
    """What tells of harm to a cluster."""
    return load("cluster_events.yaml", ClusterEvents)


@functools.cache
def certificate_strength() -> CertificateStrength:
    """What makes a certificate weak."""
    return load("certificates.yaml", CertificateStrength)


def load(name: str, model: type[P], data: bytes | None = None) -> P:
    """One policy from its file's bytes, by default those that are shipped; InputError with every mistake in it."""
    document, locations = read(name, (files(__name__) / name).read_bytes() if data is None else data)
    try:
        policy = model.model_validate(document)
    except ValidationError as error:
        mistakes = [(each["loc"], f"{'.'.join(map(str, each['loc']))}: {each['msg']}") for each in error.errors()]
    else:
        mistakes = [
            ((*path, "source"), f"no such source: {source} (sources: {', '.join(policy.sources)})")
            for path, source in _sources(document)
            if source not in policy.sources
        ]
        if not mistakes:
            return policy
    raise InputError([Problem(name, *nearest(locations, path), message) for path, message in mistakes])


def _sources(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Where each entry with a source stands, and its source."""
    if isinstance(value, dict):
        if isinstance(value.get("source"), str):
            yield path, value["source"]
        for key, entry in value.items():
            yield from _sources(entry, (*path, key))
    elif isinstance(value, tuple):
        for index, entry in enumerate(value):
            yield from _sources(entry, (*path, index))
