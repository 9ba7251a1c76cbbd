from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.core.errors import InputError, ToolFault
from readiness.core.facts import Fact, HostFacts, HostKey, Login, Missing, Reached, Why
from readiness.run_folder.journals import facts_from_json, facts_to_json, parse_journal


@given(st.integers(1, 56))
def test_a_line_torn_anywhere_is_recognised_and_left_out(cut: int) -> None:
    whole = b'{"host": "bk01"}\n{"host": "bk02", "facts": {"x": 12}}\n'
    lines, torn = parse_journal(whole[:-cut], "facts.jsonl")
    assert lines == [{"host": "bk01"}][: whole[:-cut].count(b"\n")]
    assert torn == (not whole[:-cut].endswith(b"\n") and cut < len(whole))


@pytest.mark.parametrize("line", [b"{x", b"[1]", b"1", b"", b"\xff{}", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"])
def test_a_line_broken_otherwise_is_an_error_with_its_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "facts.jsonl"
    path.write_bytes(b"{}\n" + line + b"\n{}\n")
    with pytest.raises(InputError, match=rf"{path}:2:1: "):
        parse_journal(path.read_bytes(), str(path))


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Part:
    label: str
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Everything(Fact):
    name: ClassVar[str] = "everything"
    text: str
    rtt_s: float
    count: int
    yes: bool
    colour: Colour
    parts: tuple[Part, ...]
    by_name: Mapping[str, Part | Missing]
    by_port: Mapping[int, str]
    pair: tuple[int, str]
    words: frozenset[str]
    either: str | int | None
    when: datetime | None = None


KINDS: Mapping[str, type[Fact]] = {kind.name: kind for kind in (Everything, Reached, HostKey, Login)}
TEXT = st.text(st.characters(exclude_categories=()))
MISSING = st.builds(Missing, st.sampled_from(Why), TEXT, TEXT)
PART = st.builds(Part, TEXT, st.none() | st.integers())
EVERYTHING = st.builds(
    Everything,
    text=TEXT,
    rtt_s=st.floats(allow_nan=False),
    count=st.integers(),
    yes=st.booleans(),
    colour=st.sampled_from(Colour),
    parts=st.lists(PART).map(tuple),
    by_name=st.dictionaries(TEXT, PART | MISSING),
    by_port=st.dictionaries(st.integers(), TEXT),
    pair=st.tuples(st.integers(), TEXT),
    words=st.frozensets(TEXT),
    either=TEXT | st.integers() | st.none(),
    when=st.none() | st.datetimes(timezones=st.just(UTC)),
)


def round_trip(facts: HostFacts) -> HostFacts:
    return facts_from_json(json.loads(json.dumps(facts_to_json(facts))), KINDS)


@given(EVERYTHING, MISSING, TEXT)
def test_facts_come_back_as_they_were(fact: Everything, missing: Missing, host: str) -> None:
    login = Login(host, "agent")
    facts = HostFacts(host, {"everything": fact, "reached": missing, "login": login}, {"everything": f"{host}#3"})
    back = round_trip(facts)
    assert back == facts
    read = back.values["everything"]
    assert isinstance(read, Everything)
    assert repr(read.rtt_s) == repr(fact.rtt_s)
    assert type(read.either) is type(fact.either)
    assert [list(read.by_name), list(read.by_port)] == [list(fact.by_name), list(fact.by_port)]


@given(st.sampled_from([float("inf"), float("-inf"), float("nan")]))
def test_a_number_that_is_none_comes_back_too(value: float) -> None:
    read = round_trip(HostFacts("a", {"reached": Reached("x", 22, value)}, {})).values["reached"]
    assert isinstance(read, Reached)
    assert repr(read.rtt_s) == repr(value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": 1}, "host"),
        ({"more": 1}, "more"),
        ({"facts": {"nmap": {"value": {}}}}, "no fact named nmap"),
        ({"facts": {"login": {}}}, "login is neither"),
        ({"facts": {"login": {"value": {}, "missing": {}}}}, "login is neither"),
        ({"facts": {"login": {"absent": {}}}}, "absent"),
        ({"facts": {"login": {"value": {"user": "x"}}}}, "login lacks method"),
        ({"facts": {"login": {"value": {"user": "x", "method": "y", "root": True}}}}, "root"),
        ({"facts": {"login": {"value": {"user": None, "method": "y"}}}}, "user"),
        ({"facts": {"login": {"value": []}}}, "login"),
        ({"facts": {"login": {"missing": {"why": "dunno", "detail": "", "remedy": ""}}}}, "why"),
        ({"facts": {"login": {"missing": {"why": "no route"}}}}, "login lacks detail, remedy"),
        ({"facts": []}, "facts"),
        ({"evidence": {"login": 1}}, "evidence"),
    ],
)
def test_a_line_that_is_not_exactly_facts_is_an_error_with_its_line(change: dict[str, Any], words: str) -> None:
    line = {"host": "bk01", "facts": {}, "evidence": {}, **change}
    with pytest.raises(InputError, match=rf"facts\.jsonl:7:1: is not one host's facts: .*{words}"):
        facts_from_json(line, KINDS, line=7)


def test_a_fact_that_cannot_be_kept_is_a_fault() -> None:
    for value in (b"bytes", ["list"], {b"key": 1}):
        with pytest.raises(ToolFault, match=r"facts\.jsonl cannot keep"):
            facts_to_json(HostFacts("a", {"login": Login(value, "agent")}, {}))  # type: ignore[arg-type]


def test_facts_of_a_thousand_hosts_are_read_in_a_second() -> None:
    fact = Everything(
        text="x",
        rtt_s=0.1,
        count=1,
        yes=True,
        colour=Colour.RED,
        parts=(Part("a", 1),) * 50,
        by_name={},
        by_port={},
        pair=(1, ""),
        words=frozenset(),
        either=None,
    )
    begun = time.process_time()
    for number in range(1000):
        round_trip(HostFacts(f"h{number}", {"everything": fact}, {}))
    assert time.process_time() - begun < 3
