from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from readiness.core.errors import ToolFault
from readiness.core.outcomes import Counts, Disposition, Judgement, Outcome, Result, Severity, Verdict
from readiness.renderers.junit import render, verify

from . import jenkins
from .samples import failed, hostile, judged, on, outcome, reported, unknown


def made(outcomes: list[Outcome], judgement: Judgement | None = None) -> bytes:
    report = reported(outcomes, judgement)
    xml = render(report)
    verify(xml, report)
    return xml


def cases(xml: bytes) -> dict[tuple[str, str], Any]:
    suites = junitparser.JUnitXml.fromstring(xml)
    return {(case.classname, case.name): case for suite in suites for case in suite}


def only(one: Outcome) -> Any:
    (case,) = (case for name, case in cases(made([one])).items() if name[0] != "gate.verdict")
    return case


def gate(judgement: Judgement, outcomes: list[Outcome]) -> Any:
    return cases(made(outcomes, judgement))["gate.verdict", "verdict"]


OUTCOMES: dict[str, list[Outcome]] = {"hostile": hostile(), "one": [outcome()], "none": []}


@pytest.mark.parametrize("name", OUTCOMES)
def test_jenkins_accepts_it(name: str) -> None:
    assert jenkins.mistakes(etree.fromstring(made(OUTCOMES[name]))) == []


@pytest.mark.parametrize("name", OUTCOMES)
def test_jenkins_own_schema_accepts_it(name: str) -> None:
    jenkins.schema().assertValid(etree.fromstring(made(OUTCOMES[name])))


def test_there_is_a_suite_a_host_one_for_the_estate_and_one_for_the_gate() -> None:
    root = etree.fromstring(made([outcome(), failed(**on("bk02")), outcome(target="clients", host=None)]))
    assert [(suite.get("name"), suite.get("hostname")) for suite in root] == [
        ("gate", None),
        ("bk01", "bk01"),
        ("bk02", "bk02"),
        ("estate", None),
    ]
    assert {suite.get("timestamp") for suite in root} == {"2026-11-25T08:00:00"}
    assert {element.get("name") for element in root.iter("property")} == {
        "run_id",
        "as_of",
        "service",
        "change",
        "note",
    }
    assert root.findall(".//testcase//property") == []


def test_a_pass_says_what_was_found() -> None:
    case = only(outcome(found="13.0.1"))
    assert case.result == []
    assert "found: 13.0.1" in case.system_out


def test_a_failure_says_everything_on_one_line_and_its_evidence_below() -> None:
    (result,) = only(failed()).result
    assert isinstance(result, junitparser.Failure)
    assert result.message == (
        "BLOCKER VER-002 bk01: expected at most 13.0.1, found 13.0.2; owner backup-ops; "
        "remedy Upgrade the agent from the product's repository."
    )
    assert "evidence: bk01#3" in result.text


@pytest.mark.parametrize(("make", "words"), [(failed, "expected at most"), (unknown, "not judged: ")])
def test_what_does_not_gate_is_a_passing_case_that_begins_with_advice(make: Any, words: str) -> None:
    case = only(make(severity=Severity.MINOR, disposition=Disposition.ADVISORY))
    assert not case.result
    assert case.system_out.startswith(f"ADVICE MINOR VER-002 bk01: {words}")


@pytest.mark.parametrize(
    "more",
    [
        [],
        [failed(check="VER-003", disposition=Disposition.WAIVED, waiver="W-1 until 2026-12-31 by board")],
        [outcome(check="VER-003", outcome=Result.NOT_APPLICABLE, message="no such role")],
        [unknown(check="VER-003", severity=Severity.MINOR, blocked_by=("VER-002 bk02",), **on("bk02"))],
    ],
    ids=["advice", "a waiver, too", "what does not apply, too", "advice that follows from advice"],
)
def test_a_go_with_advice_is_green_in_every_reader(more: list[Outcome]) -> None:
    minor = [failed(severity=Severity.MINOR, **on("bk02")), unknown(severity=Severity.MINOR, **on("bk03"))]
    outcomes = [outcome(), *minor, *more]
    assert judged(outcomes).exit_code == 0
    xml = made(outcomes)
    jenkins.schema().assertValid(etree.fromstring(xml))
    root = etree.fromstring(xml)
    assert not [element.tag for element in root.iter() if element.tag in {"failure", "error", "rerunFailure"}]
    assert {element.get(key) for element in root.iter("testsuites", "testsuite") for key in ("failures", "errors")} == {
        "0"
    }
    advice = [said for said in root.iter("system-out") if (said.text or "").startswith("ADVICE MINOR ")]
    assert len(advice) == sum(one.disposition is Disposition.ADVISORY for one in outcomes) >= 2


def test_unknown_is_an_error_and_names_what_it_follows_from() -> None:
    (result,) = only(unknown(blocked_by=("CON-001 bk01",))).result
    assert isinstance(result, junitparser.Error)
    assert result.message == (
        "BLOCKER VER-002 bk01: not judged: bk01: agent: refused; follows from CON-001 bk01; owner backup-ops"
    )


@pytest.mark.parametrize("make", [failed, unknown])
@pytest.mark.parametrize("how", [Disposition.WAIVED, Disposition.DEFERRED])
def test_what_was_accepted_is_skipped_and_says_by_whom_and_until_when(make: Any, how: Disposition) -> None:
    (result,) = only(make(disposition=how, waiver="W-7 until 2026-12-31, approved by board")).result
    assert isinstance(result, junitparser.Skipped)
    assert f"{how.upper()} W-7 until 2026-12-31, approved by board: not " in result.message


