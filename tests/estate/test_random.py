"""Whatever stands in the files: they load, or InputError says why with places that exist."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.core.errors import Problem
from readiness.estate import BASELINE, ESTATE
from readiness.yaml_text.reader import read_yaml
from tests.estate.samples import GOOD, loaded, problems

SCALARS = (
    *("", "no", "~", "null", "true", "1", "1.5", "1e999", "0123", "22:22", "[]", "{}", "[[1]]", "{a: b}", "*a", "&a b"),
    *("!!str a", "- a", "? a", "<<: {}", "'", '"', "|", ">", "#", "%", "@", "`", "-oN/tmp/x", ";id", "$(id)", "a\tb"),
    *("2026-12-01", "::1", "192.0.2.1", "director", "dir01", "clients", "ssh-ed25519 AAAA", "x" * 300, "\u202e", "é"),
)


def _delete(lines: list[str], at: int, _: str) -> None:
    del lines[at]


def _double(lines: list[str], at: int, _: str) -> None:
    lines.insert(at, lines[at])


def _scalar(lines: list[str], at: int, text: str) -> None:
    lines[at] = re.sub(r"(: |- )[^ ].*", lambda match: match.group(1) + text, lines[at], count=1)


def _word(lines: list[str], at: int, text: str) -> None:
    lines[at] = re.sub(r"[A-Za-z0-9_.]+", lambda _: text, lines[at], count=1)


def _line(lines: list[str], at: int, text: str) -> None:
    lines[at] = text


def _indent(lines: list[str], at: int, _: str) -> None:
    lines[at] = f" {lines[at]}"


MUTATIONS: tuple[Callable[[list[str], int, str], None], ...] = (_delete, _double, _scalar, _word, _line, _indent)


def _has_places(found: tuple[Problem, ...], files: dict[str, bytes]) -> None:
    for problem in found:
        lines = files.get(problem.file, b"").decode("utf-8", "replace").split("\n")
        assert 0 <= problem.line <= len(lines) + 1
        assert (problem.line == 0) == (problem.column == 0)
        assert "\n" not in str(problem)


@settings(max_examples=500, deadline=None)
@given(
    file=st.sampled_from([ESTATE, BASELINE]),
    changes=st.lists(
        st.tuples(st.sampled_from(MUTATIONS), st.integers(0, 1000), st.sampled_from(SCALARS) | st.text(max_size=20)),
        min_size=1,
        max_size=4,
    ),
)
def test_a_file_changed_at_random_loads_or_says_why(
    file: str, changes: list[tuple[Callable[[list[str], int, str], None], int, str]]
) -> None:
    lines = GOOD[file].decode().split("\n")
    for change, at, text in changes:
        change(lines, at % len(lines), text)
    files = {**GOOD, file: "\n".join(lines).encode("utf-8", "surrogatepass")}
    _has_places(problems(files), files)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200) | st.text("ab:-[]{}&*!|>'\"%@`#,? \n\t\r0129._~<", max_size=80).map(str.encode))
def test_any_bytes_load_or_say_why(data: bytes) -> None:
    for file in (ESTATE, BASELINE):
        files = {**GOOD, file: data}
        _has_places(problems(files), files)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=3), st.integers(0, 3)), max_size=5))
def test_any_path_has_a_place(path: list[str | int]) -> None:
    line, column = read_yaml(ESTATE, GOOD[ESTATE]).locate(path)
    assert line >= 1
    assert column >= 1


def _seconds(hosts: int) -> float:
    entries = "".join(
        f"  c{n}:\n    fqdn: c{n}.example.com\n    address: 10.0.{n >> 8}.{n & 255}\n    zone: core\n    site: ams\n"
        f"    groups: [clients]\n    owner: backup-ops\n"
        "    products: {bacula: [client]}\n    uses: {director: dir01}\n"
        for n in range(hosts)
    )
    begun = time.process_time()
    assert len(loaded({**GOOD, ESTATE: (GOOD[ESTATE].decode() + entries).encode()}).estate.hosts) == hosts + 5
    return time.process_time() - begun


def test_ten_times_the_hosts_take_about_ten_times_as_long() -> None:
    assert _seconds(4000) < 30 * min(_seconds(400) for _ in range(3))
