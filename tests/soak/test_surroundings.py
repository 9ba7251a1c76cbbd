"""Every command on terminals of every kind, with outputs that are gone, and for users without a home or a name."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from readiness.demo import embedded_estate
from tests.main_job.job import command, environment, run
from tests.soak.test_output import ERRORS_GONE, GONE, shell
from tests.test_cli import EXAMPLE
from tests.test_options import options
from tests.test_terminals import ASCII, STEERING, on_terminal, without_home

WIDE = "\u5099\u4efd Zo\u00eb \U0001f4be"
# One line for each command, what it ends with, and whether its last line is a verdict.
LINES: Mapping[tuple[str, ...], tuple[int, bool]] = {
    ("run", "GO", "--out", "run", "--area", "clock"): (2, True),
    ("plan", "GO"): (0, False),
    ("judge", "SAVED"): (0, True),
    ("verify", "SAVED"): (0, False),
    ("propose", "SAVED"): (0, False),
    ("checks",): (0, False),
    ("explain", "VER-004"): (0, False),
    ("reader", EXAMPLE, "--host", "web01"): (0, False),
    ("keys",): (0, False),
    ("schema", "estate"): (0, False),
    ("demo", "--out", "demo"): (1, True),
    ("completion", "bash"): (0, False),
    ("--version",): (0, False),
    ("--help",): (0, False),
    ("run", "none"): (4, True),
}
# Terminals by their columns, and what they and their users say of them.
TERMINALS: Mapping[int, dict[str, str]] = {
    0: {},
    1: {"NO_COLOR": "1"},
    20: {"TERM": "dumb"},
    80: {"LANG": "POSIX", **ASCII},
    200: {},
}
DEADLINE_S = 120


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an estate that is GO, whose texts have wide characters, and a run of it."""
    place = tmp_path_factory.mktemp("surroundings")
    with embedded_estate(planted=False) as estate:
        text = json.loads((estate / "estate.yaml").read_text())
        for part in (text, *text["hosts"].values()):
            part["note" if part is text else "owner"] = WIDE
        (estate / "estate.yaml").write_text(json.dumps(text, ensure_ascii=False))
        (place / "GO").symlink_to(estate)
        assert run(estate, place / "SAVED").code == 0
        yield place


@pytest.fixture(autouse=True)
def nothing_left(place: Path) -> None:
    for name in ("run", "demo"):
        shutil.rmtree(place / name, ignore_errors=True)


def test_every_command_is_here() -> None:
    assert {name for name, _ in options()} <= {line[0] for line in LINES}


def holds(line: tuple[str, ...], code: int, shown: str) -> None:
    """The exit code is the line's, nothing is a traceback, and the last line is the verdict where there is one."""
    expected, is_verdict = LINES[line]
    assert code == expected, shown
    assert "Traceback" not in shown
    assert "Exception ignored" not in shown
    if is_verdict:
        last = STEERING.sub("", shown).rstrip().splitlines()[-1]
        assert re.match(r"(GO|NO-GO|INCOMPLETE|ERROR|NOTHING TO CHECK)  ", last), shown


@pytest.mark.parametrize("line", LINES, ids=" ".join)
@pytest.mark.parametrize("how", ["a full disk", "a closed output", "a reader that has left"])
def test_what_could_not_be_printed_is_a_fault_in_one_line(place: Path, how: str, line: tuple[str, ...]) -> None:
    code, _, err = shell(place, GONE[how], *line)
    assert code == 3, err
    said = [text for text in err.splitlines() if text.startswith("ERROR  what was found could not be printed: ")]
    assert (len(said), err.splitlines()[-1:]) == (1, said)
    assert "Traceback" not in err
    assert "Exception ignored" not in err


@pytest.mark.parametrize("line", LINES, ids=" ".join)
@pytest.mark.parametrize("how", ["a full disk", "all closed"])
def test_without_an_error_output_it_ends_as_ever(place: Path, how: str, line: tuple[str, ...]) -> None:
    code, out, _ = shell(place, ERRORS_GONE[how], *line)
    holds(line, code, out)


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_a_user_without_home_and_name_gets_the_same(place: Path, line: tuple[str, ...]) -> None:
    ended = without_home(place, *line)
    holds(line, ended.returncode, ended.stdout)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("line", LINES, ids=" ".join)
@pytest.mark.parametrize("columns", TERMINALS)
def test_a_terminal_of_any_kind_shows_it(place: Path, columns: int, line: tuple[str, ...]) -> None:
    variables = TERMINALS[columns]
    code, shown = on_terminal(place, columns, *line, **variables)
    holds(line, code, shown)
    if "TERM" in variables:
        assert "\x1b" not in shown
    if "LANG" in variables:
        assert shown.isascii()


@pytest.mark.parametrize("line", LINES, ids=" ".join)
@pytest.mark.parametrize("variables", [ASCII, {"LC_ALL": "none"}], ids=str)
def test_any_locale_shows_it(place: Path, variables: dict[str, str], line: tuple[str, ...]) -> None:
    ended = subprocess.run(
        command(*line),
        env={**environment(place), **variables},
        cwd=place,
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    holds(line, ended.returncode, ended.stdout.decode("utf-8", "replace"))
    assert b"Traceback" not in ended.stderr
