"""Each check has an estate where it passes and one where it fails: the lab's recorded facts, changed one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from readiness.configs.model import ConfigurationFile, Directive
from readiness.core.facts import Fact, HostFacts, HostKey, Login, Missing, Reached, Why
from readiness.core.outcomes import Outcome, Result
from readiness.demo import embedded_estate
from readiness.estate.models import ClockDemand, HostDemand, Listener, OperatingSystem, SpaceDemand
from readiness.gate.records import FACT_KINDS
from readiness.planning.inputs import Inputs, inputs_again
from readiness.probes import (
    Addresses,
    Boot,
    Certificates,
    Clock,
    ClockSync,
    Configuration,
    FailedUnits,
    Filesystem,
    Holder,
    Identity,
    Listening,
    Machine,
    Names,
    OpenFiles,
    OsRelease,
    Package,
    Packages,
    Processes,
    Rights,
    Services,
    Socket,
    Space,
    Sshd,
    SudoRules,
)
from readiness.products import VersionRule
from readiness.run_folder.saved import SavedRun
from tests.judging import judged
from tests.lab.keys import Authority
from tests.main_job.job import run

Store = dict[str, HostFacts]


@dataclass(frozen=True)
class Clean:
    """The inputs and facts of a run that was GO."""

    inputs: Inputs
    store: Store


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    folder = tmp_path_factory.mktemp("clean") / "run"
    with embedded_estate(planted=False) as estate:
        assert run(estate, folder).code == 0
    saved = SavedRun.open(folder)
    return Clean(inputs_again(saved.inputs(), saved.as_of), saved.facts(FACT_KINDS)[0])


def wrong(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    return {
        f"{one.check} {one.target}": str(one.outcome)
        for one in outcomes
        if one.outcome in {Result.FAIL, Result.UNKNOWN} and not one.blocked_by
    }


def changed(store: Store, host: str, kind: type[Fact], change: Callable[[Any], Fact | Missing]) -> None:
    values = dict(store[host].values)
    values[kind.name] = change(values[kind.name])
    store[host] = replace(store[host], values=values)


@dataclass(frozen=True)
class Case:
    """A change of facts or inputs, and the pairs that must be wrong for it."""

    expected: dict[str, str]
    facts: Callable[[Store], None] = lambda _: None
    inputs: Callable[[Inputs], Inputs] = field(default=lambda inputs: inputs)


def fact(host: str, kind: type[Fact], change: Callable[[Any], Fact | Missing]) -> Callable[[Store], None]:
    return lambda store: changed(store, host, kind, change)


def version(host: str, package: str, text: str | None) -> Callable[[Store], None]:
    def change(packages: Packages) -> Packages:
        installed = dict(packages.installed)
        if text is None:
            del installed[package]
        else:
            installed[package] = (replace(installed[package][0], version=text),)
        return replace(packages, installed=installed)

    return fact(host, Packages, change)


def everywhere(text: str, *but: str) -> Callable[[Store], None]:
    def change(store: Store) -> None:
        for host, package in (("dir01", "bacula-director"), ("sd01", "bacula-sd"), ("client01", "bacula-fd")):
            if host not in but:
                version(host, package, text)(store)

    return change


def agreed_anything(inputs: Inputs) -> Inputs:
    reasons = {f"versions.bacula.{role}": "a test" for role in ("director", "storage", "client")}
    baseline = replace(inputs.baseline, versions=None, same_version_groups=None)
    return replace(inputs, baseline=replace(baseline, not_agreed={**reasons, "same_version_groups": "a test"}))


def with_rule(rule: VersionRule) -> Callable[[Inputs], Inputs]:
    def change(inputs: Inputs) -> Inputs:
        product = inputs.catalogue.products["bacula"]
        more = product.model_copy(update={"version_rules": (*product.version_rules, rule)})
        return replace(inputs, catalogue=replace(inputs.catalogue, products={"bacula": more}))

    return change


MIN = VersionRule(rule="min", role="storage", version="10.0", severity="major", source="a test", why="a test")
SERIES = VersionRule(
    rule="same_series", role="storage", other="director", parts=1, severity="major", source="a test", why="a test"
)


def twin_key(store: Store) -> None:
    own = store["client01"].values[HostKey.name]
    assert isinstance(own, HostKey)
    changed(store, "client02", HostKey, lambda _: own)


def all_clocks(offset_s: float) -> Callable[[Store], None]:
    def change(store: Store) -> None:
        for host in store:
            changed(store, host, Clock, lambda clock: replace(clock, offset_s=offset_s))

    return change


def main_pid(services: Services, unit: str) -> int:
    pid = services.units[unit].main_pid
    assert pid is not None
    return pid


def replaced_program(store: Store) -> None:
    services = store["client01"].values[Services.name]
    assert isinstance(services, Services)
    pid = main_pid(services, "bacula-fd.service")
    changed(
        store,
        "client01",
        Processes,
        lambda one: replace(one, executables={**one.executables, pid: replace(one.executables[pid], deleted=True)}),
    )


def unit(host: str, name: str, **states: object) -> Callable[[Store], None]:
    def change(services: Services) -> Services:
        return replace(services, units={**services.units, name: replace(services.units[name], **states)})  # type: ignore[arg-type]

    return fact(host, Services, change)


def resolved(host: str, name: str, addresses: tuple[str, ...]) -> Callable[[Store], None]:
    """The host resolves a name to these addresses, which lead back to somebody else."""

    def change(names: Names) -> Names:
        back = dict.fromkeys(addresses, ("other.lab.example",))
        return replace(names, forward={**names.forward, name: addresses}, reverse={**names.reverse, **back})

    return fact(host, Names, change)


def socket(
    host: str, address: str, port: int, program: str | None, *, instead: bool = False
) -> Callable[[Store], None]:
    """One more listening socket, or one in the place of those on the port."""

    def change(listening: Listening) -> Listening:
        assert not isinstance(listening.holders, Missing)
        kept = tuple(one for one in listening.sockets if not instead or one.port != port)
        holders = {one.inode: listening.holders[one.inode] for one in kept}
        holders[1] = (Holder(1, program),) if program else ()
        return Listening((*kept, Socket(address, port, 1)), holders)

    return fact(host, Listening, change)


def both(*changes: Callable[[Store], None]) -> Callable[[Store], None]:
    def change(store: Store) -> None:
        for one in changes:
            one(store)

    return change


def file_of(path: str, change: Callable[[ConfigurationFile], ConfigurationFile]) -> Callable[[Any], Configuration]:
    def apply(fact: Configuration) -> Configuration:
        return replace(fact, files={**fact.files, path: change(fact.files[path])})

    return apply


def directive(kind: str, name: str, resource: str, **changes: Any) -> Callable[[ConfigurationFile], ConfigurationFile]:
    """A file in which one resource's directive is another one; it is left out where nothing is changed."""

    def apply(file: ConfigurationFile) -> ConfigurationFile:
        (wanted,) = (one for one in file.of_kind(kind) if one.value("Name") == resource)
        kept = [replace(one, **changes) if one.name == name else one for one in wanted.directives]
        if not changes:
            kept = [one for one in kept if one.name != name]
        assert tuple(kept) != wanted.directives
        new = replace(wanted, directives=tuple(kept))
        return replace(file, resources=tuple(new if one is wanted else one for one in file.resources))

    return apply


