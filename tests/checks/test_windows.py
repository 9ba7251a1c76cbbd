"""The checks on a Windows host: the recorded facts of the stand-in's machines, changed one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from readiness.configs import SYSTEMS
from readiness.core.facts import Fact, HostFacts, Missing, Why
from readiness.core.outcomes import Outcome, Result, Severity
from readiness.estate import CatalogueNames, load_bytes
from readiness.estate.models import WindowsDemand
from readiness.planning.inputs import Inputs
from readiness.probes import Holder, Listening, OsRelease, Package, Packages, Processes, Services, Socket
from readiness.probes.host import Machine
from readiness.probes.units import FailedUnits
from readiness.probes.windows.network import FirewallProfiles
from readiness.probes.windows.settings import DefenderExclusions
from readiness.probes.windows.software import PendingReboot
from readiness.probes.windows.storage import VssWriters
from readiness.probes.windows.system import Elevation
from readiness.probes.windows.tls import PROTOCOLS, CipherSuites, ProtocolKeys, SChannel
from readiness.products import load
from readiness.rules.schannel import DEFAULTS, State, broken_suites, dated_suites, state
from tests.bench import record
from tests.judging import judged, planned
from tests.probes.windows.facts import PROBE

ESTATE = b"""
service: backup
change: CHG1
cutover: {start: "2026-12-01T20:00:00+01:00", end: "2026-12-02T04:00:00+01:00"}
hosts:
  dir01: {fqdn: dir01.lab.example, products: {bacula: [director]}}
  win2022: {fqdn: win2022.lab.example, products: {bacula: [client]}}
"""
BASELINE = b"""
operating_systems: [{id: debian, version: "12"}, {id: windows, version: "2022"}]
versions: {bacula: {director: 9.6.7, client: 9.6.7}}
host: {time_zone: Etc/UTC}
windows:
  tls_min: "1.2"
  firewall_profiles: [Domain, Private, Public]
  excluded_folders: ['D:\\Backup\\Work']
