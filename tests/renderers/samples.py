"""Outcomes as a run gives them, quiet ones and those of a host that means harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from readiness.core.judge import judge, settled
from readiness.core.outcomes import Circumstances, Disposition, Exemption, Judgement, Outcome, Result, Severity
from readiness.renderers.report import Report

AS_OF = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
RUN_ID = "20261125T080000Z-ab12cd"
SEAL = "ab12" * 16

HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x9b2J \x07 \rGO  all met",
    "[/red] [link=https://evil.example]x[/link] :smile: [bold]",
    "<script>alert(1)</script> <!-- ]]> &amp; \" ' onload=x [a](javascript:alert(1)) https://evil.example @all",
    "not\ufffe a \udc80 character \ufdd0 \U0001ffff, \u202egnp.exe, zero\u200bwidth",
    "[[ATTACHMENT|/etc/passwd]] [[attachment|x]]",
    "::error::owned\n::add-mask::x\n##vso[task.setvariable variable=x]y\n##teamcity[x]\n##[error]z",
    "a | b `tick` ``two`` \\| \\` *bold* _it_ ~~x~~\n| --- |\n# head\n- item",
    "x" * 300,
    "日本語の長い説明" * 12,
)


def outcome(**changes: Any) -> Outcome:
    """A PASS, or with what changes; its disposition as judging sets it unless given."""
    base = Outcome(
        check="VER-002",
        title="A client is not newer than its server",
        area="versions",
        severity=Severity.BLOCKER,
        target="bk01",
        host="bk01",
        detail="",
        outcome=Result.PASS,
        message="found 13.0.1",
        expected="at most 13.0.1",
        found="13.0.1",
        owner="backup-ops",
        agreed=("versions.bacula.client",),
        evidence=("bk01#3",),
    )
    made = replace(base, **changes)
    (alone,) = settled([made])
    return replace(made, disposition=changes.get("disposition", alone.disposition))


def failed(**changes: Any) -> Outcome:
    """A FAIL of the same check."""
    given = {
        "outcome": Result.FAIL,
        "found": "13.0.2",
        "message": "expected at most 13.0.1, found 13.0.2",
        "remedy": "Upgrade the agent from the product's repository.",
        **changes,
    }
    return outcome(**given)


def unknown(**changes: Any) -> Outcome:
    """An UNKNOWN of the same check."""
    given = {"outcome": Result.UNKNOWN, "expected": "", "found": "", "message": "bk01: agent: refused"}
    return outcome(**{**given, **changes})


def on(host: str, detail: str = "") -> dict[str, Any]:
    """The fields of a target on a host."""
    target = f"{host}/{detail}" if detail else host
    return {"target": target, "host": host, "detail": detail, "evidence": (f"{host}#3",)}


def judged(outcomes: Sequence[Outcome], **circumstances: Any) -> Judgement:
    """The judgement over the outcomes."""
    given = {"estate": "backup", "change": "CHG0042", "valid_until": "2026-11-26T08:00:00+00:00", "inputs": {}}
    return judge(outcomes, Circumstances(**{**given, **circumstances}))


def exempted(key: str, reason: str = "a test", **changes: Any) -> Exemption:
    """An exemption in force that takes nothing away unless it is said to."""
    given = {"scope": "all", "by": "J. Doe", "day": "2026-11-01", "until": "2026-12-31", "pairs": 0, "blockers": 0}
    return Exemption(key=key, reason=reason, **{**given, **changes})


def reported(outcomes: Sequence[Outcome], judgement: Judgement | None = None, **fields: Any) -> Report:
    """The report of the outcomes, with the judgement over them unless another is given."""
    own: dict[str, Any] = {"run_id": RUN_ID, "service": "backup", **fields}
    return Report(tuple(outcomes), judgement or judged(outcomes), as_of=AS_OF, **own)


def hostile() -> list[Outcome]:
    """Every kind of outcome, with everything a host can say in every text it can reach."""
    long_host = "h" * 300
    made = [
        outcome(),
        outcome(check="VER-001", title="The agreed version", target="clients", host=None, message="found one version"),
        unknown(
            check="CON-001",
            title="The host is reached",
            area="connectivity",
            message="bk09: reached: refused",
            **on("bk09"),
        ),
        unknown(message="bk09: agent: refused", blocked_by=("CON-001 bk09",), **on("bk09", "bacula.client")),
        unknown(
            check="VER-003", message="x", blocked_by=("VER-002 bk09/bacula.client",), **on("bk09", "bacula.client")
        ),
        outcome(
            check="OS-001",
            area="os",
            severity=Severity.MAJOR,
            outcome=Result.NOT_APPLICABLE,
            message="not agreed: n/a",
            agreed=(),
            not_agreed="operating_systems",
        ),
        failed(disposition=Disposition.WAIVED, waiver="W-7 until 2026-12-31 by board: <b>old</b>", **on("bk03")),
        unknown(check="SCN-001", disposition=Disposition.DEFERRED, waiver="phase 2", message="no scan", **on("bk03")),
        failed(check="OS-002", area="os", severity=Severity.MINOR, **on("bk03")),
        *(failed(**on(f"bk{number:02}")) for number in range(10, 24)),
        failed(**on(long_host), owner="::error::"),
        failed(**on("a/b c", "x")),
        failed(**on("a_b_c", "x")),
        failed(**on("estate")),
    ]
    for number, text in enumerate(HOSTILE):
        where = on(f"evil{number}")
        made.append(outcome(check=f"BAD-{number:03}", found=text, message=f"found {text}", **where))
        made.append(failed(check=f"BAD-{number + 100:03}", found=text, expected=text, remedy=text, owner=text, **where))
        made.append(unknown(check=f"BAD-{number + 200:03}", message=text, title=text, **{**where, "evidence": (text,)}))
        made.append(failed(check=f"BAD-{number + 300:03}", target=text, host=text, detail=text, message=text))
    return made
