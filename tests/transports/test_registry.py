"""The registry of transports: what each says of itself is true, and costs nothing until it is used."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.core.facts import Login
from readiness.planning.inputs import inputs_of
from readiness.transports import TRANSPORTS, CommandTransport, Stop, Surroundings
from readiness.transports.shells import DIALECTS

EXAMPLE = Path(__file__).parents[2] / "inventories" / "example"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize("name", TRANSPORTS)
def test_a_transport_stands_under_its_name_and_says_what_it_is(name: str) -> None:
    kind = TRANSPORTS[name]
    assert kind.name == name
    assert kind.title
    assert kind.systems
    assert kind.speaks in DIALECTS
    assert Login in kind.proves


def test_the_first_that_serves_a_system_is_its_default() -> None:
    defaults: dict[str, str] = {}
    for kind in TRANSPORTS.values():
        for system in kind.systems:
            defaults.setdefault(system, kind.name)
    assert defaults == {"linux": "ssh", "windows": "winrm"}


@pytest.mark.parametrize("name", TRANSPORTS)
def test_those_that_say_so_run_single_commands(name: str, tmp_path: Path) -> None:
    kind, estate = TRANSPORTS[name], inputs_of(EXAMPLE, NOW).estate
    surroundings = Surroundings(tmp_path, tmp_path, {"READINESS_WINRM_PASSWORD": "secret"})
    host = next(host for host in estate.hosts.values() if host.os in kind.systems)
    transport = kind.maker(estate, surroundings, Stop())(host)
    assert isinstance(transport, CommandTransport) == kind.runs_commands


@pytest.mark.parametrize("name", TRANSPORTS)
def test_each_says_its_login_without_a_secret(name: str, tmp_path: Path) -> None:
    kind, estate = TRANSPORTS[name], inputs_of(EXAMPLE, NOW).estate
    surroundings = Surroundings(tmp_path, tmp_path, {"READINESS_WINRM_PASSWORD": "secret"})
    host = next(host for host in estate.hosts.values() if host.os in kind.systems)
    logins, missing = kind.logins(estate, surroundings)(host)
    assert [login.to for login in logins] == [host.name]
    assert not missing
    assert "secret" not in str(logins)


def test_the_ports_that_our_login_comes_in_by() -> None:
    hosts = inputs_of(EXAMPLE, NOW).estate.hosts
    ports = {name: TRANSPORTS[hosts[name].transport].ports(hosts[name]) for name in ("dir01", "fd01", "fd02")}
    assert ports == {"dir01": {22}, "fd01": {5986}, "fd02": {5985}}


def test_knowing_the_transports_loads_none_of_their_libraries() -> None:
    program = (
        "import readiness.transports, sys; print({'paramiko', 'winrm', 'spnego', 'requests', 'ssl'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"
