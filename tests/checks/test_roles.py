"""Roles that a host has and does not declare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from readiness.core.facts import Missing
from readiness.estate.listening import Listener
from readiness.estate.listening import Listening as AgreedListening
from readiness.planning.inputs import Inputs
from readiness.probes.listening import Holder, Listening, Socket
from readiness.probes.packages import Package, Packages
from readiness.probes.processes import Processes, Program
from readiness.probes.services import Service, Services

from .changes import NO_OWNERS, NOT_AGREED, with_baseline, with_estate
from .harness import Case, Change, Clean, both, fact, judged


def declaring(**products: Mapping[str, tuple[str, ...]]) -> Callable[[Inputs], Inputs]:
    """The estate in which these hosts declare other roles."""

    def change(inputs: Inputs) -> Inputs:
        hosts = dict(inputs.estate.hosts)
        for name, own in products.items():
            hosts[name] = hosts[name].model_copy(update={"products": own})
        return with_estate(inputs, hosts=hosts)

    return change


def agreed_all_the_same(key: str, then: Callable[[Inputs], Inputs]) -> Callable[[Inputs], Inputs]:
    return lambda inputs: then(with_baseline(not_agreed={key: NOT_AGREED})(inputs))


FORGOTTEN = declaring(client01={})


def installed(host: str, name: str) -> Change:
    def change(packages: Packages) -> Packages:
        return replace(packages, installed={**packages.installed, name: (Package(name, "9.6.7-7", "amd64", None),)})

    return fact(host, Packages, change)


def broken(host: str, name: str, state: str) -> Change:
    return fact(host, Packages, lambda packages: replace(packages, broken={name: state}))


def without_packages(host: str) -> Change:
    def change(packages: Packages) -> Packages:
        kept = {name: own for name, own in packages.installed.items() if "acula" not in name}
        return replace(packages, installed=kept)

    return fact(host, Packages, change)


def unit(host: str, name: str, load: str, active: str, sub: str, file: str) -> Change:
    def change(services: Services) -> Services:
        return replace(services, units={**services.units, name: Service(name, load, active, sub, file, None, None)})

    return fact(host, Services, change)


def runs(host: str, path: str) -> Change:
    def change(processes: Processes) -> Processes:
        return replace(processes, executables={**processes.executables, 4711: Program(path, deleted=False)})

    return fact(host, Processes, change)


def listens(host: str, port: int, path: str) -> Change:
    def change(listening: Listening) -> Listening:
        assert not isinstance(listening.holders, Missing)
        sockets = (*listening.sockets, Socket("0.0.0.0", port, 1))  # noqa: S104 - what a fact says
        return replace(listening, sockets=sockets, holders={**listening.holders, 1: (Holder(4711, path),)})

    return fact(host, Listening, change)


def idle(host: str) -> Change:
    """A client whose program and unit are gone: what is left of it is what the case adds."""

    def no_program(processes: Processes) -> Processes:
        kept = {pid: one for pid, one in processes.executables.items() if "bacula" not in one.path}
        return replace(processes, executables=kept)

    def no_unit(services: Services) -> Services:
        return replace(services, units={name: one for name, one in services.units.items() if "acula" not in name})

    def no_socket(listening: Listening) -> Listening:
        return replace(listening, sockets=tuple(one for one in listening.sockets if one.port != 9102))

    return both(
        without_packages(host),
        fact(host, Processes, no_program),
        fact(host, Services, no_unit),
        fact(host, Listening, no_socket),
    )


def missing(host: str, kind: Any) -> Change:
    return fact(host, kind, lambda _: NO_OWNERS)


UNIT = "bacula-fd.service"
STORAGE = "ROL-001 dir01/bacula.storage"
CLIENT = "ROL-001 client01/bacula.client"
CASES = {
    "a client whose products were forgotten": Case({CLIENT: "FAIL"}, inputs=FORGOTTEN),
    "a Windows client whose products were forgotten": Case(
        {"ROL-001 fd01/bacula.client": "FAIL"}, inputs=declaring(fd01={})
    ),
    "the storage daemon of a director": Case({STORAGE: "FAIL"}, runs("dir01", "/usr/sbin/bacula-sd")),
    "the file daemon of a director": Case(
        {"ROL-001 dir01/bacula.client": "FAIL"}, runs("dir01", "/usr/sbin/bacula-fd")
    ),
    "a program from another folder without a package": Case(
        {CLIENT: "FAIL"}, both(idle("client01"), runs("client01", "/opt/bacula/bin/bacula-fd")), FORGOTTEN
    ),
    "a Windows program from a share": Case(
        {"ROL-001 fd01/bacula.client": "FAIL"},
        both(idle("fd01"), runs("fd01", r"\\SRV\Tools\BACULA-FD.EXE")),
        declaring(fd01={}),
    ),
    "a package that is installed and stopped": Case(
        {CLIENT: "FAIL"}, both(idle("client01"), installed("client01", "bacula-fd")), FORGOTTEN
    ),
    "a package that is half installed": Case(
        {CLIENT: "FAIL"}, both(idle("client01"), broken("client01", "bacula-fd", "iH")), FORGOTTEN
    ),
    "a unit without a package": Case(
        {CLIENT: "FAIL"},
        both(idle("client01"), unit("client01", UNIT, "loaded", "inactive", "dead", "disabled")),
        FORGOTTEN,
    ),
    "an instance of a template that is stopped": Case(
        {STORAGE: "FAIL"}, unit("dir01", "bacula-sd@tape.service", "loaded", "inactive", "dead", "enabled")
    ),
    "an instance of another unit's template": Case(
        {STORAGE: "PASS"}, unit("dir01", "bacula-sdx@tape.service", "loaded", "inactive", "dead", "enabled")
    ),
    "a unit that runs and whose file is gone": Case(
        {CLIENT: "FAIL"},
        both(idle("client01"), unit("client01", UNIT, "not-found", "active", "running", "")),
        FORGOTTEN,
    ),
    "a service of Windows that is stopped": Case(
        {"ROL-001 fd01/bacula.client": "FAIL"},
        both(idle("fd01"), unit("fd01", "bacula-FD", "loaded", "inactive", "dead", "disabled")),
        declaring(fd01={}),
    ),
    "a storage daemon of Windows": Case(
        {"ROL-001 fd01/bacula.storage": "FAIL"},
        unit("fd01", "Bacula-sd", "loaded", "inactive", "dead", "disabled"),
    ),
    "a console on a host that has nothing to do with backups": Case(
        {CLIENT: "PASS", "ROL-001 client01/bacula.console": "FAIL"},
        both(idle("client01"), installed("client01", "bacula-console")),
        FORGOTTEN,
    ),
    "nothing of it": Case({CLIENT: "PASS"}, idle("client01"), FORGOTTEN),
    "nothing of it on Windows": Case({"ROL-001 fd01/bacula.client": "PASS"}, idle("fd01"), declaring(fd01={})),
    "what a removed package leaves in /etc/init.d": Case(
        {CLIENT: "PASS"},
        both(idle("client01"), unit("client01", UNIT, "loaded", "active", "exited", "generated")),
        FORGOTTEN,
    ),
    "such a script that started something": Case(
        {CLIENT: "FAIL"},
        both(idle("client01"), unit("client01", UNIT, "loaded", "active", "running", "generated")),
        FORGOTTEN,
    ),
    "a unit that somebody masked": Case(
        {CLIENT: "PASS"},
        both(idle("client01"), unit("client01", UNIT, "masked", "inactive", "dead", "masked")),
        FORGOTTEN,
    ),
    "a unit that failed before its package was removed": Case(
        {CLIENT: "PASS"}, both(idle("client01"), unit("client01", UNIT, "not-found", "failed", "failed", "")), FORGOTTEN
    ),
    "libraries that come with another role": Case(
        {"ROL-001 sd01/bacula.director": "PASS"},
        both(installed("sd01", "bacula-libs-sql"), installed("sd01", "bacula-director-sqlite3")),
    ),
    "packages that may not be read": Case(
        {CLIENT: "UNKNOWN"}, both(idle("client01"), missing("client01", Packages)), FORGOTTEN
    ),
    "services that may not be read": Case(
        {CLIENT: "UNKNOWN"}, both(idle("client01"), missing("client01", Services)), FORGOTTEN
    ),
    "processes that may not be read": Case(
        {CLIENT: "UNKNOWN"}, both(idle("client01"), missing("client01", Processes)), FORGOTTEN
    ),
    "what may not be read excuses nothing that was": Case(
        {CLIENT: "FAIL"}, both(missing("client01", Packages), missing("client01", Processes)), FORGOTTEN
    ),
    "a role that may be there all the same": Case(
        {CLIENT: "NOT_APPLICABLE"}, inputs=agreed_all_the_same("roles.bacula.client", FORGOTTEN)
    ),
    "another role that may be there all the same": Case(
        {CLIENT: "FAIL"}, inputs=agreed_all_the_same("roles.bacula.storage", FORGOTTEN)
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)


def test_a_process_that_is_kept_from_root_may_be_anything(clean: Clean) -> None:
    store = dict(clean.store)
    both(idle("client01"), fact("client01", Processes, lambda one: replace(one, unreadable=(12,))))(store)
    outcome = judged(FORGOTTEN(clean.inputs), store, "ROL-001")[CLIENT]
    assert (outcome.outcome, outcome.blocked_by) == ("UNKNOWN", ())


def test_it_says_what_was_seen_and_which_line_would_declare_it(clean: Clean) -> None:
    store = dict(clean.store)
    both(runs("dir01", "/opt/bacula/bin/bacula-fd"), listens("dir01", 9102, "/opt/bacula/bin/bacula-fd"))(store)
    outcome = judged(clean.inputs, store, "ROL-001")["ROL-001 dir01/bacula.client"]
    assert outcome.found == "process 4711 /opt/bacula/bin/bacula-fd, listens on 0.0.0.0:9102"
    assert outcome.expected == "none of its signs, or in estate.yaml products: {bacula: [director, client]}"


def test_a_listener_of_such_a_role_is_no_second_finding(clean: Clean) -> None:
    inputs = FORGOTTEN(clean.inputs)
    outcome = judged(inputs, clean.store, "LSN-004")["LSN-004 client01"]
    assert (outcome.outcome, outcome.blocked_by) == ("UNKNOWN", (CLIENT,))
    agreed = agreed_all_the_same("roles.bacula.client", FORGOTTEN)(clean.inputs)
    assert judged(agreed, clean.store, "LSN-004")["LSN-004 client01"].outcome == "PASS"
    also = AgreedListening(also=(Listener(port=9102, process="bacula-fd"),))
    declared = FORGOTTEN(with_baseline(listening=also)(clean.inputs))
    assert judged(declared, clean.store, "LSN-004")["LSN-004 client01"].outcome == "PASS"
    store = dict(clean.store)
    listens("client01", 4444, "/usr/bin/nc")(store)
    other = judged(inputs, store, "LSN-004")["LSN-004 client01"]
    assert other.outcome == "FAIL"
    assert "9102" not in other.found


def test_it_rests_on_what_the_catalogue_knows_of_the_system(clean: Clean) -> None:
    """No pair promises to have looked for what the catalogue has no name for."""
    every = judged(declaring(fd01={}, client01={})(clean.inputs), clean.store, "ROL-001")
    pairs = {pair for pair in every if "/bacula." in pair}
    assert {pair for pair in pairs if "fd01" in pair} == {"ROL-001 fd01/bacula.client", "ROL-001 fd01/bacula.storage"}
    assert {pair for pair in pairs if "client01" in pair} == {
        f"ROL-001 client01/bacula.{role}" for role in ("director", "storage", "client", "console")
    }
    assert {pair for pair in pairs if "sd01" in pair} == {"ROL-001 sd01/bacula.director", "ROL-001 sd01/bacula.client"}
