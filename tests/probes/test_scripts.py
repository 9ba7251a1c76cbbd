from __future__ import annotations

import os
import platform
import re
import sys
from pathlib import Path

import pytest

from readiness.core.facts import Missing, Why
from readiness.probes import PROBES, Clock, Identity, OsRelease, Packages, Processes, Services, SudoRules, by_name
from readiness.probes.system import FAMILIES

from . import real
from .samples import parsed

ASKED = {
    "packages": ("dpkg", "no-such-package", "libc6"),
    "services": ("ssh.service", "no-such.service"),
    "open_files": ("ssh.service",),
    "space": ("/", "/no-such"),
    "sudo_rules": ("/usr/bin/id -u",),
}


@pytest.fixture(params=real.SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    real.need(name)
    return name


@pytest.mark.parametrize("name", by_name)
def test_every_script_runs_in_every_shell(name: str, shell: str) -> None:
    output = real.run(name, ASKED.get(name, ()), shell=shell)
    assert parsed(output) is not None, output
    assert output.status == 0
    assert name == "processes" or output.stderr == b""


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
    packages = parsed(real.run("packages", ASKED["packages"], shell=shell))
    assert isinstance(packages, Packages)
    assert packages.absent == ("no-such-package",)
    assert packages.installed.keys() == {"dpkg", "libc6"}
    (dpkg,) = packages.installed["dpkg"]
    assert dpkg.installed_at_s == int(Path("/var/lib/dpkg/info/dpkg.list").stat().st_mtime)
    assert len(packages.installed["libc6"]) >= 1  # lists by architecture


@pytest.mark.parametrize("shell", ["dash", "bash"])  # Debian's busybox has an `rpm` of its own
def test_the_family_chooses_the_manager_and_not_what_is_installed(shell: str, tmp_path: Path) -> None:
    real.need_root()
    real.need("rpm")
    real.need(shell)
    release = tmp_path / "os-release"
    release.write_text('ID="rocky"\nID_LIKE="rhel centos fedora"\n')
    mounts = f'mount --bind {release} /usr/lib/os-release && exec "$@"'
    within = ["unshare", "--mount", "sh", "-c", mounts, "sh"]
    packages = parsed(real.run("packages", ["no-such-package", "dpkg"], shell=shell, within=within))
    assert packages == Packages("rpm", {}, {}, ("dpkg", "no-such-package"))


def test_nothing_asked_is_not_everything(shell: str) -> None:
    packages, services = parsed(real.run("packages", shell=shell)), parsed(real.run("services", shell=shell))
    assert not isinstance(packages, Packages) or packages == Packages(packages.manager, {}, {}, ())
    assert not isinstance(services, Services) or services == Services({})


def test_own_process_is_among_the_processes(shell: str) -> None:
    processes = parsed(real.run("processes", shell=shell))
    assert isinstance(processes, Processes)
    assert processes.executables[os.getpid()].path == os.path.realpath(sys.executable)


def test_root_needs_no_rules(shell: str) -> None:
    assert parsed(real.run("sudo_rules", ["/usr/bin/id"], shell=shell)) == SudoRules(
        (), (), is_root=True, has_sudo=True
    )


def test_without_its_tools_a_script_says_so(shell: str, tmp_path: Path) -> None:
    for tool in ("sh", "dash", "bash", "busybox", "cat", "uname", "tr", "id", "wc"):
        if found := next((Path(one, tool) for one in real.PATH.split(":") if Path(one, tool).exists()), None):
            (tmp_path / tool).symlink_to(found)
    for name, why in {
        "clock_sync": Why.TOOL_ABSENT,
        "packages": Why.TOOL_ABSENT,
        "services": Why.TOOL_ABSENT,
        "processes": Why.TOOL_ABSENT,
    }.items():
        fact = parsed(real.run(name, ["x.service"], shell=shell, path=str(tmp_path), sudo="sudo -n"))
        assert isinstance(fact, Missing), name
        assert fact.why is why, name
    rules = parsed(real.run("sudo_rules", ["/usr/bin/id"], shell=shell, path=str(tmp_path), sudo="sudo -n"))
    assert rules == SudoRules((), ("/usr/bin/id",), is_root=False, has_sudo=False)


@pytest.mark.parametrize(
    "hostile", ["$(touch {0})", "`touch {0}`", "; touch {0}", "-W", "--help", "*", "a b", "$HOME", "'", '"']
)
def test_an_argument_is_never_code(hostile: str, shell: str, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    for name in ("packages", "services", "sudo_rules"):
        parsed(real.run(name, [hostile.format(planted)], shell=shell, sudo="sudo -n"))
    assert not planted.exists()


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_script_only_reads(probe: object) -> None:
    text = by_name[getattr(probe, "name", "")].text
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert set(re.findall(r"[0-9]?>+ ?[^ );\n]+", code)) <= {"2>&1", "3>&1", ">&2", ">&3", ">/dev/null", "2>/dev/null"}
    assert not re.search(r"\b(eval|exec|rm|mv|cp|tee|touch|mkdir|kill|chmod|chown|ln|dd|install|source)\b", code)
    assert text.startswith("# ")


def test_the_families_are_the_same_in_the_script_and_in_the_fact() -> None:
    text = by_name["packages"].text
    debian, redhat = re.findall(r"^ *(\*' .* '\*)\) manager=(?:dpkg|rpm)", text, re.MULTILINE)
    assert set(re.findall(r"' (\w+) '", debian)) == FAMILIES["debian"]
    assert set(re.findall(r"' (\w+) '", redhat)) == FAMILIES["redhat"]


def test_the_clock_is_read_first() -> None:
    assert min(PROBES, key=lambda probe: probe.cost).kind is Clock
    assert by_name["clock"].cost == 0
