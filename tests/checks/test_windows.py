"""Windows itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from readiness.core.facts import Missing, Why
from readiness.core.outcomes import Result
from readiness.planning.plan import Narrowing, make_plan
from readiness.probes.windows.network import FirewallProfiles
from readiness.probes.windows.settings import DefenderExclusions
from readiness.probes.windows.software import PendingReboot
from readiness.probes.windows.storage import VssWriters
from readiness.probes.windows.system import Elevation
from readiness.probes.windows.tls import CipherSuites, ProtocolKeys, SChannel

from .changes import (
    NOT_AGREED,
    of,
    recorded,
    with_baseline,
)
from .harness import Case, Clean, fact, judged, shipped


def off(protocol: str) -> Callable[[SChannel], SChannel]:
    def change(keys: SChannel) -> SChannel:
        return replace(keys, protocols={**keys.protocols, protocol: ProtocolKeys(0, None)})

    return change


def only_on_request(keys: SChannel) -> SChannel:
    return replace(keys, protocols={**keys.protocols, "TLS 1.0/Server": ProtocolKeys(0xFFFFFFFF, 1)})


def suites(*names: str) -> Callable[[CipherSuites], CipherSuites]:
    return lambda offered: replace(offered, suites=names)


CASES = {
    "WIN-001 Windows: a login without rights": Case(
        {"WIN-001 fd01": "FAIL"}, fact("fd01", Elevation, of("win2022user", Elevation))
    ),
    "WIN-002 Windows: keys absent on Server 2019": Case(
        {"WIN-002 fd01": "FAIL"}, fact("fd01", SChannel, of("win2019", SChannel))
    ),
    "WIN-002 Windows: on for who asks": Case({"WIN-002 fd01": "FAIL minor"}, fact("fd01", SChannel, only_on_request)),
    "WIN-002 Windows: a build nobody knows": Case(
        {"WIN-002 fd01": "UNKNOWN"}, fact("fd01", SChannel, lambda keys: replace(keys, build="31337"))
    ),
    "WIN-003 Windows: TLS 1.2 and 1.3 off for servers": Case(
        {"WIN-003 fd01": "FAIL"},
        fact("fd01", SChannel, lambda keys: off("TLS 1.3/Server")(off("TLS 1.2/Server")(keys))),
    ),
    "WIN-004 Windows: suites of Server 2012 R2": Case(
        {"WIN-004 fd01": "FAIL"}, fact("fd01", CipherSuites, of("win2012r2", CipherSuites))
    ),
    "WIN-004 Windows: suites without forward secrecy": Case(
        {"WIN-004 fd01": "FAIL minor"}, fact("fd01", CipherSuites, suites("TLS_RSA_WITH_AES_256_GCM_SHA384"))
    ),
    "WIN-005 Windows: a restart that is due": Case(
        {"WIN-005 fd01": "FAIL"}, fact("fd01", PendingReboot, of("win2012r2", PendingReboot))
    ),
    "WIN-006 Windows: nothing excluded": Case(
        {"WIN-006 fd01": "FAIL"}, fact("fd01", DefenderExclusions, of("win2019", DefenderExclusions))
    ),
    "WIN-006 Windows: only the product excluded": Case(
        {"WIN-006 fd01": "FAIL"},
        fact("fd01", DefenderExclusions, lambda one: replace(one, paths=("c:\\program files\\",))),
    ),
    "WIN-006 Windows: a Defender that does not watch": Case(
        {"WIN-006 fd01": "UNKNOWN"}, fact("fd01", DefenderExclusions, lambda one: replace(one, real_time=False))
    ),
    "WIN-006 Windows: no Defender": Case(
        {"WIN-006 fd01": "UNKNOWN"}, fact("fd01", DefenderExclusions, of("win2012r2", DefenderExclusions))
    ),
    "WIN-006 Windows: exclusions hidden": Case(
        {"WIN-006 fd01": "UNKNOWN"}, fact("fd01", DefenderExclusions, of("win2022user", DefenderExclusions))
    ),
    "WIN-007 Windows: a writer that failed": Case(
        {"WIN-007 fd01": "FAIL"}, fact("fd01", VssWriters, of("win2019", VssWriters))
    ),
    "WIN-008 Windows: a profile that is off": Case(
        {"WIN-008 fd01": "FAIL"}, fact("fd01", FirewallProfiles, of("win2019", FirewallProfiles))
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)


@pytest.mark.parametrize(
    ("key", "checks"),
    [
        ("tls_min", ("WIN-002", "WIN-003")),
        ("firewall_profiles", ("WIN-008",)),
        ("excluded_folders", ("WIN-006",)),
    ],
)
def test_what_was_never_agreed_is_unknown(clean: Clean, key: str, checks: tuple[str, ...]) -> None:
    stated = clean.inputs.baseline.windows
    assert stated is not None
    silent = with_baseline(windows=stated.model_copy(update={key: None}))(clean.inputs)
    reasons = with_baseline(not_agreed={f"windows.{key}": NOT_AGREED})(silent)
    assert {one.outcome for one in judged(silent, clean.store, *checks).values()} == {Result.UNKNOWN}
    assert {one.outcome for one in judged(reasons, clean.store, *checks).values()} == {Result.NOT_APPLICABLE}


@pytest.mark.parametrize(("build", "outcome"), [("17763", "FAIL"), ("20348", "FAIL"), ("26100", "PASS")])
def test_defaults_of_server_2025_and_those_before_are_told_apart(clean: Clean, build: str, outcome: str) -> None:
    delivered = recorded("win2025")["schannel"]
    assert isinstance(delivered, SChannel)
    Case({"WIN-002 fd01": outcome}, fact("fd01", SChannel, lambda _: replace(delivered, build=build))).holds(clean)


def test_a_login_without_rights_makes_nothing_green(clean: Clean) -> None:
    hidden = {
        name: value
        for name, value in recorded("win2022user").items()
        if isinstance(value, Missing) and value.why is Why.NOT_PERMITTED
    }
    known = clean.store["fd01"]
    store = {**clean.store, "fd01": replace(known, values={**known.values, **hidden})}
    checks = ("WIN-006", "WIN-007", "WIN-008", "SVC-001", "SVC-002", "SVC-003", "CLK-002")
    outcomes = judged(clean.inputs, store, *checks)
    assert {one.outcome for one in outcomes.values() if one.host == "fd01"} == {Result.UNKNOWN}


def test_what_windows_has_nothing_of_is_not_planned_for_it(clean: Clean) -> None:
    never = {"SPC-003", "RGT-001", "RGT-002", "CON-002", "CON-004", "SSH-001", "IDN-003", "HST-003", "HST-005"}
    of = {one.check for one in judged(clean.inputs, clean.store).values() if one.host == "fd01"}
    linux = {one.check for one in judged(clean.inputs, clean.store).values() if one.host == "sd01"}
    assert not (never | {"HST-006", "HST-007"}) & of
    assert not {check for check in linux if check.startswith("WIN-")}


def test_the_writers_are_waited_for(clean: Clean) -> None:
    plan = make_plan(clean.inputs, [one.check for one in shipped().values()], Narrowing())
    limits = {script.name: script.timeout_s for script in plan.scripts["fd01"]}
    assert limits["vss_writers"] > 60  # what the script itself gives vssadmin
    assert limits["services"] == 30
