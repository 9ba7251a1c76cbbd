"""The commands: each way to end has its exit code and its last line, and wrong input is told before anything begins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import readiness
from readiness import cli
from readiness.core.errors import InputError, NothingToCheck, Problem, ToolFault
from readiness.demo import embedded_estate
from tests.main_job.job import command, environment

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
        (KeyboardInterrupt(), 2, "INCOMPLETE  interrupted before its end"),
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
        ((), "Usage: "),
        (("explain", "VER-0O4"), "checks: VER-004"),
        (("schema", "waivers"), "estate"),
        (("verify", EXAMPLE), "holds no verdict.json that this version wrote"),
        (("judge", EXAMPLE, "--out", EXAMPLE), "holds no verdict.json that this version wrote"),
        (("run", EXAMPLE, "--out", "/"), "/: is no name of a folder for one run (name a new or an empty folder"),
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


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("run", EXAMPLE, "--hosts", ""), "--hosts"),
        (("run", EXAMPLE, "--hosts="), "--hosts"),
        (("run", EXAMPLE, "--hosts", " "), "--hosts"),
        (("run", EXAMPLE, "--area", "clock", "--area", ""), "--area"),
        (("plan", EXAMPLE, "--area", ""), "--area"),
        (("run", EXAMPLE, "--out", ""), "--out"),
        (("run", EXAMPLE, "--deadline", ""), "--deadline"),
        (("run", ""), "word 2"),
        (("run", "--out=x", ""), "word 3"),
        (("judge", "run", "--estate", ""), "--estate"),
        (("reader", EXAMPLE, "--host", "dir01", "--user", ""), "--user"),
        (("reader", EXAMPLE, "--out="), "--out"),
        (("explain", ""), "word 2"),
    ],
)
def test_nothing_is_never_taken_for_everything(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], what: str
) -> None:
    """`--hosts "$HOSTS"` with a variable that is not set is no run of all hosts, and `run "$ESTATE"` none of `.`."""
    code, out, _ = ended(capsys, *words)
    assert code == 4
    assert out.splitlines()[-1] == f"ERROR  Invalid value: {what} is given nothing: a variable that is not set?"


def test_a_value_with_an_equals_sign_says_something(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no_such=" in ended(capsys, "plan", "no_such=")[2]
    assert "--hosts a=" in ended(capsys, "plan", EXAMPLE, "--hosts=a=")[2]


def test_checks_are_listed_and_each_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ended(capsys, "checks")
    lines = out.splitlines()
    assert (code, len(lines) > 70) == (0, True)
    assert "VER-004  blocker  versions           A client is not newer than its server" in lines
    code, out, _ = ended(capsys, "checks", "--area", "clock", "--area", "os")
    assert {line.split()[2] for line in out.splitlines()} == {"clock", "os"}
    code, out, _ = ended(capsys, "checks", "--format", "json")
    listed = json.loads(out)
    assert [line.split()[0] for line in lines] == [check["id"] for check in listed]
    for check in (listed[0], listed[-1]):
        assert all(check[key] for key in ("severity", "area", "title", "why", "remedy", "source", "location"))
        assert ended(capsys, "explain", check["id"])[0] == 0


def test_an_area_that_is_none_is_a_mistake_here_too(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = ended(capsys, "checks", "--area", "clocks", "--area", "sshd,os")
    assert (code, err.count("no such area (areas: ")) == (4, 2)


@pytest.mark.parametrize("arguments", [("-h",), ("run", "-h"), ("checks", "-h"), ("verify", "--help")])
def test_help_is_short_to_ask_for(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    code, out, _ = ended(capsys, *arguments)
    assert (code, "-h, --help" in out) == (0, True)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(capsys, "--version") == (0, f"readiness {readiness.__version__}\n", "")
    assert readiness.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_quiet_is_the_last_line_alone_and_mistakes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with embedded_estate(planted=False) as estate:
        code, out, err = ended(capsys, "run", str(estate), "--out", str(tmp_path / "run"), "--quiet")
    said = json.loads((tmp_path / "run" / "verdict.json").read_text())["judgement"]["verdict"]
    assert (out.count("\n"), out.split()[0], err) == (1, said, "")
    for name in ("judge", "verify"):
        again, out, err = ended(capsys, name, str(tmp_path / "run"), "-q")
        assert (again, out.count("\n"), out.split()[0], err) == (code, 1, said, "")
    assert "no_such" in ended(capsys, "run", "no_such", "--out", str(tmp_path / "run"), "-q")[2]


@pytest.mark.parametrize("shell", ["zsh", "fish", "bash"])
def test_a_shell_is_told_how_to_complete(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    code, out, _ = ended(capsys, "completion", shell)
    assert (code, "_READINESS_COMPLETE" in out) == (0, True)
    assert ended(capsys, "completion", "tcsh")[0] == 4


@pytest.mark.parametrize(
    ("words", "offered"),
    [(["ver"], ["verify"]), (["run", "--ar"], ["--area"]), (["schema", "b"], ["baseline"]), (["--v"], ["--version"])],
)
def test_bash_completes(tmp_path: Path, words: list[str], offered: list[str]) -> None:
    (tmp_path / "readiness").write_text(f'#!/bin/sh\nexec {sys.executable} -m readiness "$@"\n')
    (tmp_path / "readiness").chmod(0o700)
    line = " ".join(["readiness", *words])
    script = (
        f'eval "$(readiness completion bash)"; COMP_WORDS=({line}); COMP_CWORD={len(words)}; '
        '_readiness_completion readiness; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    variables = {**environment(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=variables, capture_output=True, text=True, check=False)
    assert done.stdout.split() == offered, done.stderr


@pytest.mark.parametrize("name", ["_READINESS_COMPLETE", "_PYTHON__M_READINESS_COMPLETE"])
@pytest.mark.parametrize("said", ["complete_bash", "source_bash", "1"])
def test_no_variable_of_a_shell_keeps_a_run_from_running(tmp_path: Path, name: str, said: str) -> None:
    variables = {**environment(tmp_path), name: said, "COMP_WORDS": "readiness ", "COMP_CWORD": "1"}
    done = subprocess.run(
        command("run", "none"), env=variables, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (4, "ERROR  1 mistake in the input\n")