def agreed_for_servers_only(inputs: Inputs) -> Inputs:
    agreed = dict((inputs.baseline.configuration or {})["bacula"])
    del agreed["client"]
    return replace(inputs, baseline=replace(inputs.baseline, configuration={"bacula": agreed}))


DIR, FD_CONF = "/etc/bacula/bacula-dir.conf", "/etc/bacula/bacula-fd.conf"


def without(kind: str, resource: str) -> Callable[[ConfigurationFile], ConfigurationFile]:
    return lambda file: replace(
        file, resources=tuple(one for one in file.resources if (one.kind, one.value("name")) != (kind, resource))
    )


def renamed(file: ConfigurationFile) -> ConfigurationFile:
    return directive("director", "name", "dir01-dir", value="other-dir")(file)


TLS = "/etc/bacula/tls/"


def tls(host: str, name: str, **changes: Any) -> Callable[[Store], None]:
    """A file of the host's TLS folder is another one."""

    def change(read: Certificates) -> Certificates:
        return replace(read, files={**read.files, TLS + name: replace(read.files[TLS + name], **changes)})

    return fact(host, Certificates, change)


def certified(host: str, name: str, *, days: float = 3650, rsa_bits: int = 0) -> Callable[[Store], None]:
    """The host has a certificate of another authority, which it also names."""

    def change(store: Store) -> None:
        authority = Authority()
        identity = authority.issue(name, lifetime=timedelta(days=days), rsa_bits=rsa_bits)
        tls(host, "ca.pem", certificates=(authority.certificate,))(store)
        tls(host, "host.pem", certificates=(identity.certificate,))(store)
        tls(host, "host.key", public_key=public_half(identity.key))(store)

    return change


