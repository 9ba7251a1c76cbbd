"""JUnit XML: what the change board's tools read; a suite a host, one for the estate, one for the verdict."""

from __future__ import annotations

import functools
import hashlib
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from readiness.core.errors import ToolFault
from readiness.core.outcomes import Disposition, Outcome, Result, Verdict
from readiness.core.roots import ACCEPTED
from readiness.core.text import clean, one_line
from readiness.renderers import page_one
from readiness.renderers.report import Report
from readiness.renderers.wording import VERDICTS

if TYPE_CHECKING:
    from junit_xml import TestCase

FILE = "junit.xml"
GATE_CLASS, GATE_NAME = "gate.verdict", "verdict"
_PASSING = frozenset({Verdict.GO, Verdict.GO_WITH_CONDITIONS})
_STATES = ("failure", "error", "skipped")
_CLASS_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_ATTACHMENT = re.compile(r"\[\[(?=\s*ATTACHMENT)", re.IGNORECASE)
_LONGEST_CLASS, _LONGEST_NAME, _IN_MESSAGE, _IN_TEXT = 100, 160, 400, 4000


def render(report: Report) -> bytes:
    """The outcomes and the verdict as one file; change, note and the run stand in the properties of every suite."""
    from junit_xml import TestSuite  # noqa: PLC0415 - only where it is used, it is not needed to start

    own = {"run_id": report.run_id, "as_of": report.as_of.isoformat(), "service": report.service}
    stated = {**own, "change": report.judgement.change, "note": report.note}
    properties = {_shown(name): _shown(value) for name, value in stated.items()}
    when = report.as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    totals = dict.fromkeys(("tests", "failures", "errors"), 0)
    texts = []
    for name, host, cases in _suites(report):
        # A suite becomes text before the next one is made: a tree of them all takes memory, and time to walk it.
        suite = _mended(TestSuite(name, cases, hostname=host, timestamp=when, properties=properties).build_xml_doc())
        totals = {key: total + int(suite.get(key)) for key, total in totals.items()}
        texts.append(ET.tostring(suite, encoding="unicode"))  # half the time of ET's own encoding
    counts = "".join(f' {key}="{total}"' for key, total in totals.items())
    head = f"<?xml version='1.0' encoding='utf-8'?>\n<testsuites{counts} time=\"0.000\">"
    return "".join([head, *texts, "</testsuites>\n"]).encode()


def _suites(report: Report) -> Iterator[tuple[str, str | None, list[TestCase]]]:
    """Name, host and cases of each suite; the gate comes first, where nobody can miss it."""
    from junit_xml import TestCase  # noqa: PLC0415 - as above

    yield "gate", None, [_gate_case(report)]
    targets = Counter((outcome.check, outcome.host) for outcome in report.outcomes)
    by_host: dict[str | None, list[tuple[Outcome, str, str]]] = {}
    taken: set[tuple[str, str]] = set()
    classes: dict[tuple[str, str | None], str] = {}
    for outcome in report.outcomes:
        classname = classes.get((outcome.area, outcome.host))
        if classname is None:
            classname = classes[outcome.area, outcome.host] = _class(outcome.area, outcome.host)
        name = _name(outcome, several=targets[outcome.check, outcome.host] > 1)
        if (classname, name) in taken:
            name = f"{name} {_short_hash(outcome.target)}"
        taken.add((classname, name))
        by_host.setdefault(outcome.host, []).append((outcome, name, classname))
    for host, named in by_host.items():
        label = None if host is None else _shown(host)
        cases = [_filled(TestCase(name, classname), outcome) for outcome, name, classname in named]
        yield label or "estate", label, cases


def _class(area: str, host: str | None) -> str:
    """`gate.<area>.<host>`; a name that has to be changed gets a hash, so that it cannot become another's.

    The hash depends on the name alone: a case keeps its name, and so its history, whatever else the estate holds.
    """
    return f"gate.{_safe(area)}.{'estate' if host is None else _safe(host, taken='estate')}"


def _safe(name: str, *, taken: str = "") -> str:
    safe = _CLASS_UNSAFE.sub("_", name)[:_LONGEST_CLASS]
    return safe if safe == name and safe not in {"", taken} else f"{safe}-{_short_hash(name)}"


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _name(outcome: Outcome, *, several: bool) -> str:
    name = _title(outcome.check, outcome.title)
    return _defused(f"{name} [{one_line(outcome.detail or outcome.target, _LONGEST_NAME)}]") if several else name


