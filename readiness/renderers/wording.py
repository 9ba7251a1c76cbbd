"""What the reports for people have in common: words, and equal findings grouped over hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from readiness.core.outcomes import Disposition, Judgement, Outcome, Result, Severity, Verdict

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
_ACCEPTED = frozenset({Disposition.WAIVED, Disposition.DEFERRED})


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcomes of one check that say the same, over all their targets; `one` is the first of them.

    `message` and `remedy` are without the target's host. `followers` counts outcomes that only follow from these.
    """

    one: Outcome
    message: str
    remedy: str
    targets: tuple[str, ...]
    owners: tuple[str, ...]
    followers: int

    @property
    def demand(self) -> tuple[tuple[str, str], ...]:
        """What to tell about it, by label: expected and found where a check stated both, otherwise its message."""
        one = self.one
        if one.outcome is Result.FAIL and one.expected and one.found:
            return (("expected", one.expected), ("found", one.found))
        return (("found" if one.outcome is Result.FAIL else "reason", self.message),)


@dataclass(frozen=True, slots=True)
class Findings:
    """Every outcome that is neither PASS nor NOT_APPLICABLE, in the part of a report that it belongs to."""

    not_met: tuple[Finding, ...]
    not_judged: tuple[Finding, ...]
    advice: tuple[Finding, ...]
    accepted: tuple[Finding, ...]


def findings(outcomes: Sequence[Outcome]) -> Findings:
    """Group what a reader must see; an outcome that only follows from another is counted there, and only there."""
    open_ones = [one for one in outcomes if one.outcome in {Result.FAIL, Result.UNKNOWN}]
    roots = _roots(open_ones)
    followers = Counter(roots.values())
    shown = [one for one in open_ones if _pair(one) not in roots]
    accepted = [one for one in shown if one.disposition in _ACCEPTED]
    advice = [one for one in shown if one.disposition is Disposition.ADVISORY]
    rest = [one for one in shown if one.disposition not in _ACCEPTED | {Disposition.ADVISORY}]
    return Findings(
        not_met=_grouped((one for one in rest if one.outcome is Result.FAIL), followers),
        not_judged=_grouped((one for one in rest if one.outcome is Result.UNKNOWN), followers),
        advice=_grouped(advice, followers),
        accepted=_grouped(accepted, followers),
    )


def _pair(outcome: Outcome) -> str:
    return f"{outcome.check} {outcome.target}"


def _roots(open_ones: Sequence[Outcome]) -> dict[str, str]:
    """The pair that each following pair is counted under, which is always one that is shown itself.

    What somebody accepted is shown on its own, and nothing that gates is counted under what does not.
    """
    known = {_pair(one): one for one in open_ones}
    roots: dict[str, str] = {}
    for one in open_ones:
        root = None if one.disposition in _ACCEPTED else _root(one, known)
        if root is not None and root.disposition in {one.disposition, Disposition.BLOCKING}:
            roots[_pair(one)] = _pair(root)
    return roots


def _root(outcome: Outcome, known: Mapping[str, Outcome]) -> Outcome | None:
    seen = {_pair(outcome)}
    current = outcome
    while current.outcome is Result.UNKNOWN:
        above = next((known[pair] for pair in current.blocked_by if pair in known), None)
        if above is None:
            break
        if _pair(above) in seen:  # in a circle nothing is the root
            return None
        seen.add(_pair(above))
        current = above
    return None if current is outcome else current


def _grouped(outcomes: Iterable[Outcome], followers: Mapping[str, int]) -> tuple[Finding, ...]:
    groups: dict[tuple[object, ...], list[Outcome]] = {}
    for one in outcomes:
        message, mend = _without_host(one.message, one.host), _without_host(remedy(one), one.host)
        same = (one.check, one.severity, one.outcome, one.disposition, one.waiver, one.expected, one.found)
        groups.setdefault((*same, message, mend), []).append(one)
    made = [_finding(members, followers) for members in groups.values()]
    return tuple(sorted(made, key=lambda finding: _ORDER.index(finding.one.severity)))


def _finding(members: Sequence[Outcome], followers: Mapping[str, int]) -> Finding:
    one = members[0]
    return Finding(
        one=one,
        message=_without_host(one.message, one.host),
        remedy=_without_host(remedy(one), one.host),
        targets=tuple(member.target for member in members),
        owners=tuple(dict.fromkeys(member.owner for member in members if member.owner)),
        followers=sum(followers.get(_pair(member), 0) for member in members),
    )


def _without_host(text: str, host: str | None) -> str:
    """The text without the `host: ` that would keep equal findings of several hosts apart."""
    return f" {text}".replace(f" {host}: ", " ")[1:] if host else text


def remedy(outcome: Outcome) -> str:
    """How to mend it; empty when that only says the message again."""
    return "" if outcome.message and outcome.message in outcome.remedy else outcome.remedy


def number(count: int, thing: str) -> str:
    """`1 pair`, `2 pairs`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def in_short(outcomes: Sequence[Outcome], judgement: Judgement) -> str:
    """The verdict's reasons in a few words, for one line."""
    gating = [one for one in outcomes if one.disposition is Disposition.BLOCKING]
    told = [
        number(count, str(severity))
        for severity in Severity
        if (count := sum(one.outcome is Result.FAIL and one.severity is severity for one in gating))
    ]
    if dark := sum(one.outcome is Result.UNKNOWN for one in gating):
        told.append(f"{number(dark, 'pair')} not judged")
    if judgement.partial is not None:
        told.append("partial run")
    counts = judgement.counts
    told += [f"{count} {word}" for count, word in ((counts.waived, "waived"), (counts.deferred, "deferred")) if count]
    if not told and judgement.verdict is Verdict.GO:
        told.append(f"all {number(counts.expected, 'pair')} judged")
    short = ", ".join(told) or "; ".join(judgement.reasons)
    return f"{short} (report only: exit code 0)" if judgement.report_only else short
