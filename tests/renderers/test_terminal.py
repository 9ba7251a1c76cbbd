from __future__ import annotations

import io
import re
import threading
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from readiness.core.outcomes import Disposition, Outcome, Result, Verdict
from readiness.renderers.markdown import render
from readiness.renderers.terminal import Progress, last_line, show, shown

from .samples import HOSTILE, SEAL, failed, hostile, judged, on, outcome, reported, unknown

OURS = re.compile(
    r"  \|(  | )|(NOT MET|NOT JUDGED|(WAIVED|DEFERRED|ADVICE) \((not met|not judged)\))  (blocker|major|minor)  "
    r"|area  |[a-z]+ +\d+  |-: nobody looked|LEFT OUT of |Why a check "
    r"|[A-Z -]+  .*  report: reports/x/summary.md  sha256:"
)


def made(outcomes: list[Outcome], *, colour: bool = False, width: int = 80, **circumstances: Any) -> str:
    stream = io.StringIO()
    report = reported(outcomes, judged(outcomes, **circumstances))
    show(report, stream, folder="reports/x", manifest_sha256=SEAL, colour=colour, width=width)
    return stream.getvalue()


@pytest.mark.parametrize("width", [0, 1, 20, 40, 80, 200])
def test_every_line_begins_with_our_words_and_fits(width: int) -> None:
    lines = made(hostile(), width=width, partial={"hosts left out": HOSTILE}).splitlines()
    assert not [line for line in lines if not OURS.match(line)]
    folded = [line for line in lines[:-1] if not line.startswith("  | remedy ")]
    assert 0 < width < 80 or not [line for line in folded if cell_len(line) > (width or 80)]
    assert not [line for line in lines if re.search(r"##(vso|teamcity)?\[|(^|\s)::\w", line)]


@given(st.text(st.characters(exclude_categories=())), st.text())
def test_whatever_is_said_no_line_begins_with_it(said: str, title: str) -> None:
    one = unknown(message=said, title=title, target=said, owner=said)
    lines = made([one, failed(found=said, expected=title)]).split("\n")
    assert lines.pop() == ""
    assert not [line for line in lines if not OURS.match(line) or {"Cc", "Cs", "Zl", "Zp"} & set(map(category, line))]


