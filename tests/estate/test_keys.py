"""The reference of all keys: every one that the schemas have is described and found, and a misspelt one gets a hint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
import yaml

from readiness.estate import json_schema
from readiness.estate.keys import File, find, keys_of
from tests.estate.test_every_key import MODELS, keys
from tests.test_cli import ended

FILES: tuple[File, ...] = get_args(File)

CHOICES = ("one of ", "list of one of ")


def undescribed(part: Mapping[str, Any], whole: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Where a schema says nothing: keys, values of mappings, entries of lists and alternatives, through references."""
    if reference := part.get("$ref"):
        if reference in path:
            return
        path, part = (*path, reference), {**whole["$defs"][reference.rpartition("/")[2]], **part}
    if path and not part.get("description", "").endswith((".", ":")):
        yield ".".join(path)
    for name, entry in part.get("properties", {}).items():
        yield from undescribed(entry, whole, (*path, name))
    for name in ("items", "additionalProperties"):
        if isinstance(part.get(name), dict):
            yield from undescribed(part[name], whole, (*path, "*"))
    for entry in (*part.get("patternProperties", {}).values(), *part.get("anyOf", ())):
        yield from undescribed(entry, whole, (*path, "|"))


@pytest.mark.parametrize("file", FILES)
def test_everything_that_may_be_written_is_described_in_the_schema(file: File) -> None:
    schema: Mapping[str, Any] = json_schema(file)
    assert list(undescribed(schema, schema)) == []
    assert all(entry.get("description") for entry in schema["$defs"].values())


@pytest.mark.parametrize("file", FILES)
def test_every_key_of_the_models_is_found_with_names_of_people_s_own(file: File) -> None:
    paths = [".".join(map(str, path)).replace(".0", "[]") for path in keys(MODELS[f"{file}.yaml"])]
    assert len(paths) > 30
    unknown = [path for path in paths if not find(file, path)]
    # That walk takes the words of a choice for names of entries.
    assert [path for path in unknown if not find(file, path.rpartition(".")[0])[0].kind.startswith(CHOICES)] == []


@pytest.mark.parametrize("file", FILES)
def test_every_key_says_what_it_is(file: File) -> None:
    for key in keys_of(file):
        assert key.description.endswith("."), key
        assert key.kind, key
        if key.example:
            assert yaml.safe_load(f"key: {key.example}")["key"] is not None, key


@pytest.mark.parametrize(
    ("file", "word", "path"),
    [
        ("estate", "hosts.web01.ssh.port", "hosts.HOST.ssh.port"),
        ("estate", "host_key", "hosts.HOST.ssh.host_key"),
        ("estate", "preferred_owners", "clusters.CLUSTER.preferred_owners.GROUP"),
        ("estate", "custom_checks[].folder", "custom_checks[].folder"),
        ("baseline", "versions.bacula.client", "versions.PRODUCT.ROLE"),
        ("baseline", "groups.clients.clock.max_offset_s", "clock.max_offset_s"),
        ("baseline", "max_offset_s", "clock.max_offset_s"),
    ],
)
def test_a_key_is_found_as_people_write_it(file: File, word: str, path: str) -> None:
    assert [key.path for key in find(file, word)] == [path]


def test_all_of_a_key_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ended(capsys, "keys", "estate", "hosts.web01.ssh.port")
    assert code == 0
    assert out.splitlines() == [
        "# estate.yaml",
        "hosts.HOST.ssh.port",
        "    The port of sshd.",
        "    whole number, at least 1, at most 65535; 22 when left out",
        "    Example: port: 22",
    ]
    assert "stated for all, a group or a host" in ended(capsys, "keys", "baseline", "clock")[1]
    assert "stated for all\n" in ended(capsys, "keys", "baseline", "same_version_groups")[1]
    assert "required" in ended(capsys, "keys", "estate", "service")[1]


def test_without_a_key_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ended(capsys, "keys")
    assert code == 0
    listed = [line.split()[0] for line in out.splitlines()]
    assert listed == [word for file in FILES for word in ("#", *(key.path for key in keys_of(file)))]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("baseline", "max_ofset_s"), "baseline.yaml: no key max_ofset_s (did you mean clock.max_offset_s"),
        (("estate", "hosts.web01.adress"), "did you mean hosts.HOST.address"),
        (("estate", "PORT"), "no key PORT"),
        (("estate", ""), "word 3 is given nothing"),
        (("estate", "."), "no key ."),
        (("estate", "\u6f22" * 300), "readiness keys lists them"),
        (("baselin", "clock"), "baseline"),
    ],
)
def test_a_misspelt_key_gets_those_that_are_near(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], hint: str
) -> None:
    code, out, err = ended(capsys, "keys", *arguments)
    assert code == 4
    assert hint in err
    assert out.splitlines()[-1].startswith("ERROR  ")
