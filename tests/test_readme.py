"""The README: every command in it is known here and is run or held against what it names; its files are the files."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from readiness import products
from readiness.configs import SYSTEMS
from readiness.core.outcomes import EXIT_CODES, EXIT_FAULT, EXIT_INPUT, Verdict
from readiness.estate import load_bytes
from readiness.planning.inputs import names_of
from readiness.probes.reader import FILE, RULE_FILE, rule_for
from tests.main_job.job import command, environment
from tests.test_options import options

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
CI = (ROOT / ".ci" / "run").read_text()
EXAMPLE = Path("inventories/example")
TARGETS = {"demo", "test", "soak", "check", "fix", "lab", "lab-down", "bench"}
PYTEST = f"pytest checks/ --estate={EXAMPLE} -k web01"
MINE = Path("inventories/mine")
OFFLINE = {
    f"readiness plan {EXAMPLE}": "CON-001",
    f"readiness reader {EXAMPLE} --out readers": "web01: readiness-read.bacula-client",
    f"readiness reader {EXAMPLE} --host web01": "#!/bin/sh",
    "readiness keys": "hosts.HOST.address ",
    "readiness keys estate address": "hosts.HOST.address\n",
    "readiness schema estate": "$schema",
    "readiness explain VER-004": "VER-004",
    "readiness checks": "VER-004",
    "readiness --version": "readiness 0.",
    "readiness completion bash": "complete ",
}
# The first hour, as far as it gets without a network; soak/test_first_hour.py walks it to GO in a lab.
FIRST_HOUR = {
    'export PATH="$PWD/.venv/bin:$PATH"': 0,
    f"mkdir -p {MINE}": 0,
    f"echo '{{}}' > {MINE}/baseline.yaml": 0,
    "ssh-keyscan -t ed25519 192.0.2.11 192.0.2.12 192.0.2.21 >> ~/.ssh/known_hosts": 1,
    "ssh-keygen -lf ~/.ssh/known_hosts": 0,
    f"readiness reader {MINE} --out readers": 0,
    "sh readers/hand-out.sh install": 1,
    f"readiness plan {MINE}": 0,
    f"readiness run {MINE} --area connectivity": EXIT_CODES[Verdict.INCOMPLETE],
    f"readiness run {MINE}": EXIT_CODES[Verdict.INCOMPLETE],
    f"readiness run {MINE} --out reports/nightly --report-only -q": 0,
}
JUDGE = "readiness judge RUN"
VERIFY = "readiness verify RUN"
PROPOSE = {"readiness propose RUN > proposed.yaml", f"readiness propose {MINE}"}  # main_job/test_propose.py runs both
MENTIONED = {"readiness plan"}  # without arguments of its own, in the text
# Held against real hosts by soak/test_hand_out.py.
HANDING_OUT = {
    "sh readers/hand-out.sh install",
    "sh readers/hand-out.sh remove",
    "ansible-playbook -i readers/inventory.yaml readers/hand-out.yaml",
    "ansible-playbook -i readers/inventory.yaml readers/hand-out.yaml -e state=absent",
}
# Held against what they do by tests of their own: main_job/test_never_green.py, test_demo.py and test_recording.py.
RECORDING = {
    "python -m tests.lab.record",
    "python -m tests.bench.record",
    "python -m tests.bench.record RUN-FOLDER HOST NAME",
}
KNOWN = {
    *(f"make {name}" for name in TARGETS),
    *OFFLINE,
    *FIRST_HOUR,
    *(JUDGE, VERIFY, PYTEST),
    *PROPOSE,
    *MENTIONED,
    *RECORDING,
    *HANDING_OUT,
}
# Of pytest (gate/test_session.py and its like), pip, python, sudo, ssh, ssh-keygen and ansible-playbook.
OF_OTHERS = {"--collect-only", "--junitxml", "--lf", "-rA", "-v", "-c", "-k", "-m", "-n", "-J", "-R", "-lf", "-u"}
PASSWORD = {"READINESS_WINRM_PASSWORD": "of no host that there is"}
WORD = {"READINESS_NTLM_OVER_HTTP": "1"}
DEADLINE_S = 120
HOST_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def _blocks(language: str, text: str = README) -> list[str]:
    """The blocks of a language, those within a list, too."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [dedent(block) for _, block in found]


