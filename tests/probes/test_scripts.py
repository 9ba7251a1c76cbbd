from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.core.facts import Missing, Why
from readiness.core.scripts import Output
from readiness.probes import PROBES
from readiness.probes.clock import Clock
from readiness.probes.packages import Packages
from readiness.probes.probe import Probe
from readiness.probes.processes import Processes
from readiness.probes.system import FAMILIES, Identity, OsRelease

from . import real
from .askings import asking, by_name
from .samples import parsed

SCRIPTS = Path(__file__).parents[2] / "readiness/probes/scripts"
ASKING = replace(asking(), space_paths=("/", "/no-such"))


@pytest.fixture(params=real.SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    real.need(name)
    return name


@pytest.mark.parametrize("awk", ["mawk", "gawk --posix", "original-awk", "busybox awk"])
def test_every_awk_understands_every_program(awk: str) -> None:
    """Those of configuration.sh are put together on the host, and have their own tests."""
    command = awk.split()
    real.need(command[0])
    texts = [one.read_text() for one in SCRIPTS.glob("*.sh") if one.name != "configuration.sh"]
    programs = [one for text in texts for one in re.findall(r"\bawk (?:-v [^ ]+ |-v [a-z]+='[^']*' )*'([^']+)'", text)]
    assert len(programs) > 15
    for program in programs:
        ended = subprocess.run([*command, program], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, b""), program


@pytest.mark.parametrize("name", by_name)
def test_every_script_runs_in_every_shell(name: str, shell: str) -> None:
    """With the arguments that a host of every role gives it."""
    output = real.run(name, by_name[name].arguments(ASKING), shell=shell)
    assert parsed(output) is not None, output
    assert output.status == 0
    assert name in {"processes", "reader"} or output.stderr == b""


def test_the_clock_is_our_own(shell: str) -> None:
    clock = parsed(real.run("clock", shell=shell))
    assert isinstance(clock, Clock)
    assert abs(clock.offset_s) <= clock.uncertainty_s < 5


def test_the_system_is_this_one(shell: str) -> None:
    release = parsed(real.run("os_release", shell=shell))
    assert isinstance(release, OsRelease)
    told = platform.freedesktop_os_release()
    assert (release.id, release.pretty_name, release.version_id) == (
        told["ID"],
        told["PRETTY_NAME"],
        told.get("VERSION_ID", ""),
    )
    assert (release.kernel, release.architecture) == (platform.release(), platform.machine())


def test_the_identity_is_this_one(shell: str) -> None:
    identity = parsed(real.run("identity", shell=shell))
    assert isinstance(identity, Identity)
    assert identity.hostname == platform.node()
    assert identity.machine_id == Path("/etc/machine-id").read_text().strip() or isinstance(
        identity.machine_id, Missing
    )


@pytest.mark.skipif(not Path("/var/lib/dpkg/status").exists(), reason="not of the Debian family")
def test_packages_are_found_with_the_time_they_were_unpacked(shell: str) -> None:
    packages = parsed(real.run("packages", shell=shell))
    assert isinstance(packages, Packages)
    asked = ["dpkg-query", "-W", "-f=${Package} ${Version} ${Architecture} ${db:Status-Status}\\n"]
    rows = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    theirs = sorted(row.removesuffix(" installed") for row in rows if row.endswith(" installed"))
    ours = (package for same in packages.installed.values() for package in same)
    assert sorted(f"{one.name} {one.version} {one.architecture}" for one in ours) == theirs
    (dpkg,) = packages.called("dpkg")
    assert dpkg.installed_at_s == int(Path("/var/lib/dpkg/info/dpkg.list").stat().st_mtime)
    assert len(packages.called("libc6")) >= 1  # lists by architecture
    assert packages.called("no-such-package") == ()


def test_three_thousand_packages_fit_and_none_may_be_lost() -> None:
    """The limit of a probe is 1 MiB; the longest names that Debian has are of some 70 characters."""
    rows = [
        f"package\t{'x' * 60}-{number}\t1:2.3.4~rc1+dfsg-5ubuntu6.7\tamd64\tii \t1747699200\t."
        for number in range(3000)
    ]

    def output(rows: list[str], count: int) -> Output:
        text = "\n".join(["manager\tdpkg\t.", *rows, "status\t0\t.", f"count\t{count}\t.", "end", ""]).encode()
        return Output("packages", 0, text, b"", 0.0, 0.1, 0.1)

    packages = parsed(output(rows, 3000))
    assert isinstance(packages, Packages)
    assert len(packages.installed) == 3000
    assert len(output(rows, 3000).stdout) < 1 << 20
    assert parsed(output(rows[1:], 3000)) is None
    assert parsed(output([], 0)) is None


@pytest.mark.parametrize("shell", ["dash", "bash"])  # Debian's busybox has an `rpm` of its own
def test_the_family_chooses_the_manager_and_not_what_is_installed(shell: str, tmp_path: Path) -> None:
    real.need_root()
    real.need("rpm")
    real.need(shell)
    release = tmp_path / "os-release"
    release.write_text('ID="rocky"\nID_LIKE="rhel centos fedora"\n')
    mounts = f'mount --bind {release} /usr/lib/os-release && exec "$@"'
    within = ["unshare", "--mount", "sh", "-c", mounts, "sh"]
    output = real.run("packages", shell=shell, within=within)
    assert output.stdout.startswith(b"manager\trpm\t.\n")
    assert parsed(output) is None  # rpm's database is there and empty, which no host's is


def test_own_process_is_among_the_processes(shell: str) -> None:
    processes = parsed(real.run("processes", shell=shell))
    assert isinstance(processes, Processes)
    assert processes.executables[os.getpid()].path == os.path.realpath(sys.executable)


def test_without_its_tools_a_script_says_so(shell: str, tmp_path: Path) -> None:
    for tool in ("sh", "dash", "bash", "busybox", "cat", "uname", "tr", "id", "wc"):
        if found := next((Path(one, tool) for one in real.PATH.split(":") if Path(one, tool).exists()), None):
            (tmp_path / tool).symlink_to(found)
    for name, why in {
        "clock_sync": Why.TOOL_ABSENT,
        "packages": Why.TOOL_ABSENT,
        "services": Why.TOOL_ABSENT,
        "certificates": Why.TOOL_ABSENT,
        "rights": Why.TOOL_ABSENT,
        "configuration": Why.TOOL_ABSENT,
        "sshd": Why.TOOL_ABSENT,
    }.items():
        fact = parsed(real.run(name, ["x.service"], shell=shell, path=str(tmp_path)))
        assert isinstance(fact, Missing), name
        assert fact.why is why, name


@pytest.mark.parametrize(
    "hostile", ["$(touch {0})", "`touch {0}`", "; touch {0}", "-W", "--help", "*", "a b", "$HOME", "'", '"']
)
def test_an_argument_is_never_code(hostile: str, shell: str, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    for name, key in {
        "open_files": "",
        "certificates": "",
        "rights": "path=",
        "configuration": "file=",
    }.items():
        parsed(real.run(name, [f"{key}{hostile.format(planted)}"], shell=shell))
    assert not planted.exists()


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_script_only_reads(probe: Probe) -> None:
    text = probe.text_for(ASKING)
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace(" exec /usr/bin/env ", " ")
    assert set(re.findall(r"[0-9]?>+ ?[^ );\n]+", code)) <= {"2>&1", "3>&1", ">&2", ">&3", ">/dev/null", "2>/dev/null"}
    assert not re.search(r"\b(eval|exec|rm|mv|cp|tee|touch|mkdir|kill|chmod|chown|ln|dd|install|source)\b", code)
    assert text.startswith(("# ", "reader='#!/bin/sh\n# "))


def test_the_families_are_the_same_in_the_script_and_in_the_fact() -> None:
    text = by_name["packages"].text
    debian, redhat = re.findall(r"^ *(\*' .* '\*)\) manager=(?:dpkg|rpm)", text, re.MULTILINE)
    assert set(re.findall(r"' (\w+) '", debian)) == FAMILIES["debian"]
    assert set(re.findall(r"' (\w+) '", redhat)) == FAMILIES["redhat"]


def test_the_clock_is_read_first() -> None:
    assert min(PROBES, key=lambda probe: probe.cost).kind is Clock
    assert by_name["clock"].cost == 0
