"""Every mistake is told with its place, and all of them in one go."""

import pytest

from readiness.core.errors import InputError
from readiness.estate import BASELINE, ESTATE
from readiness.yaml_text.reader import MAX_BYTES
from tests.estate.mistakes import HOST_MISTAKES, MISTAKES
from tests.estate.samples import GOOD, changed, loaded, problems

JUMP = "fqdn: jump.example.com\n    products: {}"


def check(files: dict[str, bytes], told: tuple[str, ...]) -> None:
    found = [str(problem) for problem in problems(files)]
    assert len(found) == len(told), found
    for problem, beginning in zip(found, told, strict=True):
        assert problem.startswith(beginning)


@pytest.mark.parametrize(("file", "old", "new", "told"), MISTAKES)
def test_a_mistake_is_told_with_its_place(file: str, old: str, new: str, told: tuple[str, ...]) -> None:
    check(changed(file, old, new), told)


@pytest.mark.parametrize(("new", "told"), HOST_MISTAKES)
def test_a_mistake_about_a_host_is_told_with_its_place(new: str, told: tuple[str, ...]) -> None:
    text = f"fqdn: jump.example.com\n    {new[2:]}" if new.startswith("+ ") else new
    own = "" if "products:" in new else "\n    products: {}"
    check(changed(ESTATE, JUMP, text + own), told)


def test_all_mistakes_of_all_files_come_at_once() -> None:
    files = changed(ESTATE, "os: linux", "os: aix")
    files = changed(ESTATE, "zone: core", "zone: cor", files)
    files = changed(ESTATE, "jobs: 8", "job: 8", files)
    files = changed(BASELINE, 'version: "12"', "version: 12", files)
    files = changed(BASELINE, "same_version_groups: [clients]", "same_version_groups: [cliens]", files)
    assert [(one.file, one.line) for one in problems(files)] == [
        (BASELINE, 2),
        (BASELINE, 6),
        (ESTATE, 16),
        (ESTATE, 21),
        (ESTATE, 24),
    ]


def test_broken_syntax_in_one_file_hides_nothing_in_the_other() -> None:
    files = changed(ESTATE, "jobs: 8", "jobs: [8")
    files = changed(BASELINE, "same_version_groups: [clients]", "same_version_groups: [any thing]", files)
    assert [(one.file, one.line) for one in problems(files)] == [(BASELINE, 6), (ESTATE, 17)]


def test_mistakes_before_broken_syntax_are_told_with_it() -> None:
    files = changed(ESTATE, "service: corporate backup", "service: &a corporate backup")
    assert [one.line for one in problems(changed(ESTATE, "jobs: 8", "jobs: [8", files))] == [2, 17]


def test_a_section_of_another_kind_is_told_once() -> None:
    told = [str(one) for one in problems(changed(ESTATE, "  core: {title: Core network}", "  - core"))]
    assert told == [
        "estate.yaml:7:1: 'zones' must be a mapping, not a list (write key: value, one a line, without - and brackets)"
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"service: a\nchange: \xff\n", "baseline.yaml:2:9: byte 0xff is not UTF-8"),
        ("clock: ü\n".encode() + b"\xfc", "baseline.yaml:2:1: byte 0xfc is not UTF-8"),
        ("clock".encode("utf-16"), "baseline.yaml:1:1: byte 0xff is not UTF-8"),
        (b"a: 1\n\nclock: \0", "baseline.yaml:3:8: the character \\x00 may not stand here"),
        (b"a: 1\rb: 2", "baseline.yaml:1:5: the character \\x0d may not stand here"),
        (b"- a", "baseline.yaml:1:1: the file must be a mapping of keys to values, not a list"),
        (b"a", "baseline.yaml:1:1: the file must be a mapping of keys to values, not text"),
        (b"#" * (MAX_BYTES + 1), "baseline.yaml: the file is larger than 1 MiB"),
        (b"a: " + b"[" * 100, "baseline.yaml:1:23: nested deeper than 20"),
        (b"a: " + b"[" * 100_000, "baseline.yaml:1:"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(data: bytes, told: str) -> None:
    assert str(problems({**GOOD, BASELINE: data})[0]).startswith(told)


def test_an_alias_bomb_is_refused_at_its_first_alias() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 400)]
    found = problems({**GOOD, BASELINE: "\n".join(lines).encode()})
    assert str(found[1]) == "baseline.yaml:2:5: an anchor (&a1) (remove it)"
    assert "1000 mistakes up to here" in found[-1].message


@pytest.mark.parametrize("value", ["1" * 50_000, "1" + ":1" * 50_000, "1" + "_1" * 50_000 + "x", "[1" * 10])
def test_a_value_made_to_be_slow_is_not(value: str) -> None:
    assert problems(changed(ESTATE, "jobs: 8", f"jobs: {value}"))


def test_the_message_of_a_hostile_text_is_short_and_clean() -> None:
    files = changed(ESTATE, JUMP, 'products: {}\n    fqdn: "\\e[31m' + "x" * 5000 + '"')
    assert str(problems(files)[0]).startswith("estate.yaml:53:11: fqdn '\\x1b[31mxxx")
    assert len(str(problems(files)[0])) < 250


@pytest.mark.parametrize(
    "value", ["a." * 50_000, "&" + "a" * 50_000 + " b", "!" + "a" * 50_000 + " b", "*" + "a" * 50_000]
)
def test_the_message_of_a_long_text_is_short(value: str) -> None:
    assert all(len(str(one)) < 1000 for one in problems(changed(ESTATE, JUMP, f"products: {{}}\n    fqdn: {value}")))


def test_a_host_of_two_products_cannot_mean_two_hosts_by_one_role() -> None:
    extra = (
        "fqdn: jump.example.com\n    products: {bareos: [director]}\n"
        "  both:\n    fqdn: both.example.com\n    products: {bacula: [client], bareos: [client]}\n"
        "    uses: {director: dir01}\n"
    )
    (problem,) = problems(changed(ESTATE, JUMP, extra))
    assert str(problem).startswith("estate.yaml:57:22: the director 'dir01' is none of bareos")


def test_a_file_that_is_absent_or_strange_is_told() -> None:
    with pytest.raises(InputError) as caught:
        loaded({ESTATE: GOOD[ESTATE], "waivers.yaml": b""})
    assert str(caught.value).splitlines() == [
        "baseline.yaml: the file is missing (an estate has estate.yaml and baseline.yaml; {} is an empty one)",
        "known_hosts: the file is missing (estate.yaml names it)",
        "waivers.yaml: this version cannot judge waivers.yaml (remove it, or use a version that can)",
    ]