"""
# Of those that were written for Linux: they judge a Windows host by the same facts.
SHARED = (
    "IDN-001",
    "IDN-002",
    "OS-001",
    "CLK-002",
    "SVC-001",
    "SVC-002",
    "SVC-003",
    "VER-001",
    "VER-002",
    "VER-004",
    "HST-004",
    "HST-008",
)


def inputs(baseline: bytes = BASELINE) -> Inputs:
    catalogue = load(SYSTEMS)
    roles = {name: frozenset(product.roles) for name, product in catalogue.products.items()}
    related = {(name, rule.role, rule.other) for name, one in catalogue.products.items() for rule in one.version_rules}
    names = CatalogueNames(roles, frozenset((name, role, other) for name, role, other in related if other))
    loaded = load_bytes({"estate.yaml": ESTATE, "baseline.yaml": baseline}, names)
    # What the files may not say yet is put in here.
    hosts = {
        **loaded.estate.hosts,
        "win2022": replace(loaded.estate.hosts["win2022"], os="windows", transport="winrm"),
    }
    estate = replace(loaded.estate, hosts=hosts)
    return Inputs(estate, loaded.baseline, catalogue, datetime(2026, 11, 25, tzinfo=UTC), {})


def recorded(machine: str) -> dict[str, Fact | Missing]:
    return {name: PROBE[name].parse(output) for name, output in record.saved(machine).items()}


@pytest.fixture(scope="module")
def store() -> Mapping[str, HostFacts]:
    director = Packages("dpkg", {"bacula-director": (Package("bacula-director", "9.6.7-7", "amd64", 1),)}, {})
    debian = OsRelease("debian", (), "12", "Debian", "6.1", "x86_64")
    client = recorded("win2022")
    # The machine was asked for its service under the name that the catalogue has.
    return {
        "dir01": HostFacts("dir01", {"packages": director, "os_release": debian}, {}),
        "win2022": HostFacts("win2022", client, {}),
    }


def of_windows(given: Inputs, store: Mapping[str, HostFacts]) -> dict[str, Outcome]:
    """The outcomes of the checks on the Windows host, by check."""
    return {one.check: one for one in judged(given, store) if one.host == "win2022"}


def with_facts(store: Mapping[str, HostFacts], **values: Fact | Missing) -> dict[str, HostFacts]:
    return {**store, "win2022": replace(store["win2022"], values={**store["win2022"].values, **values})}


def test_a_windows_host_that_is_ready_passes(store: Mapping[str, HostFacts]) -> None:
    outcomes = of_windows(inputs(), store)
    own = {check: one for check, one in outcomes.items() if check.startswith("WIN-")}
    assert len(own) == 8
    wanted = {**own, **{check: outcomes[check] for check in SHARED}}
    assert {check: (one.outcome, one.message) for check, one in wanted.items() if one.outcome is not Result.PASS} == {}
    assert all(one.expected and one.found for one in own.values())


@pytest.mark.parametrize(("port", "outcome"), [(5986, Result.PASS), (22, Result.FAIL)])
def test_the_way_in_is_declared_and_no_other_one(store: Mapping[str, HostFacts], port: int, outcome: Result) -> None:
    given = inputs()
    given = replace(given, baseline=replace(given.baseline, listening_also=()))
    heard = Listening((Socket("::", port, 1),), {1: (Holder(4, "System"),)})
    assert of_windows(given, with_facts(store, listening=heard))["LSN-004"].outcome is outcome


def test_a_program_is_declared_by_the_name_of_its_file(store: Mapping[str, HostFacts]) -> None:
    given = inputs(
        BASELINE + b"listening: {also: [{port: 135, process: svchost.exe}, {port: 5985, process: System}]}\n"
    )
    assert of_windows(given, store)["LSN-004"].outcome is Result.PASS


def test_the_writers_are_waited_for() -> None:
    limits = {script.name: script.timeout_s for script in planned(inputs()).scripts["win2022"]}
    assert limits["vss_writers"] > 60  # what the script itself gives vssadmin
    assert limits["services"] == 30


def test_a_linux_host_has_none_of_them(store: Mapping[str, HostFacts]) -> None:
    assert not [one for one in judged(inputs(), store) if one.host == "dir01" and one.check.startswith("WIN-")]


@dataclass(frozen=True)
class Case:
    """A fact that is changed, or taken from another machine, and the check that must name it."""

    check: str
    kind: type[Fact]
    change: Callable[[Any], Fact | Missing]
    outcome: Result = Result.FAIL
    severity: Severity | None = None


def of(machine: str, kind: type[Fact]) -> Callable[[Any], Fact | Missing]:
    return lambda _: recorded(machine)[kind.name]


def off(protocol: str) -> Callable[[SChannel], SChannel]:
    def change(keys: SChannel) -> SChannel:
        return replace(keys, protocols={**keys.protocols, protocol: ProtocolKeys(0, None)})

    return change


def asked(keys: SChannel) -> SChannel:
    return replace(keys, protocols={**keys.protocols, "TLS 1.0/Server": ProtocolKeys(0xFFFFFFFF, 1)})


def no_pid(services: Services) -> Services:
    client = replace(services.units["Bacula-fd"], sub_state="dead", active_state="inactive", main_pid=None)
    return replace(services, units={**services.units, "Bacula-fd": client})


def manual(services: Services) -> Services:
    client = replace(services.units["Bacula-fd"], unit_file_state="manual")
    return replace(services, units={**services.units, "Bacula-fd": client})


def replaced(processes: Processes) -> Processes:
    program = replace(processes.executables[2204], deleted=True)
    return replace(processes, executables={**processes.executables, 2204: program})


def suites(*names: str) -> Callable[[CipherSuites], CipherSuites]:
    return lambda offered: replace(offered, suites=names)


CASES = {
    "a login without rights": Case("WIN-001", Elevation, of("win2022user", Elevation)),
    "keys absent on Server 2019": Case("WIN-002", SChannel, of("win2019", SChannel)),
    "on for who asks": Case("WIN-002", SChannel, asked, severity=Severity.MINOR),
    "a build nobody knows": Case(
        "WIN-002", SChannel, lambda keys: replace(keys, build="31337"), outcome=Result.UNKNOWN
    ),
    "TLS 1.2 and 1.3 off for servers": Case(
        "WIN-003", SChannel, lambda keys: off("TLS 1.3/Server")(off("TLS 1.2/Server")(keys))
    ),
    "suites of Server 2012 R2": Case("WIN-004", CipherSuites, of("win2012r2", CipherSuites)),
    "suites without forward secrecy": Case(
        "WIN-004", CipherSuites, suites("TLS_RSA_WITH_AES_256_GCM_SHA384"), severity=Severity.MINOR
    ),
    "another time zone": Case("HST-004", Machine, lambda one: replace(one, time_zone="W. Europe Standard Time")),
    "no summer time": Case("HST-004", Machine, lambda one: replace(one, time_zone="UTC without summer time")),
    "a service that ended": Case("HST-008", FailedUnits, lambda _: FailedUnits(("Spooler",))),
    "a restart that is due": Case("WIN-005", PendingReboot, of("win2012r2", PendingReboot)),
    "nothing excluded": Case("WIN-006", DefenderExclusions, of("win2019", DefenderExclusions)),
    "only the product excluded": Case(
        "WIN-006", DefenderExclusions, lambda one: replace(one, paths=("c:\\program files\\",))
    ),
    "a Defender that does not watch": Case(
        "WIN-006", DefenderExclusions, lambda one: replace(one, real_time=False), outcome=Result.UNKNOWN
    ),
    "no Defender": Case("WIN-006", DefenderExclusions, of("win2012r2", DefenderExclusions), outcome=Result.UNKNOWN),
    "exclusions hidden": Case(
        "WIN-006", DefenderExclusions, of("win2022user", DefenderExclusions), outcome=Result.UNKNOWN
    ),
    "a writer that failed": Case("WIN-007", VssWriters, of("win2019", VssWriters)),
    "a profile that is off": Case("WIN-008", FirewallProfiles, of("win2019", FirewallProfiles)),
    "a service on demand": Case("SVC-001", Services, manual),
    "a service that is stopped": Case("SVC-002", Services, no_pid),
    "a service that nobody may read": Case("SVC-002", Services, of("win2022user", Services), outcome=Result.UNKNOWN),
    "a program that was replaced": Case("SVC-003", Processes, replaced),
    "another version": Case(
        "VER-002",
        Packages,
        lambda one: replace(one, installed={"Bacula": (Package("Bacula", "9.6.6", "x64", None),)}),
    ),
    "a client newer than its director": Case(
        "VER-004",
        Packages,
        lambda one: replace(one, installed={"Bacula": (Package("Bacula", "11.0.1", "x64", None),)}),
    ),
    "another release": Case("OS-001", OsRelease, of("win2019", OsRelease)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_named_by_its_check(store: Mapping[str, HostFacts], name: str) -> None:
    case = CASES[name]
    value = case.change(store["win2022"].values[case.kind.name])
    outcome = of_windows(inputs(), with_facts(store, **{case.kind.name: value}))[case.check]
    assert outcome.outcome is case.outcome, outcome.message
    if case.severity:
        assert outcome.severity is case.severity


def test_every_check_fails_somewhere() -> None:
    failing = {case.check for case in CASES.values() if case.outcome is Result.FAIL}
    assert {check for check in failing if check.startswith("WIN-")} == {f"WIN-00{number}" for number in range(1, 9)}


def test_defaults_of_server_2025_and_2022_are_told_apart(store: Mapping[str, HostFacts]) -> None:
    delivered = recorded("win2025")["schannel"]
    assert isinstance(delivered, SChannel)
    found = {
        build: of_windows(inputs(), with_facts(store, schannel=replace(delivered, build=build)))["WIN-002"].outcome
        for build in ("17763", "20348", "26100")
    }
    assert found == {"17763": Result.FAIL, "20348": Result.FAIL, "26100": Result.PASS}


@pytest.mark.parametrize("key", ["tls_min", "firewall_profiles", "excluded_folders"])
def test_what_was_never_agreed_is_unknown(store: Mapping[str, HostFacts], key: str) -> None:
    given = inputs()
    silent = replace(given, baseline=replace(given.baseline, windows=replace(given.baseline.windows, **{key: None})))
    of_key = {"tls_min": ("WIN-002", "WIN-003"), "firewall_profiles": ("WIN-008",), "excluded_folders": ("WIN-006",)}
    reasons = replace(silent, baseline=replace(silent.baseline, not_agreed={f"windows.{key}": "a test"}))
    for check in of_key[key]:
        assert of_windows(silent, store)[check].outcome is Result.UNKNOWN
        assert of_windows(reasons, store)[check].outcome is Result.NOT_APPLICABLE


def test_a_baseline_says_what_was_agreed_of_windows() -> None:
    assert inputs().baseline.windows == WindowsDemand("1.2", ("Domain", "Private", "Public"), ("D:\\Backup\\Work",))
    assert inputs(b"").baseline.windows == WindowsDemand()


def test_a_login_without_rights_makes_nothing_green(store: Mapping[str, HostFacts]) -> None:
    hidden = {
        name: value
        for name, value in recorded("win2022user").items()
        if isinstance(value, Missing) and value.why is Why.NOT_PERMITTED
    }
    outcomes = of_windows(inputs(), with_facts(store, **hidden))
    for check in ("WIN-006", "WIN-007", "WIN-008", "SVC-001", "SVC-002", "SVC-003", "CLK-002"):
        assert outcomes[check].outcome is Result.UNKNOWN, check


NOTHING = ProtocolKeys(None, None)


@pytest.mark.parametrize(
    ("build", "protocol", "keys", "expected"),
    [
        ("9600", "SSL 3.0", NOTHING, State.ON),
        ("14393", "SSL 3.0", NOTHING, State.OFF),
        ("14393", "SSL 2.0", ProtocolKeys(1, 0), State.ABSENT),
        ("17763", "TLS 1.0", NOTHING, State.ON),
        ("17763", "TLS 1.3", ProtocolKeys(1, 0), State.ABSENT),
        ("20348", "TLS 1.3", NOTHING, State.ON),
        ("26100", "TLS 1.0", NOTHING, State.OFF),
        ("26100", "TLS 1.0", ProtocolKeys(1, 0), State.ON),
        ("26100", "TLS 1.0", ProtocolKeys(1, None), State.ASKED),
        ("26100", "TLS 1.2", ProtocolKeys(0, 0), State.OFF),
        ("26100", "TLS 1.2", ProtocolKeys(None, 1), State.ASKED),
        ("31337", "TLS 1.2", NOTHING, None),
        ("31337", "TLS 1.2", ProtocolKeys(None, 0), None),
        ("31337", "TLS 1.2", ProtocolKeys(0, None), State.OFF),
        ("31337", "TLS 1.2", ProtocolKeys(0xFFFFFFFF, 0), State.ON),
    ],
)
def test_schannel_does_as_keys_and_release_say(
    build: str, protocol: str, keys: ProtocolKeys, expected: State | None
) -> None:
    assert state(build, protocol, keys) is expected


def test_every_release_says_something_of_every_protocol() -> None:
    assert {len(one.states) for one in DEFAULTS.values()} == {len(PROTOCOLS)}
    assert all(one.source for one in DEFAULTS.values())


def test_suites_are_broken_or_dated_by_name() -> None:
    names = (
        "TLS_AES_256_GCM_SHA384",
        "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        "TLS_RSA_WITH_RC4_128_SHA",
        "TLS_RSA_WITH_NULL_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384_P256",
        "TLS_RSA_WITH_AES_256_GCM_SHA384",
    )
    assert broken_suites(names, {}) == names[1:4]
    assert broken_suites(names, {"Triple DES 168": 0, "RC4 128/128": 0xFFFFFFFF}) == names[2:4]
    assert dated_suites(names) == names[4:]