@functools.cache
def _title(check: str, title: str) -> str:
    return _defused(one_line(f"{check} {title}", _LONGEST_NAME))


def _filled(case: TestCase, outcome: Outcome) -> TestCase:
    """The case with what came of its pair."""
    if outcome.outcome is Result.PASS:
        case.stdout = _shown(_passed(outcome))
    elif outcome.outcome is Result.NOT_APPLICABLE:
        case.add_skipped_info(_message(outcome, f"not applicable: {outcome.message}"), _shown(_text(outcome)))
    elif outcome.disposition in ACCEPTED:
        how = "not met" if outcome.outcome is Result.FAIL else "not judged"
        accepted = f"{outcome.disposition.upper()} {outcome.waiver or '(no waiver named)'}: {how}: {outcome.message}"
        case.add_skipped_info(_message(outcome, accepted), _shown(_text(outcome)))
    elif outcome.disposition is Disposition.ADVISORY:  # it does not gate, so that a GO is green in every reader
        case.stdout = _shown(f"ADVICE {_message(outcome, _what_is_wrong(outcome))}\n{_text(outcome)}")
    elif outcome.outcome is Result.FAIL:
        case.add_failure_info(_message(outcome, _what_is_wrong(outcome)), _shown(_text(outcome)), outcome.severity)
    else:
        case.add_error_info(_message(outcome, _what_is_wrong(outcome)), _shown(_text(outcome)), outcome.severity)
    return case


def _what_is_wrong(outcome: Outcome) -> str:
    if outcome.outcome is Result.UNKNOWN:
        follows = f"; follows from {', '.join(outcome.blocked_by)}" if outcome.blocked_by else ""
        return f"not judged: {outcome.message}{follows}"
    if not (outcome.expected and outcome.found):
        return outcome.message
    return f"expected {outcome.expected[:_IN_MESSAGE]}, found {outcome.found[:_IN_MESSAGE]}"


def _message(outcome: Outcome, what: str) -> str:
    """All that a reader must see, on the one line that every consumer shows."""
    head = f"{outcome.severity.upper()} {outcome.check} {outcome.target[:_IN_MESSAGE]}"
    owner = f"; owner {outcome.owner or 'not named'}"
    mend = f"; remedy {outcome.remedy[:_IN_MESSAGE]}" if outcome.remedy else ""
    return _defused(one_line(f"{head}: {what[: 3 * _IN_MESSAGE]}{owner}{mend}", _IN_TEXT))


def _text(outcome: Outcome) -> str:
    """The same again with what the message has no room for, a line each; never empty, or junit-xml writes a pass."""
    rows = (
        ("outcome", outcome.outcome),
        ("target", outcome.target),
        ("message", outcome.message),
        ("expected", outcome.expected),
        ("found", outcome.found),
        ("owner", outcome.owner),
        ("remedy", outcome.remedy),
        ("waiver", outcome.waiver),
        ("follows from", ", ".join(outcome.blocked_by)),
        ("evidence", ", ".join(outcome.evidence)),
    )
    return "\n".join(f"{label}: {value[:_IN_TEXT]}" for label, value in rows if value)


def _passed(outcome: Outcome) -> str:
    """What a PASS has to show: most cases are one, so only what tells it from the others."""
    evidence = ", ".join(outcome.evidence)
    found, expected = outcome.found[:_IN_TEXT] or outcome.message[:_IN_TEXT], outcome.expected[:_IN_TEXT]
    return f"target: {outcome.target}\nexpected: {expected}\nfound: {found}\nevidence: {evidence}"


def _gate_case(report: Report) -> TestCase:
    from junit_xml import TestCase  # noqa: PLC0415 - as above

    judgement = report.judgement
    case = TestCase(GATE_NAME, GATE_CLASS)
    report_only = " (report only: the exit code says 0)" if judgement.report_only else ""
    line = f"{VERDICTS[judgement.verdict]}{report_only}: {'; '.join(judgement.reasons)}"
    text = "\n".join(
        [
            line,
            f"estate: {judgement.estate}",
            f"change: {judgement.change}",
            f"run: {report.run_id}",
            *([f"valid until: {judgement.valid_until}"] if judgement.verdict in _PASSING else []),
            *(one_line(f"{label.lower()}: {text}", _IN_TEXT) for label, text in page_one.rows(report)),
            *(one_line(f"not agreed: {key} {text}", _IN_TEXT) for key, text in page_one.exemptions(judgement)),
        ]
    )
    message = _defused(one_line(line))
    if judgement.verdict in _PASSING:
        case.stdout = _shown(text)
    elif judgement.verdict is Verdict.NO_GO:
        case.add_failure_info(message, _shown(text), judgement.verdict)
    else:
        case.add_error_info(message, _shown(text), judgement.verdict)
    return case


