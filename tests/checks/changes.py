"""Changes of facts and inputs that cases of several areas make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from readiness.configs.model import ConfigurationFile
from readiness.core.facts import Fact, Missing, Why
from readiness.demo import NOT_RECORDED
from readiness.estate import NotAgreed
from readiness.planning.inputs import Inputs
from readiness.probes.configuration import Configuration
from tests.bench import record
from tests.probes.windows.facts import PROBE

CLIENTS = ("client01", "client02", "client03", "client04", "fd01", "fd02")
LINUX_HOSTS = ("dir01", "sd01", "client01", "client02", "client03", "client04")
HOSTS = (*LINUX_HOSTS, "fd01", "fd02")
FD_CONF = "/etc/bacula/bacula-fd.conf"
WINDOWS_CONF = r"C:\Program Files\Bacula\bacula-fd.conf"
PROGRAM = r"C:\Program Files\Bacula\bacula-fd.exe"
NOT_AGREED = NotAgreed(reason="a test", by="a test", day=date(2026, 11, 1))
NO_OWNERS = Missing(Why.NOT_PERMITTED, "a password is required", "a rule")


def recorded(machine: str) -> dict[str, Fact | Missing]:
    """What one of the stand-in's machines answered."""
    return {name: PROBE[name].parse(output) for name, output in record.saved(machine).items()}


def file_of(path: str, change: Callable[[ConfigurationFile], ConfigurationFile]) -> Callable[[Any], Configuration]:
    def apply(fact: Configuration) -> Configuration:
        return replace(fact, files={**fact.files, path: change(fact.files[path])})

    return apply


def with_baseline(**stated: object) -> Callable[[Inputs], Inputs]:
    """What is stated instead; a demand that the demo's recording knows nothing of is no longer excused by it."""

    def change(inputs: Inputs) -> Inputs:
        exemptions = {key: own for key, own in inputs.baseline.not_agreed.items() if own.reason != NOT_RECORDED}
        return replace(inputs, baseline=inputs.baseline.model_copy(update={"not_agreed": exemptions, **stated}))

    return change


def with_estate(inputs: Inputs, **stated: object) -> Inputs:
    return replace(inputs, estate=inputs.estate.model_copy(update=stated))


def of(machine: str, kind: type[Fact]) -> Callable[[Any], Fact | Missing]:
    return lambda _: recorded(machine)[kind.name]


def denied(_: Fact) -> Missing:
    return Missing(Why.NOT_PERMITTED, "a test")
