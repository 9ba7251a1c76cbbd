"""Changes of facts and inputs that cases of several areas make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives import serialization

from readiness.configs.model import ConfigurationFile
from readiness.core.facts import Fact, Missing, Why
from readiness.planning.inputs import Inputs
from readiness.probes import (
    Configuration,
    Machine,
    Names,
)
from tests.bench import record
from tests.probes.windows.facts import PROBE

from .harness import Store, fact


def recorded(machine: str) -> dict[str, Fact | Missing]:
    """What one of the stand-in's machines answered."""
    return {name: PROBE[name].parse(output) for name, output in record.saved(machine).items()}


def resolved(host: str, name: str, addresses: tuple[str, ...]) -> Callable[[Store], None]:
    """The host resolves a name to these addresses, which lead back to somebody else."""

    def change(names: Names) -> Names:
        back = dict.fromkeys(addresses, ("other.lab.example",))
        return replace(names, forward={**names.forward, name: addresses}, reverse={**names.reverse, **back})

    return fact(host, Names, change)


def file_of(path: str, change: Callable[[ConfigurationFile], ConfigurationFile]) -> Callable[[Any], Configuration]:
    def apply(fact: Configuration) -> Configuration:
        return replace(fact, files={**fact.files, path: change(fact.files[path])})

    return apply


FD_CONF = "/etc/bacula/bacula-fd.conf"


def without(kind: str, resource: str) -> Callable[[ConfigurationFile], ConfigurationFile]:
    return lambda file: replace(
        file, resources=tuple(one for one in file.resources if (one.kind, one.value("name")) != (kind, resource))
    )


TLS = "/etc/bacula/tls/"


def with_baseline(**stated: object) -> Callable[[Inputs], Inputs]:
    return lambda inputs: replace(inputs, baseline=replace(inputs.baseline, **stated))  # type: ignore[arg-type]


CLIENTS = ("client01", "client02", "client03", "client04", "fd01", "fd02")
LINUX_HOSTS = ("dir01", "sd01", "client01", "client02", "client03", "client04")
HOSTS = (*LINUX_HOSTS, "fd01", "fd02")


def machine(**values: Any) -> Callable[[Store], None]:
    return fact("client01", Machine, lambda one: replace(one, **values))


NO_OWNERS = Missing(Why.NOT_PERMITTED, "a password is required", "a rule")


def public_half(key: str) -> str:
    public = serialization.load_pem_private_key(key.encode(), None).public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(serialization.Encoding.PEM, info).decode()


def of(machine: str, kind: type[Fact]) -> Callable[[Any], Fact | Missing]:
    return lambda _: recorded(machine)[kind.name]


WINDOWS_CONF = r"C:\Program Files\Bacula\bacula-fd.conf"
PROGRAM = r"C:\Program Files\Bacula\bacula-fd.exe"


def denied(_: Fact) -> Missing:
    return Missing(Why.NOT_PERMITTED, "a test")