def _shown(text: str) -> str:
    # Nearly all text is plain, and telling so is ten times faster than looking for what is not.
    plain = text.isascii() and text.replace("\n", "").isprintable()
    return _defused(text if plain else clean(text))


def _defused(text: str) -> str:
    """The text with nothing that makes Jenkins or GitLab attach a file of the machine they run on."""
    return _ATTACHMENT.sub("[ [", text) if "[[" in text else text


def _mended(suite: Any) -> Any:
    """The suite as Jenkins' schema wants it, and with a line a case."""
    del suite.attrib["disabled"]
    suite.set("time", "0.000")
    suite.text = suite.tail = "\n"
    for child in suite:
        child.tail = "\n"
    return suite


def verify(xml: bytes, report: Report) -> None:
    """Read the file again and compare it with the results and the judgement; ToolFault for any difference."""
    try:
        root = ET.fromstring(xml)  # noqa: S314 - what this module has just written
    except ET.ParseError as error:
        raise ToolFault(f"junit.xml is not well-formed: {error}") from error
    cases = [case for suite in root for case in _checked_cases(suite)]
    _check_counts(root, cases, ("tests", "failures", "errors"))
    names = Counter((case.get("classname"), case.get("name")) for case in cases)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ToolFault(f"junit.xml has {len(twice)} names twice: {twice[0]}")
    verdict = report.judgement.verdict
    gate = [_state(case) for case in cases if case.get("classname") == GATE_CLASS]
    if gate != ["pass" if verdict in _PASSING else "failure" if verdict is Verdict.NO_GO else "error"]:
        raise ToolFault(f"junit.xml says {gate} for the verdict {verdict}")
    states = Counter(_state(case) for case in cases if case.get("classname") != GATE_CLASS)
    if +states != (wanted := _wanted(report)):
        raise ToolFault(f"junit.xml holds {dict(states)}, the results are {dict(wanted)}")


def _checked_cases(suite: ET.Element) -> list[ET.Element]:
    cases = suite.findall("testcase")
    _check_counts(suite, cases, ("tests", "failures", "errors", "skipped"))
    return cases


def _check_counts(element: ET.Element, cases: Sequence[ET.Element], stated: Sequence[str]) -> None:
    states = Counter(_state(case) for case in cases)
    counts = {"tests": len(cases), "failures": states["failure"], "errors": states["error"]}
    counts["skipped"] = states["skipped"]
    if wrong := [name for name in stated if element.get(name) != str(counts[name])]:
        raise ToolFault(f"junit.xml's {element.tag} {element.get('name')} states another count of {', '.join(wrong)}")


def _state(case: ET.Element) -> str:
    states = [child.tag for child in case if child.tag in _STATES]
    return "+".join(states) or "pass"


def _wanted(report: Report) -> Counter[str]:
    """What the file has to hold by the results, and by the judgement's own counts, which must agree."""
    outcomes, counts = report.outcomes, report.judgement.counts
    results = Counter(map(_kind, outcomes))
    judged = {
        "PASS": counts.passed,
        "NOT_APPLICABLE": counts.not_applicable,
        "accepted": counts.waived + counts.deferred,
    }
    if any(results[name] != count for name, count in judged.items()) or len(outcomes) != counts.expected:
        raise ToolFault(f"the results are {dict(results)}, the judgement counts {counts}")
    return +Counter(
        {
            "pass": results["PASS"] + results["advice"],
            "failure": results["FAIL"],
            "error": results["UNKNOWN"],
            "skipped": results["NOT_APPLICABLE"] + results["accepted"],
        }
    )


def _kind(outcome: Outcome) -> str:
    if outcome.disposition in ACCEPTED:
        return "accepted"
    return "advice" if outcome.disposition is Disposition.ADVISORY else str(outcome.outcome)
