"""A run on a Windows host becomes a recording with the same facts; a transcript that lacks something is refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from readiness.gate.records import FACT_KINDS
from readiness.run_folder.saved import SavedRun
from tests.bench import record, stand_in
from tests.bench.fleet import ENVIRONMENT, fleet
from tests.main_job.job import ROOT, run
from tests.probes.windows.facts import PROBE

HOST = "fd01"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run on one host of the bench."""
    stand_in.executable()
    place = tmp_path_factory.mktemp("recorded")
    with fleet(place / "bench", names=(HOST,)) as hosts:
        job = run(hosts.estate, place / "run", "--hosts", HOST, variables=ENVIRONMENT)
    assert job.code in {0, 1, 2}, job.stderr
    return place / "run"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where recordings go for once."""
    monkeypatch.setattr(record, "RECORDINGS", tmp_path / "recordings")
    (tmp_path / "recordings").mkdir()
    return tmp_path / "recordings"


def test_a_run_becomes_a_recording_of_the_same_facts(finished: Path, kept: Path) -> None:
    """By the command that the README names."""
    (line,) = re.findall(r"`python -m tests\.bench\.record (.*?)`", (ROOT / "README.md").read_text())
    words = {"RUN-FOLDER": str(finished), "HOST": HOST, "NAME": "bk-real"}
    record.main([words[word] for word in line.split()])
    assert [path.name for path in kept.iterdir()] == ["bk-real.json"]
    told = SavedRun.open(finished).facts(FACT_KINDS)[0][HOST].values
    parsed = {name: PROBE[name].parse(output) for name, output in record.saved("bk-real").items()}
    assert parsed == {name: value for name, value in told.items() if name in parsed}
    assert {"clock", "services", "schannel", "vss_writers"} <= parsed.keys()


def test_it_is_like_the_recordings_that_are_there(finished: Path, kept: Path) -> None:
    (kept / "made.json").write_text(json.dumps(record.of_run(finished, HOST)))
    made, there = (
        json.loads(path.read_text()) for path in (kept / "made.json", ROOT / "tests/bench/recordings/win2022.json")
    )
    assert {tuple(entry) for entry in made} == {tuple(entry) for entry in there}


def changed_line(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    """Damage to the first script's line."""

    def damage(data: bytes) -> bytes:
        lines = [json.loads(line) for line in data.splitlines()]
        change(next(line for line in lines if line["what"] == "script"))
        return "".join(json.dumps(line) + "\n" for line in lines).encode()

    return damage


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut off": (lambda data: data[:-20], "transcript.jsonl: is cut off: its last line is torn"),
    "a line less": (lambda data: b"".join(data.splitlines(keepends=True)[:-1]), "transcript.jsonl: changed"),
    "another letter": (lambda data: data.replace(b"Running", b"running", 1), "transcript.jsonl: changed"),
    "no JSON": (lambda data: data.replace(b'{"ref"', b"{ref", 1), "transcript.jsonl:1:1: is not JSON"),
    "nothing": (lambda _: b"", "transcript.jsonl: changed"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_transcript_is_refused(name: str, finished: Path, kept: Path, tmp_path: Path) -> None:
    damage, told = DAMAGES[name]
    folder = Path(shutil.copytree(finished, tmp_path / "copy"))
    (folder / "transcript.jsonl").write_bytes(damage((folder / "transcript.jsonl").read_bytes()))
    with pytest.raises(SystemExit, match=re.escape(told)):
        record.main([str(folder), HOST, "bk-real"])
    assert not [*kept.iterdir()]


LACKS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "no output": (lambda line: line.update(missing="timed out: after 30 s"), "gave no output: timed out"),
    "another version's script": (lambda line: line.update(sha256="0" * 64), "is not the script of this version"),
    "no times": (lambda line: line.pop("sent_s"), "lacks sent_s"),
    "another shell": (lambda line: line.update(script="clock.sh"), "is no script for PowerShell"),
}


@pytest.mark.parametrize("name", LACKS)
def test_what_a_run_lacks_is_told(name: str, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change, told = LACKS[name]
    folder = Path(shutil.copytree(finished, tmp_path / "copy"))
    (folder / "transcript.jsonl").write_bytes(changed_line(change)((folder / "transcript.jsonl").read_bytes()))
    monkeypatch.setattr(
        "readiness.run_folder.saved.SavedRun.check_manifest", lambda _: []
    )  # as if it had been written so
    with pytest.raises(SystemExit, match=told):
        record.main([str(folder), HOST, "bk-real"])


@pytest.mark.parametrize(
    ("host", "name", "told"),
    [
        ("nobody", "bk-real", "no script's output of nobody (hosts that gave some: fd01)"),
        (HOST, "win2022", "is no name for it"),
        (HOST, "../outside", "is no name for it"),
    ],
)
def test_a_host_or_name_that_does_not_fit_is_told(finished: Path, kept: Path, host: str, name: str, told: str) -> None:
    with pytest.raises(SystemExit, match=re.escape(told)):
        record.main([str(finished), host, name])
    assert not [*kept.iterdir()]


def test_a_folder_that_is_no_run_s_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="name the folder of a run"):
        record.main([str(tmp_path), HOST, "bk-real"])
