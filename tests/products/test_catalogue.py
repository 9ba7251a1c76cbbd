from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from readiness.configs import SYSTEMS
from readiness.core.errors import InputError
from readiness.planning.inputs import names_of
from readiness.products import load, load_bytes
from readiness.yaml_text.reader import read_yaml
from tests.probes import real

TOOLS = {"bdirjson": "bacula-director", "bsdjson": "bacula-sd", "bfdjson": "bacula-fd", "bbconsjson": "bacula-console"}
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
    document = read_yaml(name, SHIPPED[name]).value
    found = list(entries(document))
    assert found
    for entry in found:
        source = document["sources"][entry["source"]]
        assert "general knowledge" not in source or entry.get("verified") is False, entry


def test_a_product_is_a_yaml_and_nothing_else_lies_beside_it() -> None:
    names = [one.name for one in files("readiness.products").iterdir() if one.name != "__pycache__"]
    assert [name for name in names if not name.endswith((".yaml", ".py"))] == []


def test_what_leaves_of_bacula_is_what_its_tools_know() -> None:
    for tool, package in TOOLS.items():
        real.need(tool, package)
    known = b"".join(Path(f"/usr/sbin/{tool}").read_bytes() for tool in TOOLS).lower()
    names = {key.rpartition(".")[2] for key in load(SYSTEMS).products["bacula"].opened()}
    assert not [name for name in names if f"{name}\0".encode() not in known]


