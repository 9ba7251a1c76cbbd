"""Page one: one set of numbers, which the sentence of the verdict never contradicts, and exemptions by name."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from readiness.core.outcomes import Disposition, Exemption, Outcome, Result, Severity
from readiness.renderers import junit, markdown, page_one, terminal
from readiness.renderers.report import Report
from readiness.renderers.wording import in_short

from .samples import SEAL, exempted, failed, judged, on, outcome, reported, unknown

HOSTS = {
    "dir01": {"bacula": ("director", "client")},
    "sd01": {"bacula": ("storage",), "bareos": ("client",)},
    "fd01": {"bacula": ("client",)},
    "app01": {},
    "app02": {"bacula": ()},
}
CUTOVER = "2026-12-01T20:00:00+01:00 to 2026-12-02T04:00:00+01:00"


def exempt(key: str = "sshd", severity: Severity = Severity.MAJOR, **changes: Any) -> Outcome:
    own = {"agreed": (), "not_agreed": key, "outcome": Result.NOT_APPLICABLE, "message": "not agreed: a test"}
    return outcome(**{**own, "severity": severity, **changes})


def on_paper(*outcomes: Outcome, exemptions: tuple[Exemption, ...] = (), **circumstances: Any) -> Report:
    judgement = judged(outcomes, exemptions=exemptions, **circumstances)
    return reported(outcomes, judgement, hosts=HOSTS, cutover=CUTOVER)


def page(report: Report) -> dict[str, str]:
    return dict(page_one.rows(report))


def summary(report: Report) -> str:
    return markdown.render(report).decode()


def screen(report: Report) -> str:
    stream = io.StringIO()
    terminal.show(report, stream, folder="reports/x", manifest_sha256=SEAL, colour=False, width=4000)
    return stream.getvalue()


def test_cutover_hosts_and_roles_stand_there_counted() -> None:
    way_in = {"check": "CON-001", "area": "connectivity"}
    report = on_paper(
        *(outcome(**way_in, **on(host)) for host in ("dir01", "sd01")),
        unknown(**way_in, **on("fd01")),
        outcome(**on("dir01")),
    )
    assert page(report) == {
        "Cutover": CUTOVER,
        "Hosts": "5 agreed, 2 reached and read, 1 not: fd01",
        "Roles": "bacula director 1, client 2, storage 1; bareos client 1; none 2",
        "Pairs": "4 expected: 3 met, 0 not met, 1 not judged, 0 not applicable",
    }


def test_each_pair_is_counted_once_with_what_of_it_does_not_gate() -> None:
    report = on_paper(
        outcome(),
        failed(**on("a")),
        failed(**on("b"), severity=Severity.MINOR),
        failed(**on("c"), disposition=Disposition.WAIVED),
        unknown(**on("d")),
        unknown(**on("e"), blocked_by=("VER-002 d",)),
        outcome(**on("f"), outcome=Result.NOT_APPLICABLE),
        exempt(**on("g")),
        exemptions=(exempted("sshd", pairs=1),),
    )
    assert page(report)["Pairs"] == (
        "8 expected: 1 met, 3 not met (1 gating, 1 advice, 1 accepted), 2 not judged (1 only because of another), "
        "2 not applicable (1 of them not agreed)"
    )


def test_summary_terminal_and_junit_say_the_same() -> None:
    report = on_paper(outcome(), exempt(), exemptions=(exempted("sshd", pairs=1), exempted("clock.max_offset_s")))
    xml = junit.render(report).decode()
    for label, text in page_one.rows(report):
        assert f"- {label}: `{text}`\n" in summary(report)
        assert f"  | {label:9} {text}\n" in screen(report)
        assert f"\n{label.lower()}: {text}" in xml
    for key, text in page_one.exemptions(report.judgement):
        assert f"- `{key}` `{text}`\n" in summary(report)
        assert f"  | {key:9} {text}\n" in screen(report)
        assert f"\nnot agreed: {key} {text}" in xml
    assert "; ".join(report.judgement.reasons) in xml


@pytest.mark.parametrize(
    ("outcomes", "exemptions", "said"),
    [
        ([outcome()], (), "everything that gates was looked at and met"),
        ([outcome(), failed(severity=Severity.MINOR, **on("b"))], (), "everything that gates was looked at and met"),
        ([outcome(), exempt(**on("b"))], (exempted("sshd", pairs=1),), "everything that gates was looked at and met"),
        (
            [outcome(), exempt(severity=Severity.BLOCKER, **on("b"))],
            (exempted("sshd", pairs=1, blockers=1),),
            "everything else that gates was looked at and met; the conditions are 1 exemption from blockers",
        ),
        (
            [outcome(), exempt(severity=Severity.BLOCKER, **on("b")), failed(disposition=Disposition.WAIVED)],
            (exempted("sshd", pairs=1, blockers=1),),
            "met; the conditions are 1 accepted risk and 1 exemption from blockers",
        ),
        ([outcome(agreed=())], (), "nothing that gates was found wrong, but that does not make a GO: see the reasons"),
    ],
)
def test_the_sentence_never_says_more_than_the_numbers(
    outcomes: list[Outcome], exemptions: tuple[Exemption, ...], said: str
) -> None:
    report = on_paper(*outcomes, exemptions=exemptions)
    assert page_one.meaning(report.judgement).endswith(said)
    assert f"{said}.\n" in summary(report)


def test_the_last_line_counts_exemptions() -> None:
    exemptions = (exempted("sshd", pairs=2, blockers=1), exempted("space"))
    outcomes = (outcome(), exempt(severity=Severity.BLOCKER, **on("a")), exempt(**on("b")))
    report = on_paper(*outcomes, exemptions=exemptions)
    assert in_short(outcomes, report.judgement) == (
        "1 of 3 pairs met, 2 not applicable, 1 exemption (2 not agreed, 1 blocker)"
    )
    last = screen(report).splitlines()[-1]
    assert last.startswith("GO WITH CONDITIONS  1 of 3 pairs met, 2 not applicable, 1 exemption (2 not agreed, 1")
    assert "\n## Accepted risks and deferrals (0 pairs)\n\nNone, besides what was agreed not to demand.\n" in (
        summary(report)
    )


def test_an_exemption_stands_there_with_all_that_it_says() -> None:
    report = on_paper(exempt(), exemptions=(exempted("sshd", "own patch day", until=None, pairs=3, blockers=2),))
    assert list(page_one.exemptions(report.judgement)) == [
        ("sshd", "for all: takes 3 pairs away, 2 of them blockers; J. Doe, 2026-11-01, without end: own patch day")
    ]
    peers = on_paper(outcome(), exemptions=(exempted("peers.bacula.client.*", until=None, pairs=1),))
    assert list(page_one.exemptions(peers.judgement)) == [
        ("peers.bacula.client.*", "for all: leaves peers out of 1 pair; J. Doe, 2026-11-01, without end: a test")
    ]
    assert in_short((outcome(),), peers.judgement).endswith(", 1 exemption (peers left out)")
    without = on_paper(outcome(), exemptions=(exempted("sshd", scope="group clients"),))
    assert list(page_one.exemptions(without.judgement)) == [
        ("sshd", "for group clients: without effect here; J. Doe, 2026-11-01, until 2026-12-31: a test")
    ]


def test_those_of_blockers_are_never_cut() -> None:
    many = [exempted(f"key.{number}", pairs=1) for number in range(30)]
    cut = list(page_one.exemptions(on_paper(outcome(), exemptions=tuple(many)).judgement))
    assert len(cut) == page_one.MOST_EXEMPTIONS + 1
    assert cut[-1] == ("...", "and 18 more, which take 18 pairs away and no blocker")
    blockers = [exempted(f"blocker.{number}", pairs=1, blockers=1) for number in range(20)]
    kept = list(page_one.exemptions(on_paper(outcome(), exemptions=(*many, *blockers)).judgement))
    assert [key for key, _ in kept[:-1]] == [one.key for one in blockers]
    assert kept[-1] == ("...", "and 30 more, which take 30 pairs away and no blocker")


def test_the_same_of_many_hosts_is_one_line() -> None:
    of_hosts = [exempted("sshd", scope=f"host bk{number:04}", pairs=2, blockers=1) for number in range(2000)]
    ((key, text),) = page_one.exemptions(on_paper(outcome(), exemptions=tuple(of_hosts)).judgement)
    assert key == "sshd"
    assert re.match(r"for host bk0000, .* and 19\d\d more: takes 4000 pairs away, 2000 of them blockers; ", text)


def test_a_summary_keeps_its_size_whatever_was_not_agreed() -> None:
    each_its_own = [exempted("sshd", f"{number} {'x' * 1500}", pairs=1, blockers=1) for number in range(2000)]
    text = summary(on_paper(outcome(), exemptions=tuple(each_its_own)))
    assert len(text.encode()) < markdown.LARGEST
    assert re.search(r"\n- \*\*1\d\d\d more\*\*: see `verdict.json`\n", text)