def yaml_blocks() -> list[str]:
    """What the README shows of the estate's files, the first hour's estate first."""
    return _blocks("yaml")


def _commands() -> set[str]:
    """Every command of the blocks, and those within the text, without comments."""
    lines = [line.partition("#")[0].strip() for block in _blocks("sh") for line in block.splitlines()]
    spans = re.findall(r"(?<!`)`([^`]+)`(?!`)", re.sub(r"^ *```.*?^ *```$", "", README, flags=re.MULTILINE | re.DOTALL))
    begins = ("readiness ", "make ", "pytest ", "python ", "apt-get ")
    inside = [" ".join(span.split()) for span in spans]
    return {line for line in lines if line} | {span for span in inside if span.startswith(begins)}


def _packages(text: str) -> set[str]:
    """What the first `apt-get install` of a text installs."""
    found = re.search(r"apt-get install ([^#&|;>\n]*)", text)
    assert found
    return {word for word in found[1].split() if not word.startswith("-")}


def test_every_command_is_known_here() -> None:
    assert {one for one in _commands() if not one.startswith("apt-get ")} == KNOWN


def test_every_option_in_the_text_is_run_by_a_test() -> None:
    """test_options.py runs ours; those of pytest and of the programs beside it stand here."""
    text = re.sub(r"^ *```.*?^ *```$", "", README, flags=re.MULTILINE | re.DOTALL)
    words = {word.partition("=")[0] for span in re.findall(r"`([^`]+)`", text) for word in span.split()}
    ours = {option for _, option in options()} | {"--version"}
    assert {word for word in words if re.match(r"--?[A-Za-z]", word)} - ours == OF_OTHERS


def test_what_it_installs_is_what_ci_installs() -> None:
    assert [line for line in _commands() if line.startswith("apt-get ")]
    assert _packages("\n".join(_blocks("sh"))) == _packages(CI) == {"make", "python3-venv"}


