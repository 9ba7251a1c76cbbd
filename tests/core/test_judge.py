"""The verdict is earned: every way to not look ends in something else than GO."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from readiness.core.errors import ToolFault
from readiness.core.judge import in_plan_order, judge, settled, why_not_valid
from readiness.core.outcomes import Circumstances, Exemption, Outcome, Result, Severity, Verdict

CIRCUMSTANCES = Circumstances("backup", "CHG-1", "2026-11-26T00:00:00+00:00", {})


def outcome(
    result: Result, severity: Severity = Severity.BLOCKER, target: str = "bk01", check: str = "VER-001"
) -> Outcome:
    made = Outcome(check, "a title", "versions", severity, target, target, "", result, "a message", agreed=("sshd",))
    (alone,) = settled([made])
    return alone


def exempt(severity: Severity, target: str = "bk02", check: str = "VER-001") -> Outcome:
    made = outcome(Result.NOT_APPLICABLE, severity, target, check)
    return replace(made, agreed=(), not_agreed="clock.max_offset_s")


def exemption(pairs: int, blockers: int, scope: str = "all") -> Exemption:
    return Exemption("clock.max_offset_s", scope, "a test", "J. Doe", "2026-11-01", None, pairs, blockers)


def verdict(*outcomes: Outcome) -> Verdict:
    return judge(outcomes, CIRCUMSTANCES).verdict


def test_all_passed_is_go() -> None:
    judgement = judge((outcome(Result.PASS), outcome(Result.NOT_APPLICABLE, target="bk02")), CIRCUMSTANCES)
    assert (judgement.verdict, judgement.exit_code) == (Verdict.GO, 0)
    assert judgement.reasons == ("1 of 2 pairs met, 1 not applicable",)


def test_peers_that_are_left_out_are_named_and_are_no_pair_that_was_taken_away() -> None:
    peers = replace(exemption(1, 0), key="peers.bacula.client.*")
    judgement = judge((outcome(Result.PASS),), replace(CIRCUMSTANCES, exemptions=(peers,)))
    assert "peers left out, not agreed: peers.bacula.client.* for all" in judgement.reasons
    assert not any(reason.startswith("1 not agreed") for reason in judgement.reasons)


@pytest.mark.parametrize(
    ("severity", "blockers", "wanted"),
    [
        (Severity.BLOCKER, 1, Verdict.GO_WITH_CONDITIONS),
        (Severity.MAJOR, 0, Verdict.GO),
        (Severity.MINOR, 0, Verdict.GO),
    ],
)
def test_an_exemption_that_takes_a_blocker_away_is_a_condition(
    severity: Severity, blockers: int, wanted: Verdict
) -> None:
    circumstances = replace(CIRCUMSTANCES, exemptions=(exemption(1, blockers, "host bk02"), exemption(0, 0)))
    judgement = judge((outcome(Result.PASS), exempt(severity)), circumstances)
    assert (judgement.verdict, judgement.exit_code) == (wanted, 0)
    assert (judgement.counts.not_applicable, judgement.counts.not_agreed) == (1, 1)
    assert f"1 not agreed, {blockers or 'none'} of them blockers: clock.max_offset_s for host bk02" in judgement.reasons
    worse = judge((outcome(Result.FAIL), exempt(severity)), circumstances)
    assert worse.verdict is Verdict.NO_GO
    assert judge((outcome(Result.UNKNOWN), exempt(severity)), circumstances).verdict is Verdict.INCOMPLETE


def test_what_nobody_agreed_on_is_no_go_whatever_is_met() -> None:
    met = replace(outcome(Result.PASS), agreed=())
    for outcomes in ((met,), (met, exempt(Severity.BLOCKER)), (met, exempt(Severity.MAJOR))):
        judgement = judge(outcomes, CIRCUMSTANCES)
        assert (judgement.verdict, judgement.exit_code) == (Verdict.INCOMPLETE, 2)
        assert judgement.reasons[0].startswith("nothing was agreed: no pair was held against anything")
    judgement = judge((met, outcome(Result.UNKNOWN, target="bk02")), CIRCUMSTANCES)
    assert not any("nothing was agreed" in reason for reason in judgement.reasons), "who knows, of what nobody read"


@pytest.mark.parametrize("severity", [Severity.BLOCKER, Severity.MAJOR])
def test_a_gating_failure_is_no_go_even_beside_unknowns(severity: Severity) -> None:
    judgement = judge((outcome(Result.FAIL, severity), outcome(Result.UNKNOWN, target="bk02")), CIRCUMSTANCES)
    assert (judgement.verdict, judgement.exit_code) == (Verdict.NO_GO, 1)


def test_a_gating_unknown_is_incomplete() -> None:
    assert verdict(outcome(Result.PASS), outcome(Result.UNKNOWN, target="bk02")) is Verdict.INCOMPLETE


@pytest.mark.parametrize("result", [Result.FAIL, Result.UNKNOWN])
def test_minor_is_shown_and_does_not_gate(result: Result) -> None:
    judgement = judge((outcome(Result.PASS), outcome(result, Severity.MINOR, "bk02")), CIRCUMSTANCES)
    assert judgement.verdict is Verdict.GO
    assert "1 minor, which does not gate" in judgement.reasons


def test_no_pair_is_nothing_to_check() -> None:
    judgement = judge((), CIRCUMSTANCES)
    assert (judgement.verdict, judgement.exit_code) == (Verdict.NOTHING_TO_CHECK, 5)


def test_nothing_applicable_is_nothing_to_check() -> None:
    assert verdict(outcome(Result.NOT_APPLICABLE)) is Verdict.NOTHING_TO_CHECK


def test_a_narrowed_run_is_never_go() -> None:
    narrowed = replace(CIRCUMSTANCES, partial={"areas left out": ["clock"]})
    assert judge((outcome(Result.PASS),), narrowed).verdict is Verdict.INCOMPLETE
    assert judge((outcome(Result.FAIL),), narrowed).verdict is Verdict.NO_GO


def test_report_only_changes_the_exit_code_and_nothing_else() -> None:
    judgement = judge((outcome(Result.FAIL),), replace(CIRCUMSTANCES, report_only=True))
    assert (judgement.verdict, judgement.exit_code, judgement.report_only) == (Verdict.NO_GO, 0, True)
    assert judge((), replace(CIRCUMSTANCES, report_only=True)).exit_code == 5


def test_a_planned_pair_without_outcome_takes_the_stand_in() -> None:
    expected = [("VER-001", "bk01"), ("VER-001", "bk02")]
    absent = {("VER-001", name): outcome(Result.UNKNOWN, target=name) for name in ("bk01", "bk02")}
    ordered = in_plan_order(expected, [outcome(Result.PASS, target="bk02")], absent)
    assert [one.outcome for one in ordered] == [Result.UNKNOWN, Result.PASS]


def test_an_unplanned_or_doubled_outcome_is_a_fault() -> None:
    with pytest.raises(ToolFault, match="nobody planned"):
        in_plan_order([], [outcome(Result.PASS)], {})
    with pytest.raises(ToolFault, match="two outcomes"):
        in_plan_order([("VER-001", "bk01")], [outcome(Result.PASS), outcome(Result.PASS)], {})


def test_the_order_of_outcomes_does_not_matter() -> None:
    expected = [("VER-001", "a"), ("VER-001", "b")]
    both = [outcome(Result.PASS, target="a"), outcome(Result.FAIL, target="b")]
    assert judge(in_plan_order(expected, both, {}), CIRCUMSTANCES) == judge(
        in_plan_order(expected, reversed(both), {}), CIRCUMSTANCES
    )


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize(
    ("now", "why"),
    [(-1, "the clock here says"), (0, None), (86_399, None), (86_400, "ended at"), (9e7, "ended at")],
)
def test_a_go_holds_from_its_run_until_its_end_and_nothing_else_is_a_go(
    verdict: Verdict, now: float, why: str | None
) -> None:
    began = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    told = why_not_valid(verdict, began, began + timedelta(days=1), began + timedelta(seconds=now))
    if why is None or verdict not in {Verdict.GO, Verdict.GO_WITH_CONDITIONS}:
        assert told is None
    else:
        assert told is not None
        assert why in told
