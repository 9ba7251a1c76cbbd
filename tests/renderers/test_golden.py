"""One golden file a format, of hostile data; `READINESS_GOLDEN=write` writes them anew, for reading the difference."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from readiness.core.outcomes import Judgement, Outcome
from readiness.renderers import junit, markdown, results, terminal
from readiness.run_folder.names import to_json

from .samples import AS_OF, HOSTILE, RUN_ID, SEAL, hostile, judged

GOLDEN = Path(__file__).parent / "golden"


def on_terminal(outcomes: list[Outcome], judgement: Judgement, *, colour: bool = False, width: int = 80) -> str:
    stream = io.StringIO()
    terminal.render(outcomes, judgement, stream, folder="reports/x", manifest_sha256=SEAL, colour=colour, width=width)
    return stream.getvalue()


def rendered(name: str) -> bytes:
    outcomes = hostile()
    judgement = judged(outcomes, change=HOSTILE[2], partial={"areas left out": ["ports"], "hosts left out": HOSTILE[5]})
    if name == "results.jsonl":
        return results.results_jsonl(outcomes)
    if name == "judgement.json":
        return to_json(results.judgement_dict(judgement))
    if name == "junit.xml":
        return junit.junit_xml(
            outcomes, judgement, run_id=RUN_ID, as_of=AS_OF, service=HOSTILE[4], properties={"change": HOSTILE[2]}
        )
    if name == "summary.md":
        return markdown.summary_md(
            outcomes, judgement, run_id=RUN_ID, as_of=AS_OF, service=HOSTILE[6], note=HOSTILE[2]
        ).encode()
    return on_terminal(outcomes, judgement).encode()


@pytest.mark.parametrize("name", ["results.jsonl", "judgement.json", "junit.xml", "summary.md", "terminal.txt"])
def test_hostile_data_comes_out_as_it_was_read_and_approved(name: str) -> None:
    made = rendered(name)
    if os.environ.get("READINESS_GOLDEN") == "write":
        (GOLDEN / name).write_bytes(made)
    assert made == (GOLDEN / name).read_bytes()


@pytest.mark.parametrize("name", ["results.jsonl", "judgement.json", "junit.xml", "summary.md", "terminal.txt"])
def test_no_format_lets_a_control_character_through(name: str) -> None:
    text = rendered(name).decode()  # strictly UTF-8: no lone surrogate either
    assert not [char for char in text if (ord(char) < 32 and char != "\n") or 0x7F <= ord(char) < 0xA0]
    assert not set(text) & set("\u202e\u200b\ufffe\ufdd0\U0001ffff\ufeff")
