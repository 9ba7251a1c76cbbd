"""Published values to judge by: one YAML file a policy, every value with its source, read once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import files
from typing import Literal, TypeVar

from pydantic import Field

from readiness.core.errors import InputError
from readiness.yaml_text.reader import read_yaml
from readiness.yaml_text.sources import Sourced, WithSources, check_sources
from readiness.yaml_text.validate import validate

P = TypeVar("P", bound=WithSources)
Default = Literal["enabled", "disabled", "absent"]


class Release(Sourced):
    """A release of Windows Server, and what its SChannel does with each protocol by itself."""

    name: str
    protocols: Mapping[str, Default]


class SChannelDefaults(WithSources):
    """What SChannel does where the registry says nothing, by the build of Windows."""

    releases: Mapping[str, Release]


class Harm(Sourced):
    """Events of these providers and numbers, and what they mean; of a `grave` kind one event is enough to fail."""

    providers: tuple[str, ...] = Field(min_length=1)
    ids: tuple[int, ...] = Field(min_length=1)
    meaning: str = Field(min_length=1)
    grave: bool


class DiskReset(Sourced):
    """The event of a disk that was reset, written by any driver; other providers use the number for something else."""

    ids: tuple[int, ...] = Field(min_length=1)
    other_than: tuple[str, ...]
    meaning: str = Field(min_length=1)


class ClusterEvents(WithSources):
    """The events that mean harm near a backup window of a failover cluster."""

    harm: tuple[Harm, ...]
    disk_reset: DiskReset


class KeyLengths(Sourced):
    """The fewest bits of a key that still count as strong."""

    rsa_bits: int
    curve_bits: int


class Hashes(Sourced):
    """Hashes that no new signature may use."""

    names: tuple[str, ...] = Field(min_length=1)


class CertificateStrength(WithSources):
    """How strong certificates must be at least."""

    keys: KeyLengths
    weak_hashes: Hashes


class WeakValue(Sourced):
    """What a value of a demand, or of its entry `part`, must be lest it is too weak to be proposed, and why."""

    demand: str = Field(min_length=1)
    part: str = ""
    safe: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    why: str = Field(min_length=1)

    def flaw(self, value: object) -> str:
        """Why this value is weak; empty where it is not."""
        if isinstance(value, int | float):
            low, high = (limit for limit in (self.at_least, self.at_most))
            is_fine = (low is None or value >= low) and (high is None or value <= high)
        else:
            is_fine = not self.safe or value in self.safe
        return "" if is_fine else self.why


class WeakValues(WithSources):
    """Which values nobody should agree on only because they were found."""

    values: tuple[WeakValue, ...]


@functools.cache
def weak_values() -> WeakValues:
    """What is too weak to be proposed."""
    return load("weak_values.yaml", WeakValues)


@functools.cache
def schannel_defaults() -> SChannelDefaults:
    """What SChannel does by itself."""
    return load("schannel.yaml", SChannelDefaults)


@functools.cache
def cluster_events() -> ClusterEvents:
    """The events that mean harm to a cluster."""
    return load("cluster_events.yaml", ClusterEvents)


@functools.cache
def certificate_strength() -> CertificateStrength:
    """What makes a certificate weak."""
    return load("certificates.yaml", CertificateStrength)


def load(name: str, model: type[P], data: bytes | None = None) -> P:
    """One policy from its file's bytes, by default the shipped file; InputError with every mistake in it."""
    document = read_yaml(name, (files(__name__) / name).read_bytes() if data is None else data)
    policy = validate(document, model)
    if policy is not None:
        check_sources(document, policy)
    if policy is None or document.problems:
        raise InputError(document.problems)
    return policy
