"""A value of another kind anywhere in the files: they load, or every mistake is reported where it stands."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from readiness.configs import SYSTEMS
from readiness.core.errors import InputError
from readiness.estate import BASELINE, ESTATE, load_bytes
from readiness.planning.inputs import names_of
from readiness.products import load
from readiness.yaml_text.reader import read_yaml
from tests.estate.samples import AS_OF, GOOD, NAMES, changed, problems

EXAMPLE = Path(__file__).parents[2] / "inventories" / "example"
ESTATES = {
    "good": (GOOD, NAMES),
    "example": ({name: (EXAMPLE / name).read_bytes() for name in (ESTATE, BASELINE)}, names_of(load(SYSTEMS))),
}
ODD: tuple[Any, ...] = (
    *({}, {"a": 1}, [], ["a", "a"], 7, -1, 1e308, True, None, "", "x" * 5000, "a\x1b[31m\nb"),
    *("2026-12-01", "dir01", {"a": {"b": [{"c": []}]}}, [[["deep"]]]),
)
PAIRS = 400


def plain(value: Any) -> Any:
    """The data with lists, as they can be changed and written."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield from paths(item, (*path, key))


def with_value(value: Any, path: tuple[str | int, ...], odd: Any) -> Any:
    if not path:
        return odd
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_value(copy[path[0]], path[1:], odd)
    return copy


def check(name: str, file: str, document: Any) -> None:
    """Load the estate with this in place of a file."""
    files, names = ESTATES[name]
    data = json.dumps(document, indent=1).encode()
    try:
        load_bytes({**files, file: data}, names, AS_OF)
    except InputError as error:
        lines = data.count(b"\n") + 1
        for problem in error.problems:
            # A file that the estate names now, or no longer, is there or not; it has no line.
            if problem.file == file:
                assert 0 < problem.line <= lines, problem
                assert problem.column > 0, problem


@pytest.mark.parametrize("name", ESTATES)
@pytest.mark.parametrize("file", [ESTATE, BASELINE])
def test_an_odd_value_anywhere_loads_or_is_reported_with_its_line(name: str, file: str) -> None:
    document = plain(read_yaml(file, ESTATES[name][0][file]).value)
    for path in paths(document):
        for odd in ODD:
            if path:
                check(name, file, with_value(document, path, odd))


@pytest.mark.parametrize("name", ESTATES)
@pytest.mark.parametrize("file", [ESTATE, BASELINE])
def test_two_odd_values_load_or_are_reported_with_their_lines(name: str, file: str) -> None:
    document = plain(read_yaml(file, ESTATES[name][0][file]).value)
    chance = random.Random(f"{name} {file}")  # noqa: S311 - the same pairs each time
    places = [path for path in paths(document) if path]
    for _ in range(PAIRS):
        first, second = chance.sample(places, 2)
        odd = with_value(document, max(first, second, key=len), chance.choice(ODD))
        check(name, file, with_value(odd, min(first, second, key=len), chance.choice(ODD)))


def test_a_mapping_for_a_name_is_reported_and_hides_nothing() -> None:
    files = changed(ESTATE, "director: dir02", "director: {}")
    files = changed(ESTATE, "zone: core", "zone: cor", files)
    assert [str(problem) for problem in problems(files)] == [
        "estate.yaml:24:11: unknown zone 'cor' (did you mean core)",
        "estate.yaml:42:22: 'director' must be text, not a mapping",
    ]


@pytest.mark.parametrize(
    ("wrong", "other"),
    [
        (("service: corporate backup", "service: []"), ("director: dir02", "director: sd01")),
        (("fqdn: jump.example.com", "fqdn: {}"), ("probe_s: 20", "probe_s: 121")),
        (("fqdn: dir01.example.com", "fqdn: a b"), ("probe_s: 20", "probe_s: 121")),
        (("jobs: 8", "jobs: many"), ("products: {bacula: [storage]}", "products: {bacula: [storag]}")),
        (("title: File daemons", "title: 7"), ("address: 2001:db8::2", "address: 192.0.2.11")),
    ],
)
def test_a_mistake_in_one_entry_hides_none_in_another(wrong: tuple[str, str], other: tuple[str, str]) -> None:
    alone = {problem.message for problem in problems(changed(ESTATE, *other))}
    assert alone
    assert alone < {problem.message for problem in problems(changed(ESTATE, *wrong, changed(ESTATE, *other)))}


def test_what_follows_from_an_entry_that_was_left_out_is_no_mistake_of_its_own() -> None:
    for old, new in (
        ("fqdn: dir02.example.com", "fqdn: []"),
        ("os: linux", "os: 7"),
        ("products: {bacula: [storage]}", "products: [storage]"),
        ("groups: [clients]\n    products:", "groups: {}\n    products:"),
        ("db8::2\n    products: {bacula: [director]}", "db8::2\n    products: 7"),
        ("director: dir01\n  jump", "director: dir09\n  jump"),
        ("limits: {probe_s: 20, run_s: 1800}", "limits: {host_s: 0, run_s: 100}"),
        ("fqdn: jump.example.com", "fqdn: jump.example.com\n    os: 7\n    winrm: {user: me}"),
    ):
        assert len(problems(changed(ESTATE, old, new))) == 1, problems(changed(ESTATE, old, new))


def test_a_member_in_a_list_that_was_left_out_is_a_member() -> None:
    files = changed(ESTATE, "  clients: {title: File daemons}", "  clients: {title: File daemons}\n  late: {}")
    files = changed(ESTATE, "fqdn: jump.example.com", "fqdn: jump.example.com\n    groups: late", files)
    assert len(problems(files)) == 1, problems(files)


def test_items_after_those_that_were_left_out_keep_their_lines() -> None:
    text = GOOD[ESTATE].decode() + "\ncustom_checks:\n- {folder: 7}\n- {folder: /one}\n- 8\n- {folder: /two}\n"
    mistakes = problems({**GOOD, ESTATE: text.encode()})
    assert [problem.line - text.count("\n") for problem in mistakes] == [-3, -2, -1, 0]
    outside = ["is not within the estate's folder" in problem.message for problem in mistakes]
    assert outside == [False, True, False, True]
