"""Every key that the files may have, with a value of every kind of YAML: it loads, or each mistake is reported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from readiness.core.errors import InputError
from readiness.estate import BASELINE, ESTATE, load_bytes
from readiness.estate.baseline import Baseline
from readiness.estate.estate import Estate
from readiness.yaml_text.models import WrittenAs, bare, fields_of
from readiness.yaml_text.reader import read_yaml
from tests.estate.samples import AS_OF, GOOD, NAMES
from tests.estate.test_odd_inputs import plain

KeyPath = tuple[str | int, ...]
MODELS: Mapping[str, type[BaseModel]] = {ESTATE: Estate, BASELINE: Baseline}
HERE = "@odd@"
KINDS = (
    *("null", "~", "true", "no", "0", "-1", "0x1f", "1.5", ".inf", ".nan", "1e999", '""', "x", "director", "dir01"),
    *(
        "2026-12-01",
        "2026-12-01T20:00:00Z",
        "22:22",
        "12:30",
        "[]",
        "[[]]",
        "[{}]",
        "[null]",
        "[true]",
        "[1]",
        "[a, a]",
    ),
    *("[[a], [a]]", "{}", "{a: {}}", "{a: []}", "{a: null}", "{a: 1}", "{director: {}}", "{bacula: {}}", "{1: a}"),
    *("{null: a}", "{true: a}", "{[a]: b}", "{{a: b}: c}", "{? a}", "{'': ''}", "{a: {b: {c: [d]}}}", "!!binary aGk="),
    *("!!set {a}", "!!str 1", "!x y", "*a", "&a b"),
)
# A mistake besides, which must still be told, whatever stands at another key of either file.
BESIDES = ("jobs", "many")
EACH = 5
NO_YAML = ("|-\n  text", "- a", "{", "\t")  # nothing else of the file can be read then


def keys(annotation: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The path of each key that a model may have, with a host, a group or an entry as an example on the way."""
    annotation = bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for key, field in fields_of(annotation).items():
            yield (*path, key)
            written_as = next((mark.model for mark in field.metadata if isinstance(mark, WrittenAs)), None)
            yield from keys(written_as or field.annotation, (*path, key))
    elif get_origin(annotation) is tuple:
        yield (*path, 0)
        yield from keys(get_args(annotation)[0], (*path, 0))
    elif get_args(annotation):
        name = {"hosts": "dir01", "groups": "clients"}.get(str(path[-1]), "bacula")
        yield (*path, name)
        yield from keys(get_args(annotation)[-1], (*path, name))


def placed(value: Any, path: KeyPath, odd: Any) -> Any:
    """The document with this at a path, which is made where it is not there."""
    if not path:
        return odd
    key, *rest = path
    if isinstance(key, int):
        return [placed(value[0] if isinstance(value, list) and value else {}, tuple(rest), odd)]
    entries = dict(value) if isinstance(value, dict) else {}
    return {**entries, key: placed(entries.get(key, {}), tuple(rest), odd)}


def text(document: Any, kind: str) -> bytes:
    return json.dumps(document, indent=1).replace(f'"{HERE}"', kind).encode()


def documents(file: str) -> Iterator[tuple[KeyPath, Any]]:
    """The good file with a place for each key."""
    good = plain(read_yaml(file, GOOD[file]).value)
    for path in dict.fromkeys(keys(MODELS[file])):
        yield path, placed(good, path, HERE)


def mistakes(files: Mapping[str, bytes]) -> list[str]:
    try:
        load_bytes(files, NAMES, AS_OF)
    except InputError as error:
        return [f"{problem.file}: {problem.message}" for problem in error.problems]
    return []


def test_every_key_is_reached() -> None:
    reached = {".".join(map(str, path)) for file in MODELS for path, _ in documents(file)}
    for key in ("hosts.dir01.uses", "hosts.dir01.os", "hosts.dir01.transport", "hosts.dir01.winrm.auth"):
        assert key in reached
    assert {"hosts.dir01.backup.method", "clusters.bacula.nodes.0", "custom_checks.0.folder"} <= reached
    assert {"groups.clients.clock.max_offset_s", "hosts.dir01.sshd.bacula", "space.0.path"} <= reached


@pytest.mark.parametrize("file", MODELS)
def test_a_value_of_any_kind_at_any_key_is_told_and_hides_no_other_mistake(file: str) -> None:
    """Each key with a few of the kinds in turn, so that every kind meets keys of every model."""
    key, wrong = BESIDES
    besides = text({**plain(read_yaml(ESTATE, GOOD[ESTATE]).value), key: wrong}, "")
    for number, (path, document) in enumerate(documents(file)):
        if path[0] == key:
            continue
        for kind in KINDS[number % EACH :: EACH]:
            odd = text({**document, key: wrong} if file == ESTATE else document, kind)
            told = mistakes({**GOOD, ESTATE: besides, file: odd})
            assert any(line.startswith(f"{ESTATE}: '{key}' must be") for line in told), (path, kind, told)


@pytest.mark.parametrize(
    ("path", "odd", "told"),
    [
        (("hosts", "fd01", "uses"), {"director": {}}, "'director' must be text, not a mapping"),
        (("hosts", "fd01", "os"), [], "'os' must be linux or windows, not "),
        (("hosts", "fd01", "transport"), {}, "'transport' must be text, not a mapping"),
        (("winrm", "auth"), [], "'auth' must be ntlm, basic or certificate, not "),
        (("hosts", "fd01", "backup", "method"), {}, "'method' must be "),
    ],
)
def test_the_key_itself_is_told(path: KeyPath, odd: object, told: str) -> None:
    document = placed(plain(read_yaml(ESTATE, GOOD[ESTATE]).value), path, odd)
    assert any(line.startswith(f"{ESTATE}: {told}") for line in mistakes({**GOOD, ESTATE: text(document, "")}))


@pytest.mark.parametrize("kind", NO_YAML)
def test_what_cannot_be_read_as_a_whole_is_told(kind: str) -> None:
    for file in MODELS:
        # A tab alone leaves a list empty, which some may be.
        for _, document in [one for one in documents(file) if one[0][-1] != 0 or kind.strip()][::20]:
            assert mistakes({**GOOD, file: text(document, kind)})
