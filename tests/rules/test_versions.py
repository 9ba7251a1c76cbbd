from __future__ import annotations

import subprocess
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.products import VersionRule
from readiness.rules.versions import Version, evaluate_rule, matches_agreed
from tests.probes.real import need


def deb(text: str) -> Version:
    return Version.parse(text, "debian")


def rpm(text: str) -> Version:
    return Version.parse(text, "redhat")


def rule_of(kind: str, role: str = "client", other: str | None = "director", **terms: Any) -> VersionRule:
    """A rule as a product's file states it."""
    entry = {"rule": kind, "role": role, "other": other, **terms}
    return VersionRule(**entry, severity="major", source="a test", why="A test.")


@pytest.mark.parametrize(
    ("text", "epoch", "upstream", "revision", "parts", "before"),
    [
        ("9.6.7-7", 0, "9.6.7", "7", (9, 6, 7), ""),
        ("1:3.5.1-11+deb12u2", 1, "3.5.1", "11+deb12u2", (3, 5, 1), ""),
        ("9.6.7~rc1-1", 0, "9.6.7~rc1", "1", (9, 6, 7), "~rc1"),
        ("9.6.7~rc1", 0, "9.6.7~rc1", "", (9, 6, 7), "~rc1"),
        ("1:9.2p1-2+deb12u10", 1, "9.2p1", "2+deb12u10", (9, 2), ""),
        ("1.2.2+dfsg1-1+deb12u1", 0, "1.2.2+dfsg1", "1+deb12u1", (1, 2, 2), ""),
        ("4.0~dfsg-1", 0, "4.0~dfsg", "1", (4, 0), ""),
        ("1:4.2.8p15+dfsg-2~1.2.2+dfsg1-1", 1, "4.2.8p15+dfsg-2~1.2.2+dfsg1", "1", (4, 2, 8), ""),
        ("13.0.1+really11.0.6-1", 0, "13.0.1+really11.0.6", "1", (11, 0, 6), ""),
        ("2.0-rc3-1", 0, "2.0-rc3", "1", (2, 0), "-rc3"),
        ("2.0beta2", 0, "2.0beta2", "", (2, 0), "beta2"),
        ("1.0.2a-1", 0, "1.0.2a", "1", (1, 0, 2), ""),
        ("1.2predator", 0, "1.2predator", "", (1, 2), ""),
        ("10", 0, "10", "", (10,), ""),
        ("0010.02", 0, "0010.02", "", (10, 2), ""),
    ],
)
def test_parts(text: str, epoch: int, upstream: str, revision: str, parts: tuple[int, ...], before: str) -> None:
    version = deb(text)
    assert (version.epoch, version.upstream, version.revision) == (epoch, upstream, revision)
    assert (version.parts, version.before) == (parts, before)
    assert str(version) == text


def test_parts_of_rpm_versions() -> None:
    assert rpm("11.0.1-5.el9").parts == rpm("1:11.0.1-5.el9_3").parts == (11, 0, 1)
    assert rpm("15.0~beta1-0.1.fc40").before == "~beta1"
    assert rpm("2.0_5-1").parts == (2, 0)
    assert rpm("R20-1").parts == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "9.6.7-7\n",
        "9.6 .7",
        "-7",
        "9.6.7-",
        ":1",
        "a:1",
        "1:2:3",
        "\u0661.0",
        "9.6.7_1",
        "9" * 300,
        "9.6.7\0",
        "$(id)",
    ],
)
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        deb(text)


def test_an_unknown_family_is_not_compared() -> None:
    with pytest.raises(ValueError, match="other"):
        Version.parse("1.0", "other")


DEBIAN = [
    "0",
    "9",
    "9~rc1",
    "9.0",
    "9.6",
    "9.6.7",
    "9.6.7~rc1",
    "9.6.7~rc2-1",
    "9.6.7-7",
    "9.6.7-7+b1",
    "9.6.7-10",
    "9.6.7+dfsg-1",
    "9.10",
    "10",
    "1:0.1",
    "8.9p1",
    "8.9p2",
    "8.9",
    "1.0a",
    "1.0+1",
    "1.0-1~bpo1",
    "1.0-1",
    "01.0-1",
]
REDHAT = [
    "9",
    "9.0",
    "9.6.7-7",
    "9.6.7-7.el9",
    "9.6.7-7.el9_3",
    "9.6.7-10",
    "9.6.7~rc1-1",
    "9.6.7^git1-1",
    "9.6.7^git1-2",
    "9.6.7-1",
    "9.10-1",
    "10-1",
    "1:0.1-1",
    "8.9p1-1",
    "8.9p1-01",
    "1.0_1-1",
    "1.0a-1",
    "1.0.a-1",
    "R20-1",
]