def encrypted(host: str) -> Callable[[Store], None]:
    """The host encrypts what it backs up for a key of its own, beside its TLS."""
    path = f"{TLS}data.pem"

    def added(file: ConfigurationFile) -> ConfigurationFile:
        (own,) = file.of_kind("FileDaemon")
        directives = (*own.directives, Directive("pkikeypair", path, None, "", own.location))
        resources = (replace(own, directives=directives) if one is own else one for one in file.resources)
        return replace(file, resources=tuple(resources))

    def change(read: Certificates) -> Certificates:
        identity = Authority().issue("whom the data are for")
        made = replace(read.files[f"{TLS}host.key"], path=path, certificates=(identity.certificate,))
        return replace(read, files={**read.files, path: replace(made, public_key=public_half(identity.key))})

    return both(fact(host, Configuration, file_of(FD_CONF, added)), fact(host, Certificates, change))


def with_baseline(**stated: object) -> Callable[[Inputs], Inputs]:
    return lambda inputs: replace(inputs, baseline=replace(inputs.baseline, **stated))  # type: ignore[arg-type]


SPOOL = "/srv/spool"


def spool(**values: object) -> Callable[[Store], None]:
    def change(space: Space) -> Space:
        was = space.filesystems[SPOOL]
        assert isinstance(was, Filesystem)
        return replace(space, filesystems={**space.filesystems, SPOOL: replace(was, **values)})  # type: ignore[arg-type]

    return fact("sd01", Space, change)


LEAST: dict[str, Any] = {"min_free_percent": 5, "min_free_bytes": 0, "min_free_inodes_percent": 5}
HOSTS = ("dir01", "sd01", "client01", "client02", "client03", "client04")


def machine(**values: Any) -> Callable[[Store], None]:
    return fact("client01", Machine, lambda one: replace(one, **values))


def boot(**values: Any) -> Callable[[Store], None]:
    return fact("client01", Boot, lambda one: replace(one, **values))


def open_files(limit: int | None) -> Callable[[Store], None]:
    return fact("client01", OpenFiles, lambda _: OpenFiles({"bacula-fd.service": limit}))


def failed_unit(name: str) -> Callable[[Store], None]:
    return fact("client01", FailedUnits, lambda _: FailedUnits((name,)))


def with_swap(inputs: Inputs) -> Inputs:
    demand = replace(inputs.baseline.host or HostDemand(), min_swap_bytes=1 << 40)
    return replace(inputs, baseline=replace(inputs.baseline, host=demand))


TWO_KERNELS = ("6.1.0-18-amd64", "6.1.0-9-amd64")
NO_OWNERS = Missing(Why.NOT_PERMITTED, "a password is required", "a rule")
FD = "/usr/sbin/bacula-fd"


def public_half(key: str) -> str:
    public = serialization.load_pem_private_key(key.encode(), None).public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(serialization.Encoding.PEM, info).decode()


def owned(host: str, path: str, **changes: Any) -> Callable[[Store], None]:
    def change(rights: Rights) -> Rights:
        was = rights.paths[path]
        assert was is not None
        return replace(rights, paths={**rights.paths, path: replace(was, **changes)})

    return fact(host, Rights, change)


def shell(host: str, path: str | None) -> Callable[[Store], None]:
    return fact(host, Rights, lambda one: replace(one, shells={"bacula": path}))


def without_files(store: Store) -> None:
    changed(store, "client01", Certificates, lambda read: replace(read, files={}))


