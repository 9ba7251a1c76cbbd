"""Versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from readiness.planning.inputs import Inputs
from readiness.probes.packages import Package, Packages
from readiness.products.models import VersionRule

from .changes import CLIENTS, NOT_AGREED, with_baseline
from .harness import Case, Clean, Store, fact


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
    keys = [*(f"versions.bacula.{role}" for role in ("director", "storage", "client")), "same_version_groups"]
    exempt = dict.fromkeys(keys, NOT_AGREED)
    return with_baseline(versions=None, same_version_groups=None, not_agreed=exempt)(inputs)


def with_rule(rule: VersionRule) -> Callable[[Inputs], Inputs]:
    def change(inputs: Inputs) -> Inputs:
        product = inputs.catalogue.products["bacula"]
        more = product.model_copy(update={"version_rules": (*product.version_rules, rule)})
        return replace(inputs, catalogue=replace(inputs.catalogue, products={"bacula": more}))

    return change


def starred(inputs: Inputs) -> Inputs:
    """The catalogue names the Windows client by the beginning of its title."""
    product = inputs.catalogue.products["bacula"]
    client = product.roles["client"]
    (choice,) = client.packages_for("windows")
    packages = {**client.packages, "windows": (choice.model_copy(update={"names": ("Bacula*",)}),)}
    roles = {**product.roles, "client": client.model_copy(update={"packages": packages})}
    own = product.model_copy(update={"roles": roles})
    return replace(inputs, catalogue=replace(inputs.catalogue, products={"bacula": own}))


def half_removed(packages: Packages) -> Packages:
    return replace(packages, broken={**packages.broken, "Bacula 15 (x64)": "without a version"})


MIN = VersionRule(rule="min", role="storage", version="10.0", severity="major", source="a test", why="a test")
SERIES = VersionRule(
    rule="same_series", role="storage", other="director", parts=1, severity="major", source="a test", why="a test"
)

CASES = {
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
    "VER-001 Windows: a broken one in another spelling": Case(
        {"VER-001 fd01/bacula.client": "FAIL"},
        fact("fd01", Packages, lambda packages: replace(packages, broken={"BACULA": "without a version"})),
    ),
    "VER-002": Case(
        {"VER-002 dir01/bacula.director": "FAIL"}, version("dir01", "bacula-director", "9.6.8-1"), with_rule(SERIES)
    ),
    "VER-002 a package that was left behind": Case(
        {"VER-002 dir01/bacula.director": "FAIL"}, version("dir01", "bacula-director-sqlite3", "9.6.6-1")
    ),
    "VER-001 Windows: by the beginning of its title": Case({"VER-001 fd01/bacula.client": "PASS"}, inputs=starred),
    "VER-001 Windows: a broken entry of that beginning": Case(
        {"VER-001 fd01/bacula.client": "FAIL"}, fact("fd01", Packages, half_removed), starred
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
        {f"VER-005 {host}/bacula.client~director": "FAIL minor" for host in CLIENTS if host != "client01"},
        everywhere("13.0.1-1"),
        agreed_anything,
    ),
    "VER-006 newer than the least": Case(
        {"VER-006 sd01/bacula.storage": "PASS"}, inputs=with_rule(MIN.model_copy(update={"version": "9.0"}))
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
    "VER-002 Windows: another version": Case(
        {"VER-002 fd01/bacula.client": "FAIL"},
        fact(
            "fd01", Packages, lambda one: replace(one, installed={"Bacula": (Package("Bacula", "9.6.6", "x64", None),)})
        ),
    ),
    "VER-004 Windows: a client newer than its director": Case(
        {"VER-004 fd01/bacula.client~director": "FAIL"},
        fact(
            "fd01",
            Packages,
            lambda one: replace(one, installed={"Bacula": (Package("Bacula", "11.0.1", "x64", None),)}),
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)
