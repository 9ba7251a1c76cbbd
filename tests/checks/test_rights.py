"""Owners, modes, access lists and login shells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from readiness.probes.access_list import NO_GETFACL, ListEntry
from readiness.probes.rights import Rights
from readiness.probes.windows.access import AccessEntry, AccessLists

from .changes import (
    FD_CONF,
    PROGRAM,
    WINDOWS_CONF,
    denied,
    with_baseline,
)
from .harness import Case, Clean, Store, fact


def owned(host: str, path: str, **changes: Any) -> Callable[[Store], None]:
    def change(rights: Rights) -> Rights:
        was = rights.paths[path]
        assert was is not None
        return replace(rights, paths={**rights.paths, path: replace(was, **changes)})

    return fact(host, Rights, change)


def listed(path: str, *entries: tuple[str, str, int], is_default: bool = False) -> Callable[[Store], None]:
    own = (ListEntry("user", "", 6, is_default=False), ListEntry("group", "", 4, is_default=False))
    return owned("client01", path, access=(*own, *(ListEntry(*entry, is_default) for entry in entries)))


def shell(host: str, path: str | None) -> Callable[[Store], None]:
    return fact(host, Rights, lambda one: replace(one, shells={"bacula": path}))


def given_to(path: str, account: str, mask: int) -> Callable[[AccessLists], AccessLists]:
    def change(lists: AccessLists) -> AccessLists:
        found = lists.paths[path]
        assert found is not None
        more = replace(found, entries=(*found.entries, AccessEntry(account, allows=True, mask=mask)))
        return replace(lists, paths={**lists.paths, path: more})

    return change


def owned_by(path: str, owner: str) -> Callable[[AccessLists], AccessLists]:
    def change(lists: AccessLists) -> AccessLists:
        found = lists.paths[path]
        assert found is not None
        return replace(lists, paths={**lists.paths, path: replace(found, owner=owner)})

    return change


CASES = {
    "RGT-001": Case({"RGT-001 client01/bacula.client": "FAIL"}, owned("client01", FD_CONF, mode="644")),
    "RGT-001 of another": Case({"RGT-001 client01/bacula.client": "FAIL"}, owned("client01", FD_CONF, owner="backup")),
    "RGT-001 of another group": Case(
        {"RGT-001 client01/bacula.client": "FAIL"}, owned("client01", FD_CONF, group="users")
    ),
    "RGT-001 not there": Case(
        {"RGT-001 client01/bacula.client": "FAIL"},
        fact("client01", Rights, lambda one: replace(one, paths={**one.paths, FD_CONF: None})),
    ),
    "RGT-001 an access list lets somebody read": Case(
        {"RGT-001 client01/bacula.client": "FAIL"}, listed(FD_CONF, ("user", "bob", 4))
    ),
    "RGT-001 an access list lets a group read": Case(
        {"RGT-001 client01/bacula.client": "FAIL"}, listed(FD_CONF, ("group", "ops", 4))
    ),
    "RGT-001 an access list lets somebody write the folder": Case(
        {"RGT-001 client01/bacula.client": "FAIL"}, listed("/etc/bacula", ("user", "bob", 7))
    ),
    "RGT-001 an access list gives what all may do": Case(
        {"RGT-001 client01/bacula.client": "PASS"}, listed("/etc/bacula", ("user", "bob", 5))
    ),
    "RGT-001 an access list for what is made from now on": Case(
        {"RGT-001 client01/bacula.client": "FAIL"}, listed("/etc/bacula", ("user", "bob", 4), is_default=True)
    ),
    "RGT-001 an access list for the product": Case(
        {"RGT-001 client01/bacula.client": "PASS"}, listed(FD_CONF, ("user", "bacula", 4), ("group", "bacula", 4))
    ),
    "RGT-001 an access list lets the product's group write": Case(
        {"RGT-001 client01/bacula.client": "FAIL"}, listed(FD_CONF, ("group", "bacula", 6))
    ),
    "RGT-001 an access list that was not read": Case(
        {"RGT-001 client01/bacula.client": "UNKNOWN"}, owned("client01", FD_CONF, access=NO_GETFACL)
    ),
    "RGT-001 a mask that only seems to be the group's": Case(
        {"RGT-001 client01/bacula.client": "PASS"},
        owned(
            "client01",
            FD_CONF,
            mode="660",
            access=(ListEntry("group", "", 4, is_default=False), ListEntry("user", "root", 6, is_default=False)),
        ),
    ),
    "RGT-001 a link that others may change": Case(
        {"RGT-001 client01/bacula.client": "UNKNOWN"}, owned("client01", FD_CONF, kind="link")
    ),
    "RGT-002": Case({"RGT-002 sd01/bacula.storage": "FAIL"}, shell("sd01", "/bin/sh")),
    "RGT-002 no account": Case({"RGT-002 sd01/bacula.storage": "UNKNOWN"}, shell("sd01", None)),
    "RGT-002 never agreed": Case(
        {"RGT-002 dir01/bacula.director": "UNKNOWN", "RGT-002 sd01/bacula.storage": "UNKNOWN"},
        inputs=with_baseline(no_login_shell=None),
    ),
    "RGT-003 Windows: a configuration for everybody": Case(
        {"RGT-003 fd01/bacula.client": "FAIL"}, fact("fd01", AccessLists, given_to(WINDOWS_CONF, "AU", 0x120089))
    ),
    "RGT-003 Windows: a configuration for a group": Case(
        {"RGT-003 fd01/bacula.client": "PASS"},
        fact("fd01", AccessLists, given_to(WINDOWS_CONF, "S-1-5-21-1-2-3-1104", 0x120089)),
    ),
    "RGT-003 Windows: a program that everybody may replace": Case(
        {"RGT-003 fd01/bacula.client": "FAIL"}, fact("fd01", AccessLists, given_to(PROGRAM, "BU", 0x1301BF))
    ),
    "RGT-003 Windows: a program of somebody": Case(
        {"RGT-003 fd01/bacula.client": "FAIL minor"},
        fact("fd01", AccessLists, owned_by(PROGRAM, "S-1-5-21-1-2-3-1104")),
    ),
    "RGT-003 Windows: no program": Case(
        {"RGT-003 fd01/bacula.client": "FAIL"},
        fact("fd01", AccessLists, lambda one: AccessLists({**one.paths, PROGRAM: None})),
    ),
    "RGT-003 Windows: lists that nobody may read": Case(
        {"RGT-003 fd01/bacula.client": "UNKNOWN"}, fact("fd01", AccessLists, denied)
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
