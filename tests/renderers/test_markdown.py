from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from readiness.core.outcomes import Outcome
from readiness.core.text import one_line
from readiness.renderers.markdown import LARGEST, code, render

from .samples import HOSTILE, RUN_ID, failed, hostile, judged, on, outcome, reported, unknown

OURS = {
    "heading",
    "paragraph",
    "bullet_list",
    "list_item",
    "strong",
    "inline",
    "text",
    "code_inline",
    "softbreak",
    "hr",
}


def made(outcomes: list[Outcome], **circumstances: Any) -> str:
    return render(reported(outcomes, judged(outcomes, **circumstances))).decode()


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        yield token
        yield from token.children or ()


def test_nothing_a_host_says_is_anything_but_code() -> None:
    outcomes = hostile()
    judgement = judged(outcomes, change=HOSTILE[6])
    text = render(reported(outcomes, judgement, service=HOSTILE[2], note=HOSTILE[6])).decode()
    assert {token.type.removesuffix("_open").removesuffix("_close") for token in tokens(text)} <= OURS
    spans = {token.content for token in tokens(text) if token.type == "code_inline"}
    assert spans >= {one_line(said, 300) for said in HOSTILE}
    plain = "".join(token.content for token in tokens(text) if token.type == "text")
    assert not [mark for mark in ("evil", "script", "@", "http", "`", "::") if mark in plain]


@given(st.text(st.characters(exclude_categories=()), min_size=1))
def test_a_code_span_gives_back_what_was_put_in(said: str) -> None:
    found = [token for token in tokens(f"- x {code(said)} y") if token.type == "code_inline"]
    expected = one_line(said, 300)
    assert [token.content for token in found] == ([expected] if expected else [])


def test_the_verdict_comes_first_and_the_scope_is_stated() -> None:
    text = made([outcome(), failed(**on("b")), unknown(check="CON-001", **on("c"))])
    assert text.startswith("# NO-GO: `backup`\n\n**NO-GO**: something that gates was not met.\n")
    assert "- Hosts: `3 agreed, 2 reached and read, 1 not: c`\n" in text
    assert "- Change: `CHG0042`\n" in text
    assert f"- Run: `{RUN_ID}`\n" in text
    assert "Valid until" not in text
    assert "- Valid until: `2026-11-26T08:00:00+00:00`\n" in made([outcome()])


def test_a_host_is_read_only_where_the_login_was_accepted_and_it_said_something_itself() -> None:
    reached = outcome(check="CON-001", area="connectivity", **on("b"))
    refused = unknown(check="CON-003", area="connectivity", **on("b"))
    of_its_director = outcome(**{**on("c", "bacula.client~director"), "evidence": ("bk01#19",)})
    text = made([outcome(), reached, refused, of_its_director, unknown(**on("c"))])
    assert "- Hosts: `3 agreed, 1 reached and read, 2 not: b, c`\n" in text


def test_a_host_that_proves_another_key_was_not_read() -> None:
    text = made([outcome(), failed(check="CON-002", area="connectivity", **on("b"))])
    assert "- Hosts: `2 agreed, 1 reached and read, 1 not: b`\n" in text


def test_of_a_partial_run_nothing_is_said_as_if_it_were_whole() -> None:
    partial = {"hosts left out": ["b"]}
    text = made([outcome()], partial=partial)
    assert "- Hosts: `1 agreed, 1 in this partial run, 1 reached and read`\n" in text
    assert "\nEvery pair of this partial run that gates was judged.\n" in text


def test_what_was_not_judged_is_as_prominent_as_what_failed() -> None:
    text = made([failed(), unknown(check="CON-001", **on("c")), unknown(blocked_by=("CON-001 c",), **on("c"))])
    assert "\n## Not met (1 pair)\n" in text
    assert "\n## Not judged (2 pairs)\n" in text
    assert "  - and 1 pair not judged only because of this\n" in text


def test_a_finding_names_hosts_owner_and_action() -> None:
    text = made([failed(**on(f"bk{number:02}")) for number in range(2, 15)])
    assert "- **BLOCKER** `VER-002` `A client is not newer than its server` on `bk02, bk03 and 11 more`\n" in text
    assert "  - not met: expected `at most 13.0.1`; found `13.0.2`\n" in text
    assert "  - owner: `backup-ops`; action: `Upgrade the agent from the product's repository.`\n" in text


def test_a_partial_run_says_what_it_left_out() -> None:
    text = made([outcome()], partial={"areas left out": ["ports", "clock"]})
    assert text.startswith("# INCOMPLETE")
    assert "## Left out of this partial run\n\n- `areas left out`: `ports, clock`\n" in text


def test_report_only_is_stated() -> None:
    assert "**Report only**" in made([failed()], report_only=True)


def test_a_go_says_when_it_ends() -> None:
    assert "after that it is EXPIRED" in made([outcome()])
    assert "EXPIRED" not in made([failed()])


@pytest.mark.parametrize("letter", ["x", "日", "`"])
def test_it_stays_small_and_counts_what_had_no_room(letter: str) -> None:
    outcomes = [
        make(check=f"X-{number}", found=letter * 300 + str(number), message=letter * 300 + str(number), **on("b"))
        for number in range(2000)
        for make in (failed, unknown)
        if (make is failed) == bool(number % 2)
    ]
    text = made(outcomes)
    assert len(text.encode()) <= LARGEST <= 65_535  # GitHub takes so much for a comment, and others more
    shown = text.count("- **BLOCKER**")
    left = sum(int(line.split("**")[1].split()[0]) for line in text.splitlines() if "more finding" in line)
    assert shown + left == len(outcomes)
    not_met, not_judged = text.split("## Not judged")
    assert min(part.count("- **BLOCKER**") for part in (not_met, not_judged)) > 10


def test_what_could_not_be_judged_names_what_would_have_it_judged_where_that_is_known() -> None:
    assert "action: `let the login read it`\n" in made([unknown(remedy="let the login read it")])
    assert "action: as the reason says\n" in made([unknown()])