STOPPED = {"active_state": "failed", "sub_state": "failed", "main_pid": None, "started_at_s": None}
CASES = {
    "CON-001": Case(
        {"CON-001 client01": "UNKNOWN"}, fact("client01", Reached, lambda _: Missing(Why.CONNECTION_LOST, "half way"))
    ),
    "CON-001 a port and nothing behind it": Case(
        {"CON-001 client01": "UNKNOWN"}, fact("client01", Login, lambda _: Missing(Why.NOT_SSH, "silence"))
    ),
    "blocked by one that is all right stands for itself": Case(
        {
            "SVC-001 client01/bacula.client": "UNKNOWN",
            "SVC-002 client01/bacula.client": "UNKNOWN",
            "SVC-003 client01/bacula.client": "UNKNOWN",
        },
        fact("client01", Services, lambda _: Missing(Why.CONNECTION_LOST, "in this one only")),
    ),
    "CON-002": Case(
        {"CON-002 client01": "FAIL"}, fact("client01", HostKey, lambda key: replace(key, pinned=("ssh-ed25519 x",)))
    ),
    "CON-004": Case(
        {"CON-004 client01": "FAIL"},
        fact("client01", SudoRules, lambda one: replace(one, allowed=(), refused=one.allowed)),
    ),
    "CON-004 by what really happened": Case(
        {"CON-004 client01": "FAIL"},
        fact("client01", Processes, lambda _: Missing(Why.NOT_PERMITTED, "a password is required", "a rule")),
    ),
    "CFG-001": Case(
        {"CFG-001 client01/bacula.client": "FAIL"},
        fact("client01", Configuration, file_of(FD_CONF, lambda one: replace(one, resources=(), is_absent=True))),
    ),
    "CFG-001 not wholly": Case(
        {"CFG-001 dir01/bacula.director": "UNKNOWN"},
        fact("dir01", Configuration, file_of(DIR, lambda one: replace(one, unread=("a command is never run",)))),
    ),
    "CFG-002": Case(
        {"CFG-002 dir01/bacula.director": "FAIL"},
        fact("dir01", Configuration, lambda one: replace(one, resolved={**one.resolved, "sd01.lab.example": ()})),
    ),
    "CFG-002 no address": Case(
        {
            "CFG-002 dir01/bacula.director": "FAIL",
            "CFG-003 sd01/bacula.storage~director": "FAIL",
            "CFG-005 dir01/bacula.director": "FAIL",
        },
        fact("dir01", Configuration, file_of(DIR, directive("storage", "address", "sd01-sd"))),
    ),
    "CFG-003": Case(
        {"CFG-003 client01/bacula.client~director": "FAIL"},
        fact("dir01", Configuration, file_of(DIR, without("client", "client01-fd"))),
    ),
    "CFG-004": Case(
        {"CFG-004 client01/bacula.client~director": "FAIL"},
        fact(
            "client01", Configuration, file_of(FD_CONF, directive("director", "password", "dir01-dir", digest="0" * 64))
        ),
    ),
    "CFG-004 no secret": Case(
        {"CFG-004 client01/bacula.client~director": "FAIL"},
        fact("client01", Configuration, file_of(FD_CONF, directive("director", "password", "dir01-dir"))),
    ),
    "CFG-004 a secret that cannot be compared": Case(
        {"CFG-004 client01/bacula.client~director": "UNKNOWN"},
        fact(
            "client01",
            Configuration,
            file_of(
                FD_CONF, directive("director", "password", "dir01-dir", digest=None, hidden="the value of a command")
            ),
        ),
    ),
    "CFG-004 another director": Case(
        {"CFG-004 client01/bacula.client~director": "FAIL"}, fact("client01", Configuration, file_of(FD_CONF, renamed))
    ),
    "CFG-005": Case(
        {"CFG-003 client01/bacula.client~director": "FAIL", "CFG-005 dir01/bacula.director": "FAIL"},
        fact(
            "dir01",
            Configuration,
            file_of(DIR, directive("client", "address", "client01-fd", value="sd01.lab.example")),
        ),
    ),
    "CFG-006": Case(
        {"CFG-006 client01/bacula.client": "FAIL"},
        fact(
            "client01",
            Configuration,
            file_of(FD_CONF, directive("filedaemon", "tlsrequire", "client01-fd", value="no")),
        ),
    ),
    "CFG-006 not stated": Case(
        {"CFG-006 client01/bacula.client": "FAIL"},
        fact("client01", Configuration, file_of(FD_CONF, directive("filedaemon", "tlsenable", "client01-fd"))),
    ),
    "CFG-006 never agreed": Case(
        {f"CFG-006 client0{number}/bacula.client": "UNKNOWN" for number in range(1, 5)},
        inputs=agreed_for_servers_only,
    ),
    "CRT-001": Case({"CRT-001 client01/bacula.client": "FAIL"}, without_files),
    "CRT-001 no key that can be read": Case(
        {"CRT-001 client01/bacula.client": "UNKNOWN"}, tls("client01", "host.key", public_key="")
    ),
    "CRT-001 in a folder that nobody reads": Case(
        {"CRT-001 client01/bacula.client": "UNKNOWN"},
        fact("client01", Certificates, lambda one: replace(one, files={}, folders=("/etc/bacula/ssl",))),
    ),
    "CRT-002": Case({"CRT-002 client01/bacula.client~director": "FAIL"}, certified("client01", "client99.lab.example")),
    "CRT-003": Case(
        {"CRT-003 client01/bacula.client": "FAIL"}, certified("client01", "client01.lab.example", days=-0.5)
    ),
    "CRT-003 soon": Case(
        {"CRT-003 client01/bacula.client": "FAIL"}, certified("client01", "client01.lab.example", days=20)
    ),
    "CRT-003 no certificate": Case(
        {f"CRT-00{number} client01/bacula.client": "UNKNOWN" for number in (3, 4, 5, 6)}
        | {"CRT-002 client01/bacula.client~director": "UNKNOWN"},
        tls("client01", "host.pem", certificates=("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",)),
    ),
    "CRT-004": Case(
        {"CRT-004 client01/bacula.client": "FAIL"},
        tls("client01", "ca.pem", certificates=(Authority().certificate,)),
    ),
    "CRT-004 no authority read": Case(
        {"CRT-001 client01/bacula.client": "FAIL"},
        tls("client01", "ca.pem", certificates=()),
    ),
    "a key pair for the data, of no authority": Case({}, encrypted("client01")),
    "CRT-005": Case(
        {"CRT-005 client01/bacula.client": "FAIL"}, certified("client01", "client01.lab.example", rsa_bits=1024)
    ),
    "CRT-006": Case(
        {"CRT-006 client01/bacula.client": "FAIL"},
        tls("client01", "host.key", public_key=public_half(Authority().issue("x").key)),
    ),
    "CRT-007": Case({"CRT-007 client01/bacula.client": "FAIL"}, tls("client01", "host.key", mode="644")),
    "IDN-001": Case(
        {"IDN-001 client01": "FAIL"}, fact("client01", Identity, lambda one: replace(one, hostname="client99"))
    ),
    "IDN-002": Case(
        {"IDN-002 client01": "FAIL"}, fact("client01", Identity, lambda one: replace(one, machine_id="0" * 32))
    ),
    "IDN-003": Case({"IDN-003 client01": "FAIL", "IDN-003 client02": "FAIL"}, twin_key),
    "NAM-001 on loopback": Case(
        {"NAM-001 client01": "FAIL"}, resolved("client01", "client01.lab.example", ("127.0.1.1",))
    ),
    "NAM-002 not at all": Case({"NAM-002 client01": "FAIL"}, resolved("client01", "sd01.lab.example", ())),
    "NAM-002 to another's address": Case(
        {"NAM-002 client01": "FAIL"}, resolved("client01", "sd01.lab.example", ("192.0.2.99",))
    ),
    "NAM-001 on another machine's address": Case(
        {"NAM-001 client01": "FAIL", "NAM-002 dir01": "FAIL", "NAM-002 sd01": "FAIL"},
        fact("client01", Addresses, lambda _: Addresses(("127.0.0.1", "192.0.2.7"))),
    ),
    "NAM-002 a peer that was not read": Case(
        {f"NAM-00{number} {host}": "UNKNOWN" for number, host in ((1, "client01"), (2, "dir01"), (2, "sd01"))},
        fact("client01", Addresses, lambda _: Missing(Why.TOOL_ABSENT, "no ip")),
    ),
    "OS-001": Case({"OS-001 sd01": "FAIL"}, fact("sd01", OsRelease, lambda one: replace(one, version_id="11"))),
    "OS-001 agreed for other groups only": Case(
        {"OS-001 dir01": "UNKNOWN", "OS-001 sd01": "UNKNOWN"},
        inputs=lambda inputs: replace(
            inputs,
            baseline=replace(inputs.baseline, operating_systems=(OperatingSystem("debian", "12", ("clients",)),)),
        ),
    ),
    "CLK-001": Case(
        {"CLK-001 client01": "FAIL"}, fact("client01", Clock, lambda one: replace(one, offset_s=one.offset_s - 5))
    ),
    "CLK-001 too uncertain": Case(
        {"CLK-001 client01": "UNKNOWN"}, fact("client01", Clock, lambda one: replace(one, uncertainty_s=5.0))
    ),
    "CLK-001 never agreed": Case(
        {
            **{f"CLK-001 client0{number}": "UNKNOWN" for number in range(1, 5)},
            **{f"CLK-001 {name}": "UNKNOWN" for name in ("dir01", "sd01")},
            "CLK-003 controller": "UNKNOWN",
        },
        inputs=lambda inputs: replace(inputs, baseline=replace(inputs.baseline, clock=None)),
    ),
    "CLK-002": Case({"CLK-002 sd01": "FAIL"}, fact("sd01", ClockSync, lambda one: replace(one, synchronised=False))),
    "CLK-003": Case({"CLK-003 controller": "FAIL"}, all_clocks(-60.0)),
    "RGT-001": Case({"RGT-001 client01/bacula.client": "FAIL"}, owned("client01", FD_CONF, mode="644")),
    "RGT-001 of another": Case({"RGT-001 client01/bacula.client": "FAIL"}, owned("client01", FD_CONF, owner="backup")),
    "RGT-001 of another group": Case(
        {"RGT-001 client01/bacula.client": "FAIL"}, owned("client01", FD_CONF, group="users")
    ),
    "RGT-001 not there": Case(
        {"RGT-001 client01/bacula.client": "FAIL"},
        fact("client01", Rights, lambda one: replace(one, paths={**one.paths, FD_CONF: None})),
    ),
    "RGT-002": Case({"RGT-002 sd01/bacula.storage": "FAIL"}, shell("sd01", "/bin/sh")),
    "RGT-002 no account": Case({"RGT-002 sd01/bacula.storage": "UNKNOWN"}, shell("sd01", None)),
    "RGT-002 never agreed": Case(
        {"RGT-002 dir01/bacula.director": "UNKNOWN", "RGT-002 sd01/bacula.storage": "UNKNOWN"},
        inputs=with_baseline(no_login_shell=None),
    ),
    "SVC-001": Case(
        {"SVC-001 sd01/bacula.storage": "FAIL"}, unit("sd01", "bacula-sd.service", unit_file_state="disabled")
    ),
    "SVC-002": Case({"SVC-002 sd01/bacula.storage": "FAIL"}, unit("sd01", "bacula-sd.service", **STOPPED)),
    "SVC-003 by its program": Case({"SVC-003 client01/bacula.client": "FAIL"}, replaced_program),
    "SVC-003 by its age": Case(
        {"SVC-003 client01/bacula.client": "FAIL"}, unit("client01", "bacula-fd.service", started_at_s=1)
    ),
    "LSN-001": Case(
        {"LSN-001 client01/bacula.client": "FAIL"},
        fact("client01", Listening, lambda one: replace(one, sockets=())),
    ),
    "LSN-002 another program": Case(
        {"LSN-002 client01/bacula.client": "FAIL"}, socket("client01", "192.0.2.1", 9102, "/usr/bin/nc", instead=True)
    ),
    "LSN-002 nobody seen": Case(
        {"LSN-002 client01/bacula.client": "UNKNOWN"}, socket("client01", "192.0.2.1", 9102, None, instead=True)
    ),
    "LSN-002 and LSN-004 what the login may not see": Case(
        {"LSN-002 client01/bacula.client": "UNKNOWN", "LSN-004 client01": "UNKNOWN"},
        both(
            socket("client01", "192.0.2.1", 8080, None),
            fact("client01", Listening, lambda one: replace(one, holders=NO_OWNERS)),
        ),
    ),
    "LSN-003": Case(
        {"LSN-003 client01/bacula.client": "FAIL"}, socket("client01", "127.0.0.1", 9102, FD, instead=True)
    ),
    "LSN-003 on every address": Case({}, socket("client01", "::", 9102, FD, instead=True)),
    "LSN-003 on loopback, too": Case({}, socket("client01", "::1", 9102, FD)),
    "LSN-004": Case({"LSN-004 client01": "FAIL"}, socket("client01", "::", 8080, "/usr/bin/python3.11")),
    "LSN-004 the kernel's": Case({"LSN-004 client01": "FAIL"}, socket("client01", "::", 2049, None)),
    "LSN-004 on loopback only": Case({}, socket("client01", "127.0.0.1", 25, "/usr/sbin/exim4")),
    "LSN-004 declared": Case(
        {},
        socket("client01", "::", 9100, "/usr/bin/node_exporter"),
        with_baseline(listening_also=(Listener(9100, "node_exporter", ("clients",)),)),
    ),
    "LSN-004 declared for another program": Case(
        {"LSN-004 client01": "FAIL"},
        socket("client01", "::", 9100, "/usr/bin/nc"),
        with_baseline(listening_also=(Listener(9100, "node_exporter"),)),
    ),
    "LSN-004 declared for another group": Case(
        {"LSN-004 sd01": "FAIL"},
        socket("sd01", "::", 9100, "/usr/bin/node_exporter"),
        with_baseline(listening_also=(Listener(9100, "node_exporter", ("clients",)),)),
    ),
    "LSN-004 never agreed": Case(
        {f"LSN-004 {host}": "UNKNOWN" for host in HOSTS},
        inputs=with_baseline(listening_also=None),
    ),
    "SPC-001 to SPC-003 of no host": Case(
        {f"SPC-00{number} estate/D:\\Spool": "UNKNOWN" for number in (1, 2, 3)},
        inputs=lambda inputs: replace(
            inputs,
            baseline=replace(
                inputs.baseline,
                space=(*(inputs.baseline.space or ()), SpaceDemand("D:\\Spool", (), (), mounted=False, **LEAST)),
            ),
        ),
    ),
    "SPC-001 not there": Case(
        {"SPC-001 sd01/srv/spool": "FAIL"},
        fact("sd01", Space, lambda one: replace(one, filesystems={**one.filesystems, SPOOL: None})),
    ),
    "SPC-001 not a mount of its own": Case({"SPC-001 sd01/srv/spool": "FAIL"}, spool(mount="/srv", free_bytes=0)),
    "SPC-001 read-only": Case({"SPC-001 sd01/srv/spool": "FAIL"}, spool(read_only=True)),
    "SPC-001 no answer": Case(
        {"SPC-001 sd01/srv/spool": "UNKNOWN"},
        fact(
            "sd01",
            Space,
            lambda one: replace(one, filesystems={**one.filesystems, SPOOL: Missing(Why.TIMED_OUT, "no answer")}),
        ),
    ),
    "SPC-001 to SPC-003 never agreed": Case(
        {f"SPC-00{number} estate": "UNKNOWN" for number in (1, 2, 3)}, inputs=with_baseline(space=None)
    ),
    "SPC-002 by its share": Case({"SPC-002 sd01/srv/spool": "FAIL"}, spool(size_bytes=1 << 60)),
    "SPC-002 by its bytes": Case({"SPC-002 sd01/srv/spool": "FAIL"}, spool(size_bytes=100, free_bytes=99)),
    "SPC-002 of no size": Case({"SPC-002 sd01/srv/spool": "UNKNOWN"}, spool(size_bytes=0)),
    "SPC-003": Case({"SPC-003 sd01/srv/spool": "FAIL"}, spool(inodes=1000, free_inodes=49)),
    "SPC-003 at the limit": Case({}, spool(inodes=1000, free_inodes=50)),
    "SPC-003 no fixed number": Case({}, spool(inodes=None, free_inodes=None)),
    "HST-001": Case({"HST-001 client01": "FAIL"}, machine(memory_bytes=(1 << 30) - 1)),
    "HST-001 at the limit": Case({}, machine(memory_bytes=1 << 30)),
    "HST-002": Case({f"HST-002 {host}": "FAIL" for host in HOSTS}, inputs=with_swap),
    "HST-003": Case({"HST-003 client01/bacula.client": "FAIL"}, open_files(1023)),
    "HST-003 unlimited": Case({}, open_files(None)),
    "HST-004": Case({"HST-004 client01": "FAIL"}, machine(time_zone="Europe/Berlin")),
    "HST-004 a copy": Case({"HST-004 client01": "UNKNOWN"}, machine(time_zone=Missing(Why.UNREADABLE, "a copy"))),
    "HST-005": Case(
        {"HST-005 client01": "FAIL"}, both(machine(container=""), boot(kernel=TWO_KERNELS[1], installed=TWO_KERNELS))
    ),
    "HST-005 the newest by its number": Case(
        {}, both(machine(container=""), boot(kernel=TWO_KERNELS[0], installed=TWO_KERNELS))
    ),
    "HST-005 none installed": Case({"HST-005 client01": "UNKNOWN"}, both(machine(container=""), boot(installed=()))),
    "HST-005 perhaps a container": Case(
        {"HST-005 client01": "UNKNOWN"}, machine(container=Missing(Why.TOOL_ABSENT, "no tool"))
    ),
    "HST-006 by the flag": Case({"HST-006 client01": "FAIL"}, boot(asked_by="")),
    "HST-006 by a package": Case({"HST-006 client01": "FAIL"}, boot(since=("glibc",))),
    "HST-006 nobody tells": Case(
        {"HST-006 client01": "UNKNOWN"}, boot(since=Missing(Why.TOOL_ABSENT, "neither dpkg nor rpm"))
    ),
    "HST-007": Case({"HST-007 client01": "FAIL"}, machine(access_control="permissive")),
    "HST-008": Case({"HST-008 client01": "FAIL"}, failed_unit("nightly.service")),
    "HST-008 a product's own": Case({}, failed_unit("bacula-fd.service")),
    "HST never agreed": Case(
        {
            **{f"HST-00{number} {host}": "UNKNOWN" for number in (1, 2, 4, 7) for host in HOSTS},
            "HST-003 dir01/bacula.director": "UNKNOWN",
            "HST-003 sd01/bacula.storage": "UNKNOWN",
            **{f"HST-003 client0{number}/bacula.client": "UNKNOWN" for number in (1, 2, 3, 4)},
        },
        inputs=with_baseline(host=None),
    ),
    "SSH-001": Case(
        {"SSH-001 client01": "FAIL"},
        fact("client01", Sshd, lambda one: replace(one, settings={**one.settings, "permitrootlogin": ("yes",)})),
    ),
    "SSH-001 a keyword that sshd does not have": Case(
        {f"SSH-001 {host}": "UNKNOWN" for host in HOSTS}, inputs=with_baseline(sshd={"PermitRotLogin": "no"})
    ),
    "SSH-001 several values": Case({}, inputs=with_baseline(sshd={"AllowUsers": "readiness root"})),
    "SSH-001 not permitted": Case({"SSH-001 client01": "UNKNOWN"}, fact("client01", Sshd, lambda _: NO_OWNERS)),
    "SSH-001 never agreed": Case({f"SSH-001 {host}": "UNKNOWN" for host in HOSTS}, inputs=with_baseline(sshd=None)),
    "VER-001": Case({"VER-001 client01/bacula.client": "FAIL"}, version("client01", "bacula-fd", None)),
    "VER-001 half configured": Case(
        {"VER-001 sd01/bacula.storage": "FAIL"},
        fact("sd01", Packages, lambda one: replace(one, installed={}, broken={"bacula-sd": "iF"})),
    ),
    "VER-001 two of one name": Case(
        {"VER-001 sd01/bacula.storage": "FAIL"},
        fact(
            "sd01",
            Packages,
            lambda one: replace(
                one, installed={"bacula-sd": (*one.installed["bacula-sd"], Package("bacula-sd", "9.6.8-1", "amd64", 1))}
            ),
        ),
    ),
    "VER-002": Case(
        {"VER-002 dir01/bacula.director": "FAIL"}, version("dir01", "bacula-director", "9.6.8-1"), with_rule(SERIES)
    ),
    "VER-002 a package that was left behind": Case(
        {"VER-002 dir01/bacula.director": "FAIL"}, version("dir01", "bacula-director-sqlite3", "9.6.6-1")
    ),
    "VER-003": Case(
        {"VER-003 sd01/bacula.storage~director": "FAIL"}, version("sd01", "bacula-sd", "9.6.8-1"), agreed_anything
    ),
    "VER-004": Case(
        {"VER-004 client01/bacula.client~director": "FAIL"},
        version("client01", "bacula-fd", "9.7.0-1"),
        agreed_anything,
    ),
    "VER-005": Case(
        {f"VER-005 client0{number}/bacula.client~director": "FAIL" for number in range(2, 5)},
        everywhere("13.0.1-1"),
        agreed_anything,
    ),
    "VER-006 min": Case({"VER-006 sd01/bacula.storage": "FAIL"}, inputs=with_rule(MIN)),
    "VER-006 same series": Case(
        {"VER-003 sd01/bacula.storage~director": "FAIL", "VER-006 sd01/bacula.storage~director": "FAIL"},
        version("sd01", "bacula-sd", "10.0.0-1"),
        lambda inputs: with_rule(SERIES)(agreed_anything(inputs)),
    ),
    "VER-007": Case(
        {"VER-002 client01/bacula.client": "FAIL", "VER-007 clients": "FAIL"},
        version("client01", "bacula-fd", "9.6.6-1"),
    ),
}
# Their reasons are about not having looked: they are UNKNOWN or PASS.
NEVER_FAIL = {"CON-001", "CON-003"}
# The lab's hosts run the kernel of the machine beneath, and say so.
NOT_OF_THE_LAB = {"HST-005"}
# Whether a server knows the host is read on the server.
BY_SERVER = {"CFG-003"}


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_named_by_its_check_and_by_no_other(clean: Clean, name: str) -> None:
    case = CASES[name]
    store = dict(clean.store)
    case.facts(store)
    found = wrong(judged(case.inputs(clean.inputs), store))
    if name == "VER-002":  # the director's own version is also what the others are held against
        found = {pair: outcome for pair, outcome in found.items() if pair in case.expected}
    assert found == case.expected


