"""The configuration of the product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from readiness.configs.model import ConfigurationFile, Directive, Resource
from readiness.estate.baseline import Demands
from readiness.planning.inputs import Inputs
from readiness.probes.configuration import Configuration
from readiness.probes.names import Addresses

from .changes import (
    CLIENTS,
    FD_CONF,
    NOT_AGREED,
    WINDOWS_CONF,
    denied,
    file_of,
    with_baseline,
    with_estate,
)
from .harness import Case, Change, Clean, both, fact, judged


def without(kind: str, resource: str) -> Callable[[ConfigurationFile], ConfigurationFile]:
    return lambda file: replace(
        file, resources=tuple(one for one in file.resources if (one.kind, one.value("name")) != (kind, resource))
    )


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
    return with_baseline(configuration={"bacula": agreed})(inputs)


DIR = "/etc/bacula/bacula-dir.conf"


def renamed(file: ConfigurationFile) -> ConfigurationFile:
    return directive("director", "name", "dir01-dir", value="other-dir")(file)


def allowed(names: str) -> Demands:
    """Who may come with a certificate."""
    return Demands(configuration={"bacula": {"client": {"FileDaemon.TLS Allowed CN": names}}})


def stated_first(
    name: str, value: str, also: tuple[str, str] | None = None
) -> Callable[[ConfigurationFile], ConfigurationFile]:
    """In every FileDaemon before all else, and another one after it."""

    def change(file: ConfigurationFile) -> ConfigurationFile:
        def within(resource: Resource) -> Resource:
            more = [Directive(name, value, None, "", resource.location)]
            last = [Directive(*also, None, "", resource.location)] if also else []
            return replace(resource, directives=(*more, *resource.directives, *last))

        resources = (within(one) if one.is_kind("filedaemon") else one for one in file.resources)
        return replace(file, resources=tuple(resources))

    return change


def also(kind: str, name: str, **directives: str) -> Callable[[ConfigurationFile], ConfigurationFile]:
    """One more resource in the file."""
    stated = {"name": name, **{key.lower(): value for key, value in directives.items()}}
    more = Resource(
        kind, "more.conf:1", tuple(Directive(key, value, None, "", "more.conf:1") for key, value in stated.items())
    )
    return lambda file: replace(file, resources=(*file.resources, more))


def tunnelled(file: ConfigurationFile) -> ConfigurationFile:
    """Every client by a loopback address, which is that of each host in the demo's estate."""
    for name in CLIENTS:
        file = directive("client", "address", f"{name}-fd", value="127.0.0.1")(file)
    return file


def two_hundred(file: ConfigurationFile) -> ConfigurationFile:
    """Clients that move later."""
    for number in range(200):
        file = also("client", f"old-{number}-fd", Address=f"old{number}.example")(file)
    return file


def own_client(name: str, address: str) -> Callable[[Configuration], Configuration]:
    """A file daemon beside the director."""

    def change(fact: Configuration) -> Configuration:
        more = file_of(DIR, also("client", "dir01-fd", Address=name))(fact)
        return replace(more, resolved={**more.resolved, name: (address,)})

    return change


def addressed(client: str, name: str, address: str) -> Callable[[Configuration], Configuration]:
    """A client that the director knows by another name."""

    def change(fact: Configuration) -> Configuration:
        more = file_of(DIR, directive("client", "address", client, value=name))(fact)
        return replace(more, resolved={**more.resolved, name: (address,)})

    return change


def with_host(inputs: Inputs, name: str, **stated: object) -> Inputs:
    host = inputs.estate.hosts[name].model_copy(update=stated)
    return with_estate(inputs, hosts={**inputs.estate.hosts, name: host})


def only_host(inputs: Inputs, name: str, **stated: object) -> Inputs:
    """The estate of one host, which uses itself."""
    inputs = with_host(inputs, name, uses={"director": name}, **stated)
    return with_estate(inputs, hosts={name: inputs.estate.hosts[name]})


