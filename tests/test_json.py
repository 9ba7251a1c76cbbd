"""`--format json`: whatever comes of a command, its standard output is one JSON document and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from readiness import cli
from readiness.core.errors import InputError, NothingToCheck, Problem, ToolFault
from readiness.demo import embedded_estate
from tests.gate.saved_runs import made
from tests.gate.test_verifying import EARLIER, FAIL, NOW, PASS
from tests.main_job.job import DEADLINE_S, ROOT, command, environment

EXAMPLE = str(ROOT / "inventories" / "example")


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, Any, str]:
    """The exit code, the document, and what went to the standard error."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        cli.main([*map(str, arguments), "--format", "json"])
    assert isinstance(caught.value.code, int)
    out, err = capsys.readouterr()
    document = json.loads(out)
    if isinstance(document, dict) and "verdict" in document:
        assert document["exit_code"] == caught.value.code
    return caught.value.code, document, err


@pytest.fixture
def estate() -> Iterator[Path]:
    with embedded_estate(planted=False) as folder:
        yield folder


def test_a_run_says_its_verdict_its_folder_and_what_blocks_it(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document, err = said(capsys, "run", estate, "--out", tmp_path / "run", "--area", "clock")
    assert (code, document["verdict"], document["problems"], document["blocking"]) == (2, "INCOMPLETE", [], [])
    assert document["run_folder"] == str(tmp_path / "run")
    written = json.loads((tmp_path / "run" / "verdict.json").read_text())
    assert document.items() >= written.items()
    assert "reading hosts" in err

    code, document, _ = said(capsys, "judge", tmp_path / "run")
    assert (code, document["verdict"], document["run_folder"]) == (2, "INCOMPLETE", None)
    assert document["judgement"] == written["judgement"]


def test_what_blocks_is_there_as_in_the_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with embedded_estate() as estate:
        code, document, _ = said(capsys, "run", estate, "--out", tmp_path / "run", "--report-only")
    assert (code, document["verdict"], document["judgement"]["exit_code"]) == (0, "NO_GO", 0)
    results = [json.loads(line) for line in (tmp_path / "run" / "results.jsonl").read_text().splitlines()]
    assert document["blocking"] == [one for one in results if one["disposition"] == "blocking"] != []


def test_every_mistake_is_there_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "estate.yaml").write_text("service: x\ncutover: {done: 2026-13-01}\nhosts: {}\n")
    (tmp_path / "baseline.yaml").write_text("clocks: {}\n")
    for command_line in (("run", tmp_path, "--out", tmp_path.parent / "run"), ("plan", tmp_path)):
        code, document, err = said(capsys, *command_line)
        assert (code, document["verdict"], document["schema"]) == (4, "ERROR", 1)
        places = [(Path(one["file"]).name, one["line"], one["column"]) for one in document["problems"]]
        assert places == [("baseline.yaml", 1, 1), ("estate.yaml", 1, 1), ("estate.yaml", 2, 17)]
        assert all(one["message"] for one in document["problems"])
        assert {one["hint"] for one in document["problems"]} >= {'write it like "2026-11-24"'}
        assert "estate.yaml:2:17" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run",), "Missing argument"),
        (("run", EXAMPLE, "--jobs", "0"), "--jobs"),
        (("run", EXAMPLE, "--hosts", ""), "--hosts is given nothing"),
        (("plan", EXAMPLE, "--area", "clocks"), "no such area"),
        (("nothing",), "No such command"),
        (("judge", EXAMPLE), "holds no verdict.json"),
        (("verify", EXAMPLE), "holds no verdict.json"),
        (("checks", "--area", "x"), "no such area"),
        (("demo", "--out", "."), "is no name of a folder"),
    ],
)
def test_wrong_usage_is_a_document_too(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    code, document, _ = said(capsys, *arguments)
    assert (code, document["verdict"]) == (4, "ERROR")
    assert any(words in one["message"] for one in document["problems"])


def test_another_format_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["run", EXAMPLE, "--format", "xml"])
    assert caught.value.code == 4
    assert capsys.readouterr().out.startswith("ERROR")


@pytest.mark.parametrize(
    ("error", "code", "verdict"),
    [
        (InputError([Problem("a.yaml", 3, 1, "is wrong", "write it")]), 4, "ERROR"),
        (NothingToCheck("the estate has no host"), 5, "NOTHING_TO_CHECK"),
        (ToolFault("it broke a promise"), 3, "ERROR"),
        (RuntimeError("\x1b[31m\x7f"), 3, "ERROR"),
        (KeyboardInterrupt(), 2, "INCOMPLETE"),
        (SystemExit(0), 3, "ERROR"),
    ],
)
def test_each_way_to_end_is_a_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, verdict: str
) -> None:
    def broken(*_: object) -> None:
        sys.stdout.write("something that prints")
        raise error

    monkeypatch.setattr("readiness.cli.printing.inputs_of", broken)
    ended, document, err = said(capsys, "plan", EXAMPLE)
    assert (ended, document["verdict"]) == (code, verdict)
    assert document["reasons"]
    assert "something that prints" in err


def test_a_run_that_is_stopped_is_a_document(tmp_path: Path) -> None:
    with embedded_estate() as estate:
        host = json.loads((estate / "estate.yaml").read_text())["hosts"]
        assert host
        process = subprocess.Popen(
            command("run", estate, "--out", tmp_path / "run", "--format", "json"),
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "reading hosts" in line:
                break
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=DEADLINE_S)
    document = json.loads(out)
    assert document["exit_code"] == process.returncode in {1, 2}
    assert document["verdict"] in {"NO_GO", "INCOMPLETE"}


def test_a_fault_before_any_command_is_a_document(tmp_path: Path) -> None:
    broken = "import sys; sys.modules['typer'] = None; from readiness.cli import main; main(sys.argv[1:])"
    ended = subprocess.run(
        [sys.executable, "-c", broken, "run", "x", "--format=json"],
        env={**environment(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, json.loads(ended.stdout)["verdict"]) == (3, "ERROR")


def test_verifying_says_what_the_verdict_is_worth_now(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    go, old = made(tmp_path / "go", EARLIER, PASS), made(tmp_path / "old", NOW - timedelta(days=3), PASS)
    code, document, _ = said(capsys, "verify", go)
    assert (code, document["verdict"], document["judgement"]["verdict"]) == (0, "GO", "GO")
    assert document["run_folder"] == str(go)
    code, document, _ = said(capsys, "verify", old)
    assert (code, document["verdict"], document["judgement"]["verdict"]) == (2, "EXPIRED", "GO")
    assert said(capsys, "verify", made(tmp_path / "no", EARLIER, FAIL))[:1] == (1,)
    (go / "results.jsonl").write_text("")
    code, document, _ = said(capsys, "verify", go)
    assert (code, document["verdict"]) == (4, "ERROR")
    assert any("results.jsonl" in one["message"] for one in document["problems"])


def test_a_plan_and_the_checks_are_documents(capsys: pytest.CaptureFixture[str]) -> None:
    code, document, _ = said(capsys, "plan", EXAMPLE, "--hosts", "web01")
    assert code == 0
    assert ["CON-001", "web01"] in document["pairs"]
    assert {"hosts", "scripts", "logins", "problems"} <= document.keys()
    code, document, _ = said(capsys, "checks", "--area", "clock")
    assert code == 0
    assert {one["area"] for one in document} == {"clock"}