def test_every_check_fails_somewhere_and_passes_in_the_clean_estate(clean: Clean) -> None:
    passed = {one.check for one in judged(with_rule(replace_min("9.0"))(clean.inputs), clean.store)}
    failing = {
        pair.split()[0] for case in CASES.values() for pair, outcome in case.expected.items() if outcome == "FAIL"
    }
    assert failing == passed - NEVER_FAIL


def replace_min(lowest: str) -> VersionRule:
    return MIN.model_copy(update={"version": lowest})


def test_the_clean_estate_passes_every_check(clean: Clean) -> None:
    outcomes = judged(with_rule(replace_min("9.0"))(clean.inputs), clean.store)
    assert {one.check for one in outcomes if one.outcome is Result.NOT_APPLICABLE} == NOT_OF_THE_LAB
    others = [one for one in outcomes if one.check not in NOT_OF_THE_LAB]
    assert {one.outcome for one in others} == {Result.PASS}
    assert all(one.found and one.expected for one in others)


def test_a_clock_demand_is_what_decides(clean: Clean) -> None:
    store = dict(clean.store)
    changed(store, "client01", Clock, lambda one: replace(one, offset_s=one.offset_s + 5))
    tolerant = replace(clean.inputs, baseline=replace(clean.inputs.baseline, clock=ClockDemand(10.0)))
    assert wrong(judged(tolerant, store)) == {}


def test_a_host_that_nobody_read_is_unknown_throughout(clean: Clean) -> None:
    store = {name: one for name, one in clean.store.items() if name != "client02"}
    outcomes = judged(clean.inputs, store)
    of_host = {one.outcome for one in outcomes if one.host == "client02" and one.check not in BY_SERVER}
    assert of_host == {Result.UNKNOWN}
