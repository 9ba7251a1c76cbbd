"""What a check's end means: only an expectation that held is PASS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from readiness.core.checks import Check, check, check_of
from readiness.core.evaluate import evaluate, expect, expect_found, expect_that, not_applicable, unknown
from readiness.core.facts import Facts, HostFacts, Login, Missing, Why
from readiness.core.outcomes import Outcome, Result, Severity, Target

STORE = {
    "bk01": HostFacts("bk01", {"login": Login("readiness", "publickey")}, {"login": "bk01#0"}),
    "bk02": HostFacts("bk02", {"login": Missing(Why.REFUSED, "port 22", "open it")}, {"login": "bk02#0"}),
}


def made(function: Callable[..., None], severity: str = "major") -> Check:
    marked = check(
        "TST-001", severity=severity, targets=lambda _: (), remedy="mend it", source="a test", needs=(Login,)
    )(function)
    one = check_of(marked, area="tests", place="here:1")
    assert one is not None
    return one


def judged(function: Callable[..., None], host: str = "bk01", **arguments: Any) -> Outcome:
    function.__doc__ = "A title."
    return evaluate(
        made(function),
        function,
        Target(host, host, owner="ops"),
        store=STORE,
        arguments=arguments,
        blockers=lambda name, why: f"CON-001 {name}" if why is Why.REFUSED else None,
    )


def test_an_expectation_that_held_is_pass_and_says_what_was_found() -> None:
    def body(facts: Facts) -> None:
        expect(facts.need(Login).user, equals="readiness", what="login")

    one = judged(body, facts=None)
    assert (one.outcome, one.expected, one.found) == (Result.PASS, "login readiness", "login readiness")
    assert one.evidence == ("bk01#0",)
    assert one.owner == "ops"


def test_an_expectation_that_did_not_hold_is_fail_with_both_sides() -> None:
    one = judged(lambda: expect(3, at_most=2, what="lag"))
    assert (one.outcome, one.expected, one.found, one.remedy) == (Result.FAIL, "lag at most 2", "lag 3", "mend it")


def test_a_check_that_examined_nothing_is_unknown() -> None:
    assert judged(lambda: None).outcome is Result.UNKNOWN


def test_a_missing_fact_is_unknown_and_names_what_explains_it() -> None:
    def body(facts: Facts) -> None:
        expect_found(facts.need(Login).user, expected="a login")

    one = judged(body, "bk02", facts=None)
    assert (one.outcome, one.blocked_by) == (Result.UNKNOWN, ("CON-001 bk02",))
    assert "connection refused: port 22" in one.message
    assert one.remedy == "open it"


def test_a_host_that_was_never_contacted_is_unknown() -> None:
    one = judged(lambda facts: expect_found(facts.need(Login).user, expected="x"), "bk99", facts=None)
    assert one.outcome is Result.UNKNOWN
    assert "not contacted" in one.message


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), RecursionError(), SystemExit(0), pytest.skip.Exception("later"), pytest.xfail.Exception("soft")],
)
def test_any_other_exception_is_unknown_and_softens_nothing(error: BaseException) -> None:
    def body() -> None:
        expect(1, equals=1)
        raise error

    assert judged(body).outcome is Result.UNKNOWN


def test_plain_assertions_fail_and_interrupts_come_through() -> None:
    def wrong() -> None:
        raise AssertionError("no")

    def stopped() -> None:
        raise KeyboardInterrupt

    assert judged(wrong).outcome is Result.FAIL
    with pytest.raises(KeyboardInterrupt):
        judged(stopped)


def test_not_applicable_and_unknown_carry_their_reason() -> None:
    assert judged(lambda: not_applicable("declared so")).outcome is Result.NOT_APPLICABLE
    one = judged(lambda: unknown("down", blocked_by="SVC-002 bk01"))
    assert (one.outcome, one.blocked_by) == (Result.UNKNOWN, ("SVC-002 bk01",))


def test_a_rule_lowers_a_severity_and_never_raises_it() -> None:
    assert judged(lambda: expect(1, equals=2, severity="minor")).severity is Severity.MINOR
    assert judged(lambda: expect(1, equals=2, severity="blocker")).severity is Severity.MAJOR


def test_expect_takes_exactly_one_demand() -> None:
    assert judged(lambda: expect(1)).outcome is Result.UNKNOWN
    assert judged(lambda: expect(1, equals=1, at_most=2)).outcome is Result.UNKNOWN


def test_found_nothing_is_no_pass() -> None:
    assert judged(lambda: expect_found("", expected="something")).outcome is Result.FAIL
    assert judged(lambda: expect_that(bool([]), expected="a", found="b")).outcome is Result.FAIL


@pytest.mark.parametrize("bad", ["VER1", "ver-001", "VER-1", ""])
def test_an_id_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="check id"):
        check(bad, severity="major", targets=lambda _: (), remedy="", source="")


def test_what_several_expectations_say_alike_is_said_once() -> None:
    def twice() -> None:
        expect_that(bool(STORE), expected="valid now", found="valid to 2036")
        expect_that(bool(STORE), expected="and in 30 days", found="valid to 2036")

    outcome = judged(twice)
    assert (outcome.expected, outcome.found) == ("valid now; and in 30 days", "valid to 2036")
