"""Every script runs on the stand-in for each machine, and its parser gives the fact that the machine's file says."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from readiness.core.facts import Fact, Missing, Why
from readiness.core.scripts import Output
from readiness.probes.clock import Clock, ClockSync
from readiness.probes.host import Machine
from readiness.probes.listening import Holder, Listening
from readiness.probes.names import Addresses, Names
from readiness.probes.packages import Packages
from readiness.probes.processes import Processes
from readiness.probes.services import Services
from readiness.probes.space import Space
from readiness.probes.system import Identity, OsRelease
from readiness.probes.units import FailedUnits
from readiness.probes.windows import PROBES
from readiness.probes.windows.network import FirewallProfiles
from readiness.probes.windows.settings import DefenderExclusions
from readiness.probes.windows.software import Hotfix, Hotfixes, PendingReboot
from readiness.probes.windows.storage import VssWriters
from readiness.probes.windows.system import Elevation, windows_zone
from readiness.probes.windows.tls import CipherSuites, MachineCertificates, ProtocolKeys, SChannel
from tests.bench import machine, record, stand_in

from .facts import all_of, parsed

SCRIPTS = sorted((Path(stand_in.__file__).parents[2] / "readiness" / "probes" / "scripts").glob("*.ps1"))
F = TypeVar("F", bound=Fact)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Output]]:
    stand_in.executable()

    @functools.cache
    def answers(name: str) -> dict[str, Output]:
        one = machine.Machine.load(name, tmp_path_factory.mktemp(name))
        return {output.name: output for output in record.answers(one)}

    return answers


@pytest.fixture
def of(fresh: Callable[[str], dict[str, Output]]) -> Callable[[str, type[F]], F]:
    def fact(name: str, kind: type[F]) -> F:
        found = parsed(fresh(name)[kind.name])
        assert isinstance(found, kind), (found, fresh(name)[kind.name])
        return found

    return fact


def after(tmp_path: Path, name: str, change: Callable[[dict[str, Any]], None]) -> dict[str, Fact | Missing | None]:
    """The facts of a machine after a planted change."""
    one = machine.Machine.load(name, tmp_path / "before").changed(change, tmp_path / "after")
    return all_of(record.answers(one))


def test_every_script_is_of_powershell_4() -> None:
    assert {path.stem for path in SCRIPTS} >= {probe.name for probe in PROBES}
    checked = subprocess.run(
        [stand_in.executable(), "-Version", "4.0", "-Check", *SCRIPTS], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_only_reads(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    assert text.startswith("# ")
    words = set(text.replace("(", " ").replace("{", " ").split())
    verbs = {word.split("-")[0] for word in words if word[:1].isupper() and "-" in word and not word.startswith("-")}
    assert verbs <= {"Get", "Test", "New", "Where", "ForEach", "Select", "Sort", "Resolve"}
    assert {word for word in words if word.startswith("New-")} <= {"New-Object"}
    assert not words & {"Invoke-Expression", "iex", ">", ">>", "&"}


@pytest.mark.parametrize("name", machine.names())
def test_every_probe_is_understood_on_every_machine(fresh: Callable[[str], dict[str, Output]], name: str) -> None:
    outputs = fresh(name)
    assert outputs.keys() == {probe.name for probe in PROBES}
    assert [one for one in outputs.values() if parsed(one) is None] == []


@pytest.mark.parametrize("name", machine.names())
def test_a_recording_gives_the_facts_of_a_fresh_run(fresh: Callable[[str], dict[str, Output]], name: str) -> None:
    """Else: `python -m tests.bench.record`."""
    assert all_of(record.saved(name).values()) == all_of(fresh(name).values())


def test_every_machine_has_a_recording_and_those_of_real_hosts_are_understood() -> None:
    recorded = {path.stem for path in record.RECORDINGS.glob("*.json")}
    assert recorded >= {*machine.names()}
    outputs = [output for name in recorded - {*machine.names()} for output in record.saved(name).values()]
    assert [output for output in outputs if parsed(output) is None] == []


@pytest.mark.parametrize("name", machine.names())
def test_the_clock_is_our_own(fresh: Callable[[str], dict[str, Output]], name: str) -> None:
    clock = parsed(fresh(name)["clock"])
    assert isinstance(clock, Clock)
    assert abs(clock.offset_s) <= clock.uncertainty_s < 60


@pytest.mark.parametrize(
    ("name", "release", "kernel"),
    [
        ("win2012r2", "2012r2", "6.3.9600.19724"),
        ("win2016", "2016", "10.0.14393.7428"),
        ("win2019", "2019", "10.0.17763.6414"),
        ("win2022", "2022", "10.0.20348.2849"),
        ("win2022de", "2022", "10.0.20348.2849"),
        ("win2025", "2025", "10.0.26100.2161"),
    ],
)
def test_a_release_is_told_by_its_build(of: Callable[..., Any], name: str, release: str, kernel: str) -> None:
    found = of(name, OsRelease)
    assert (found.id, found.family, found.version_id, found.kernel) == ("windows", "windows", release, kernel)


def test_the_time_service_is_read_by_numbers(of: Callable[..., Any]) -> None:
    assert (
        of("win2022", ClockSync)
        == of("win2022de", ClockSync)
        == ClockSync(synchronised=True, tool="w32tm", source="ntp1.example.org,0x9")
    )
    assert of("win2016", ClockSync) == ClockSync(synchronised=False, tool="w32tm", source="Local CMOS Clock")
    assert not of("win2019", ClockSync).synchronised


def test_identity_is_whole_or_says_what_it_lacks(of: Callable[..., Any]) -> None:
    assert of("win2022", Identity) == Identity("win2022", "3d5b9f0e7c1a4c529d7e20348a0b1c2d", "win2022.lab.example")
    assert of("win2016", Identity).fqdn == Missing(Why.NO_SUCH_NAME, "the host has no primary DNS suffix")


def test_software_is_found_by_name_or_beginning(of: Callable[..., Any]) -> None:
    packages = of("win2022", Packages)
    (bacula,) = packages.called("bacula")
    assert (bacula.version, bacula.architecture, bacula.installed_at_s) == ("9.6.7", "x64", None)
    assert [one.name for one in packages.called("VMware*")] == ["VMware Tools"]
    assert packages.called("VMware") == packages.called("No Such Product") == ()
    assert of("win2022", Hotfixes).fixes == (Hotfix("KB5042881", None), Hotfix("KB5044281", "2024-10-30"))


def test_services_are_told_in_the_words_of_linux(of: Callable[..., Any]) -> None:
    services = of("win2022", Services)
    client, vss = services.called("bacula-FD"), services.called("vss")
    assert (client.active_state, client.sub_state, client.unit_file_state) == ("active", "running", "enabled")
    assert (client.main_pid, client.started_at_s, client.account) == (2204, 1795140020, "LocalSystem")
    assert (vss.sub_state, vss.unit_file_state, vss.main_pid) == ("dead", "manual", None)
    assert services.called("RemoteRegistry").unit_file_state == "disabled"
    assert services.called("NoSuchService").load_state == "not-found"
    assert not of("win2022", Processes).executables[2204].deleted


def test_sockets_volumes_and_names(of: Callable[..., Any]) -> None:
    listening = of("win2022", Listening)
    assert [(one.address, one.port) for one in listening.sockets] == [
        ("0.0.0.0", 135),  # noqa: S104 - what the machine says
        ("::", 135),
        ("::", 5985),
        ("0.0.0.0", 9102),  # noqa: S104 - likewise
    ]
    assert listening.holders[4] == (Holder(2204, r"C:\Program Files\Bacula\bacula-fd.exe"),)
    space = of("win2022", Space).filesystems
    assert space == {"C:\\": space["C:\\"], r"C:\Program Files\Bacula": space["C:\\"], r"D:\No such folder": None}
    assert (space["C:\\"].mount, space["C:\\"].kind, space["C:\\"].free_bytes) == ("C:\\", "NTFS", 53687091200)
    names = of("win2022", Names)
    assert names.forward["dir01.lab.example"] == ("10.99.0.11",)
    assert names.forward["nowhere.lab.example"] == names.forward["only-an-alias.lab.example"] == ()
    assert names.reverse["10.99.0.11"] == ("dir01.lab.example",)


def test_own_addresses_are_those_in_use(of: Callable[..., Any], tmp_path: Path) -> None:
    assert of("win2022", Addresses).addresses == ("10.99.0.22", "127.0.0.1", "::1", "fe80::d99:16")
    without = after(tmp_path, "win2022", lambda description: description.update(addresses=None))
    assert without["addresses"] == Addresses(("10.99.0.22", "fe80::d99:16"))


def test_memory_and_paging_files_are_told_in_bytes(of: Callable[..., Any]) -> None:
    found = of("win2022", Machine)
    assert (found.memory_bytes, found.swap_bytes) == (8388020 << 10, 1310720 << 10)


def test_tls_is_told_raw(of: Callable[..., Any]) -> None:
    keys = of("win2022", SChannel)
    assert keys.protocols["TLS 1.0/Server"] == ProtocolKeys(0, 1)
    assert keys.protocols["TLS 1.2/Server"] == ProtocolKeys(None, None)
    assert keys.ciphers == {"RC4 128/128": 0}
    assert [of(name, CipherSuites).by for name in ("win2012r2", "win2016")] == ["local", "cmdlet"]


def test_certificates_of_both_kinds_of_keys(of: Callable[..., Any]) -> None:
    first, second = of("win2022", MachineCertificates).certificates
    assert (first.store, first.key_bits, first.has_key, first.dns_names[0]) == ("My", 2048, True, "win2022.lab.example")
    assert (second.store, second.has_key, second.subject) == ("Root", False, "CN=lab-CA, DC=lab, DC=example")
    elliptic, _ = of("win2025", MachineCertificates).certificates
    assert (elliptic.key_bits, elliptic.ends_at_s) == (None, 2398377600)


def test_vss_firewall_reboot_and_antivirus(of: Callable[..., Any], fresh: Callable[[str], dict[str, Output]]) -> None:
    assert [one.state for one in of("win2022de", VssWriters).writers] == [1, 1]
    assert [(one.name, one.state) for one in of("win2019", VssWriters).writers] == [("SqlServerWriter", 8)]
    assert {name: one.enabled for name, one in of("win2019", FirewallProfiles).profiles.items()} == {
        "Domain": True,
        "Private": False,
        "Public": True,
    }
    assert of("win2022", FirewallProfiles).networks == {"Ethernet0": "Domain"}
    assert of("win2012r2", PendingReboot).reasons == ("updates of Windows components", "Windows Update")
    assert of("win2022", PendingReboot).reasons == ()
    assert of("win2022", DefenderExclusions).paths == (r"C:\Program Files\Bacula", r"D:\Backup")
    assert of("win2019", DefenderExclusions).paths == ()
    for name in ("win2012r2", "win2016"):
        absent = parsed(fresh(name)["defender_exclusions"])
        assert isinstance(absent, Missing)
        assert absent.why is Why.TOOL_ABSENT


def test_a_login_without_rights_sees_nothing_absent(
    of: Callable[..., Any], fresh: Callable[[str], dict[str, Output]]
) -> None:
    assert of("win2022user", Elevation) == Elevation(r"LAB\reader", administrator=False, powershell="5.1.20348.2849")
    found = all_of(fresh("win2022user").values())
    refused = {name for name, fact in found.items() if isinstance(fact, Missing) and fact.why is Why.NOT_PERMITTED}
    assert refused == {
        *("access_lists", "addresses", "certificates", "clock_sync", "cluster", "cluster_membership", "configuration"),
        *("defender_exclusions", "failed_units", "firewall_profiles", "hotfixes", "listening", "machine", "processes"),
        *("services", "space", "virtual_machine", "vss_writers"),
    }
    assert [name for name, fact in found.items() if isinstance(fact, Missing) and not fact.remedy] == []


def test_planted_faults_are_seen(tmp_path: Path) -> None:
    stand_in.executable()

    def change(description: dict[str, Any]) -> None:
        description["firewall"] = None
        description["dns"]["silent"] = True
        client = r"C:\Program Files\Bacula\bacula-fd.exe"
        description["files"][client]["made"] = "2026-11-21T00:00:00Z"
        entries = description["registry"]
        entries["HKLM\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\x"] = {
            "DisplayName": "bacula",
            "DisplayVersion": "7.0.0",
        }
        entries["HKLM\\SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName"] = {"ComputerName": "OTHER"}

    found = after(tmp_path, "win2022", change)
    assert [getattr(found[name], "why", None) for name in ("firewall_profiles", "names")] == [Why.UNREADABLE] * 2
    processes, packages, reboot = found["processes"], found["packages"], found["pending_reboot"]
    assert isinstance(processes, Processes)
    assert processes.executables[2204].deleted
    assert isinstance(packages, Packages)
    assert [one.architecture for one in packages.called("Bacula")] == ["x64", "x86"]
    assert isinstance(reboot, PendingReboot)
    assert reboot.reasons == ("the new name OTHER",)


def test_a_host_without_networks_still_tells_its_profiles(tmp_path: Path) -> None:
    stand_in.executable()
    found = after(tmp_path, "win2022", lambda description: description.update(networks={}))["firewall_profiles"]
    assert isinstance(found, FirewallProfiles)
    assert found.networks == {}


def test_a_host_that_lists_no_service_at_all_has_not_told_of_one(tmp_path: Path) -> None:
    stand_in.executable()
    found = after(tmp_path, "win2022", lambda description: description["cim"].update(Win32_Service=[]))
    assert found["services"] is None


def test_a_service_that_windows_could_not_query_hides_no_other(tmp_path: Path) -> None:
    stand_in.executable()
    row = {"Name": "odd", "State": "Unknown", "StartMode": "Unknown", "StartName": "", "ProcessId": 0, "ExitCode": 0}
    services = after(tmp_path, "win2022", lambda description: description["cim"]["Win32_Service"].append(row))[
        "services"
    ]
    assert isinstance(services, Services)
    assert (services.called("odd").active_state, services.called("odd").unit_file_state) == ("unknown", "unknown")
    assert services.called("bacula-fd").active_state == "active"


def test_a_host_without_one_entry_has_not_told_of_its_packages(tmp_path: Path) -> None:
    stand_in.executable()

    def change(description: dict[str, Any]) -> None:
        entries = description["registry"]
        description["registry"] = {key: entry for key, entry in entries.items() if "\\Uninstall\\" not in key}

    assert after(tmp_path, "win2022", change)["packages"] is None


def test_an_entry_without_a_good_version_is_broken_and_hides_no_other(tmp_path: Path) -> None:
    stand_in.executable()

    def change(description: dict[str, Any]) -> None:
        folder = "HKLM\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\"
        description["registry"][f"{folder}x"] = {"DisplayName": "Odd", "DisplayVersion": "2 #3"}
        description["registry"][f"{folder}y"] = {"DisplayName": "BACULA tray monitor"}

    packages = after(tmp_path, "win2022", change)["packages"]
    assert isinstance(packages, Packages)
    assert packages.broken_called("odd") == ("Odd with a version that is none: '2 #3'",)
    assert packages.broken_called("bacula*") == ("BACULA tray monitor without a version",)
    assert packages.broken_called("bacula") == ()
    assert packages.called("Odd") == ()
    assert [one.name for one in packages.called("bacula*")] == ["Bacula"]


@pytest.mark.parametrize(
    ("age_ms", "earliest_s"),
    [(3000, 103.0), (0, 100.0), (-5000, 100.0), (9000, 100.0)],
    ids=["started late", "at once", "set back meanwhile", "set forward meanwhile"],
)
def test_a_clock_is_bounded_by_how_long_powershell_has_been_running(age_ms: int, earliest_s: float) -> None:
    said = f'[{{"utc":"1970-01-01T00:01:44.0000000Z","age_ms":{age_ms}}}]'
    clock = parsed(Output("clock", 0, said.encode(), b"", 100.0, 104.0, 1.0))
    assert isinstance(clock, Clock)
    assert clock.offset_s == 104.0 - (earliest_s + 105.0) / 2
    assert clock.uncertainty_s == (105.0 - earliest_s) / 2 + 1 / 64


def test_services_that_left_an_exit_code_are_told(tmp_path: Path) -> None:
    stand_in.executable()

    def change(description: dict[str, Any]) -> None:
        codes = {"Spooler": 1067, "BITS": 1077, "sppsvc": 0}
        row = {"StartMode": "Auto", "State": "Stopped", "StartName": "LocalSystem", "ProcessId": 0}
        description["cim"]["Win32_Service"] += [{**row, "Name": name, "ExitCode": code} for name, code in codes.items()]
        zone = description["registry"][r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation"]
        zone.update(
            TimeZoneKeyName="W. Europe Standard Time", DynamicDaylightTimeDisabled={"type": "DWord", "value": 1}
        )

    found = after(tmp_path, "win2022", change)
    assert found["failed_units"] == FailedUnits(("Spooler",))
    machine = found["machine"]
    assert isinstance(machine, Machine)
    assert machine.time_zone == "W. Europe Standard Time without summer time"


def test_windows_has_names_of_its_own_for_zones() -> None:
    assert windows_zone("Europe/Berlin") == "W. Europe Standard Time"
    assert windows_zone("Etc/UTC") == "UTC"
    assert windows_zone("Europe/Berln") is None


def test_stores_without_a_root_certificate_were_not_read() -> None:
    assert parsed(Output("machine_certificates", 0, b"[]", b"", 1.0, 2.0, 0.0)) is None
