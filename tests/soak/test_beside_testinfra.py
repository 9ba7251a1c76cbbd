"""The same suite on the same sshd: here, and with pytest and testinfra alone, each test says the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import lxml.etree
import pytest
import yaml

from tests.cutover import AHEAD
from tests.main_job.job import environment, run
from tests.transports.sshd import Sshd, sshd

SUITE = '''
import pytest

@pytest.fixture(scope="module")
def facts(host):
    return {"kernel": host.check_output("uname -s"), "user": host.user().name}

@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

def test_facts(facts, host):
    assert facts["kernel"] == "Linux" and host.user(facts["user"]).exists

@pytest.mark.parametrize("path", ["/etc", "/etc/passwd", "/none", "/a b", "/bin/sh"])
def test_path(host, path):
    assert host.file(path).exists

@pytest.mark.parametrize("mode", ["c", "b-c"])
@pytest.mark.parametrize("path", ["a-b", "a"])
def test_joined(host, path, mode):
    host.run("true")
    assert (path, mode) != ("a", "b-c")

class TestModules:
    """Some of testinfra's modules."""

    def test_file(self, host):
        passwd = host.file("/etc/passwd")
        assert passwd.is_file and passwd.mode == 0o644 and passwd.user == "root" and passwd.contains("^root:")

    def test_group(self, host):
        assert host.group("root").gid == 0

    def test_system(self, host):
        assert host.system_info.type == "linux" and host.system_info.arch

    def test_command(self, host):
        said = host.run("printf '%s\\\\n' out; printf err >&2; exit 3")
        assert (said.rc, said.stdout, said.stderr) == (3, "out\\n", "err")

    def test_quoting(self, host):
        assert host.check_output("echo %s", "it's \\"q\\" $HOME \\u00e9") == "it's \\"q\\" $HOME \\u00e9"

    def test_process(self, host):
        assert host.process.get(pid=1).ppid == 0

    def test_mounts(self, host):
        assert [mount.path for mount in host.mount_point.get_mountpoints()].count("/") >= 1

    def test_address(self, host):
        assert host.addr("127.0.0.1").is_resolvable and not host.addr("127.0.0.1").port(1).is_reachable

    def test_empty(self, host):
        assert host.check_output("printf ''") == "x"

    def test_unexpected(self, host):
        host.check_output("false")
'''


@pytest.fixture
def estate(tmp_path: Path, server: Sshd) -> Path:
    folder = tmp_path / "estate"
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "test_modules.py").write_text(SUITE)
    target = server.target()
    ssh = {"user": target.user, "port": server.port, "identity_file": str(server.identity)}
    host = {"fqdn": "bk01.example.com", "address": "127.0.0.1", "products": {}}
    document = {
        "service": "backup",
        "change": "CHG1",
        "cutover": dict(AHEAD),
        "ssh": ssh,
        "hosts": {"bk01": {**host, "ssh": {"host_key": server.public_host_key}}},
        "custom_checks": [{"folder": "own"}],
    }
    (folder / "estate.yaml").write_text(yaml.safe_dump(document))
    (folder / "baseline.yaml").write_text("clock: {max_offset_s: 1.0}\n")
    return folder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sshd]:
    with sshd(tmp_path / "sshd") as running:
        yield running


def test_each_test_says_the_same(estate: Path, tmp_path: Path, server: Sshd) -> None:
    job = run(estate, tmp_path / "run", "--area", "custom", "--custom-checks")
    ours = sorted(
        (one["check"].split("::")[-1].split("#")[0], one["outcome"]) for one in job.results if one["area"] == "custom"
    )
    assert ours == sorted(_plainly(estate / "own", tmp_path, server)), job.stdout + job.stderr


def _plainly(suite: Path, folder: Path, server: Sshd) -> list[tuple[str, str]]:
    """What pytest with testinfra says of each test: its name without the host, and PASS or FAIL."""
    (folder / "known").write_text(f"[127.0.0.1]:{server.port} {server.public_host_key}\n")
    (folder / "config").write_text(
        f"Host bk01\n HostName 127.0.0.1\n Port {server.port}\n User {server.target().user}\n"
        f" IdentityFile {server.identity}\n IdentitiesOnly yes\n UserKnownHostsFile {folder}/known\n"
    )
    said = folder / "plain.xml"
    words = ["--hosts=ssh://bk01", f"--ssh-config={folder}/config", f"--junitxml={said}"]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", os.devnull, *words, suite],
        env={**environment(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=suite,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return [
        (_without_host(case.get("name", "")), "PASS" if not len(case) else "FAIL")
        for case in lxml.etree.parse(said).iter("testcase")
    ]


def _without_host(name: str) -> str:
    function, _, parameters = name.rstrip("]").partition("[")
    own = parameters.removeprefix("ssh://bk01").removeprefix("-")
    return f"{function}[{own}]" if own else function
