from __future__ import annotations

import json

from readiness.renderers.results import judgement_dict, render

from .samples import HOSTILE, failed, hostile, judged, outcome, reported

CONTRACT = {
    *("check", "area", "severity", "target", "host", "outcome", "disposition", "message", "expected", "found"),
    *("remedy", "owner", "waiver", "blocked_by", "evidence", "agreed", "not_agreed"),
}
JUDGEMENT = {
    *("verdict", "exit_code", "reasons", "estate", "change", "valid_until", "counts", "partial", "inputs"),
    "exemptions",
}


def test_a_line_an_outcome_with_the_keys_of_the_contract() -> None:
    lines = render(reported([outcome(), failed(host=None)])).decode().splitlines()
    assert [json.loads(line).keys() - {"title", "detail"} for line in lines] == [CONTRACT, CONTRACT]
    assert (json.loads(lines[1])["outcome"], json.loads(lines[1])["host"]) == ("FAIL", None)


def test_what_a_host_said_is_there_as_it_was_and_in_plain_ascii() -> None:
    lines = render(reported(hostile())).split(b"\n")
    assert {json.loads(line)["found"] for line in lines[:-1]} >= set(HOSTILE)
    assert all(32 <= byte < 127 for line in lines for byte in line)
    written = render(reported([outcome(found="\x7f")]))
    assert json.loads(written)["found"] == "\x7f"
    assert b"\x7f" not in written


def test_the_judgement_has_the_keys_of_the_contract() -> None:
    made = judgement_dict(judged([outcome(), failed()], partial={"areas left out": ["ports"]}))
    assert made.keys() - {"report_only"} == JUDGEMENT
    counted = {"expected": 2, "pass": 1, "fail": 1}
    assert (
        made["counts"]
        == dict.fromkeys(("unknown", "not_applicable", "waived", "deferred", "blocked", "not_agreed"), 0) | counted
    )
    assert (made["verdict"], made["exit_code"]) == ("NO_GO", 1)
    assert judgement_dict(judged([outcome()]))["partial"] is None
