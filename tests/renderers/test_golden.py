"""A golden file a format, of hostile data; `READINESS_GOLDEN=write` writes them anew, for reading the difference."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from readiness.renderers import results, terminal
from readiness.renderers.report import renderers
from readiness.run_folder.names import to_json

from .samples import HOSTILE, SEAL, exempted, hostile, judged, reported

GOLDEN = Path(__file__).parent / "golden"
NAMES = [*renderers(), "judgement.json", "terminal.txt"]


def rendered(name: str) -> bytes:
    outcomes = hostile()
    partial = {"areas left out": ["ports"], "hosts left out": HOSTILE[5]}
    exemptions = [exempted("operating_systems", HOSTILE[6], pairs=1), exempted("sshd", HOSTILE[2], until=None)]
    judgement = judged(outcomes, change=HOSTILE[2], partial=partial, exemptions=tuple(exemptions))
    hosts = {"bk01": {"bacula": ("director", "client")}, "bk02": {"bacula": ("client",)}, "bk03": {}}
    report = reported(outcomes, judgement, service=HOSTILE[4], note=HOSTILE[2], cutover="2026-12-01", hosts=hosts)
    if name == "judgement.json":
        return to_json(results.judgement_dict(judgement))
    if name == "terminal.txt":
        stream = io.StringIO()
        terminal.show(report, stream, folder="reports/x", manifest_sha256=SEAL, colour=False)
        return stream.getvalue().encode()
    return renderers()[name].render(report)


@pytest.mark.parametrize("name", NAMES)
def test_hostile_data_comes_out_as_it_was_read_and_approved(name: str) -> None:
    made = rendered(name)
    if os.environ.get("READINESS_GOLDEN") == "write":
        (GOLDEN / name).write_bytes(made)
    assert (GOLDEN / name).exists(), f"no golden file {name}: READINESS_GOLDEN=write makes it, then read it"
    assert made == (GOLDEN / name).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_no_format_lets_a_control_character_through(name: str) -> None:
    text = rendered(name).decode()  # strictly UTF-8: no lone surrogate either
    assert not [char for char in text if (ord(char) < 32 and char != "\n") or 0x7F <= ord(char) < 0xA0]
    assert not set(text) & set("\u202e\u200b\ufffe\ufdd0\U0001ffff\ufeff")