def test_order_is_dpkgs() -> None:
    need("dpkg")
    for one, other in combinations(DEBIAN, 2):
        for relation, ours in (("lt", deb(one) < deb(other)), ("eq", deb(one) == deb(other))):
            status = subprocess.run(["dpkg", "--compare-versions", one, relation, other], check=False).returncode
            assert ours == (status == 0), (one, relation, other)


def test_order_is_rpms() -> None:
    need("rpm")
    pairs = list(combinations(REDHAT, 2))
    calls = " ".join(f"say('{one}', '{other}')" for one, other in pairs)
    say = "local function say(a, b) a, b = rpm.ver(a), rpm.ver(b); print(a < b, a == b, '') end"
    told = subprocess.run(["rpm", "--eval", f"%{{lua: {say} {calls}}}"], check=False, capture_output=True, text=True)
    theirs = [word == "true" for word in told.stdout.split()]
    ours = [answer for one, other in pairs for answer in (rpm(one) < rpm(other), rpm(one) == rpm(other))]
    assert ours == theirs


def test_ten_is_more_than_nine() -> None:
    assert deb("10-1") > deb("9-1")
    assert rpm("9.10-1") > rpm("9.9-1")
    assert deb("9.6.7~rc1") < deb("9.6.7")
    assert deb("1:1.0") > deb("9.0")


def test_a_windows_version_has_no_revision() -> None:
    found = Version.parse("9.6.7", "windows")
    assert found.cut(2) == Version.parse("1:9.6-3", "debian").cut()
    assert [matches_agreed(found, agreed) for agreed in ("9.6", "9.6.7", "9.6.7.0", "9.6.8", "9.6.7-7")] == [
        *(True, True, True),
        *(False, False),
    ]
    assert Version.parse("9.10", "windows") > Version.parse("9.9.1", "windows")
    with pytest.raises(ValueError, match="not a version of a windows package"):
        Version.parse("1:9.6.7", "windows")


def test_versions_of_two_families_have_no_order() -> None:
    assert deb("1.0") != rpm("1.0")
    assert deb("1.0") != "1.0"
    with pytest.raises(TypeError):
        assert deb("1.0") < rpm("1.0")
    with pytest.raises(TypeError, match="unhashable"):
        hash(deb("1.0"))


NUMBERS = st.lists(st.sampled_from(["0", "1", "2", "01", "9", "10", "010"]), min_size=1, max_size=4).map(".".join)
MARKS = st.sampled_from(["", "", "~rc1", "~rc2", "p1", "+dfsg", "a", "+really1.0"])
REVISIONS = st.sampled_from(["", "-1", "-7", "-10", "-1+deb12u1", "-7.el9", "-1~bpo1"])
EPOCHS = st.sampled_from(["", "", "1:"])
DEBS = st.builds(lambda *parts: deb("".join(parts)), EPOCHS, NUMBERS, MARKS, REVISIONS)
RPMS = st.builds(lambda *parts: rpm("".join(parts)), EPOCHS, NUMBERS, MARKS, REVISIONS)
TRIPLES = st.one_of(st.tuples(DEBS, DEBS, DEBS), st.tuples(RPMS, RPMS, RPMS))


@given(TRIPLES)
def test_order_is_total(three: tuple[Version, Version, Version]) -> None:
    one, two, three_ = three
    assert (one < two) + (one == two) + (one > two) == 1
    assert (one <= two) == (not two < one)
    assert Version.parse(str(one), one.family) == one
    if one <= two <= three_:
        assert one <= three_
    if one == two == three_:
        assert one == three_


