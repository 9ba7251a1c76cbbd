from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from readiness.core.errors import InputError
from readiness.core.facts import Fact, HostFacts, Reached
from readiness.run_folder.journals import facts_to_json
from readiness.run_folder.saved import SavedRun
from readiness.run_folder.sealed import changes

from .whole_run import go

FACTS: Mapping[str, type[Fact]] = {"reached": Reached}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run"


def test_a_saved_run_gives_back_what_was_written(path: Path) -> None:
    go(path)
    saved = SavedRun.open(path)
    assert saved.plan() == {"schema": 1, "pairs": []}
    assert saved.inputs() == {"estate.yaml": b"service: x\n", "scans/a/b.nessus": b"<x/>"}
    assert saved.facts(FACTS) == (
        {"bk01": HostFacts("bk01", {"reached": Reached("10.0.0.1", 22, 0.1)}, {})},
        False,
    )
    assert saved.transcript() == ([{"ref": "bk01#1"}], False)
    assert saved.results() == [{"check": "VER-001"}]
    assert saved.check_manifest() == []


def change(path: Path, name: str, data: bytes) -> None:
    (path / name).write_bytes(data)


@pytest.mark.parametrize(
    ("deed", "differences"),
    [
        (lambda path: change(path, "results.jsonl", b"{}\n"), ["results.jsonl: changed"]),
        (lambda path: change(path, "inputs/estate.yaml", b""), ["inputs/estate.yaml: changed"]),
        (lambda path: (path / "facts.jsonl").unlink(), ["facts.jsonl: missing"]),
        (lambda path: change(path, "inputs/waivers.yaml", b""), ["inputs/waivers.yaml: not in the manifest"]),
        (lambda path: (path / "link").symlink_to("/etc/passwd"), ["link: not in the manifest"]),
        (
            lambda path: ((path / "plan.json").rename(path / "p"), (path / "plan.json").symlink_to("p")),
            ["p: not in the manifest", "plan.json: should be a file, and is a link"],
        ),
        (lambda path: os.mkfifo(path / "pipe"), ["pipe: not in the manifest"]),
        (
            lambda path: change(path, "manifest.json", b'{"schema": 1, "sha256": {}}'),
            [
                "manifest.json: is not the one that verdict.json was written with",
                "extra.csv: not in the manifest",
                "facts.jsonl: not in the manifest",
                "inputs: not in the manifest, a folder",
                "plan.json: not in the manifest",
                "results.jsonl: not in the manifest",
                "run.json: not in the manifest",
                "transcript.jsonl: not in the manifest",
            ],
        ),
        (
            lambda path: change(path, "manifest.json", b'{"schema": 1, "sha256": {"../x": ""}}'),
            ["manifest.json: is not the one that verdict.json was written with: it lists nothing of a run's"],
        ),
        (
            lambda path: change(path, "manifest.json", b"["),
            ["manifest.json: is not the one that verdict.json was written with: it lists nothing of a run's"],
        ),
        (lambda path: (path / "verdict.json").unlink(), ["verdict.json: missing, or no file that can be read"]),
        (lambda path: change(path, "verdict.json", b"x"), ["verdict.json: is not JSON"]),
        (lambda path: (path / "inputs" / "empty").mkdir(), ["inputs/empty: not in the manifest, a folder"]),
        (
            lambda path: (path / ".readiness-lock").touch(),
            [".readiness-lock: left by a run that was killed, or by one that is writing"],
        ),
        (
            lambda path: (path / "verdict.json.sig").mkdir(),
            ["verdict.json.sig: should be a file, and is a folder"],
        ),
        (lambda path: (path / "manifest.json").unlink(), ["manifest.json: missing; the verdict is GO"]),
        (
            lambda path: change(
                path, "verdict.json", (path / "verdict.json").read_bytes().replace(b'"GO"', b'"NO_GO"')
            ),
            ['verdict.json: judgement.verdict is "NO_GO", and by the sealed files "GO"'],
        ),
        (lambda path: change(path, "verdict.json.sig", b"signed later"), []),
    ],
)
def test_whatever_was_changed_is_named(path: Path, deed: Callable[[Path], Any], differences: list[str]) -> None:
    go(path)
    deed(path)
    assert changes(path) == differences


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": 2}', '{"schema": 1, "run_id": "x", "judgement": {}}', "[" * 99999]
)
def test_what_is_no_run_is_not_opened(path: Path, text: str) -> None:
    path.mkdir()
    (path / "verdict.json").write_text(text)
    with pytest.raises(InputError, match=r"holds no verdict\.json that this version wrote"):
        SavedRun.open(path)
    with pytest.raises(InputError, match="cannot be read"):
        SavedRun.open(path / "nowhere")


def test_what_a_saved_run_lacks_or_holds_broken_is_an_input_error(path: Path) -> None:
    go(path)
    saved = SavedRun.open(path)
    line = facts_to_json(HostFacts("bk01", {}, {}))
    change(path, "facts.jsonl", (json.dumps(line) + "\n").encode() * 2)
    change(path, "results.jsonl", b'{"check": ')
    change(path, "plan.json", b'{"schema": 9}')
    (path / "transcript.jsonl").unlink()
    (path / "inputs" / "estate.yaml").unlink()
    (path / "inputs" / "estate.yaml").symlink_to("/etc/passwd")
    reads: list[Callable[[], Any]] = [
        saved.plan,
        saved.results,
        saved.transcript,
        saved.inputs,
        lambda: saved.facts({}),
    ]
    for read in reads:
        with pytest.raises(InputError, match=str(path)):
            read()


def test_a_torn_line_of_facts_is_told(path: Path) -> None:
    go(path)
    with (path / "facts.jsonl").open("ab") as file:
        file.write(b'{"host": "bk02", "fa')
    saved: SavedRun = SavedRun.open(path)
    facts, torn = saved.facts(FACTS)
    assert (list(facts), torn) == (["bk01"], True)


@pytest.mark.parametrize("name", ["results.jsonl", "facts.jsonl", "plan.json", "inputs/estate.yaml", "verdict.json"])
def test_a_file_without_end_fills_no_memory(path: Path, name: str) -> None:
    go(path)
    saved = SavedRun.open(path)
    os.truncate(path / name, 10 << 30)
    if name == "verdict.json":
        with pytest.raises(InputError, match=r"holds no verdict\.json"):
            SavedRun.open(path)
        return
    assert saved.check_manifest() == [f"{name}: changed"]
    with pytest.raises(InputError, match="larger than 1024 MiB"):
        saved._read(name)
