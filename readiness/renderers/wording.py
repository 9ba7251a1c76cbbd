"""What the reports for people have in common: words, and equal findings grouped over hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from readiness.core.outcomes import Disposition, Judgement, Outcome, Result, Severity, Verdict
from readiness.core.roots import ACCEPTED, pair, roots

VERDICTS: Mapping[Verdict, str] = {
    Verdict.GO: "GO",
    Verdict.GO_WITH_CONDITIONS: "GO WITH CONDITIONS",
    Verdict.NO_GO: "NO-GO",
    Verdict.INCOMPLETE: "INCOMPLETE",
    Verdict.NOTHING_TO_CHECK: "NOTHING TO CHECK",
    Verdict.ERROR: "ERROR",
    Verdict.RUNNING: "RUNNING",
}
_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcomes of one check that say the same, over all their targets; `first` is the first of them.

    `message` and `remedy` are without the target's host. `followers` counts outcomes that only follow from these.
    """

    first: Outcome
    message: str
    remedy: str
    targets: tuple[str, ...]
    owners: tuple[str, ...]
    followers: int

    @property
    def demand(self) -> tuple[tuple[str, str], ...]:
        """What to show, by label: expected and found where a check stated both, otherwise its message."""
        first = self.first
        if first.outcome is Result.FAIL and first.expected and first.found:
            return (("expected", first.expected), ("found", first.found))
        return (("found" if first.outcome is Result.FAIL else "reason", self.message),)


@dataclass(frozen=True, slots=True)
class Findings:
    """Every outcome that is neither PASS nor NOT_APPLICABLE, in the part of a report that it belongs to."""

    not_met: tuple[Finding, ...]
    not_judged: tuple[Finding, ...]
    advice: tuple[Finding, ...]
    accepted: tuple[Finding, ...]


def findings(outcomes: Sequence[Outcome]) -> Findings:
    """Group what a reader must see; an outcome that only follows from another is counted there, and only there."""
    follows = roots(outcomes)
    followers = Counter(follows.values())
    shown = [
        outcome
        for outcome in outcomes
        if outcome.outcome in {Result.FAIL, Result.UNKNOWN} and pair(outcome) not in follows
    ]
    accepted = [outcome for outcome in shown if outcome.disposition in ACCEPTED]
    advice = [outcome for outcome in shown if outcome.disposition is Disposition.ADVISORY]
    rest = [outcome for outcome in shown if outcome.disposition not in ACCEPTED | {Disposition.ADVISORY}]
    return Findings(
        not_met=_grouped((outcome for outcome in rest if outcome.outcome is Result.FAIL), followers),
        not_judged=_grouped((outcome for outcome in rest if outcome.outcome is Result.UNKNOWN), followers),
        advice=_grouped(advice, followers),
        accepted=_grouped(accepted, followers),
    )


def _grouped(outcomes: Iterable[Outcome], followers: Mapping[str, int]) -> tuple[Finding, ...]:
    groups: dict[tuple[object, ...], list[Outcome]] = {}
    for outcome in outcomes:
        texts = _without_host(outcome.message, outcome.host), _without_host(outcome.remedy, outcome.host)
        kind = (outcome.check, outcome.severity, outcome.outcome, outcome.disposition, outcome.waiver)
        groups.setdefault((*kind, outcome.expected, outcome.found, *texts), []).append(outcome)
    grouped = [_finding(members, followers) for members in groups.values()]
    return tuple(sorted(grouped, key=lambda finding: _ORDER.index(finding.first.severity)))


def _finding(members: Sequence[Outcome], followers: Mapping[str, int]) -> Finding:
    first = members[0]
    return Finding(
        first=first,
        message=_without_host(first.message, first.host),
        remedy=_without_host(first.remedy, first.host),
        targets=tuple(member.target for member in members),
        owners=tuple(dict.fromkeys(member.owner for member in members if member.owner)),
        followers=sum(followers.get(pair(member), 0) for member in members),
    )


def _without_host(text: str, host: str | None) -> str:
    """The text without the `host: ` that would keep equal findings of several hosts apart."""
    return f" {text}".replace(f" {host}: ", " ")[1:] if host else text


def number(count: int, thing: str) -> str:
    """`1 pair`, `2 pairs`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def in_short(outcomes: Sequence[Outcome], judgement: Judgement) -> str:
    """The verdict's reasons in a few words, for one line."""
    gating = [outcome for outcome in outcomes if outcome.disposition is Disposition.BLOCKING]
    failed = Counter(outcome.severity for outcome in gating if outcome.outcome is Result.FAIL)
    parts = [number(failed[severity], str(severity)) for severity in Severity if failed[severity]]
    if unknown := sum(outcome.outcome is Result.UNKNOWN for outcome in gating):
        parts.append(f"{number(unknown, 'pair')} not judged")
    if judgement.partial is not None:
        parts.append("partial run")
    counts = judgement.counts
    parts += [f"{count} {word}" for count, word in ((counts.waived, "waived"), (counts.deferred, "deferred")) if count]
    if not parts and judgement.verdict in {Verdict.GO, Verdict.GO_WITH_CONDITIONS}:
        parts.append(f"{counts.passed} of {number(counts.expected, 'pair')} met")
        parts += [f"{counts.not_applicable} not applicable"] if counts.not_applicable else []
        advice = sum(outcome.disposition is Disposition.ADVISORY for outcome in outcomes)
        parts += [f"{advice} minor not"] if advice else []
    short = ", ".join(parts) or "; ".join(judgement.reasons[:1])
    if used := [exemption for exemption in judgement.exemptions if exemption.pairs]:
        blockers = sum(exemption.blockers for exemption in used)
        effects = [f"{counts.not_agreed} not agreed, {number(blockers, 'blocker')}"] if counts.not_agreed else []
        effects += ["peers left out"] if any(exemption.is_of_peers for exemption in used) else []
        short += f", {number(len(used), 'exemption')} ({', '.join(effects)})"
    return f"{short} (report only: exit code 0)" if judgement.report_only else short