@given(st.one_of(DEBS, RPMS), st.integers(1, 5))
def test_a_cut_is_of_that_many_parts_and_cutting_again_changes_nothing(version: Version, count: int) -> None:
    cut = version.cut(count)
    assert len(cut.parts) == count
    assert cut.cut(count) == cut
    assert cut.family == "debian"


@given(st.text())
def test_parsing_raises_nothing_else(text: str) -> None:
    for family in ("debian", "redhat", "windows", text):
        try:
            version = Version.parse(text, family)
        except ValueError:
            continue
        assert str(version) == text


@pytest.mark.parametrize(
    ("found", "agreed", "matches"),
    [
        ("9.6.7-7", "9.6.7-7", True),
        ("9.6.7-7", "9.6.7-8", False),
        ("9.6.7-7+b1", "9.6.7-7", False),
        ("9.6.7-7", "9.6.7", True),
        ("9.6.7-7", "9.6", True),
        ("9.6.7-7", "9", True),
        ("9.6.7-7", "9.6.8", False),
        ("9.60.7-7", "9.6", False),
        ("10.0-1", "1", False),
        ("9.6-1", "9.6.0", True),
        ("9.6-1", "9.6.7", False),
        ("9.6.7~rc1-1", "9.6.7", False),
        ("9.6.7~rc1-1", "9.6", True),
        ("9.6.7~rc1-1", "9.6.7~rc1", True),
        ("9.6.7-1", "9.6.7~rc1", False),
        ("9.6.7+dfsg-1", "9.6.7", True),
        ("1:9.2p1-2+deb12u10", "9.2p1", True),
        ("1:9.2p1-2+deb12u10", "9.2", True),
        ("1:9.2p1-2+deb12u10", "9.2p2", False),
        ("1:3.5.1-11+deb12u2", "3.5.1-11+deb12u2", True),
        ("1:3.5.1-11+deb12u2", "1:3.5.1-11+deb12u2", True),
        ("1:3.5.1-11+deb12u2", "2:3.5.1-11+deb12u2", False),
        ("3.5.1-11+deb12u2", "1:3.5.1", False),
        ("1:3.5.1-11", "1:3.5", True),
        ("3.5.1-11", "0:3.5.1-11", True),
    ],
)
def test_agreed(found: str, agreed: str, matches: bool) -> None:
    assert matches_agreed(deb(found), agreed) is matches


def test_agreed_by_what_rpm_shows() -> None:
    assert matches_agreed(rpm("1:11.0.1-5.el9"), "11.0.1-5.el9")
    assert not matches_agreed(rpm("11.0.1-5.el9_3"), "11.0.1-5.el9")
    assert matches_agreed(rpm("11.0.1-5.el9"), "11.0")


