"""The summary for people: small enough for a job's summary page, a merge request's note or a change's work note."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from readiness.core.outcomes import Judgement, Result, Verdict
from readiness.core.text import first_few, one_line
from readiness.renderers import page_one
from readiness.renderers.report import Report
from readiness.renderers.wording import VERDICTS, Finding, findings, in_short, number

FILE = "summary.md"
LARGEST = 60_000
"""Bytes; every tool that such a summary is pasted into takes as much."""
_GOES = frozenset({Verdict.GO, Verdict.GO_WITH_CONDITIONS})
_VALUE, _REST, _REMEDY = 300, 500, 6000
_TICKS = re.compile("`+")


def render(report: Report) -> bytes:
    """The verdict, its scope, and every finding as far as there is room; at most `LARGEST` bytes."""
    grouped = findings(report.outcomes)
    head = list(_head(report))
    tail = list(_tail(report.judgement))
    scope = "" if report.judgement.partial is None else " of this partial run"
    accepted_none = "None, besides what was agreed not to demand." if report.judgement.exemptions else "None."
    sections = (
        ("Not met", "Nothing that gates failed among what was judged.", grouped.not_met, 0.4),
        ("Not judged", f"Every pair{scope} that gates was judged.", grouped.not_judged, 0.65),
        ("Accepted risks and deferrals", accepted_none, grouped.accepted, 0.6),
        ("Advice, which does not gate", "None.", grouped.advice, 1.0),
    )
    lines = head
    room = LARGEST - _size(head) - _size(tail)
    for title, nothing, entries, share in sections:
        section = list(_section(title, nothing, entries, int(room * share)))
        room -= _size(section)
        lines += section
    return ("\n".join([*lines, *tail]) + "\n").encode()


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def code(text: str, limit: int = _VALUE) -> str:
    """Text that is not ours, on one line in a code span: the one place in Markdown where nothing is interpreted."""
    flat = one_line(text, limit)
    if not flat:
        return "(empty)"
    fence = "`" * (max(map(len, _TICKS.findall(flat)), default=0) + 1)
    pad = " " if flat[0] == "`" or flat[-1] == "`" else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def _head(report: Report) -> Iterator[str]:
    outcomes, judgement = report.outcomes, report.judgement
    yield f"# {VERDICTS[judgement.verdict]}: {code(report.service or judgement.estate)}"
    yield ""
    yield f"**{VERDICTS[judgement.verdict]}**: {page_one.meaning(judgement)}."
    yield f"In short: {code(in_short(outcomes, judgement), _REST)}"
    if judgement.report_only:
        yield ""
        yield f"**Report only**: the exit code says {judgement.exit_code} whatever the verdict."
    yield ""
    facts = {
        "Change": code(judgement.change) if judgement.change else "none named",
        "Note": code(report.note, _REST) if report.note else "",
        **{label: code(text, _REST) for label, text in page_one.rows(report)},
        "As of": code(report.as_of.isoformat()),
        "Valid until": code(judgement.valid_until) if judgement.verdict in _GOES else "",
        "Run": code(report.run_id),
    }
    yield from (f"- {label}: {text}" for label, text in facts.items() if text)
    yield ""
    yield "Reasons:"
    yield ""
    yield from (f"- {code(reason, _REST)}" for reason in judgement.reasons[:20])
    yield ""
    yield from _exemptions(judgement)
    yield from _left_out(judgement)


def _exemptions(judgement: Judgement) -> Iterator[str]:
    if not judgement.exemptions:
        return
    yield f"## Agreed not to demand ({page_one.exempted(judgement)})"
    yield ""
    room = LARGEST // 3
    lines = [f"- {code(key)} {code(text, _REST)}" for key, text in page_one.exemptions(judgement)]
    for number_shown, line in enumerate(lines):
        room -= _size([line])
        if room < 0:
            yield f"- **{len(lines) - number_shown} more**: see `verdict.json`"
            break
        yield line
    yield ""


def _left_out(judgement: Judgement) -> Iterator[str]:
    if judgement.partial is None:
        return
    yield "## Left out of this partial run"
    yield ""
    for key, value in judgement.partial.items():
        text = first_few([str(entry) for entry in value], 20) if isinstance(value, list | tuple) else str(value)
        yield f"- {code(key)}: {code(text, _REST)}"
    yield ""


def _section(title: str, nothing: str, entries: Sequence[Finding], room: int) -> Iterator[str]:
    """A part of the findings within its room; what did not fit is counted."""
    pairs = sum(len(entry.targets) + entry.followers for entry in entries)
    yield f"## {title} ({number(pairs, 'pair')})"
    yield ""
    if not entries:
        yield nothing
    for index, entry in enumerate(entries):
        lines = list(_entry(entry))
        room -= _size(lines)
        if room < 0:
            left = entries[index:]
            rest = sum(len(entry.targets) + entry.followers for entry in left)
            yield f"- **{number(len(left), 'more finding')} ({number(rest, 'pair')})**: see `results.jsonl`"
            break
        yield from lines
    yield ""


def _entry(finding: Finding) -> Iterator[str]:
    first = finding.first
    targets = first_few([one_line(target, 80) for target in finding.targets])
    yield f"- **{first.severity.upper()}** {code(first.check)} {code(first.title)} on {code(targets)}"
    demand = "; ".join(f"{label} {code(text)}" for label, text in finding.demand)
    state = "not met" if first.outcome is Result.FAIL else "not judged"
    yield f"  - {state}: {demand}"
    if first.waiver:
        yield f"  - {first.disposition}: {code(first.waiver, _REST)}"
    owners = code(first_few([one_line(owner, 80) for owner in finding.owners], 4)) if finding.owners else "not named"
    nothing = "as the reason says" if first.outcome is Result.UNKNOWN else "none stated"
    action = code(finding.remedy, _REMEDY) if finding.remedy else nothing
    yield f"  - owner: {owners}; action: {action}"
    if finding.followers:
        yield f"  - and {number(finding.followers, 'pair')} not judged only because of this"


def _tail(judgement: Judgement) -> Iterator[str]:
    yield "---"
    yield (
        "NOT JUDGED means that nobody looked, or that looking failed; it is never counted as met. "
        "Every outcome, met ones too, with what was found: `results.jsonl`. "
        "`readiness verify RUN` checks that the run's files are those it wrote."
    )
    if judgement.verdict in _GOES:
        yield ""
        yield f"This GO ends at {code(judgement.valid_until)}; after that it is EXPIRED and has to be run again."
