"""No code of an estate's folder is run, unless somebody outside of it says the word; without it no run is GO."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from readiness.demo import embedded_estate
from tests.main_job.job import ROOT, Job, command, environment

EXAMPLE = ROOT / "inventories" / "example"
GIVEN = "custom checks in tests/infra (give --custom-checks)"
SAID = {"not looked at": [GIVEN]}


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that code of the estate writes when it is run."""
    return tmp_path / "canary"


def trap(canary: Path) -> str:
    return f"open({str(canary)!r}, 'a').write(__file__ + chr(10))\n"


def with_tests(estate: Path, canary: Path) -> Path:
    """The estate with a folder of tests whose every file leaves a trace."""
    folder = estate / "tests" / "infra"
    folder.mkdir(parents=True)
    (folder / "conftest.py").write_text(trap(canary))
    (folder / "test_x.py").write_text(trap(canary) + "def test_x(host):\n    assert host.run('true').rc == 0\n")
    with (estate / "estate.yaml").open("a") as file:
        file.write("custom_checks: [{folder: tests/infra, hosts: [web01]}]\n")
    return estate


@pytest.fixture
def estate(tmp_path: Path, canary: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "estate")
    return with_tests(tmp_path / "estate", canary)


def said(cwd: Path, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        env={**environment(cwd), **variables},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def ran(cwd: Path, *arguments: str | Path, **variables: str) -> Job:
    ended = said(cwd, "run", *arguments, "--out", "run", **variables)
    return Job(ended.returncode, ended.stdout, ended.stderr, cwd / "run")


ONE_HOST = ("--hosts", "web01", "--area", "connectivity")
QUICK = {"READINESS_WINRM_PASSWORD": "x", "READINESS_NTLM_OVER_HTTP": "1"}


def test_without_the_word_no_command_runs_code_of_the_estate(estate: Path, tmp_path: Path, canary: Path) -> None:
    planned = said(tmp_path, "plan", estate)
    assert planned.returncode == 0, planned.stderr
    assert f"\nnot looked at: {GIVEN}\n" in planned.stdout
    job = ran(tmp_path, estate, *ONE_HOST)
    assert job.code == 2, job.stdout + job.stderr
    for words in (
        ("judge", job.folder),
        ("judge", job.folder, "--estate", estate),
        ("verify", job.folder),
        ("explain", "VER-004"),
        ("schema", "estate"),
        ("reader", estate, "--host", "dir01"),
    ):
        assert said(tmp_path, *words).returncode in {0, 2}, words
    assert not canary.exists()


@pytest.mark.parametrize("word", ["option", "environment"])
def test_with_the_word_they_are_planned_and_run(estate: Path, tmp_path: Path, canary: Path, word: str) -> None:
    option = ("--custom-checks",) if word == "option" else ()
    variables = {"READINESS_CUSTOM_CHECKS": "1"} if word == "environment" else {}
    planned = said(tmp_path, "plan", estate, *option, **variables)
    assert "tests/infra/test_x.py::test_x major   web01" in planned.stdout
    assert "not looked at" not in planned.stdout
    before = canary.read_text()
    assert "conftest.py" in before
    job = ran(tmp_path, estate, *option, "--hosts", "web01", "--area", "custom", **variables)
    assert [row["outcome"] for row in job.results] == ["UNKNOWN"], job.stderr
    assert "not looked at" not in job.verdict["judgement"]["partial"]
    at_the_run = canary.read_text()
    assert len(at_the_run) > len(before)
    assert said(tmp_path, "judge", job.folder, **variables).returncode == 2  # it replays, and runs nothing
    assert canary.read_text() == at_the_run


@pytest.mark.parametrize("value", ["0", "no", ""])
def test_other_values_are_no_word(estate: Path, tmp_path: Path, canary: Path, value: str) -> None:
    assert said(tmp_path, "plan", estate, READINESS_CUSTOM_CHECKS=value).returncode == 0
    assert said(tmp_path, "plan", estate, READINESS_CUSTOM_CHECKS="perhaps").returncode == 4
    assert not canary.exists()


def test_an_area_that_is_not_looked_at_says_how(estate: Path, tmp_path: Path) -> None:
    ended = said(tmp_path, "plan", estate, "--area", "custom")
    assert ended.returncode == 4
    assert f"not looked at: {GIVEN}" in ended.stderr


@pytest.fixture
def clean() -> Iterator[Path]:
    """An estate of which all is well."""
    with embedded_estate(planted=False) as estate:
        yield estate


def test_a_run_that_would_be_go_is_not_without_the_word(clean: Path, tmp_path: Path, canary: Path) -> None:
    assert ran(tmp_path, clean).code == 0
    document = json.loads((clean / "estate.yaml").read_text())
    (clean / "tests" / "infra").mkdir(parents=True)
    (clean / "tests" / "infra" / "conftest.py").write_text(trap(canary))
    (clean / "tests" / "infra" / "test_x.py").write_text("def test_x(host): ...\n")
    document["custom_checks"] = [{"folder": "tests/infra"}]
    (clean / "estate.yaml").write_text(json.dumps(document))
    job = ran(tmp_path, clean)
    judgement = job.verdict["judgement"]
    assert (job.code, judgement["verdict"], judgement["partial"]) == (2, "INCOMPLETE", SAID)
    assert f"partial: not looked at {GIVEN}" in judgement["reasons"]
    assert "LEFT OUT of this partial run:" in job.stdout
    assert GIVEN in " ".join(job.stdout.split())
    assert "custom checks in tests/infra" in (job.folder / "summary.md").read_text()
    assert "custom checks in tests/infra" in (job.folder / "junit.xml").read_text()
    assert not canary.exists()
    again = said(tmp_path, "judge", job.folder, "--out", "again")
    assert again.returncode == 2, again.stdout
    kept = Job(0, "", "", tmp_path / "again")
    assert kept.verdict["judgement"] == judgement
    assert kept.results == job.results
    against = said(tmp_path, "judge", job.folder, "--estate", clean)
    assert against.returncode == 2
    assert not canary.exists()


ENDS: Mapping[str, tuple[str, int, str]] = {
    "a test fails, and the process would end with 0": (
        "import atexit, os\natexit.register(lambda: os._exit(0))\ndef test_x():\n    assert False\n",
        1,
        "NO_GO",
    ),
    "a test ends the process with 0": ("import os\ndef test_x():\n    os._exit(0)\n", 2, "INCOMPLETE"),
    "all pass, and the process ends with 1": (
        "import atexit, os\natexit.register(lambda: os._exit(1))\ndef test_x():\n    ...\n",
        0,
        "GO",
    ),
    "the process ends before its tests are known": ("import os\nos._exit(0)\ndef test_x(): ...\n", 4, "ERROR"),
}


def test_no_suite_has_a_say_over_the_exit_code_or_the_verdict(clean: Path, tmp_path: Path) -> None:
    document = json.loads((clean / "estate.yaml").read_text())
    (clean / "own").mkdir()
    (clean / "estate.yaml").write_text(json.dumps({**document, "custom_checks": [{"folder": "own"}]}))
    for body, code, verdict in ENDS.values():
        (clean / "own" / "test_x.py").write_text(body)
        job = ran(tmp_path, clean, "--custom-checks")
        assert (job.code, job.verdict.get("judgement", job.verdict)["verdict"]) == (code, verdict), job.stdout
        assert job.last_line.startswith(verdict.replace("_", "-"))


def test_pytest_itself_says_that_they_are_not_looked_at(clean: Path, tmp_path: Path, canary: Path) -> None:
    document = json.loads((clean / "estate.yaml").read_text())
    (clean / "own").mkdir()
    (clean / "own" / "conftest.py").write_text(trap(canary))
    (clean / "own" / "test_x.py").write_text("def test_x(host): ...\n")
    (clean / "estate.yaml").write_text(json.dumps({**document, "custom_checks": [{"folder": "own"}]}))
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        str(ROOT / "checks" / "test_connectivity.py"),
        "--estate",
        str(clean),
    ]
    ended = subprocess.run(
        words, env=environment(tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert "not looked at custom checks in own" in ended.stdout.splitlines()[-1]
    assert not canary.exists()


def console_script(folder: Path) -> list[str]:
    """What pip installs as `readiness`, whose own folder comes first among those that are imported from."""
    folder.mkdir()
    (folder / "readiness").write_text("import sys\nfrom readiness.cli import main\nsys.exit(main())\n")
    return [sys.executable, str(folder / "readiness")]


BESIDE = ("conftest.py", "sitecustomize.py", "usercustomize.py", "yaml.py", "typer.py", "evil.py", "testinfra.py")


@pytest.mark.parametrize("how", ["console script", "python -m"])
@pytest.mark.parametrize("where", ["the estate's folder", "the folder above"])
def test_files_of_the_current_folder_are_not_run(tmp_path: Path, canary: Path, how: str, where: str) -> None:
    cwd = tmp_path / "cwd"
    inside = where == "the estate's folder"
    estate = cwd if inside else cwd / "estate"
    shutil.copytree(EXAMPLE, estate)
    for name in BESIDE:
        (cwd / name).write_text(trap(canary))
    (cwd / "startup").write_text(f"open({str(canary)!r}, 'a').write('startup')\n")
    (cwd / "pytest.ini").write_text("[pytest]\naddopts = -p evil\npythonpath = .\n")
    (cwd / "setup.cfg").write_text("[tool:pytest]\naddopts = -p evil\n")
    (cwd / "evil.egg-info").mkdir()
    (cwd / "evil.egg-info" / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    (cwd / "evil.egg-info" / "entry_points.txt").write_text("[pytest11]\nevil = evil\n")
    words = console_script(tmp_path / "bin") if how == "console script" else [sys.executable, "-m", "readiness"]
    variables: Mapping[str, str] = {
        **environment(tmp_path),
        "PYTEST_PLUGINS": "evil",
        "PYTEST_ADDOPTS": "-p evil",
        "PYTHONSTARTUP": str(cwd / "startup"),
    }
    argument = "." if inside else "estate"
    for command_line in (["plan", argument], ["run", argument, *ONE_HOST, "--out", str(tmp_path / "run")]):
        ended = subprocess.run(
            [*words, *command_line], env=variables, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
        )
        told = ended.stdout + ended.stderr
        assert ended.returncode == (4 if inside else {"plan": 0, "run": 2}[command_line[0]]), told
        if inside:
            assert "this version cannot judge conftest.py" in told
    assert not canary.exists()


def test_a_saved_run_cannot_make_judge_import_anything(estate: Path, tmp_path: Path, canary: Path) -> None:
    job = ran(tmp_path, estate, *ONE_HOST)
    for name in ("conftest.py", "yaml.py", "pytest.ini", "sitecustomize.py"):
        for folder in (job.folder, job.folder / "inputs"):
            (folder / name).write_text("[pytest]\naddopts = -p yaml\n" if name.endswith("ini") else trap(canary))
    for words in (("judge", "."), ("judge", ".", "--estate", str(estate)), ("verify", ".")):
        said(job.folder, *words, READINESS_CUSTOM_CHECKS="1")
    assert not canary.exists()


def test_plugins_of_the_environment_are_not_loaded_by_pytest_either(tmp_path: Path, canary: Path) -> None:
    place = tmp_path / "path"
    place.mkdir()
    (place / "evil.py").write_text(trap(canary))
    path = os.pathsep.join((str(ROOT), str(place)))
    with embedded_estate(planted=False) as estate:
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", str(ROOT / "checks" / "test_clock.py"), "--estate", str(estate)],
            env={**environment(tmp_path), "PYTHONPATH": path, "PYTEST_PLUGINS": "evil"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert not canary.exists()


@pytest.mark.parametrize("order", [("checks", "--estate=estate"), ("--estate=estate", "checks")])
def test_pytest_runs_no_file_of_the_current_folder_or_the_estate(
    tmp_path: Path, canary: Path, order: tuple[str, ...]
) -> None:
    """With `--estate=`, as the README has it: pytest takes a word of its own for one more folder of tests."""
    shutil.copytree(ROOT / "checks", tmp_path / "checks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(EXAMPLE, tmp_path / "estate")
    for folder in (tmp_path, tmp_path / "estate"):
        for name in ("conftest.py", "evil.py"):
            (folder / name).write_text(trap(canary))
        (folder / "pytest.ini").write_text("[pytest]\naddopts = -p evil\npythonpath = .\n")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *order],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 4
    assert "this version cannot judge pytest.ini" in ended.stderr
    assert not canary.exists()