@pytest.mark.parametrize("agreed", ["", "latest", "9.6.*", "9.6 or newer", "9.6.7-"])
def test_agreed_on_what_is_no_version(agreed: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        matches_agreed(deb("9.6.7-7"), agreed)


@pytest.mark.parametrize(
    ("rule", "own", "other", "ok"),
    [
        (rule_of("eq", parts=3), deb("9.6.7-7"), deb("9.6.7-7"), True),
        (rule_of("eq", parts=3), deb("9.6.7-7"), rpm("9.6.7-2.el9"), True),
        (rule_of("eq", parts=3), deb("1:9.6.7-7"), deb("9.6.7-7"), True),
        (rule_of("eq", parts=3), deb("9.6.7-7"), deb("9.6.6-7"), False),
        (rule_of("eq", parts=3), deb("9.6.7-7"), deb("9.6.7~rc1-7"), False),
        (rule_of("eq", parts=3), deb("9.6.7~rc1-7"), rpm("9.6.7~rc1-1"), True),
        (rule_of("eq", parts=3), deb("9.6.7~rc1-7"), rpm("9.6.7rc1-1"), True),
        (rule_of("eq", parts=3), deb("9.6.7~rc1-7"), deb("9.6.7~rc2-7"), False),
        (rule_of("eq", parts=2), deb("9.6.7"), deb("9.6.6"), True),
        (rule_of("eq"), deb("9.6"), deb("9.6.1"), False),
        (rule_of("eq"), deb("9.6"), deb("9.6.0"), True),
        (rule_of("eq", parts=3), deb("13.0.1+really9.6.7-1"), deb("9.6.7-1"), True),
        (rule_of("ge", parts=2), deb("9.6.7-7"), deb("9.6.5-1"), True),
        (rule_of("ge", parts=2), deb("9.6.7-7"), deb("9.10.0-1"), True),
        (rule_of("ge", parts=2), deb("10.0.0-1"), deb("9.6.7-7"), False),
        (rule_of("ge", parts=2), rpm("11.0.1-5.el9"), deb("9.6.7-7"), False),
        (rule_of("ge", parts=2), rpm("1:9.4.0-1"), deb("9.6.7-7"), True),
        (rule_of("ge", parts=2), deb("15.0-1"), deb("15.0~rc1-1"), False),
        (rule_of("ge", parts=2), deb("15.0~rc1-1"), deb("15.0-1"), True),
        (rule_of("ge"), deb("9.6.8-1"), deb("9.6.7-1"), False),
        (rule_of("max_lag", n=2, unit="major"), deb("9.6.7"), deb("11.0.1"), True),
        (rule_of("max_lag", n=2, unit="major"), deb("9.6.7"), deb("12.0.0"), False),
        (rule_of("max_lag", n=2, unit="major"), deb("9.6.7"), deb("9.6.7"), True),
        (rule_of("max_lag", n=2, unit="major"), deb("15.0.2"), deb("9.6.7"), True),
        (rule_of("max_lag", n=1, unit="minor"), deb("9.4.0"), deb("9.6.0"), False),
        (rule_of("max_lag", n=2, unit="minor"), deb("9.4.0"), deb("9.6.0"), True),
        (rule_of("max_lag", n=9, unit="minor"), deb("8.9"), deb("9.0"), False),
        (rule_of("max_lag", n=9, unit="minor"), deb("9.0"), deb("8.9"), True),
        (rule_of("same_series", parts=2), deb("9.6.7-7"), deb("9.6.1-1"), True),
        (rule_of("same_series", parts=2), deb("9.6.7-7"), deb("9.60.1-1"), False),
        (rule_of("same_series", parts=1), deb("9"), deb("9.6"), True),
        (rule_of("min", other=None, version="9.6"), deb("9.6.7-7"), None, True),
        (rule_of("min", other=None, version="9.6"), rpm("10-1"), None, True),
        (rule_of("min", other=None, version="9.6"), deb("9.5.9-1"), None, False),
        (rule_of("min", other=None, version="9.6.7"), deb("9.6.7~rc1-1"), None, False),
        (rule_of("min", other=None, version="9.6.7"), deb("9.6-1"), None, False),
    ],
)
def test_rules(rule: VersionRule, own: Version, other: Version | None, ok: bool) -> None:
    judged = evaluate_rule(rule, own, other)
    assert judged.ok is ok
    assert judged.found.startswith(f"client {own}")
    assert judged.expected.startswith("client ")
    assert other is None or judged.expected.endswith(f"director {other}")


def test_rules_are_told_in_words() -> None:
    judged = evaluate_rule(rule_of("ge", parts=2), rpm("11.0.1-5.el9"), deb("9.6.7-7"))
    assert judged.expected == "client 9.6 or older, not newer than its director 9.6.7-7"
    assert judged.found == "client 11.0.1-5.el9"
    judged = evaluate_rule(rule_of("max_lag", n=2, unit="major"), deb("9.6.7-7"), deb("15.0.2-1"))
    assert judged.expected == "client at most 2 major versions behind its director 15.0.2-1"
    assert judged.found == "client 9.6.7-7, 6 major versions behind"
    judged = evaluate_rule(rule_of("eq", role="storage", parts=3), deb("9.6.7-7"), deb("9.6.5-1"))
    assert judged.expected == "storage 9.6.5, as its director 9.6.5-1"


@pytest.mark.parametrize(
    ("rule", "own", "other"),
    [
        (rule_of("eq", parts=3), deb("9.6.7"), None),
        (rule_of("eq", parts=3), rpm("R20-1"), deb("9.6.7")),
    ],
)
def test_what_cannot_be_judged_is_an_error(rule: VersionRule, own: Version, other: Version | None) -> None:
    with pytest.raises(ValueError, match=r"."):
        evaluate_rule(rule, own, other)
