"""Page one: what the verdict is about and in which numbers, the same in the summary, on the terminal and in JUnit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from readiness.core.outcomes import Disposition, Exemption, Judgement, Outcome, Result, Severity, Verdict
from readiness.core.roots import ACCEPTED
from readiness.core.text import first_few
from readiness.renderers.report import Report
from readiness.renderers.wording import number

MOST_EXEMPTIONS = 12
_MEANING: Mapping[Verdict, str] = {
    Verdict.GO: "everything that gates was looked at and met",
    Verdict.GO_WITH_CONDITIONS: "everything else that gates was looked at and met; the conditions are {conditions}",
    Verdict.NO_GO: "something that gates was not met",
    Verdict.INCOMPLETE: "nothing that gates was found wrong, but that does not make a GO: see the reasons",
    Verdict.NOTHING_TO_CHECK: "there was nothing to judge, which is no GO",
    Verdict.ERROR: "the tool or its input failed, which is no GO",
    Verdict.RUNNING: "the run has not ended, which is no GO",
}


def meaning(judgement: Judgement) -> str:
    """The verdict in a sentence that the numbers bear out."""
    counts = judgement.counts
    accepted = number(counts.waived + counts.deferred, "accepted risk") if counts.waived or counts.deferred else ""
    blockers = [exemption for exemption in judgement.exemptions if exemption.blockers]
    exempted = number(len(blockers), "exemption") + " from blockers" if blockers else ""
    conditions = " and ".join(filter(None, (accepted, exempted)))
    return _MEANING[judgement.verdict].format(conditions=conditions or "those below")


def rows(report: Report) -> Iterator[tuple[str, str]]:
    """What was judged, by label: cutover, hosts, roles, pairs; texts may hold what a host said."""
    if report.cutover:
        yield "Cutover", report.cutover
    yield "Hosts", _hosts(report)
    if report.hosts:
        yield "Roles", _roles(report.hosts)
    yield "Pairs", _pairs(report.outcomes, report.judgement)


def exempted(judgement: Judgement) -> str:
    """How many exemptions there are, and how many of them take nothing away; the last line counts the others."""
    idle = sum(not exemption.pairs for exemption in judgement.exemptions)
    every = number(len(judgement.exemptions), "exemption")
    return f"{every}, {idle} without effect here" if idle else every


def exemptions(judgement: Judgement) -> Iterator[tuple[str, str]]:
    """What was agreed not to agree on, by key, those that take blockers away first and never cut."""
    same: dict[tuple[str | None, ...], list[Exemption]] = {}
    for one in judgement.exemptions:
        same.setdefault((one.key, one.reason, one.by, one.day, one.until), []).append(one)
    ranked = sorted(same.values(), key=lambda group: (-_blockers(group), -_pairs_of(group)))
    shown = max(MOST_EXEMPTIONS, sum(_blockers(group) > 0 for group in ranked))
    yield from ((group[0].key, _exemption(group)) for group in ranked[:shown])
    if left := ranked[shown:]:
        pairs = sum(_pairs_of(group) for group in left if not group[0].is_of_peers)
        yield "...", f"and {len(left)} more, which take {number(pairs, 'pair')} away and no blocker"


def _exemption(group: Sequence[Exemption]) -> str:
    """For whom, which effect, why, by whom, until when."""
    first, pairs, blockers = group[0], _pairs_of(group), _blockers(group)
    if not pairs:
        effect = "without effect here"
    elif first.is_of_peers:
        effect = f"leaves peers out of {number(pairs, 'pair')}"
    else:
        effect = f"takes {number(pairs, 'pair')} away, {blockers or 'none'} of them blockers"
    end = f"until {first.until}" if first.until else "without end"
    scopes = first_few([one.scope for one in group])
    return f"for {scopes}: {effect}; {first.by}, {first.day}, {end}: {first.reason}"


def _pairs_of(group: Sequence[Exemption]) -> int:
    return sum(one.pairs for one in group)


def _blockers(group: Sequence[Exemption]) -> int:
    return sum(one.blockers for one in group)


def _hosts(report: Report) -> str:
    """How many hosts the estate has, on how many a login was accepted and anything read, and which not, by name."""
    planned = dict.fromkeys(outcome.host for outcome in report.outcomes if outcome.host)
    judged = {
        outcome.host for outcome in report.outcomes if outcome.outcome in {Result.PASS, Result.FAIL} and _own(outcome)
    }
    shut = _not_logged_in(report.outcomes)
    unread = [host for host in planned if host not in judged or host in shut]
    parts = [f"{len(report.hosts) or len(planned)} agreed"]
    if report.judgement.partial is not None:
        parts.append(f"{len(planned)} in this partial run")
    parts.append(f"{len(planned) - len(unread)} reached and read")
    return ", ".join(parts) + (f", {len(unread)} not: {first_few(unread, 10)}" if unread else "")


def _own(outcome: Outcome) -> bool:
    return any(reference.startswith(f"{outcome.host}#") for reference in outcome.evidence)


def _not_logged_in(outcomes: Sequence[Outcome]) -> set[str | None]:
    """The hosts that were not reached, did not prove themselves or refused the login."""
    way_in = (one for one in outcomes if (one.area, one.severity) == ("connectivity", Severity.BLOCKER))
    return {one.host for one in way_in if one.outcome is not Result.PASS}


def _roles(hosts: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """`bacula director 1, client 4; none 2`: what each host is there for, counted."""
    counted: dict[str, Counter[str]] = {}
    for products in hosts.values():
        for product, roles in products.items():
            counted.setdefault(product, Counter()).update(roles)
    texts = [
        f"{product} {', '.join(f'{role} {count}' for role, count in roles.items())}"
        for product, roles in counted.items()
    ]
    return "; ".join([*texts, f"none {sum(not any(products.values()) for products in hosts.values())}"])


def _pairs(outcomes: Sequence[Outcome], judgement: Judgement) -> str:
    """Every pair once, by what came of it, and what of it does not gate."""
    counts = judgement.counts
    failed = _split(outcomes, Result.FAIL, "")
    unknown = _split(outcomes, Result.UNKNOWN, f"{counts.blocked} only because of another" if counts.blocked else "")
    exempt = f" ({counts.not_agreed} of them not agreed)" if counts.not_agreed else ""
    return (
        f"{counts.expected} expected: {counts.passed} met, {counts.failed} not met{failed}, "
        f"{counts.unknown} not judged{unknown}, {counts.not_applicable} not applicable{exempt}"
    )


def _split(outcomes: Sequence[Outcome], result: Result, more: str) -> str:
    count = Counter(outcome.disposition for outcome in outcomes if outcome.outcome is result)
    advice, accepted = count[Disposition.ADVISORY], sum(count[disposition] for disposition in ACCEPTED)
    gating = count[Disposition.BLOCKING] if advice or accepted else 0  # otherwise all of them are
    named = {"gating": gating, "advice": advice, "accepted": accepted}
    split = ", ".join(f"{number} {word}" for word, number in named.items() if number)
    text = "; ".join(filter(None, (split, more)))
    return f" ({text})" if text else ""