@pytest.mark.parametrize("said", HOSTILE)
def test_colour_is_ours_alone(said: str) -> None:
    text = made([failed(found=said, title=said), unknown(message=said)], colour=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", text) == made([failed(found=said, title=said), unknown(message=said)])
    assert "\x1b[1;31mNO-GO\x1b[0m" in text


@pytest.mark.parametrize(
    ("outcomes", "circumstances", "line"),
    [
        ([outcome()], {}, "GO  1 of 1 pair met"),
        ([outcome(), failed(**on("b"), disposition=Disposition.WAIVED)], {}, "GO WITH CONDITIONS  1 waived"),
        ([failed(), unknown(**on("b"))], {}, "NO-GO  1 blocker, 1 pair not judged"),
        ([unknown()], {}, "INCOMPLETE  1 pair not judged"),
        ([outcome(outcome=Result.NOT_APPLICABLE)], {}, "NOTHING TO CHECK  all 1 pairs are not applicable"),
        ([failed()], {"report_only": True}, "NO-GO  1 blocker (report only: exit code 0)"),
    ],
)
def test_the_last_line_is_the_verdict(outcomes: list[Outcome], circumstances: dict[str, Any], line: str) -> None:
    text = made(outcomes, **circumstances)
    assert text.endswith(f"\n{line}  report: reports/x/summary.md  sha256:ab12ab12ab12..\n")


def test_a_run_that_ended_otherwise_has_its_last_line_too() -> None:
    assert last_line(Verdict.ERROR, "3 mistakes\n::error::x") == "ERROR  3 mistakes : :error::x"


def test_a_failure_shows_what_was_expected_and_found_and_the_remedy() -> None:
    text = made([failed(**on(f"bk{number:02}")) for number in range(2, 15)])
    assert text.startswith(
        "NOT MET  blocker  VER-002  A client is not newer than its server\n"
        "  | on        bk02, bk03 and 11 more\n"
        "  | expected  at most 13.0.1\n"
        "  | found     13.0.2\n"
        "  | remedy    Upgrade the agent from the product's repository.\n"
        "  | owner     backup-ops\n"
    )


@pytest.mark.parametrize("kind", ["ssh-ed25519 AAAAC3Nz" + "x" * 60, "ssh-rsa AAAAB3Nz" + "x" * 2732])
@pytest.mark.parametrize("width", [20, 80, 200])
def test_a_line_to_be_copied_is_neither_wrapped_nor_cut(kind: str, width: int) -> None:
    line = f"[bk01.example.com]:2222 {kind}"
    remedy = f"if ssh-keygen -lf on the host shows this fingerprint, add to known_hosts: {line}"
    one = unknown(check="CON-002", remedy=remedy)
    (shown_line,) = [text for text in made([one], width=width).splitlines() if "known_hosts" in text]
    assert shown_line == f"  | remedy    {remedy}"
    assert f"`{remedy}`" in render(reported([one])).decode()


def test_what_follows_is_folded_under_what_it_follows_from() -> None:
    following = [unknown(check=f"X-{number}", blocked_by=("CON-001 bk01",)) for number in range(23)]
    text = made([unknown(check="CON-001", message="refused"), *following])
    assert text.count("NOT JUDGED  ") == 1
    assert "  | reason    refused\n" in text
    assert "  | ...       and 23 pairs not judged that only follow from it\n" in text


def test_not_looked_at_is_told_from_none() -> None:
    rows = made([outcome(area="clock"), unknown(area="ports")]).splitlines()
    assert [row.split()[1:5] for row in rows if row.startswith(("clock", "ports"))] == [
        ["1", "1", "0", "0"],
        ["1", "-", "-", "1"],
    ]
    assert any(row.startswith("-: nobody looked; 0: looked at") for row in rows)


def test_what_does_not_fit_is_counted() -> None:
    text = made([failed(check=f"X-{number}") for number in range(100)])
    assert text.count("NOT MET  ") == 40
    assert "60 more findings (60 pairs) in reports/x/summary.md" in text


def test_text_that_is_not_ours_is_one_clean_line() -> None:
    assert shown("a::b fe80::1 ##x") == "a::b fe80::1 ##x"
    assert shown("::error::\n##[error]") == ": :error:: # #[error]"
    assert shown("refused: ::1 port 22, ::ffff:192.0.2.1") == "refused: ::1 port 22, ::ffff:192.0.2.1"
    assert shown("::add::x ::dead:: ::1::x") == ": :add::x : :dead:: : :1::x"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_progress_on_a_terminal_is_one_line_that_is_written_over() -> None:
    stream, clock = io.StringIO(), Clock()
    with Progress(stream, 4, live=True, clock=clock) as progress:
        clock.now += 10
        progress.host_done("bk01", 9.5)
        progress.host_done("\x1b[2Jevil", 3.0)
    text = stream.getvalue()
    assert "\r\x1b[Kreading hosts: 1 of 4 done, 10 s, about 30 s left; slowest bk01 9.5 s" in text
    assert "2 of 4 done, 10 s, about 10 s left" in text
    assert "\x1b[2J" not in text
    assert text.count("\n") == 3
    assert text.endswith("  |    9.5 s  bk01\n  |    3.0 s  \\x1b[2Jevil\n")


def test_progress_elsewhere_is_a_line_now_and_then_also_while_nothing_happens() -> None:
    stream = io.StringIO()
    with Progress(stream, 2, live=False, every_s=0.05) as progress:
        progress.host_done("bk01", 1.0)
        assert stream.getvalue().count("\n") <= 1
        threading.Event().wait(0.3)
        waited = stream.getvalue().count("\n")
        assert waited >= 2
        progress.host_done("bk02", 2.0)
    text = stream.getvalue()
    assert "\r" not in text
    assert "\x1b" not in text
    assert "reading hosts: 2 of 2 done" in text.splitlines()[-3]


def visits(progress: Progress) -> None:
    for _ in range(50):
        progress.host_done("h", 0.1)


def test_progress_may_be_told_by_many_threads() -> None:
    stream = io.StringIO()
    with Progress(stream, 400, live=False) as progress:
        threads = [threading.Thread(target=visits, args=(progress,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert "400 of 400 done" in stream.getvalue()
