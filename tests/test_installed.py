"""The wheel: all of the program is in it, and it runs without the repository and without what only tests need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
DEADLINE_S = 120


@dataclass(frozen=True)
class Installed:
    """The program in an environment of its own, and the files of the wheel that it came in."""

    environment: Path
    wheel: frozenset[str]
    file: Path

    def run(self, program: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run one of its programs as a user does who has no repository."""
        return subprocess.run(
            [str(self.environment / "bin" / program), *arguments],
            env={"HOME": str(cwd), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build the wheel offline and install it beside the packages that it asks for, and no others."""
    folder = tmp_path_factory.mktemp("installed")
    _checked(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, symlinks=True)
    python = str(environment / "bin" / "python")
    _checked(sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", str(wheel))
    for one in _needed(distribution("readiness"), frozenset(), set()):
        _link(one, next((environment / "lib").glob("python3*/site-packages")))
    with zipfile.ZipFile(wheel) as archive:
        return Installed(environment, frozenset(archive.namelist()), wheel)


def _checked(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _needed(one: Distribution, extras: frozenset[str], seen: set[tuple[str, str]]) -> Iterator[Distribution]:
    """Every distribution that this one asks for, and what those ask for in turn."""
    for requirement in map(Requirement, one.requires or ()):
        marker = requirement.marker
        wanted = not marker or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))
        key = (requirement.name, ",".join(sorted(requirement.extras)))
        if wanted and key not in seen:
            seen.add(key)
            other = distribution(requirement.name)
            yield other
            yield from _needed(other, frozenset(requirement.extras), seen)


def _link(one: Distribution, site: Path) -> None:
    """Show an installed distribution in another environment."""
    assert one.files, f"{one.name} does not say what it consists of"
    for name in {file.parts[0] for file in one.files} - {"..", "__pycache__"}:
        if not (site / name).exists():
            (site / name).symlink_to(Path(str(one.locate_file(name))).resolve())


def _files(folder: str) -> set[str]:
    """The files of a folder of the repository, but for what Python and pytest leave there."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not {"__pycache__", ".pytest_cache"} & set(path.parts)
    }


def test_the_wheel_holds_the_program_and_nothing_else(installed: Installed) -> None:
    program = _files("readiness") | {f"readiness/{name}" for name in _files("checks")}
    assert {name for name in installed.wheel if ".dist-info/" not in name} == program


@pytest.mark.parametrize(
    "name",
    [
        "readiness/py.typed",
        "readiness/checks/pytest.ini",
        "readiness/checks/test_connectivity.py",
        "readiness/checks/test_versions.py",
        "readiness/demo/recordings.json",
        "readiness/gate/check_ids.txt",
        "readiness/planning/hand_out/hand-out.sh",
        "readiness/planning/hand_out/hand-out.yaml",
        "readiness/probes/scripts/packages.sh",
        "readiness/products/bacula.yaml",
    ],
)
def test_files_that_are_no_modules_are_in_the_wheel(installed: Installed, name: str) -> None:
    assert name in installed.wheel


def test_the_licence_is_in_the_wheel(installed: Installed) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in installed.wheel)


def test_the_wheel_can_be_installed_with_the_constraints(installed: Installed) -> None:
    """As a user does, who has no hash of the wheel; every package that it needs is there, in the version pinned."""
    again = ("install", "--no-index", "--force-reinstall", "--no-deps", "--dry-run")
    python, pins = str(installed.environment / "bin" / "python"), str(ROOT / "constraints.txt")
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    _checked(*pip, *again, "-c", pins, str(installed.file))
    _checked(*pip, "install", "--no-index", "--dry-run", "-c", pins, str(installed.file))


def test_the_constraints_are_those_of_the_program_alone() -> None:
    pinned, of_developers = (_pins(ROOT / name) for name in ("constraints.txt", "requirements-dev.txt"))
    assert pinned.items() <= of_developers.items()
    needed = {canonicalize_name(one.name) for one in _needed(distribution("readiness"), frozenset(), set())}
    elsewhere = {"colorama", "sspilib"}  # on Windows
    assert pinned.keys() - elsewhere == needed
    extras = {
        canonicalize_name(Requirement(text).name)
        for text in distribution("readiness").requires or ()
        if "extra" in text
    }
    assert not extras - of_developers.keys()
    assert not extras & pinned.keys()


def _pins(file: Path) -> dict[str, str]:
    """Each package with its version and where it is needed."""
    lines = [line.removesuffix("\\").strip() for line in file.read_text().splitlines()]
    return dict(line.split("==", 1) for line in lines if line and not line.startswith(("#", "--hash")))


def test_it_is_the_wheel_that_runs(installed: Installed, tmp_path: Path) -> None:
    told = "import readiness; from readiness.cli import runs; print(readiness.__file__); print(runs.checks_folder())"
    ended = installed.run("python", "-c", told, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    places = [Path(line) for line in ended.stdout.splitlines()]
    assert all(place.is_relative_to(installed.environment) for place in places), ended.stdout
    assert [place.name for place in places] == ["__init__.py", "checks"]
    assert not any(place.is_relative_to(ROOT) for place in places)


@pytest.mark.parametrize("name", ["asyncssh", "hatchling", "hypothesis", "junitparser", "mypy"])
def test_what_only_tests_need_is_not_there(installed: Installed, tmp_path: Path, name: str) -> None:
    ended = installed.run("python", "-c", f"import {name}", cwd=tmp_path)
    assert "ModuleNotFoundError" in ended.stderr


def test_the_demo_runs_in_an_empty_folder(installed: Installed, tmp_path: Path) -> None:
    ended = installed.run("readiness", "demo", "--out", "run", cwd=tmp_path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "NO-GO" in ended.stdout.splitlines()[-1]
    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    judgement = verdict["judgement"]
    assert (judgement["verdict"], judgement["exit_code"], judgement["partial"]) == ("NO_GO", 1, None)
    assert verdict["finished_at"]
    assert judgement["counts"]["expected"] > judgement["counts"]["pass"] > 0
    suite = ET.parse(tmp_path / "run" / "junit.xml").getroot()  # noqa: S314 - the program's own file
    assert len(list(suite.iter("testcase"))) > judgement["counts"]["expected"]
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["run"]


def test_the_installed_program_explains_its_own_checks(installed: Installed, tmp_path: Path) -> None:
    ended = installed.run("readiness", "explain", "VER-004", cwd=tmp_path)
    assert (ended.returncode, ended.stdout[:7]) == (0, "VER-004"), ended.stdout + ended.stderr


def test_the_installed_program_writes_readers_and_how_to_hand_them_out(installed: Installed, tmp_path: Path) -> None:
    ended = installed.run("readiness", "reader", str(ROOT / "inventories" / "example"), "--out", "out", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in ("hand-out.sh", "hand-out.yaml"):
        source = ROOT / "readiness" / "planning" / "hand_out" / name
        assert (tmp_path / "out" / name).read_bytes() == source.read_bytes()
