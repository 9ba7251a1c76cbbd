from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from readiness.configs import SYSTEMS
from readiness.core.errors import InputError
from readiness.planning.inputs import names_of
from readiness.products import load, load_bytes
from readiness.products.places import read

SHIPPED = {one.name: one.read_bytes() for one in files("readiness.products").iterdir() if one.name.endswith(".yaml")}
SMALL = """\
product: small
title: A small one
sources:
  us: ourselves
roles:
  server:
    title: Server
    packages:
      debian: [{names: [small-server], source: us}]
    services:
      debian: {units: [small.service], source: us}
  client:
    title: Client
    packages:
      debian: [{names: [small-client], source: us}]
version_rules:
  - {rule: ge, role: client, other: server, parts: 2, severity: blocker, source: us, why: Because.}
"""


def small(old: str = "", new: str = "") -> dict[str, bytes]:
    assert old in SMALL
    return {"small.yaml": SMALL.replace(old, new, 1).encode()}


def entries(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping that holds a value of its own."""
    if isinstance(value, dict):
        if {"names", "units", "paths", "name", "tcp", "rule", "directive"} & value.keys():
            yield value
        for entry in value.values():
            yield from entries(entry)
    elif isinstance(value, tuple):
        for entry in value:
            yield from entries(entry)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_file_decodes(name: str) -> None:
    catalogue = load_bytes({name: SHIPPED[name]}, SYSTEMS)
    (product,) = catalogue.products.values()
    assert name == f"{product.product}.yaml"
    assert catalogue.files == {name: SHIPPED[name]}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_value_has_a_source_and_general_knowledge_stays_marked(name: str) -> None:
    document, _ = read(name, SHIPPED[name])
    found = list(entries(document))
    assert len(found) > 20
    for entry in found:
        source = document["sources"][entry["source"]]
        assert ("[GK]" in source) == (entry.get("verified", True) is False), entry


def test_bacula() -> None:
    bacula = load(SYSTEMS).products["bacula"]
    assert list(bacula.roles) == ["director", "storage", "client", "console"]
    director = bacula.roles["director"]
    assert director.name == "director"
    assert [one.name for one in director.packages_for("debian")] == ["bacula-director", "bacula-director-pgsql"]
    assert "bacula-director-sqlite3" in director.package_names("debian")
    assert director.services_for("debian") == ("bacula-director.service",)
    assert director.services_for("redhat") == ("bacula-dir.service",)
    assert bacula.roles["client"].packages_for("redhat")[0].name == "bacula-client"
    assert bacula.roles["client"].packages_for("other") == ()
    assert bacula.roles["client"].package_names("windows") == ("Bacula",)
    assert bacula.roles["client"].services_for("windows") == ("Bacula-fd",)
    assert bacula.roles["console"].services == {}
    assert [one.path for one in bacula.roles["client"].windows_places if one.private] == [
        r"C:\Program Files\Bacula\bacula-fd.conf"
    ]
    assert "/etc/bacula/tls" in bacula.certificate_folders_on("linux")
    assert r"C:\Program Files\Bacula\tls" in bacula.certificate_folders_on("windows")
    assert [(one.rule, one.other, one.parts) for one in bacula.rules_for("storage")] == [("eq", "director", 3)]
    rules = bacula.rules_for("client")
    assert [(one.rule, one.other, one.severity, one.verified) for one in rules] == [
        ("ge", "director", "blocker", False),
        ("max_lag", "director", "minor", False),
    ]
    assert bacula.rules_for("director") == ()
    assert {one.directive for one in bacula.secret_directives} >= {"Password", "DB Password"}


def test_names_for_the_estate() -> None:
    names = names_of(load(SYSTEMS, small()))
    assert names.roles["small"] == {"server", "client"}
    assert ("small", "client", "server") in names.related
    assert ("bacula", "storage", "director") in names.related


def test_a_product_can_be_added_and_not_replaced() -> None:
    assert load(SYSTEMS, small()).products.keys() == {*load(SYSTEMS).products, "small"}
    with pytest.raises(InputError, match="has this product already"):
        load(SYSTEMS, {"bacula.yaml": SHIPPED["bacula.yaml"]})


def test_what_was_read_gives_the_same_catalogue_again() -> None:
    catalogue = load(SYSTEMS, small())
    assert load_bytes(catalogue.files, SYSTEMS) == catalogue


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("title: Server", "titel: Server", r"small.yaml:7:12: roles.server.titel: Extra inputs"),
        ("title: Server", "title: 7", r"small.yaml:7:12: .*valid string"),
        ("title: Server", "title: no", r"small.yaml:7:12: 'no' may be read in several ways"),
        ("title: Server", "title: 22:22", r"small.yaml:7:12: '22:22' may be read"),
        ("title: Server", "title: 0x10", r"small.yaml:7:12: '0x10' may be read"),
        ("title: Server", "title:", r"small.yaml:7:11: no value"),
        ("title: Server", "title: *x", r"small.yaml:7:12: not YAML: .*alias"),
        ("title: Server", "title: !!python/object:x y", r"small.yaml:7:12: .*may be read"),
        ("title: Server", "title: Server\n    title: Again", r"small.yaml:8:5: the key 'title' is there twice"),
        ("title: Server", "title: Server\n    name: other", r"small.yaml:.*named by its key"),
        ("title: Server", "title: [", r"not YAML"),
        ("  server:", "  7:", r"small.yaml:6:3: a key must be text"),
        ("  server:", "  Server X:", r"small.yaml:.*pattern"),
        ("source: us", "source: them", r"small.yaml:9:48: no such source: them \(sources: us\)"),
        ("source: us", "verified: false", r"small.yaml:9:\d+: .*source: Field required"),
        ("source: us", 'source: us, verified: "yes"', r"small.yaml:9:\d+: .*valid boolean"),
        ("names: [small-server]", "names: []", r"small.yaml:9:\d+: .*at least 1"),
        ("names: [small-server]", "names: [--root=x]", r"small.yaml:.*not a name of its kind: --root=x"),
        ("units: [small.service]", "units: [small]", r"small.yaml:.*not a name of its kind: small"),
        ("debian: [{names: [small-server]", "windows: [{names: ['*']", r"small.yaml:.*not a name of its kind: \*"),
        ("debian: {units: [small.service]", "windows: {units: [-x]", r"small.yaml:.*not a name of its kind: -x"),
        ("debian: [", "gentoo: [", r"small.yaml:9:15: .*debian"),
        ("role: client", "role: cleint", r"small.yaml:17:22: no such role: cleint \(roles: server, client\)"),
        ("other: server", "other: sever", r"small.yaml:17:\d+: no such role: sever"),
        (
            "version_rules",
            "certificate_folders: {paths: [tls], source: us}\nversion_rules",
            r"not a folder's path: tls",
        ),
        (
            "services:",
            "windows_places: [{path: /x, owners: [SYSTEM], source: us}]\n    services:",
            r"small.yaml:.*not a name of its kind: /x",
        ),
        (
            "services:",
            "windows_places: [{path: 'C:\\x', owners: [Everyone], source: us}]\n    services:",
            r"small.yaml:10:\d+: .*'Administrators'",
        ),
        ("rule: ge", "rule: gt", r"small.yaml:17:12: .*'ge'"),
        ("rule: ge", "rule: min", r"small.yaml:17:5: .*a rule min needs version"),
        ("rule: ge", "rule: max_lag", r"a rule max_lag needs n, unit"),
        ("parts: 2", "n: 2", r"a rule ge has no n"),
        ("parts: 2", "parts: 0", r"small.yaml:17:\d+: .*greater than or equal to 1"),
        ("severity: blocker", "severity: fatal", r"small.yaml:17:\d+: .*'blocker'"),
        ("product: small", "product: big", r"small.yaml:1:10: the file of big must be named big.yaml"),
        ("us: ourselves", "us: ourselves\n  them: nobody", r"small.yaml:5:9: no value comes from them"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        load(SYSTEMS, small(old, new))


def test_all_mistakes_of_all_files_are_told_at_once() -> None:
    broken = {"a.yaml": b"product: [", "b.yaml": b"- x\n", "c.yaml": b"", "d.yaml": b"title: \xff\n"}
    with pytest.raises(InputError) as caught:
        load_bytes({**broken, **small("rule: ge", "rule: gt")}, SYSTEMS)
    assert [problem.file for problem in caught.value.problems] == ["a.yaml", "b.yaml", "c.yaml", "d.yaml", "small.yaml"]


def test_an_alias_is_refused() -> None:
    text = SMALL.replace("title: Server", "title: &x Server").replace("title: Client", "title: *x")
    with pytest.raises(InputError, match=r"small.yaml:7:12: an alias|small.yaml:13:\d+: an alias"):
        load_bytes({"small.yaml": text.encode()}, SYSTEMS)


def test_what_is_read_cannot_be_changed() -> None:
    product = load(SYSTEMS).products["bacula"]
    with pytest.raises(ValueError, match="frozen"):
        setattr(product, "title", "x")  # noqa: B010 - the type checker knows that it is frozen
    assert re.fullmatch(r"[a-z]+", product.product)