def test_no_command_address_of_mail_or_free_text_of_bacula_leaves() -> None:
    names = {key.rpartition(".")[2] for key in load(SYSTEMS).products["bacula"].opened()}
    kept = r"password|dbuser|user|.*key|description|.*command|mail|operator|console|run.*job|runscript|plugin.*|append"
    assert {name for name in names if re.fullmatch(kept, name)} == {"tlskey", "pkimasterkey", "plugindirectory"}


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
        ("title: Server", "titel: Server", r"small.yaml:7:5: unknown key 'titel' \(did you mean title\)"),
        ("title: Server", "title: 7", r"small.yaml:7:12: 'title' must be text, not the number 7"),
        ("title: Server", "title: no", r"small.yaml:7:12: no is a truth value to some YAML readers"),
        ("title: Server", "title: 22:22", r"small.yaml:7:12: '22:22' is a number to base 60"),
        ("title: Server", "title: 0x10", r"small.yaml:7:12: '0x10' is not the same to all YAML readers"),
        ("title: Server", "title:", r"small.yaml:7:11: no value"),
        ("title: Server", "title: *x", r"small.yaml:7:12: an alias"),
        ("title: Server", "title: !!python/object:x y", r"small.yaml:7:12: a tag"),
        ("title: Server", "title: Server\n    title: Again", r"small.yaml:8:5: the key 'title' is already at line 7"),
        ("title: Server", "title: Server\n    name: other", r"small.yaml:.*named by its key"),
        ("title: Server", "title: [", r"not YAML"),
        ("  server:", "  7:", r"small.yaml:6:3: a key must be text, not a number"),
        ("  server:", "  Server X:", r"small.yaml:6:3: .*'Server X' is malformed"),
        ("source: us", "source: them", r"small.yaml:9:48: unknown source 'them' \(sources: us\)"),
        ("source: us", "verified: false", r"small.yaml:9:\d+: source is missing"),
        ("source: us", 'source: us, verified: "yes"', r"small.yaml:9:\d+: 'verified' must be true or false, not text"),
        ("names: [small-server]", "names: []", r"small.yaml:9:\d+: 'names' must not be empty"),
        ("names: [small-server]", "names: [--root=x]", r"small.yaml:.*not a name of its kind: --root=x"),
        ("units: [small.service]", "units: [small]", r"small.yaml:.*not a name of its kind: small"),
        ("debian: [{names: [small-server]", "windows: [{names: ['*']", r"small.yaml:.*not a name of its kind: \*"),
        ("debian: {units: [small.service]", "windows: {units: [-x]", r"small.yaml:.*not a name of its kind: -x"),
        ("debian: [", "gentoo: [", r"small.yaml:9:7: 'gentoo' must be debian, redhat or windows"),
        ("role: client", "role: cleint", r"small.yaml:17:22: unknown role 'cleint' \(did you mean client\)"),
        ("other: server", "other: sever", r"small.yaml:17:\d+: unknown role 'sever'"),
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
            r"small.yaml:10:\d+: .*must be Administrators, SYSTEM or TrustedInstaller",
        ),
        ("rule: ge", "rule: gt", r"small.yaml:17:12: 'rule' must be eq, ge"),
        ("rule: ge", "rule: min", r"small.yaml:17:5: .*a rule min needs version"),
        ("rule: ge", "rule: max_lag", r"a rule max_lag needs n, unit"),
        ("parts: 2", "n: 2", r"a rule ge has no n"),
        ("parts: 2", "parts: 0", r"small.yaml:17:\d+: 'parts' must be at least 1"),
        ("severity: blocker", "severity: fatal", r"small.yaml:17:\d+: 'severity' must be blocker"),
        (
            "version_rules",
            "open_directives: [{shape: text, resources: [A], directives: [B], source: us}]\nversion_rules",
            r"small.yaml:16:27: 'shape' must be address, name, number, path, schedule, switch or word",
        ),
        (
            "version_rules",
            "open_directives: [{shape: name, resources: [A], directives: ['B:x'], source: us}]\nversion_rules",
            r"small.yaml:16:62: .*'B:x' is malformed",
        ),
        (
            "version_rules",
            (
                "open_directives:\n  - {shape: name, resources: [A], directives: [N a], source: us}\n"
                "secret_directives:\n  - {resources: [B, A], directive: na, source: us}\nversion_rules"
            ),
            r"small.yaml:19:36: 'na' of a is at line 17 already",
        ),
        (
            "version_rules",
            (
                "open_directives: [{shape: name, resources: [A], directives: [Name], source: us}]\n"
                "peers: [{role: server, resources: [A], other: client, answer: B,"
                " address: Nam, secret: S, source: us}]\n"
                "version_rules"
            ),
            (
                r"(?s)small.yaml:17:75: its value does not leave the host: a.nam \(did you mean A.Name\)"
                r".*small.yaml:17:88: a.s is none of secret_directives \(add it there\)"
            ),
        ),
        (
            "version_rules",
            "same_on_cluster_nodes: [{role: server, resources: [A], directive: B, source: us}]\nversion_rules",
            r"small.yaml:16:\d+: its value does not leave the host: a.b",
        ),
        ("product: small", "product: big", r"small.yaml:1:10: the file of big must be named big.yaml"),
        ("us: ourselves", "us: ourselves\n  them: nobody", r"small.yaml:5:9: no value comes from them"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        load(SYSTEMS, small(old, new))


def test_a_source_that_only_a_faulty_entry_names_is_used() -> None:
    text = SMALL.replace("us: ourselves", "us: ourselves\n  them: others").replace("source: us, why", "source: them, y")
    with pytest.raises(InputError) as caught:
        load_bytes({"small.yaml": text.encode()}, SYSTEMS)
    assert [problem.message for problem in caught.value.problems] == ["why is missing", "unknown key 'y'"]


def test_all_mistakes_of_all_files_are_told_at_once() -> None:
    broken = {"a.yaml": b"product: [", "b.yaml": b"- x\n", "c.yaml": b"", "d.yaml": b"title: \xff\n"}
    with pytest.raises(InputError) as caught:
        load_bytes({**broken, **small("rule: ge", "rule: gt")}, SYSTEMS)
    files = dict.fromkeys(problem.file for problem in caught.value.problems)
    assert list(files) == ["a.yaml", "b.yaml", "c.yaml", "d.yaml", "small.yaml"]


def test_an_alias_is_refused() -> None:
    text = SMALL.replace("title: Server", "title: &x Server").replace("title: Client", "title: *x")
    with pytest.raises(InputError, match=r"small.yaml:13:\d+: an alias"):
        load_bytes({"small.yaml": text.encode()}, SYSTEMS)
