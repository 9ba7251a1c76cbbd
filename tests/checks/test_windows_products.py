"""Checks that Linux hosts have, too, on a Windows client: its configuration, certificates, files, sockets and space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from readiness.core.facts import Fact, HostFacts, Missing, Why
from readiness.core.outcomes import Result, Severity
from readiness.estate.listening import Listener
from readiness.estate.listening import Listening as AgreedListening
from readiness.estate.machines import Machines
from readiness.estate.space import SpaceDemand
from readiness.planning.inputs import Inputs
from readiness.probes import Addresses, Certificates, Configuration, Holder, Listening, Machine, Names, Socket, Space
from readiness.probes.windows.access import AccessEntry, AccessLists
from tests.lab.keys import Authority

from .test_each_check import directive, file_of
from .test_windows import inputs, of_windows, recorded, with_facts

CONF = r"C:\Program Files\Bacula\bacula-fd.conf"
TLS = "C:\\Program Files\\Bacula\\tls\\"
PROGRAM = r"C:\Program Files\Bacula\bacula-fd.exe"
HOST = "win2022/bacula.client"
AGREED = {"bacula": {"client": {"FileDaemon.TLS Require": "yes", "Director.TLS Require": "yes"}}}
PASSING = (
    *("NAM-001", "CFG-001", "CFG-006", "CRT-001", "CRT-003", "CRT-004", "CRT-005", "CRT-006", "CRT-007"),
    *("HST-001", "HST-002", "RGT-003", "LSN-001", "LSN-002", "LSN-003", "LSN-004", "SPC-001", "SPC-002"),
)
# What a Windows host has nothing of is not planned for it.
NEVER = {
    "SPC-003",
    "RGT-001",
    "RGT-002",
    "CON-002",
    "CON-004",
    "SSH-001",
    "IDN-003",
    *(f"HST-00{number}" for number in (3, 5, 6, 7)),
}
NO_DIRECTOR = "goes live with another change"


def given(**stated: Any) -> Inputs:
    """The estate with what was agreed about files, sockets and space; without a director, for a reason."""
    loaded = inputs()
    agreed = {
        "configuration": AGREED,
        "listening": AgreedListening(
            also=(Listener(port=135, process="SvcHost.exe"), Listener(port=5985, process="System"))
        ),
        "space": (
            SpaceDemand.model_construct(path="c:\\", mounted=True, min_free_percent=5.0, min_free_inodes_percent=5.0),
        ),
        "host": Machines(min_memory_bytes=4 << 30, min_swap_bytes=1 << 30),
        "not_agreed": {"hosts.bacula.director": NO_DIRECTOR},
    }
    client = loaded.estate.hosts["win2022"].model_copy(update={"uses": {}})
    estate = loaded.estate.model_copy(update={"hosts": {"win2022": client}})
    return replace(loaded, estate=estate, baseline=loaded.baseline.model_copy(update={**agreed, **stated}))


@pytest.fixture(scope="module")
def store() -> Mapping[str, HostFacts]:
    facts = recorded("win2022")
    space = facts["space"]
    assert isinstance(space, Space)
    facts["space"] = Space({"c:\\": space.filesystems["C:\\"]})
    asked = recorded("win2022")["access_lists"]
    assert isinstance(asked, AccessLists)
    facts["access_lists"] = AccessLists({**asked.paths, PROGRAM: asked.paths[r"C:\Program Files\Bacula"]})
    return {"win2022": HostFacts("win2022", facts, {})}


def test_a_client_that_is_ready_passes(store: Mapping[str, HostFacts]) -> None:
    outcomes = of_windows(given(), store)
    told = {check: (outcomes[check].outcome, outcomes[check].message) for check in PASSING}
    assert {check: one for check, one in told.items() if one[0] is not Result.PASS} == {}
    assert not NEVER & outcomes.keys()


def test_a_role_that_the_estate_lacks_for_a_reason_is_not_held_against_anybody(store: Mapping[str, HostFacts]) -> None:
    outcomes, silent = of_windows(given(), store), of_windows(given(not_agreed={}), store)
    for check in ("VER-004", "VER-005", "CFG-003", "CFG-004", "CRT-002"):
        assert outcomes[check].outcome is Result.NOT_APPLICABLE
        assert NO_DIRECTOR in outcomes[check].message
        assert silent[check].outcome is Result.UNKNOWN
        assert "not_agreed: {hosts.bacula.director" in silent[check].message


@dataclass(frozen=True)
class Case:
    check: str
    kind: type[Fact]
    change: Callable[[Any], Fact | Missing]
    outcome: Result = Result.FAIL
    severity: Severity | None = None


def tls(name: str, **changes: Any) -> Callable[[Certificates], Certificates]:
    path = TLS + name
    return lambda read: replace(read, files={**read.files, path: replace(read.files[path], **changes)})


def without(name: str) -> Callable[[Certificates], Certificates]:
    return lambda read: replace(read, files={path: one for path, one in read.files.items() if path != TLS + name})


def given_to(path: str, account: str, mask: int) -> Callable[[AccessLists], AccessLists]:
    def change(lists: AccessLists) -> AccessLists:
        found = lists.paths[path]
        assert found is not None
        more = replace(found, entries=(*found.entries, AccessEntry(account, allows=True, mask=mask)))
        return replace(lists, paths={**lists.paths, path: more})

    return change


def owned(path: str, owner: str) -> Callable[[AccessLists], AccessLists]:
    def change(lists: AccessLists) -> AccessLists:
        found = lists.paths[path]
        assert found is not None
        return replace(lists, paths={**lists.paths, path: replace(found, owner=owner)})

    return change


def socket(address: str, port: int, program: str) -> Callable[[Listening], Listening]:
    return lambda _: Listening((Socket(address, port, 1),), {1: (Holder(7, program),)})


def drive(**changes: Any) -> Callable[[Space], Space]:
    def change(space: Space) -> Space:
        was = space.filesystems["c:\\"]
        assert was is not None
        assert not isinstance(was, Missing)
        return Space({"c:\\": replace(was, **changes)})

    return change


def denied(_: Fact) -> Missing:
    return Missing(Why.NOT_PERMITTED, "a test")


CASES = {
    "a name on another machine": Case("NAM-001", Addresses, lambda _: Addresses(("10.99.0.99",))),
    "no address may be read": Case("NAM-001", Addresses, denied, Result.UNKNOWN),
    "a name that does not resolve": Case(
        "NAM-001", Names, lambda one: replace(one, forward={"win2022.lab.example": ()})
    ),
    "no configuration": Case(
        "CFG-001", Configuration, file_of(CONF, lambda one: replace(one, resources=(), is_absent=True))
    ),
    "a configuration that nobody may read": Case("CFG-001", Configuration, denied, Result.UNKNOWN),
    "TLS not demanded": Case(
        "CFG-006", Configuration, file_of(CONF, directive("filedaemon", "tlsrequire", "win2022-fd", value="no"))
    ),
    "no certificate": Case("CRT-001", Certificates, without("host.pem")),
    "a key that cannot be read": Case("CRT-001", Certificates, tls("host.key", public_key=""), Result.UNKNOWN),
    "a folder that nobody reads": Case(
        "CRT-001", Certificates, lambda _: Certificates((r"C:\Program Files\Bacula\ssl",), {}), Result.UNKNOWN
    ),
    "another authority": Case(
        "CRT-004",
        Certificates,
        tls("ca.pem", certificates=(Authority().certificate,)),
    ),
    "a key for everybody": Case("CRT-007", Certificates, tls("host.key", readers=("Users",))),
    "a configuration for everybody": Case("RGT-003", AccessLists, given_to(CONF, "AU", 0x120089)),
    "a configuration for a group": Case(
        "RGT-003", AccessLists, given_to(CONF, "S-1-5-21-1-2-3-1104", 0x120089), Result.PASS
    ),
    "a program that everybody may replace": Case("RGT-003", AccessLists, given_to(PROGRAM, "BU", 0x1301BF)),
    "a program of somebody": Case(
        "RGT-003", AccessLists, owned(PROGRAM, "S-1-5-21-1-2-3-1104"), severity=Severity.MINOR
    ),
    "no program": Case("RGT-003", AccessLists, lambda one: AccessLists({**one.paths, PROGRAM: None})),
    "lists that nobody may read": Case("RGT-003", AccessLists, denied, Result.UNKNOWN),
    "nobody listens": Case("LSN-001", Listening, socket("::", 135, r"C:\Windows\system32\svchost.exe")),
    "another program on the port": Case("LSN-002", Listening, socket("::", 9102, r"C:\Temp\bacula-fd.exe")),
    "its program in another spelling": Case("LSN-002", Listening, socket("::", 9102, PROGRAM.upper()), Result.PASS),
    "undeclared": Case("LSN-004", Listening, socket("::", 135, r"C:\Temp\nc.exe")),
    "declared in another spelling": Case(
        "LSN-004", Listening, socket("::", 135, r"C:\WINDOWS\System32\SVCHOST.EXE"), Result.PASS
    ),
    "a folder and no volume": Case("SPC-001", Space, drive(mount="D:\\")),
    "no memory": Case("HST-001", Machine, lambda one: replace(one, memory_bytes=1 << 30)),
    "no paging file": Case("HST-002", Machine, lambda one: replace(one, swap_bytes=0)),
    "no space": Case("SPC-002", Space, drive(free_bytes=0)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_named_by_its_check(store: Mapping[str, HostFacts], name: str) -> None:
    case = CASES[name]
    value = case.change(store["win2022"].values[case.kind.name])
    outcome = of_windows(given(), with_facts(store, **{case.kind.name: value}))[case.check]
    assert outcome.outcome is case.outcome, outcome.message
    if case.severity:
        assert outcome.severity is case.severity
