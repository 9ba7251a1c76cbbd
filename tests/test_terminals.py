"""Terminals of every kind and users without a home: the report is the same, and the verdict its last line."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.demo import embedded_estate
from tests.main_job.job import Job, command, environment, run

ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
STEERING = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@pytest.fixture(scope="module")
def estate() -> Iterator[Path]:
    with embedded_estate() as folder:
        text = json.loads((folder / "estate.yaml").read_text())
        for host in text["hosts"].values():
            host["owner"] = "Zoë"
        (folder / "estate.yaml").write_text(json.dumps(text))
        yield folder


@pytest.fixture(scope="module")
def job(estate: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A run with planted faults."""
    return run(estate, tmp_path_factory.mktemp("terminals") / "run")


def on_terminal(place: Path, columns: int, *arguments: str, **variables: str) -> tuple[int, str]:
    """The exit code of a command on a terminal of its own, and what it shows there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    process = subprocess.Popen(
        command(*arguments),
        env={**environment(place), "TERM": "xterm", **variables},
        cwd=place,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    text = b""
    while True:
        try:
            text += os.read(ours, 65536)
        except OSError:  # so a terminal ends whose last program has ended
            break
    os.close(ours)
    return process.wait(60), text.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [0, 1, 20, 80, 200])
def test_a_terminal_of_any_width_shows_the_whole_report(job: Job, columns: int) -> None:
    code, text = on_terminal(job.folder.parent, columns, "judge", "run")
    shown = STEERING.sub("", text)
    assert (code, shown.splitlines()[-1][:5]) == (1, "NO-GO"), text
    wrapped = re.sub(r"\s+", "", shown.replace("\n  |", ""))
    said = re.sub(r"\s+", "", job.stdout.replace("\n  |", ""))
    assert wrapped.startswith(said[: said.index("report:")])


@pytest.mark.parametrize("columns", [0, 1, 20, 200])
def test_a_run_shows_its_progress_on_a_terminal_of_any_width(job: Job, estate: Path, columns: int) -> None:
    code, text = on_terminal(job.folder.parent, columns, "run", str(estate), "--out", f"of{columns}", CI="")
    assert (code, STEERING.sub("", text).splitlines()[-1][:5]) == (1, "NO-GO"), text
    assert "reading hosts" in text


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": ""}, False),
        ({"TERM": "unknown"}, False),
    ],
)
def test_colours_are_for_terminals_that_have_them_and_users_who_want_them(
    job: Job, variables: dict[str, str], *, coloured: bool
) -> None:
    code, text = on_terminal(job.folder.parent, 100, "judge", "run", **variables)
    assert (code, "\x1b[" in text) == (1, coloured), text


def test_a_terminal_that_can_do_nothing_is_sent_text_alone(job: Job, estate: Path) -> None:
    variables = {name: value for name, value in environment(job.folder.parent).items() if name != "CI"}
    code, text = on_terminal(job.folder.parent, 80, "run", str(estate), "--out", "dumb", **variables, TERM="dumb")
    assert (code, "\x1b" in text, "\r" in text) == (1, False, False)


@pytest.mark.parametrize("variables", [ASCII, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C"}, {"LC_ALL": "none"}])
def test_what_an_encoding_does_not_have_is_an_escape(job: Job, estate: Path, variables: dict[str, str]) -> None:
    ended = subprocess.run(
        command("run", estate, "--out", "ascii"),
        env={**environment(job.folder.parent), **variables},
        cwd=job.folder.parent,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.splitlines()[-1].startswith(b"NO-GO")
    assert b"Zo\\xeb" in ended.stdout or "Zoë".encode() in ended.stdout or b"Zo\xeb" in ended.stdout


# A user whom the machine does not know, as a container's often is.
HOMELESS = """\
import pwd

def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")

pwd.getpwuid = unknown
from readiness.cli import main
main()
"""


def without_home(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (place / "start.py").write_text(HOMELESS)
    return subprocess.run(
        [command()[0], "start.py", *arguments],
        env={name: value for name, value in environment(place).items() if name != "HOME"},
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_demo_and_runs_need_no_home(estate: Path, tmp_path: Path) -> None:
    for arguments in (("demo",), ("run", str(estate))):
        ended = without_home(tmp_path, *arguments, "--out", "run")
        assert (ended.returncode, ended.stdout.splitlines()[-1][:5]) == (1, "NO-GO"), ended.stdout + ended.stderr


@pytest.mark.parametrize("key", ["identity_file", "known_hosts", "config"])
def test_a_file_of_a_home_that_is_not_there_is_a_mistake_at_what_names_it(
    estate: Path, tmp_path: Path, key: str
) -> None:
    text = json.loads((estate / "estate.yaml").read_text())
    text["ssh"][key] = "~/.ssh/it"
    (tmp_path / "estate").mkdir()
    for name in {"known_hosts", "baseline.yaml"} - {key}:
        (tmp_path / "estate" / name).write_bytes((estate / name).read_bytes())
    (tmp_path / "id_ed25519").write_bytes((estate.parent / "id_ed25519").read_bytes())
    (tmp_path / "estate" / "estate.yaml").write_text(json.dumps(text))
    ended = without_home(tmp_path, "run", "estate", "--out", "run")
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "~/.ssh/it cannot be looked for: there is no home folder: HOME is not set, and " in ended.stderr
    assert "(set HOME, or write the path without ~)" in ended.stderr
    ended = without_home(tmp_path, "plan", "estate")
    assert (ended.returncode, "~/.ssh/it cannot be looked for" in ended.stdout) == (0, True)
