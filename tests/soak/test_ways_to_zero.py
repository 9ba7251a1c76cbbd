"""Two hundred ways to make it say 0 without having looked, or in spite of what it found: none does.

Each goes through a shell, as in a job: on an estate that is NO-GO, or, where something is kept from being looked at, on
one that is GO.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from readiness.demo import embedded_estate
from tests.main_job.job import ROOT, command, environment

SIDE_BY_SIDE = 3
GOES = {"GO", "GO_WITH_CONDITIONS"}
RUN = " ".join(command("run"))
PYTEST = f"{sys.executable} -m pytest -p no:cacheprovider"
CHECKS = [path.name for path in sorted((ROOT / "checks").glob("test_*.py"))]


@dataclass(frozen=True)
class Way:
    """A shell's line with {estate} and {run}; `prepare` is given its folder, in which `app` is the program."""

    line: str
    variables: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], object] | None = None
    verdict_may_be_go: bool = False  # the files are whole, and what could not be printed is the exit code's

    def __str__(self) -> str:
        return f"{self.variables or ''} {self.line.replace(sys.executable, 'python')}"


@pytest.fixture(scope="module")
def go() -> Iterator[Path]:
    """An estate that is GO."""
    with embedded_estate(planted=False) as estate:
        yield estate


@pytest.fixture(scope="module")
def no_go(go: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of its hosts, of which more memory was agreed than any has."""
    folder = shutil.copytree(go.parent, tmp_path_factory.mktemp("no_go") / "of") / go.name
    estate = json.loads((folder / "estate.yaml").read_text())
    estate["hosts"] = {"sd01": estate["hosts"]["sd01"]}
    estate["groups"] = {name: estate["groups"][name] for name in estate["hosts"]["sd01"].get("groups", ())}
    (folder / "estate.yaml").write_text(json.dumps(estate))
    (folder / "baseline.yaml").write_text(json.dumps({"host": {"min_memory_bytes": 1 << 60}}))
    return folder


def lies(ways: Iterable[Way], estate: Path, place: Path) -> list[str]:
    """The ways that ended in 0, or left a GO behind."""
    every = list(ways)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return [
            line for line in pool.map(lambda one: _tried(one[1], estate, place / str(one[0])), enumerate(every)) if line
        ]


def _tried(way: Way, estate: Path, place: Path) -> str:
    place.mkdir()
    if way.prepare is not None:
        way.prepare(place)
    ended = subprocess.run(
        ["/bin/bash", "-c", way.line.format(estate=estate, run=place / "run")],
        env={**environment(place), **way.variables},
        cwd=place,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=90,
        check=False,
    )
    left = [verdict for path in place.rglob("verdict.json") if (verdict := _verdict(path)) in GOES]
    if ended.returncode == 0 or (left and not way.verdict_may_be_go):
        return f"{way}: {ended.returncode} {left} {ended.stdout[-200:]} {ended.stderr[-200:]}"
    return ""


def _verdict(path: Path) -> Any:
    try:
        return json.loads(path.read_text())["judgement"]["verdict"]
    except (OSError, ValueError, KeyError):
        return None


def test_the_two_estates_are_what_the_ways_rest_on(go: Path, no_go: Path, tmp_path: Path) -> None:
    plain = Way(f"{RUN} {{estate}} --out {{run}}")
    assert lies([plain], go, tmp_path)
    (tmp_path / "bad").mkdir()
    assert not lies([plain], no_go, tmp_path / "bad")
    assert _verdict(tmp_path / "bad" / "0" / "run" / "verdict.json") == "NO_GO"


IN_PYTEST = (
    *("-k nothing", "-k clock", "-m nothing", "-m 'not slow'", "--lf", "--ff", "--nf", "--sw", "--stepwise-skip"),
    *("-x", "--maxfail=1", "--maxfail=0", "--co", "--collect-only -q", "--setup-only", "--setup-plan", "--setup-show"),
    *("--ignore=CHECKS", "--ignore-glob='*'", "--ignore=CHECKS/test_host.py", "--deselect CHECKS/test_host.py"),
    *(
        "-o python_files=nothing",
        "-o python_functions=nothing",
        "-o norecursedirs='*'",
        "-o addopts=",
        "-o testpaths=x",
    ),
    *("-o console_output_style=none", "-o xfail_strict=false", "-o empty_parameter_set_mark=xfail", "--runxfail"),
    *(
        "--noconftest",
        "--import-mode=append",
        "--continue-on-collection-errors",
        "--keep-duplicates",
        "--doctest-modules",
    ),
    *(
        "-p no:python",
        "-p no:terminal",
        "-p no:skipping",
        "-p no:readiness.gate.plugin",
        "-p no:readiness.gate.session",
    ),
    *("-p no:main", "-p no:runner", "-p no:unittest", "-p no:capture", "-p pytester", "-p nothing_of_that_name"),
    *("-W ignore", "-W error", "--assert=plain", "-s", "-qqqq", "--tb=no --no-header --no-summary", "-rN", "--pdb"),
    *("--junitxml=/dev/full", "--log-file=/dev/full", "--debug", "--rootdir=/", "--confcutdir=/", "--basetemp=base"),
    *("--exitfirst --quiet", "-n 4", "--forked", "--co -k nothing", "--cache-show", "--cache-clear", "--estate="),
)


def test_options_of_pytest(no_go: Path, tmp_path: Path) -> None:
    """Of a session of its own, which is never GO."""
    checks = ROOT / "checks"
    line = f"{PYTEST} -c {checks}/pytest.ini {checks} --estate={{estate}} "
    ways = [Way(line + option.replace("CHECKS", str(checks))) for option in IN_PYTEST]
    assert lies(ways, no_go, tmp_path) == []


ADDOPTS = (
    "--co",
    "-k nothing",
    "-x",
    "--maxfail=1",
    "--ignore-glob=*",
    "-p no:python",
    "-o python_files=x",
    "--help",
    "--version",
)
VARIABLES: tuple[Mapping[str, str], ...] = (
    *({"PYTEST_ADDOPTS": option} for option in ADDOPTS),
    *({"PYTEST_PLUGINS": name} for name in ("nothing_of_that_name", "pytester", "os", "antigravity")),
    *(
        {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        {"PYTEST_CURRENT_TEST": "x"},
        {"PYTEST_DEBUG": "1"},
        {"PYTEST_THEME": "x"},
    ),
    *({"PYTHONOPTIMIZE": "1"}, {"PYTHONOPTIMIZE": "2"}, {"PYTHONWARNINGS": "error"}, {"PYTHONWARNINGS": "ignore"}),
    *({"PYTHONDEVMODE": "1"}, {"PYTHONFAULTHANDLER": "1"}, {"PYTHONHASHSEED": "0"}, {"PYTHONINSPECT": "1"}),
    *(
        {"PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONUTF8": "0", "LC_ALL": "C"},
        {"PYTHONUNBUFFERED": "1"},
        {"PYTHONVERBOSE": "1"},
    ),
    *(
        {"PYTHONNODEBUGRANGES": "1"},
        {"PYTHONSAFEPATH": "1"},
        {"PYTHONDONTWRITEBYTECODE": "1"},
        {"PYTHONBREAKPOINT": "os.abort"},
    ),
    *(
        {"READINESS_REPORT_ONLY": "1"},
        {"READINESS_CUSTOM_CHECKS": "1"},
        {"READINESS_DEADLINE": "1"},
        {"_TYPER_STANDARD_TRACEBACK": "1"},
    ),
    *(
        {"COLUMNS": "0"},
        {"COLUMNS": "-1"},
        {"LINES": "0"},
        {"TERM": "dumb"},
        {"FORCE_COLOR": "1"},
        {"CI": ""},
        {"TZ": "Nowhere/Never"},
    ),
    *(
        {"HOME": "/nothing"},
        {"HOME": ""},
        {"TMPDIR": "/nothing"},
        {"PATH": ""},
        {"SSH_AUTH_SOCK": "/nothing"},
        {"LANG": "xx_YY"},
    ),
)


def test_the_environment(no_go: Path, tmp_path: Path) -> None:
    ways = [Way(f"{RUN} {{estate}} --out {{run}}", variables) for variables in VARIABLES]
    assert lies(ways, no_go, tmp_path) == []


OPTIONS = (
    *("--hosts ''", "--hosts nothing", "--hosts '*'", "--hosts dir01", "--area ''", "--area clock", "--area nothing"),
    *(
        "--area clock --area clock",
        "--deadline 0",
        "--deadline -1",
        "--deadline 0.001",
        "--deadline nan",
        "--deadline inf",
    ),
    *(
        "--jobs 0",
        "--jobs -1",
        "--jobs x",
        "--out ''",
        "--out /dev/null",
        "--out /dev/full",
        "--out {estate}",
        "--out /",
    ),
    *(
        "--report-only --hosts nothing",
        "--report-only --area nothing",
        "--report-only --deadline nan",
        "-q --hosts nothing",
    ),
    *("--out {run} --out ''", "{estate}", "--nothing", "-k nothing", "--co", "-- --help", "--estate {estate}"),
)


def test_options_of_a_run(go: Path, tmp_path: Path) -> None:
    """Options that leave something out, or are no options, on an estate that is GO."""
    ways = [Way(f"{RUN} {{estate}} {option}") for option in OPTIONS]
    assert lies(ways, go, tmp_path) == []


def program(change: Callable[[Path], object]) -> Callable[[Path], object]:
    """Makes a copy of the program beside the run, and changes its checks."""

    def prepare(place: Path) -> None:
        for part in ("readiness", "checks"):
            shutil.copytree(
                ROOT / part, place / "app" / part, ignore=shutil.ignore_patterns("__pycache__"), copy_function=os.link
            )
        change(place / "app" / "checks")

    return prepare


IN_CONFTEST = (
    "collect_ignore = ['{name}']",
    "def pytest_ignore_collect(collection_path):\n    return collection_path.name == '{name}' or None",
    "def pytest_collection_modifyitems(items):\n    items[:] = [one for one in items if one.path.name != '{name}']",
)
IN_THE_FILE = (
    "",
    "import pytest\npytest.skip('later', allow_module_level=True)",
    "{all}\n__test__ = False",
    "{all}\nfor name in [*globals()]:\n    name.startswith('test_') and globals().pop(name)",
)


def ways_to_leave_out(name: str) -> Iterator[Callable[[Path], object]]:
    """What keeps a file of checks from being judged."""
    every = (ROOT / "checks" / name).read_text() if name else ""
    yield lambda checks: (checks / name).unlink()
    yield lambda checks: (checks / name).rename(checks / f"{name}.off")
    for text in IN_CONFTEST:
        yield partial(_write_into, name="conftest.py", text=text.format(name=name))
    for text in IN_THE_FILE:
        yield partial(_write_into, name=name, text=text.replace("{all}", every))


def _write_into(checks: Path, name: str, text: str) -> None:
    """A new file: the old one is a link to the program's own."""
    (checks / name).unlink(missing_ok=True)
    (checks / name).write_text(text)


def test_checks_that_are_left_out(go: Path, tmp_path: Path) -> None:
    """Each file of checks in one way, and one in each."""
    kinds = len(list(ways_to_leave_out("")))
    chosen = [list(ways_to_leave_out(name))[number % kinds] for number, name in enumerate(CHECKS)]
    chosen += list(ways_to_leave_out("test_host.py"))
    ways = [Way(f"PYTHONPATH=app {RUN} {{estate}} --out {{run}}", prepare=program(change)) for change in chosen]
    assert lies(ways, go, tmp_path) == []


FILES = (
    *(
        "rm estate.yaml",
        "rm baseline.yaml",
        ": >estate.yaml",
        ": >baseline.yaml",
        "echo '{{}}' >estate.yaml",
        "echo '{{}}' >baseline.yaml",
    ),
    *(
        "echo '[]' >baseline.yaml",
        "echo '# nothing' >baseline.yaml",
        "echo 'null' >baseline.yaml",
        "echo '---' >>baseline.yaml",
    ),
    *(
        "mv baseline.yaml Baseline.yaml",
        "mv baseline.yaml baseline.yml",
        "chmod 0 estate.yaml; rm estate.yaml",
        "mkfifo x; mv x baseline.yaml",
    ),
    *(
        "ln -sf /dev/null baseline.yaml",
        "ln -sf /dev/zero estate.yaml",
        "ln -sf ../nothing baseline.yaml",
        "echo '[]' >waivers.yaml",
    ),
    *(
        "mkdir scans",
        "touch requirements.yaml",
        "touch protection.yaml evidence.yaml",
        ": >known_hosts",
        "rm known_hosts",
    ),
    *(
        "sed -i 's/ecdsa\\|ed25519\\|rsa/none/g' known_hosts",
        "rm ../id_ed25519",
        ": >../id_ed25519",
        "rm -r ../copy; mkdir ../copy",
    ),
)


def test_files_of_the_estate(go: Path, tmp_path: Path) -> None:
    """Missing, empty, of another kind, or without what the hosts are known by."""
    copy = "mkdir of && cp -r {estate} of/copy && cp {estate}/../id_ed25519 of && cd of/copy"
    ways = [Way(f"{copy} && {{{{ {change}; cd ../..; }}}} && {RUN} of/copy --out {{run}}") for change in FILES]
    assert lies(ways, go, tmp_path) == []


LIMITS = (
    *(f"ulimit -f {blocks}" for blocks in (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)),
    *(f"ulimit -n {files}" for files in (3, 4, 6, 8, 10, 12, 16, 20, 24)),
    *(f"ulimit -v {kib}" for kib in (20_000, 60_000, 100_000, 140_000, 180_000, 220_000)),
    *("ulimit -t 1", "ulimit -s 64", "ulimit -s 512", "ulimit -l 0", "umask 777", "cd /nothing"),
)


def test_limits_of_the_machine(no_go: Path, tmp_path: Path) -> None:
    ways = [Way(f"ulimit -c 0; {limit}; {RUN} {{estate}} --out {{run}}") for limit in LIMITS]
    assert lies(ways, no_go, tmp_path) == []


STAGES = ("verdict.json", "plan.json", "facts.jsonl", "transcript.jsonl", "results.jsonl", "junit.xml")
SIGNALS = ("INT", "TERM", "HUP", "QUIT", "PIPE", "ALRM", "USR1", "KILL")


def test_signals_at_each_stage(no_go: Path, tmp_path: Path) -> None:
    """Sent as soon as the file of a stage holds something; one that comes too late changes nothing."""
    wait = "for i in $(seq 400); do [ -s {run}/STAGE ] && break; sleep 0.02; done"
    line = f"{RUN} {{estate}} --out {{run}} & job=$!; {wait}; kill -SIGNAL $job; wait $job"
    chosen = [
        (stage, name)
        for number, stage in enumerate(STAGES)
        for name in (SIGNALS[number % len(SIGNALS)], *SIGNALS[:2], *SIGNALS[-1:])
    ]
    ways = [Way(line.replace("STAGE", stage).replace("SIGNAL", name)) for stage, name in dict.fromkeys(chosen)]
    assert lies(ways, no_go, tmp_path) == []


def test_signals_that_are_ignored_by_whoever_starts_it(no_go: Path, tmp_path: Path) -> None:
    ways = [Way(f"trap '' {name}; {RUN} {{estate}} --out {{run}}") for name in SIGNALS[:-1]]
    assert lies(ways, no_go, tmp_path) == []


OUTPUTS = (
    *(">/dev/full", ">&-", "1</dev/null", "<&- >&- 2>&-", ">/dev/full 2>/dev/full", "<&- >/dev/full", "-q >/dev/full"),
    *("| true; exit ${{PIPESTATUS[0]}}", "| head -c 1; exit ${{PIPESTATUS[0]}}"),
)


def test_outputs_that_take_nothing(go: Path, tmp_path: Path) -> None:
    """A GO that nobody could read is a fault; its files are whole."""
    ways = [Way(f"{RUN} {{estate}} --out {{run}} {how}", verdict_may_be_go=True) for how in OUTPUTS]
    assert lies(ways, go, tmp_path) == []


# In a namespace of its own, so that the filesystem is gone with it.
ON_A_DISK = (
    "unshare -m bash -c 'mkdir disk && mount -t tmpfs -o size={size}k none disk && cp -r {older} disk/run 2>/dev/null;"
    " {run} {{estate}} --out disk/run; code=$?; cp disk/run/verdict.json . 2>/dev/null; exit $code'"
)


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk of its own needs root")
def test_full_disks(no_go: Path, go: Path, tmp_path: Path) -> None:
    """Of sizes up to what a run needs, with an older GO on them, whole or in part."""
    older = tmp_path / "older"
    line = command("run", go, "--out", older)
    assert subprocess.run(line, env=environment(tmp_path), capture_output=True, check=False).returncode == 0
    sizes = (4, 16, 64, 256, 512, 1024, 2048)
    ways = [Way(ON_A_DISK.format(size=size, older=older, run=RUN)) for size in sizes]
    assert lies(ways, no_go, tmp_path) == []
