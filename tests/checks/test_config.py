"""The configuration of the product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from readiness.configs.model import ConfigurationFile, Directive, Resource
from readiness.estate.baseline import Demands
from readiness.planning.inputs import Inputs
from readiness.probes.configuration import Configuration

from .changes import (
    CLIENTS,
    FD_CONF,
    WINDOWS_CONF,
    denied,
    file_of,
    with_baseline,
)
from .harness import Case, Clean, both, fact


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