def test_ci_runs_what_it_says() -> None:
    said = [line.partition("#")[0].strip() for line in CI.splitlines() if line.startswith("make ")]
    assert said == ["make check", "make test", "make soak"]
    assert "READINESS_REQUIRE=all" in CI


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_make_has_the_target(name: str) -> None:
    assert re.search(rf"^{name}:", MAKEFILE, re.MULTILINE)
    phony = re.search(r"^\.PHONY:(.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert name in phony[1].split()


def test_the_estate_is_the_example() -> None:
    _, estate, baseline, *_ = _blocks("yaml")
    assert estate == (ROOT / EXAMPLE / "estate.yaml").read_text()
    assert baseline == (ROOT / EXAMPLE / "baseline.yaml").read_text()
    assert {path.name for path in (ROOT / EXAMPLE).iterdir()} == {"estate.yaml", "baseline.yaml"}


def test_the_cluster_shown_is_one_that_loads() -> None:
    (shown,) = (block for block in _blocks("yaml") if block.startswith("clusters:"))
    head = (ROOT / EXAMPLE / "estate.yaml").read_text().partition("groups:")[0]
    catalogue = products.load(SYSTEMS)
    files = {"estate.yaml": (head + shown).encode(), "baseline.yaml": b"clock: {max_offset_s: 1.0}\n"}
    estate = load_bytes(files, names_of(catalogue), datetime.now(UTC)).estate
    assert {name: host.backup.method for name, host in estate.hosts.items() if host.backup} == {
        "clu01": "vm_snapshot",
        "clu02": "agent",
    }


def test_the_exit_codes_are_the_program_s() -> None:
    rows = {int(code): text for code, text in re.findall(r"^\| (\d) \| (.*?) \|$", README, re.MULTILINE)}
    begins = {
        EXIT_CODES[Verdict.GO]: "GO",
        EXIT_CODES[Verdict.NO_GO]: "NO-GO",
        EXIT_CODES[Verdict.INCOMPLETE]: "INCOMPLETE",
        EXIT_FAULT: "a fault",
        EXIT_INPUT: "wrong input",
        EXIT_CODES[Verdict.NOTHING_TO_CHECK]: "nothing to check",
    }
    assert rows.keys() == begins.keys() == {*EXIT_CODES.values(), EXIT_FAULT, EXIT_INPUT}
    assert all(rows[code].startswith(text) for code, text in begins.items()), rows


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.out.splitlines()[-1]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with all that the README's commands name, so that nothing is written to the repository."""
    shutil.copytree(ROOT / EXAMPLE, tmp_path / EXAMPLE)
    shutil.copytree(ROOT / "checks", tmp_path / "checks", ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    return tmp_path


def _run(argv: Sequence[str], place: Path, *, without_network: bool = False) -> Ended:
    full = [*_no_network(), *argv] if without_network else [*argv]
    ended = subprocess.run(
        full,
        env={**environment(place), **PASSWORD, **WORD},
        cwd=place,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@functools.cache
def _no_network() -> tuple[str, ...]:
    """The words that take a command's network away; skips where the kernel allows nobody to."""
    words = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--net")
    if shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
        return words
    reason = f"no network namespace can be made here: {' '.join(words)} fails"
    if os.environ.get("READINESS_REQUIRE") == "all":
        pytest.fail(reason)
    pytest.skip(reason)


def _words(line: str) -> list[str]:
    """The command as this environment's program."""
    return command(*line.split()[1:])


@pytest.mark.parametrize("line", OFFLINE)
def test_it_contacts_nothing(place: Path, line: str) -> None:
    ended = _run(_words(line), place)
    assert ended.code == 0, ended.out + ended.err
    assert OFFLINE[line] in ended.out
    assert not (place / "reports").exists()


def test_the_rule_shown_is_the_reader_s() -> None:
    assert f"```\n{rule_for('readiness')}\n```" in README
    assert all(f"`{path}`" in README for path in (FILE, RULE_FILE))


@pytest.mark.parametrize("line", sorted(HANDING_OUT))
def test_readers_are_handed_out_by_files_that_were_written_and_hosts_that_cannot_be_reached_fail(
    place: Path, line: str
) -> None:
    written = _run(_words(f"readiness reader {EXAMPLE} --out readers"), place)
    assert written.code == 0, written.out + written.err
    words = line.split()
    if not shutil.which(words[0]):
        reason = f"there is no {words[0]}"
        pytest.fail(reason) if os.environ.get("READINESS_REQUIRE") == "all" else pytest.skip(reason)
    ended = _run(words, place, without_network=True)
    assert ended.code != 0
    for host in ("dir01", "sd01", "web01"):
        assert re.search(rf"{host}: {words[-1]} FAILED|fatal: \[{host}\]: UNREACHABLE", ended.out), ended.out


def test_the_first_hour_ends_where_it_says_without_a_network(place: Path) -> None:
    """Every line in a shell of its own with what the lines before it left; none is GO."""
    (place / ".venv" / "bin").mkdir(parents=True)
    program = place / ".venv" / "bin" / "readiness"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m readiness "$@"\n')
    program.chmod(0o700)
    (place / ".ssh").mkdir()
    (place / ".ssh" / "known_hosts").write_text("192.0.2.9 ssh-ed25519 " + HOST_KEY + "\n")
    section = README.partition("## The first hour\n")[2].partition("\n## ")[0]
    lines = [line.partition(" #")[0].strip() for block in _blocks("sh", section) for line in block.splitlines()]
    assert [line for line in lines if line] == [*FIRST_HOUR]
    way, *_ = FIRST_HOUR
    for line, code in FIRST_HOUR.items():
        ended = _run(["bash", "-c", f"{way}; {line}"], place, without_network=True)
        assert ended.code == code, (line, ended.out + ended.err)
        if line == f"echo '{{}}' > {MINE}/baseline.yaml":
            (place / MINE / "estate.yaml").write_text(_blocks("yaml")[0])
        if " run " in line:
            assert ended.last_line.startswith("INCOMPLETE"), line
    judgement = json.loads((place / "reports" / "nightly" / "verdict.json").read_text())["judgement"]
    assert (judgement["verdict"], judgement["counts"]["pass"]) == ("INCOMPLETE", 0)


def test_the_checks_run_by_pytest_and_are_partial(place: Path) -> None:
    ended = _run([sys.executable, "-m", *PYTEST.split()], place, without_network=True)
    assert ended.code == EXIT_CODES[Verdict.INCOMPLETE], ended.out + ended.err
    (folder,) = (place / "reports" / EXAMPLE.name).iterdir()
    judgement = json.loads((folder / "verdict.json").read_text())["judgement"]
    assert (judgement["verdict"], bool(judgement["partial"])) == ("INCOMPLETE", True)


def test_the_run_s_folder_holds_what_it_says_and_is_judged_again(place: Path) -> None:
    first = _run(_words(f"readiness run {EXAMPLE}"), place, without_network=True)
    (folder,) = (place / "reports" / EXAMPLE.name).iterdir()
    told = re.search(r"Each run writes a folder(.*?)\n\n", README, re.DOTALL)
    assert told
    named = set(re.findall(r"`([a-z]+\.(?:jsonl?|xml|md))`", told[1]))
    assert named <= {path.name for path in folder.iterdir()}
    assert len(named) == 8
    verified = _run(_words(VERIFY.replace("RUN", str(folder))), place)
    assert verified.code == first.code, verified.out + verified.err
    assert "only a signature would" in verified.out
    again = _run([*_words(JUDGE.replace("RUN", str(folder))), "--out", "again"], place)
    assert again.code == first.code, again.out
    assert (place / "again" / "results.jsonl").read_bytes() == (folder / "results.jsonl").read_bytes()


def test_own_checks_are_planned_and_never_green_unseen(place: Path) -> None:
    (named,) = (block for block in _blocks("yaml") if block.startswith("custom_checks:"))
    (own,) = _blocks("python")
    folder = place / EXAMPLE / "tests" / "infra"
    folder.mkdir(parents=True)
    (folder / "test_restore.py").write_text(own)
    with (place / EXAMPLE / "estate.yaml").open("a") as file:
        file.write(named)
    unseen = "not looked at: custom checks in tests/infra (give --custom-checks)"
    assert unseen in _run(_words(f"readiness plan {EXAMPLE}"), place).out
    planned = _run(_words(f"readiness plan {EXAMPLE} --custom-checks"), place)
    assert planned.code == 0, planned.out + planned.err
    name = "tests/infra/test_restore.py::test_the_restore_area_is_there"
    assert planned.out.count(f"{name} major   web01: The restore area is there\n") == 1
    ended = _run(
        _words(f"readiness run {EXAMPLE} --out run --area custom --custom-checks"), place, without_network=True
    )
    assert ended.code == EXIT_CODES[Verdict.INCOMPLETE], ended.out + ended.err
    (outcome,) = [json.loads(line) for line in (place / "run" / "results.jsonl").read_text().splitlines()]
    assert (outcome["check"], outcome["target"], outcome["outcome"]) == (name, "web01", "UNKNOWN")
    assert outcome["message"].startswith("live: ")
    assert (place / "run" / "inputs" / "tests" / "infra" / "test_restore.py").read_text() == own


def test_the_windows_hosts_are_planned(place: Path) -> None:
    planned = _run(_words(f"readiness plan {EXAMPLE}"), place)
    assert planned.code == 0, planned.out + planned.err
    assert "WIN-002 major   fd01" in planned.out
    assert "WIN-002 major   fd02" in planned.out
    assert "script schannel.ps1" in planned.out


def test_a_run_without_the_password_of_the_windows_hosts_says_so(place: Path) -> None:
    ended = subprocess.run(
        _words(f"readiness run {EXAMPLE}"),
        env=environment(place),
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == EXIT_INPUT
    for name in ("fd01", "fd02"):
        assert f"{name} has no password: the environment variable {next(iter(PASSWORD))} is not set" in ended.stderr
    assert f"set the environment variable {next(iter(WORD))}=1" in ended.stderr


def test_the_places_of_additions_are_there() -> None:
    (table,) = re.findall(r"^\| to add .*?\n\n", README, re.MULTILINE | re.DOTALL)
    places = {path for path in re.findall(r"`([a-z]+/[^`]*)`", table) if "<" not in path}
    assert len(places) > 10
    assert [path for path in places if not (ROOT / path).exists()] == []
    folders = {path.partition("<")[0].rpartition("/")[0] for path in re.findall(r"`([a-z]+/[^`]*<[^`]*)`", table)}
    assert [path for path in folders if not (ROOT / path).is_dir()] == []


def test_the_modules_that_it_and_make_start_are_there() -> None:
    started = {line.split()[2] for line in RECORDING} | set(
        re.findall(r"python -m ((?:readiness|tests)[.\w]*)", MAKEFILE)
    )
    assert [name for name in started if not importlib.util.find_spec(name)] == []