def test_not_applicable_is_skipped_with_its_reason() -> None:
    case = next(one for name, one in cases(made(hostile())).items() if name[1].startswith("OS-001"))
    (result,) = case.result
    assert isinstance(result, junitparser.Skipped)
    assert "not applicable: not agreed: n/a" in result.message


@pytest.mark.parametrize(
    ("outcomes", "circumstances", "kinds", "word"),
    [
        ([outcome()], {}, [], "GO: 1 of 1 pairs met"),
        ([outcome(), failed(**on("b"), disposition=Disposition.WAIVED)], {}, [], "GO WITH CONDITIONS: "),
        ([failed()], {}, [junitparser.Failure], "NO-GO: 1 blocker failed"),
        ([failed()], {"report_only": True}, [junitparser.Failure], "NO-GO (report only: the exit code says 0)"),
        ([unknown()], {}, [junitparser.Error], "INCOMPLETE: 1 not judged"),
        ([outcome()], {"partial": {"areas left out": ["ports"]}}, [junitparser.Error], "INCOMPLETE: partial"),
        ([], {}, [junitparser.Error], "NOTHING TO CHECK: "),
    ],
)
def test_the_gate_case_carries_the_verdict(
    outcomes: list[Outcome], circumstances: dict[str, Any], kinds: list[type], word: str
) -> None:
    case = gate(judged(outcomes, **circumstances), outcomes)
    assert [type(result) for result in case.result] == kinds
    said = case.result[0].message if kinds else case.system_out
    assert said.startswith(word)


def test_the_target_stands_in_the_name_only_where_a_host_has_several_of_a_check() -> None:
    names = {name for _, name in cases(made([outcome(), *(failed(check="VER-003", **on("b", x)) for x in "xy")]))}
    title = "A client is not newer than its server"
    assert names == {"verdict", f"VER-002 {title}", f"VER-003 {title} [x]", f"VER-003 {title} [y]"}


def test_names_are_unique_and_safe_also_where_cleaning_makes_them_equal() -> None:
    hosts = ["a/b", "a_b", "a b", "A_b", "estate", "gate", "x" * 300, "x" * 299, "\x1b", "é"]
    outcomes = [failed(**on(host)) for host in hosts] + [failed(target="all", host=None)]
    outcomes += [failed(check="VER-009", target=f"c/{mark}", host="c", detail=mark) for mark in ("x\n", "x ", "y")]
    found = cases(made(outcomes))
    assert len(found) == len(outcomes) + 1
    assert all(re.fullmatch(r"gate\.(verdict|versions\.[A-Za-z0-9._-]+)", classname) for classname, _ in found)


def test_a_name_does_not_change_with_what_else_there_is() -> None:
    alone = set(cases(made([failed(**on("a/b"))])))
    assert alone < set(cases(made([failed(**on("a_b")), failed(**on("a/b"))])))


def test_no_value_of_a_host_stands_in_a_name() -> None:
    one = failed(found="4711", expected="0815", message="4711", remedy="4711", owner="4711")
    assert not [name for name in cases(made([one])) if "4711" in "".join(name) or "0815" in "".join(name)]


def test_nothing_is_attached_on_a_hosts_behalf() -> None:
    assert not re.search(rb"\[\[\s*attachment", made(hostile()), re.IGNORECASE)
    split = failed(check="[[ATTACH", target="MENT|x]]", expected="", message="[[ATTACHMENT|/etc/passwd]]")
    assert b"[[ATTACHMENT" not in made([split])


def test_a_hostile_estate_keeps_its_counts() -> None:
    outcomes = hostile()
    kinds = Counter(
        "pass" if not case.result else type(case.result[0]).__name__ for case in cases(made(outcomes)).values()
    )
    assert kinds == {"pass": 12, "Failure": 36 + 1, "Error": 12, "Skipped": 3}


@given(st.text(), st.text(st.characters(exclude_categories=())), st.text(st.characters(max_codepoint=0x9F)))
def test_whatever_a_host_says_the_file_is_well_formed(found: str, message: str, target: str) -> None:
    outcomes = [
        failed(found=found, expected=message, message=message, target=target, host=target or None),
        unknown(check="VER-003", message=message, title=found, target=target, detail=target, host=found),
    ]
    made(outcomes)


def broken(xml: bytes, old: bytes, new: bytes) -> bytes:
    assert old in xml
    return xml.replace(old, new, 1)


def test_a_file_that_says_something_else_than_the_results_is_a_fault() -> None:
    outcomes = [outcome(), failed(**on("bk02")), unknown(**on("bk03"))]
    judgement = judged(outcomes)
    xml = made(outcomes)
    case = re.search(rb"<testcase[^>]*bk02.*?</testcase>", xml, re.DOTALL)
    assert case
    wrong = [
        broken(xml, case.group(), b""),
        broken(
            broken(xml, case.group(), b""),
            b'failures="1" name="bk02" skipped="0" tests="1"',
            b'failures="0" name="bk02" skipped="0" tests="0"',
        ),
        broken(xml, b'errors="1"', b'errors="0"'),
        broken(xml, b"<failure", b"<skipped").replace(b"</failure>", b"</skipped>", 1),
        xml[: len(xml) // 2],
        xml.replace(b"bk03", b"bk02"),
    ]
    for text in wrong:
        with pytest.raises(ToolFault, match=r"junit\.xml"):
            verify(text, reported(outcomes, judgement))
    with pytest.raises(ToolFault, match="the verdict"):
        verify(xml, reported(outcomes, replace(judgement, verdict=Verdict.GO)))
    with pytest.raises(ToolFault, match="the judgement counts"):
        verify(xml, reported(outcomes, replace(judgement, counts=Counts(3, 2, 1, 0, 0, 0, 0, 0, 0))))
    with pytest.raises(ToolFault):
        verify(xml, reported(outcomes[:2], judgement))
