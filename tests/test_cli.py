"""The commands: each way to end has its exit code and its last line, and wrong input is told before anything begins."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from readiness import cli
from readiness.core.errors import InputError, NothingToCheck, Problem, ToolFault

ROOT = Path(__file__).parents[1]
EXAMPLE = str(ROOT / "inventories" / "example")


def ended(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit code of a command line, and what it printed."""
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (
            InputError([Problem("a.yaml", 3, 1, "is wrong"), Problem("b", 0, 0, "too")]),
            4,
            "ERROR  2 mistakes in the input",
        ),
        (NothingToCheck("the estate has no host"), 5, "NOTHING TO CHECK  the estate has no host"),
        (ToolFault("it broke a promise"), 3, "ERROR  it broke a promise"),
        (RuntimeError("::error::x"), 3, "ERROR  RuntimeError: : :error::x"),
        (KeyboardInterrupt(), 3, "ERROR  KeyboardInterrupt: "),
        (SystemExit(0), 3, "ERROR  SystemExit: 0"),
    ],
)
def test_each_way_to_end_has_its_exit_code_and_its_last_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, line: str
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("readiness.cli.printing.inputs_of", broken)
    exit_code, out, err = ended(capsys, "plan", EXAMPLE)
    assert (exit_code, out.splitlines()[-1]) == (code, line.rstrip())
    assert ("a.yaml:3:1: is wrong\nb: too\n" in err) == isinstance(error, InputError)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run",), "Missing argument 'ESTATE'"),
        (("run", EXAMPLE, "--jobs", "0"), "--jobs"),
        (("plan", "no_such_folder"), "no_such_folder"),
        (("plan", EXAMPLE, "--area", "clocks"), "areas: "),
        (("nothing",), "No such command"),
        (("explain", "VER-0O4"), "checks: VER-004"),
        (("schema", "waivers"), "estate"),
        (("verify", EXAMPLE), "holds no verdict.json that this version wrote"),
        (("judge", EXAMPLE, "--out", EXAMPLE), "holds no verdict.json that this version wrote"),
        (("run", EXAMPLE, "--out", "/"), "/: is no name of a folder for one run (name a new or an empty folder"),
        (("run", EXAMPLE, "--out", ""), ".: is no name of a folder for one run"),
        (("run", EXAMPLE, "--out", "../.."), "../..: is no name of a folder for one run"),
        (("run", EXAMPLE, "--out", "/dev/null"), "/dev/null: cannot be a run folder: Not a directory"),
        (("run", EXAMPLE, "--out", "a\0b"), "embedded null byte"),
        (("run", EXAMPLE, "--out", "x" * 300), "cannot be a run folder: File name too long"),
        (("run", EXAMPLE, "--out", EXAMPLE), "would be emptied, and "),
        (("run", EXAMPLE, "--out", f"{EXAMPLE}/.."), "is no name of a folder for one run"),
        (("run", EXAMPLE, "--out", str(ROOT / "inventories")), "would be emptied, and "),
        (("run", EXAMPLE, "--out", f"{EXAMPLE}/run/"), "which is only read"),
        (("demo", "--out", "."), ".: is no name of a folder for one run"),
    ],
)
def test_wrong_input_and_usage_exit_4_and_say_what_would_be_right(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = ended(capsys, *arguments)
    assert code == 4
    assert words in err
    assert out.splitlines()[-1].startswith("ERROR")
    assert "Traceback" not in err


def test_a_plan_shows_every_pair_and_every_script_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = ended(capsys, "plan", EXAMPLE, "--hosts", "web01", "--area", "clock")
    assert code == 0
    assert "CLK-002" in out
    assert "web01 is sent:\n" in out
    assert "script clock.sh, sha256 " in out
    assert "dir01 is sent" not in out
    assert list(tmp_path.iterdir()) == []


def test_a_check_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ended(capsys, "explain", "ver-004")
    assert code == 0
    assert out.startswith("VER-004  blocker  versions\n\nA client is not newer than its server.\n")
    assert [line.split()[0] for line in out.splitlines()[-4:]] == ["Needs", "Mend", "Source", "Code"]


@pytest.mark.parametrize("name", ["estate", "baseline"])
def test_a_schema_is_json(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, _ = ended(capsys, "schema", name)
    assert code == 0
    assert name in json.loads(out)["title"]


def test_a_run_that_cannot_begin_leaves_its_error_and_no_older_go(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "estate").mkdir()
    code, out, _ = ended(capsys, "run", str(tmp_path / "estate"), "--out", str(tmp_path / "run"))
    judgement = json.loads((tmp_path / "run" / "verdict.json").read_text())["judgement"]
    assert (code, judgement["verdict"], judgement["exit_code"]) == (4, "ERROR", 4)
    assert out.splitlines()[-1].startswith("ERROR")


def test_options_of_pytest_in_the_environment_are_dropped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")
    assert ended(capsys, "explain", "VER-004")[0] == 0
    assert "PYTEST_ADDOPTS" not in os.environ