CASES = {
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
    "CFG-002 an address that stayed on its host": Case(
        {
            "CFG-002 dir01/bacula.director": "UNKNOWN",
            "CFG-003 sd01/bacula.storage~director": "UNKNOWN",
            "CFG-005 dir01/bacula.director": "UNKNOWN",
        },
        fact(
            "dir01",
            Configuration,
            file_of(DIR, directive("storage", "address", "sd01-sd", value=None, hidden="is no address")),
        ),
    ),
    "CFG-003 in an autochanger": Case(
        {"CFG-003 sd01/bacula.storage~director": "PASS", "CFG-004 sd01/bacula.storage~director": "PASS"},
        fact(
            "dir01",
            Configuration,
            file_of(
                DIR,
                lambda file: replace(
                    file,
                    resources=tuple(
                        replace(one, kind="autochanger") if one.kind == "storage" else one for one in file.resources
                    ),
                ),
            ),
        ),
    ),
    "CFG-004 a name that stayed on its host": Case(
        {"CFG-004 client01/bacula.client~director": "UNKNOWN"},
        fact(
            "client01",
            Configuration,
            file_of(FD_CONF, directive("director", "name", "dir01-dir", value=None, hidden="is no name")),
        ),
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
    "CFG-005 a host whose role was forgotten": Case(
        {"CFG-005 dir01/bacula.director": "FAIL"},
        inputs=lambda inputs: with_host(inputs, "client01", products={}),
    ),
    "CFG-005 the director's own client that it does not declare": Case(
        {"CFG-005 dir01/bacula.director": "FAIL"}, fact("dir01", Configuration, own_client("localhost", "::1"))
    ),
    "CFG-005 the director's own client that it declares": Case(
        {"CFG-005 dir01/bacula.director": "PASS"},
        fact("dir01", Configuration, own_client("localhost", "::1")),
        lambda inputs: with_host(inputs, "dir01", products={"bacula": ("director", "client")}),
    ),
    "CFG-005 a loopback address that the estate reaches others by": Case(
        {"CFG-005 dir01/bacula.director": "FAIL"}, fact("dir01", Configuration, own_client("localhost", "127.0.0.1"))
    ),
    "CFG-003 a loopback address is nobody else's": Case(
        {f"CFG-003 {host}/bacula.client~director": "FAIL" for host in CLIENTS}
        | {"CFG-003 sd01/bacula.storage~director": "PASS"},
        fact("dir01", Configuration, file_of(DIR, tunnelled)),
    ),
    "CFG-003 the director's own client by a loopback address": Case(
        {"CFG-003 dir01/bacula.client~director": "PASS"},
        fact("dir01", Configuration, own_client("localhost", "127.0.0.1")),
        lambda inputs: with_host(
            inputs, "dir01", products={"bacula": ("director", "client")}, uses={"director": "dir01"}
        ),
    ),
    "CFG-003 a storage daemon by a loopback address, which clients elsewhere are told": Case(
        {"CFG-003 dir01/bacula.storage~director": "FAIL", "CFG-003 sd01/bacula.storage~director": "PASS"},
        fact("dir01", Configuration, file_of(DIR, also("storage", "dir01-sd", Address="127.0.0.1"))),
        lambda inputs: with_host(
            inputs, "dir01", products={"bacula": ("director", "storage")}, uses={"director": "dir01"}
        ),
    ),
    "CFG-003 a storage daemon by a loopback address on the only host there is": Case(
        {"CFG-003 dir01/bacula.storage~director": "PASS"},
        fact("dir01", Configuration, file_of(DIR, also("storage", "dir01-sd", Address="127.0.0.1"))),
        lambda inputs: only_host(inputs, "dir01", products={"bacula": ("director", "storage")}),
    ),
    "CFG-005 an address of the director's own that others have, too": Case(
        {"CFG-005 dir01/bacula.director": "FAIL"},
        both(
            fact("dir01", Configuration, own_client("bridge.example", "172.17.0.1")),
            fact("dir01", Addresses, lambda one: Addresses((*one.addresses, "172.17.0.1"))),
            fact("client01", Addresses, lambda one: Addresses((*one.addresses, "172.17.0.1"))),
        ),
    ),
    "CFG-005 another daemon behind a port of a host that is declared": Case(
        {"CFG-005 dir01/bacula.director": "FAIL"},
        fact(
            "dir01", Configuration, file_of(DIR, also("client", "x-fd", Address="client01.lab.example", FDPort="9202"))
        ),
    ),
    "CFG-005 a storage daemon behind another port": Case(
        {"CFG-005 dir01/bacula.director": "FAIL"},
        fact("dir01", Configuration, file_of(DIR, also("storage", "x-sd", Address="sd01.lab.example", SDPort="9203"))),
    ),
    "CFG-005 a second resource for one daemon, with its port": Case(
        {"CFG-005 dir01/bacula.director": "PASS"},
        fact("dir01", Configuration, file_of(DIR, also("storage", "x-sd", Address="sd01.lab.example", SDPort="9103"))),
    ),
    "CFG-005 peers that are all left out": Case(
        {"CFG-005 dir01/bacula.director": "NOT_APPLICABLE"},
        inputs=with_baseline(not_agreed={"peers.bacula.client.*": NOT_AGREED, "peers.bacula.storage.*": NOT_AGREED}),
    ),
    "CFG-005 a host under another name": Case(
        {"CFG-005 dir01/bacula.director": "PASS", "CFG-003 client01/bacula.client~director": "FAIL"},
        both(
            fact("dir01", Configuration, addressed("client01-fd", "c1.backup.example", "192.0.2.77")),
            fact("client01", Addresses, lambda one: Addresses((*one.addresses, "192.0.2.77"))),
        ),
    ),
    "CFG-005 a host under another name whose role was forgotten": Case(
        {"CFG-005 dir01/bacula.director": "FAIL"},
        both(
            fact("dir01", Configuration, addressed("client01-fd", "c1.backup.example", "192.0.2.77")),
            fact("client01", Addresses, lambda one: Addresses((*one.addresses, "192.0.2.77"))),
        ),
        lambda inputs: with_host(inputs, "client01", products={}),
    ),
    "CFG-005 a second storage daemon": Case(
        {"CFG-005 dir01/bacula.director": "FAIL"},
        fact("dir01", Configuration, file_of(DIR, also("storage", "sd02-sd", Address="sd02.example"))),
    ),
    "CFG-005 a client that is disabled": Case(
        {"CFG-005 dir01/bacula.director": "PASS"},
        fact("dir01", Configuration, file_of(DIR, also("client", "old-fd", Address="old.example", Enabled="No"))),
    ),
    "CFG-005 a client that is enabled": Case(
        {"CFG-005 dir01/bacula.director": "FAIL"},
        fact("dir01", Configuration, file_of(DIR, also("client", "old-fd", Address="old.example", Enabled="yes"))),
    ),
    "CFG-005 a phased cutover in one line": Case(
        {"CFG-005 dir01/bacula.director": "PASS"},
        fact("dir01", Configuration, file_of(DIR, two_hundred)),
        with_baseline(not_agreed={"peers.bacula.client.old-*": NOT_AGREED}),
    ),
    "CFG-005 one that the line does not name": Case(
        {"CFG-005 dir01/bacula.director": "FAIL"},
        both(
            fact("dir01", Configuration, file_of(DIR, two_hundred)),
            fact("dir01", Configuration, file_of(DIR, also("client", "new-fd", Address="new.example"))),
        ),
        with_baseline(not_agreed={"peers.bacula.client.old-*": NOT_AGREED}),
    ),
    "CFG-005 a reason for clients is none for storage daemons": Case(
        {"CFG-005 dir01/bacula.director": "FAIL"},
        fact("dir01", Configuration, file_of(DIR, also("storage", "old-sd", Address="sd02.example"))),
        with_baseline(not_agreed={"peers.bacula.client.*": NOT_AGREED}),
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
    "CFG-006 a value that stayed on its host": Case(
        {"CFG-006 client01/bacula.client": "UNKNOWN"},
        fact(
            "client01",
            Configuration,
            file_of(FD_CONF, directive("filedaemon", "tlsrequire", "client01-fd", value=None, hidden="is no switch")),
        ),
    ),
    "CFG-006 is FAIL by what was read": Case(
        {"CFG-006 client01/bacula.client": "FAIL"},
        both(
            fact(
                "client01",
                Configuration,
                file_of(
                    FD_CONF, directive("filedaemon", "tlsrequire", "client01-fd", value=None, hidden="is no switch")
                ),
            ),
            fact("client01", Configuration, file_of(FD_CONF, directive("director", "tlsrequire", "dir01-dir"))),
        ),
    ),
    "CFG-006 the last of several counts": Case(
        {"CFG-006 client01/bacula.client": "PASS"},
        fact("client01", Configuration, file_of(FD_CONF, stated_first("tlsrequire", "no"))),
    ),
    "CFG-006 a list that adds up": Case(
        {"CFG-006 client01/bacula.client": "FAIL"},
        fact(
            "client01",
            Configuration,
            file_of(FD_CONF, stated_first("tlsallowedcn", "evil", also=("tlsallowedcn", "good"))),
        ),
        with_baseline(hosts={"client01": allowed("good")}),
    ),
    "CFG-006 a list that adds up to what was agreed": Case(
        {"CFG-006 client01/bacula.client": "PASS"},
        fact(
            "client01",
            Configuration,
            file_of(FD_CONF, stated_first("tlsallowedcn", "a", also=("tlsallowedcn", "b"))),
        ),
        with_baseline(hosts={"client01": allowed("a,b")}),
    ),
    "CFG-006 never agreed": Case(
        {f"CFG-006 {host}/bacula.client": "UNKNOWN" for host in CLIENTS},
        inputs=agreed_for_servers_only,
    ),
    "CFG-001 Windows: no configuration": Case(
        {"CFG-001 fd01/bacula.client": "FAIL"},
        fact("fd01", Configuration, file_of(WINDOWS_CONF, lambda one: replace(one, resources=(), is_absent=True))),
    ),
    "CFG-001 Windows: a configuration that nobody may read": Case(
        {"CFG-001 fd01/bacula.client": "UNKNOWN"}, fact("fd01", Configuration, denied)
    ),
    "CFG-006 Windows: TLS not demanded": Case(
        {"CFG-006 fd01/bacula.client": "FAIL"},
        fact(
            "fd01",
            Configuration,
            file_of(WINDOWS_CONF, directive("filedaemon", "tlsrequire", "fd01-fd", value="no")),
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)


@pytest.mark.parametrize(
    ("change", "products", "found"),
    [
        (
            fact("dir01", Configuration, lambda one: one),
            {},
            "Client client01-fd (client01.lab.example) is client01, which does not declare the role client",
        ),
        (
            fact("dir01", Configuration, file_of(DIR, also("client", "old-fd", Address="old.example"))),
            {"bacula": ("client",)},
            "Client old-fd (old.example) is not in the estate",
        ),
        (
            fact("dir01", Configuration, own_client("localhost", "::1")),
            {"bacula": ("client",)},
            "Client dir01-fd (localhost) is dir01, which does not declare the role client",
        ),
    ],
)
def test_it_tells_a_host_without_the_role_from_one_that_is_not_there(
    clean: Clean, change: Change, products: Mapping[str, object], found: str
) -> None:
    store = dict(clean.store)
    change(store)
    inputs = with_host(clean.inputs, "client01", products=products)
    assert judged(inputs, store, "CFG-005")["CFG-005 dir01/bacula.director"].found == found


def test_what_is_excused_is_told(clean: Clean) -> None:
    store = dict(clean.store)
    fact("dir01", Configuration, file_of(DIR, also("client", "old-fd", Address="old.example")))(store)
    inputs = with_baseline(not_agreed={"peers.bacula.client.old-fd": NOT_AGREED})(clean.inputs)
    found = judged(inputs, store, "CFG-005")["CFG-005 dir01/bacula.director"].found
    assert found.endswith(f" of them; besides Client old-fd not agreed: {NOT_AGREED}")
