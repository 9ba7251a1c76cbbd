"""Output that cannot be written, and terminals of every kind: an exit code says a verdict only where it was printed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.demo import embedded_estate
from tests.main_job.job import command, environment

# How a shell hands the streams over, and what then stands on which; `-` is what cannot be written.
GONE = {
    "a full disk": "{} >/dev/full",
    "a closed output": "{} >&-",
    "a reader that has left": "{{ sleep 0.2; {}; echo $? >code; }} | true; exit $(cat code)",
    "an output for reading": "{} 1</dev/null",
}
ERRORS_GONE = {"a full disk": "{} 2>/dev/full", "a closed one": "{} 2>&-", "all closed": "{} <&- 2>&-"}


def shell(place: Path, line: str, *arguments: str, **variables: str) -> tuple[int, str, str]:
    words = " ".join(f"'{word}'" for word in command(*arguments))
    ended = subprocess.run(
        ["bash", "-c", line.format(words)],
        env={**environment(place), **variables},
        cwd=place,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture(scope="module")
def go() -> Iterator[Path]:
    """An estate that is GO."""
    with embedded_estate(planted=False) as estate:
        yield estate


def test_the_estate_is_go(go: Path, tmp_path: Path) -> None:
    code, out, _ = shell(tmp_path, "{}", "run", str(go), "--out", "run")
    assert (code, out.splitlines()[-1][:4]) == (0, "GO  "), out


@pytest.mark.parametrize("how", GONE)
def test_a_go_that_could_not_be_printed_is_a_fault(go: Path, tmp_path: Path, how: str) -> None:
    code, _, err = shell(tmp_path, GONE[how], "run", str(go), "--out", "run")
    assert code == 3, err
    assert err.splitlines()[-1].startswith("ERROR  what was found could not be printed: ")
    assert "Traceback" not in err
    assert (tmp_path / "run" / "manifest.json").exists()


@pytest.mark.parametrize("how", GONE)
@pytest.mark.parametrize(
    "arguments",
    [("plan", "GO"), ("explain", "VER-004"), ("schema", "estate"), ("--help",), ("run", "--help"), ("verify", "none")],
    ids=" ".join,
)
def test_whatever_a_command_could_not_print_is_a_fault_in_one_line(
    go: Path, tmp_path: Path, how: str, arguments: tuple[str, ...]
) -> None:
    words = [str(go) if word == "GO" else word for word in arguments]
    code, _, err = shell(tmp_path, GONE[how], *words)
    assert code == 3, err
    assert len([line for line in err.splitlines() if line.startswith("ERROR  ")]) == 1
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def test_a_reader_that_leaves_half_way_is_a_fault(go: Path, tmp_path: Path) -> None:
    code, out, err = shell(tmp_path, "{{ {}; echo $? >code; }} | head -1; exit $(cat code)", "plan", str(go))
    assert (code, len(out.splitlines())) == (3, 1)
    assert err == "ERROR  what was found could not be printed: [Errno 32] Broken pipe\n"


@pytest.mark.parametrize("how", ERRORS_GONE)
def test_without_an_error_output_the_verdict_is_what_it_is(go: Path, tmp_path: Path, how: str) -> None:
    code, out, _ = shell(tmp_path, ERRORS_GONE[how], "run", str(go), "--out", "run")
    judgement = json.loads((tmp_path / "run" / "verdict.json").read_text())["judgement"]
    assert (code, out.splitlines()[-1].split()[0]) == (judgement["exit_code"], judgement["verdict"])
    code, out, _ = shell(tmp_path, ERRORS_GONE[how], "run", "none", "--out", "run")
    assert (code, out) == (4, "ERROR  1 mistake in the input\n")


def test_with_all_streams_closed_the_run_s_files_are_whole(go: Path, tmp_path: Path) -> None:
    assert shell(tmp_path, "{} <&- >&- 2>&-", "run", str(go), "--out", "run")[0] == 3
    judgement = json.loads((tmp_path / "run" / "verdict.json").read_text())["judgement"]
    assert shell(tmp_path, "{}", "verify", "run")[0] == judgement["exit_code"]


@pytest.mark.parametrize("broken", ["typer", "paramiko", "readiness.gate.steps"])
def test_a_program_that_does_not_load_is_a_fault_in_one_line(tmp_path: Path, broken: str) -> None:
    (tmp_path / "start.py").write_text(
        f"import sys; sys.modules[{broken!r}] = None\nfrom readiness.cli import main; main(['demo'])\n"
    )
    code, out, err = shell(tmp_path, "python3 start.py".replace("python3", command()[0]))
    assert (code, "Traceback" in err) == (3, False), err
    assert (out + err).splitlines()[-1].startswith("ERROR  ModuleNotFoundError: ")


def test_a_traceback_that_was_asked_for_changes_no_exit_code(tmp_path: Path) -> None:
    (tmp_path / "start.py").write_text(
        "from readiness.cli import main, app\nfrom readiness.cli import printing\n"
        "printing.json_schema = lambda name: 1 / 0\nmain(['schema', 'estate'])\n"
    )
    code, out, err = shell(tmp_path, f"{command()[0]} start.py", READINESS_TRACEBACK="1")
    assert (code, out) == (3, "ERROR  ZeroDivisionError: division by zero\n")
    assert "Traceback" in err
