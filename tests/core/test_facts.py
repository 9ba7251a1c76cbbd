"""What a check may ask for, and that nothing is read unrecorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from readiness.core.basis import Basis, noting, rest_on_unverified
from readiness.core.checks import Check, check, check_of
from readiness.core.evaluate import evaluate, expect, expect_each, expect_that
from readiness.core.facts import Facts, HostFacts, HostKey, Login, Missing, Why
from readiness.core.outcomes import Outcome, Result, Target

STORE = {
    "bk02": HostFacts("bk02", {"login": Login("root", "agent")}, {"login": "bk02#4"}),
    "bk01": HostFacts("bk01", {"login": Login("readiness", "publickey")}, {"login": "bk01#0"}),
    "bk03": HostFacts("bk03", {"login": Missing(Why.REFUSED, "port 22")}, {"login": "bk03#0"}),
}


def judged(function: Callable[..., None], *fixtures: Basis, **arguments: Any) -> Outcome:
    function.__doc__ = "A title."
    mark = check("TST-001", severity="major", targets=lambda _: (), remedy="mend it", source="a test", needs=(Login,))
    made: Check | None = check_of(mark(function), area="tests", place="here:1")
    assert made is not None
    target = Target("bk01", "bk01")
    return evaluate(
        made, function, target, store=STORE, arguments=arguments, blockers=lambda *_: None, fixtures=fixtures
    )


def test_a_fact_that_needs_do_not_name_is_refused_with_what_to_add() -> None:
    def body(facts: Facts) -> None:
        expect(1, equals=1)
        facts.get(HostKey)

    outcome = judged(body, facts=None)
    assert outcome.outcome is Result.UNKNOWN
    assert outcome.message == (
        "the check itself broke: it asks for HostKey, which its needs do not name: add HostKey to needs"
    )


def test_whatever_came_of_it_otherwise() -> None:
    def body(facts: Facts) -> None:
        facts.every(HostKey)
        expect(1, equals=2)

    assert judged(body, facts=None).outcome is Result.UNKNOWN


def test_every_host_that_was_contacted_is_evidence_missing_ones_too() -> None:
    def body(facts: Facts) -> None:
        logins = facts.every(Login)
        expect_that(isinstance(logins["bk03"], Missing), expected="a", found="b")
        expect(list(logins), equals=["bk01", "bk02", "bk03"])

    outcome = judged(body, facts=None)
    assert outcome.outcome is Result.PASS, outcome.message
    assert outcome.evidence == ("bk01#0", "bk02#4", "bk03#0")


def test_what_a_fixture_read_is_evidence_and_must_be_named_too() -> None:
    with noting(Basis()) as fixture:
        Facts(STORE).every(Login)
    assert judged(lambda: expect(1, equals=1), fixture).evidence == ("bk01#0", "bk02#4", "bk03#0")
    with noting(Basis()) as fixture:
        Facts(STORE).every(HostKey)
    outcome = judged(lambda: expect(1, equals=1), fixture)
    assert outcome.outcome is Result.UNKNOWN
    assert "add HostKey to needs" in outcome.message


def test_nothing_is_read_where_nobody_records_it() -> None:
    with pytest.raises(LookupError):
        Facts(STORE, "bk01").get(Login)


def test_values_that_nobody_verified_show_whatever_the_outcome() -> None:
    def body(ok: bool) -> None:
        rest_on_unverified("hearsay")
        rest_on_unverified("hearsay")
        expect_that(ok, expected="a port", found="port 1")

    told = " (rests on unverified values: hearsay)"
    passed, failed = judged(body, ok=True), judged(body, ok=False)
    assert (passed.outcome, passed.message) == (Result.PASS, f"found port 1{told}")
    assert (failed.outcome, failed.message) == (Result.FAIL, f"expected a port, found port 1{told}")
    assert failed.expected == f"a port{told}"


def test_of_several_findings_the_wrong_ones_are_told_and_nothing_at_all_is_unknown() -> None:
    def body(*findings: tuple[bool, str]) -> Outcome:
        return judged(lambda: expect_each(findings, expected="keys"))

    assert body((True, "a"), (True, "a"), (True, "b")).found == "a; b"
    assert (body((True, "a"), (False, "b")).outcome, body((True, "a"), (False, "b")).found) == (Result.FAIL, "b")
    assert body(*((False, str(number)) for number in range(20))).found == "0; 1; 2; 3; 4; 5; 6; 7; and 12 more"
    assert body().outcome is Result.UNKNOWN
