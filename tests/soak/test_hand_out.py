"""Handing the reader out to real hosts by the loop and by Ansible: what is there after it, and what a run then says."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from readiness.probes.reader import FILE, RULE_FILE, rule_for
from tests.lab import faults
from tests.lab.fixtures import require_lab
from tests.lab.lab import Lab
from tests.lab.login import login, options, ssh
from tests.lab.reader import USER, reader_of, sudo_rule
from tests.main_job.job import command, environment, run

HOST = "client01"
# Logins of administrators that are not root, as local accounts and directories name them.
ADMINS = ("admin", "admin@corp.example", r"CORP\admin")
OLD_RULES = f"{USER} ALL=(root) NOPASSWD: /usr/bin/find /etc/bacula -type f, /bin/cat /etc/bacula/*\n"
OLD_READER = "#!/bin/sh\necho an older reader\n"
DEADLINE_S = 60


@dataclass(frozen=True)
class HandOut:
    """The folder that `readiness reader --out` wrote, and who hands it out."""

    lab: Lab
    folder: Path
    home: Path
    ssh: str
    sockets: str = ""  # a short path: that of a socket has no more than 107 characters

    def loop(self, *words: str, admin: str = "root", sudo: str = "", shell: str = "sh") -> tuple[int, str]:
        """The exit code of the loop over ssh, and what it said."""
        variables = {"ADMIN": admin, "SUDO": sudo, "SSH": self.ssh}
        return self._ended([*shell.split(), str(self.folder / "hand-out.sh"), *words], variables)

    def play(self, *words: str) -> tuple[int, str]:
        """The exit code of the Ansible play, and what it said."""
        (self.home / "ansible.cfg").touch()
        variables = {
            "ANSIBLE_CONFIG": str(self.home / "ansible.cfg"),
            "ANSIBLE_LOCALHOST_WARNING": "no",
            "ANSIBLE_SSH_ARGS": f"{' '.join(self.ssh.split()[1:])} -o ControlMaster=auto -o ControlPersist=5s",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": self.sockets,
            "ANSIBLE_PIPELINING": "1",
        }
        files = ["-i", str(self.folder / "inventory.yaml"), str(self.folder / "hand-out.yaml")]
        return self._ended(["/usr/bin/ansible-playbook", *files, "-u", ADMINS[0], *words], variables)

    def changed(self, name: str, old: str, new: str) -> HandOut:
        """The same with another text in one of its files."""
        folder = self.folder.with_name(f"{self.folder.name}+")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))
        return replace(self, folder=folder)

    def _ended(self, words: list[str], variables: dict[str, str]) -> tuple[int, str]:
        ended = subprocess.run(
            words,
            env={"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        return ended.returncode, ended.stdout


@pytest.fixture(scope="module")
def small_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab of three hosts, with administrators that are not root."""
    require_lab()
    with Lab.up(tmp_path_factory.mktemp("hand_out") / "state", clients=1) as lab:
        for host in lab.hosts:
            _add_admins(lab, host)
        yield lab


def _add_admins(lab: Lab, host: str) -> None:
    etc = lab.root(host) / "etc"
    with (etc / "passwd").open("a") as passwd, (etc / "shadow").open("a") as shadow:
        for uid, name in enumerate(ADMINS, 2090):
            home = Path(f"/home/{uid}")
            passwd.write(f"{name}:x:{uid}:2090::{home}:/bin/bash\n")
            shadow.write(f"{name}:*:19000:0:99999:7:::\n")
            lab.exec(host, "install", "-d", "-o", str(uid), "-m", "700", str(home), str(home / ".ssh"))
            lab.exec(host, "install", "-o", str(uid), "-m", "600", "/root/.ssh/authorized_keys", str(home / ".ssh"))
    (etc / "sudoers.d/admins").write_text("%#2090 ALL=(ALL) NOPASSWD: ALL\n")
    (etc / "sudoers.d/admins").chmod(0o440)
    sshd = etc / "ssh/sshd_config"
    lines = [line for line in sshd.read_text().splitlines() if not line.startswith("AllowUsers")]
    sshd.write_text("\n".join([*lines, ""]))
    lab.exec(host, "systemctl", "restart", "ssh")


@pytest.fixture(scope="module")
def handed(small_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HandOut]:
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as sockets:
        written = _written(small_lab, small_lab.estate, tmp_path_factory.mktemp("handed"))
        yield replace(written, sockets=sockets)


def _written(lab: Lab, estate: Path, home: Path, *words: str) -> HandOut:
    folder = home / "read ers"  # a folder's name may have a space
    ended = subprocess.run(
        command("reader", estate, "--out", folder, *words),
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return HandOut(lab, folder, home, " ".join(ssh(lab)))


def _is_installed(lab: Lab, host: str) -> bool:
    """Whether the host has its own reader and the rule, owned by root, with the right modes, and nothing else."""
    left = _ours(lab, host)
    return [
        (path.read_text(), path.stat().st_mode & 0o7777, path.stat().st_uid, path.stat().st_gid) for path in left
    ] == [(reader_of(lab.hosts[host].role), 0o755, 0, 0), (sudo_rule(), 0o440, 0, 0)]


def _is_removed(lab: Lab, host: str) -> bool:
    """Whether nothing of ours is left, nor of a try that was cut off."""
    return not [*_ours(lab, host)]


def _ours(lab: Lab, host: str) -> Iterator[Path]:
    for path in (FILE, RULE_FILE):
        yield from (lab.root(host) / path[1:]).parent.glob("readiness*")


def _plant(lab: Lab, host: str, path: str, text: str, mode: int) -> None:
    file = lab.root(host) / path[1:]
    file.unlink(missing_ok=True)
    file.write_text(text)
    file.chmod(mode)


def _plant_old_ones(lab: Lab) -> None:
    _plant(lab, HOST, FILE, OLD_READER, 0o755)
    _plant(lab, "dir01", RULE_FILE, OLD_RULES, 0o440)


def test_without_the_reader_it_is_told_and_the_loop_installs_it_to_go(handed: HandOut, tmp_path: Path) -> None:
    lab = handed.lab
    for path in (FILE, RULE_FILE):
        _plant(lab, HOST, f"{path}.new", "cut off", 0o600)
    code, said = handed.loop("remove")
    assert (code, said.splitlines()[-1]) == (0, "0 of 3 hosts failed"), said
    assert all(_is_removed(lab, host) for host in lab.hosts)

    without = run(lab.estate, tmp_path / "without")
    assert without.wrong() == {f"CON-004 {host}": "FAIL" for host in lab.hosts}, without.stdout
    assert without.code == 1
    for one in without.results:
        if one["blocked_by"] and one["check"] != "CON-005":
            assert one["outcome"] == "UNKNOWN", one
            assert "readiness reader ESTATE" in one["remedy"], one
    assert {f"CON-004 {host}" for host in lab.hosts} == without.blockers()

    code, said = handed.loop("install")
    assert code == 0, said
    assert said.splitlines() == [*(f"{host}: install done" for host in lab.hosts), "0 of 3 hosts failed"]
    assert all(_is_installed(lab, host) for host in lab.hosts)
    again = run(lab.estate, tmp_path / "with")
    assert (again.code, again.wrong()) == (0, {}), again.stdout
    assert again.last_line.startswith("GO ")


def test_an_old_reader_and_old_rules_are_told_and_renewed_by_the_loop(handed: HandOut, tmp_path: Path) -> None:
    lab = handed.lab
    _plant_old_ones(lab)
    before = run(lab.estate, tmp_path / "before", "--area", "connectivity")
    assert {"CON-004 dir01", f"CON-004 {HOST}"} <= before.wrong().keys(), before.stdout
    assert "renew it" in before.message(f"CON-004 {HOST}")
    code, said = handed.loop("install")
    assert code == 0, said
    assert all(_is_installed(lab, host) for host in lab.hosts)
    after = run(lab.estate, tmp_path / "after", "--area", "connectivity")
    assert after.wrong() == {}, after.stdout


def test_ansible_renews_removes_and_installs_to_go_from_a_login_that_is_not_root(
    handed: HandOut, tmp_path: Path
) -> None:
    lab = handed.lab
    _plant_old_ones(lab)
    code, said = handed.play()
    assert code == 0, said
    assert all(_is_installed(lab, host) for host in lab.hosts)
    code, said = handed.play("-l", HOST)
    assert (code, said.count("changed=0"), said.count("failed=0")) == (0, 1, 1), said
    code, said = handed.play("-l", HOST, "-e", "state=absent")
    assert (code, _is_removed(lab, HOST)) == (0, True), said
    code, said = handed.play("-l", HOST)
    assert (code, _is_installed(lab, HOST)) == (0, True), said
    assert run(lab.estate, tmp_path / "run").code == 0


@pytest.mark.parametrize("shell", ["bash", "busybox sh"])
def test_the_loop_runs_in_other_shells(handed: HandOut, shell: str) -> None:
    lab = handed.lab
    code, said = handed.loop("remove", "sd01", shell=shell)
    assert (code, _is_removed(lab, "sd01")) == (0, True), said
    code, said = handed.loop("install", "sd01", shell=shell)
    assert (code, _is_installed(lab, "sd01")) == (0, True), said
    assert said.splitlines() == ["sd01: install done", "0 of 1 hosts failed"]


@pytest.mark.parametrize("admin", ADMINS)
def test_an_administrator_who_is_not_root_hands_out_by_sudo(handed: HandOut, admin: str) -> None:
    lab = handed.lab
    assert handed.loop("remove", HOST, admin=admin, sudo="sudo -n")[0] == 0
    assert _is_removed(lab, HOST)
    code, said = handed.loop("install", HOST, admin=admin, sudo="sudo -n")
    assert code == 0, said
    assert _is_installed(lab, HOST)


def test_a_misspelt_state_is_no_success_of_ansible(handed: HandOut) -> None:
    code, said = handed.play("-l", HOST, "-e", "state=abset")
    assert code != 0
    assert "state is present or absent" in said


def test_who_may_not_become_root_changes_nothing(handed: HandOut) -> None:
    code, said = handed.loop("remove", HOST, admin=USER, sudo="sudo -n")
    assert code == 1
    assert "sudo: " in said
    assert f"{HOST}: remove FAILED" in said
    assert _is_installed(handed.lab, HOST)


def test_a_host_that_is_down_costs_only_itself(handed: HandOut) -> None:
    lab = handed.lab
    with faults.unplugged(lab, "dir01"):
        code, said = handed.loop("install")
    assert code == 1
    assert [line for line in said.splitlines() if not line.startswith("ssh: ")] == [
        "dir01: install FAILED", "sd01: install done", f"{HOST}: install done", "1 of 3 hosts failed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("install", "client99", HOST, "client0"), "client99: no such host in hosts.tsv\nclient0: no such host"),
        ((), "sh hand-out.sh install [HOST...]"),
        (("instal",), "sh hand-out.sh remove [HOST...]"),
    ],
)
def test_wrong_usage_contacts_no_host(handed: HandOut, words: tuple[str, ...], told: str) -> None:
    code, said = replace(handed, ssh="/bin/false").loop(*words)
    assert code == 2
    assert told in said
    assert "FAILED" not in said


def test_what_sudo_does_not_understand_is_not_installed(handed: HandOut) -> None:
    lab = handed.lab
    broken = handed.changed("hosts.tsv", "NOPASSWD:EXEC:", "NOPASWD EXEC:")
    code, said = broken.loop("install", HOST)
    assert code == 1
    assert "syntax error" in said
    assert _is_installed(lab, HOST)
    broken = handed.changed("inventory.yaml", "NOPASSWD:EXEC:", "NOPASWD EXEC:")
    code, said = broken.play("-l", HOST)
    assert code != 0
    assert "syntax error" in said
    assert _is_installed(lab, HOST)


def test_a_reader_that_comes_in_part_is_not_installed(handed: HandOut) -> None:
    """What was cut on the way ends like a file that ended, so only its digest tells."""
    lab = handed.lab
    cut = handed.changed(f"readiness-read.bacula-{lab.hosts[HOST].role}", "umask 077", "umask 777")
    code, said = cut.loop("install", HOST)
    assert code == 1
    assert "is not the one that was printed" in said
    assert _is_installed(lab, HOST)


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_a_connection_that_breaks_half_way_leaves_what_was_there(handed: HandOut, tmp_path: Path, signal: str) -> None:
    """The client of ssh is ended while the reader is on its way."""
    lab = handed.lab
    slow = tmp_path / "slow-ssh"
    slow.write_text(
        f"""#!/bin/sh
{{ head -c 2000; sleep 1; }} | {handed.ssh} "$@" &
(sleep 0.4; kill -{signal} $!) &
wait
exit 1
"""
    )
    slow.chmod(0o755)
    code, said = replace(handed, ssh=str(slow)).loop("install", HOST)
    assert code == 1, said
    deadline = time.monotonic() + 5
    while not _is_installed(lab, HOST) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _is_installed(lab, HOST)


@contextmanager
def _hidden(lab: Lab, host: str, path: str) -> Iterator[None]:
    file = lab.root(host) / path
    file.rename(file.with_suffix(".away"))
    try:
        yield
    finally:
        file.with_suffix(".away").rename(file)


def test_a_host_without_sudo_is_told_and_gets_nothing(handed: HandOut) -> None:
    lab = handed.lab
    handed.loop("remove", HOST)
    with _hidden(lab, HOST, "usr/sbin/visudo"):
        code, said = handed.loop("install", HOST)
    assert code == 1
    assert "there is no visudo: install sudo" in said
    assert _is_removed(lab, HOST)
    assert handed.loop("install", HOST)[0] == 0


def test_where_others_could_change_it_nothing_is_installed(handed: HandOut) -> None:
    lab = handed.lab
    handed.loop("remove", HOST)
    folder = lab.root(HOST) / "usr/local/sbin"
    folder.chmod(0o775)
    try:
        for code, said in (handed.loop("install", HOST), handed.play("-l", HOST)):
            assert code != 0
            assert "/usr/local/sbin" in said
            assert _is_removed(lab, HOST)
    finally:
        folder.chmod(0o755)
    assert handed.loop("install", HOST)[0] == 0


def test_it_goes_through_another_host_to_another_port_of_an_ipv6_address(small_lab: Lab, tmp_path: Path) -> None:
    """Only the director's host has a way to that address."""
    lab = small_lab
    addresses = {"dir01": "fd77::11", HOST: "fd77::21"}
    for host, address in addresses.items():
        lab.exec(host, "ip", "-6", "address", "add", f"{address}/64", "dev", "eth0", "nodad")
    lab.exec(HOST, "/usr/sbin/sshd", "-p", "2222")
    rule = "add rule inet lab input ip6 saddr fd77::11 tcp dport 2222 accept"
    lab.exec(HOST, "nft", *rule.split())
    estate = tmp_path / "estate"
    shutil.copytree(lab.estate, estate)
    text = (estate / "estate.yaml").read_text()
    old = f"address: {lab.hosts[HOST].address}\n"
    assert old in text
    (estate / "estate.yaml").write_text(text.replace(old, f"address: {addresses[HOST]}\n    ssh: {{port: 2222}}\n"))
    (estate / "known_hosts").write_text(
        "".join(
            line.replace(f"{lab.hosts[HOST].fqdn},", f"[{addresses[HOST]}]:2222,") + "\n"
            for line in (lab.estate / "known_hosts").read_text().splitlines()
        )
    )
    settings = {**options(lab), "UserKnownHostsFile": str(estate / "known_hosts")}
    config = tmp_path / "config"
    lines = [f"{name} {value}" for name, value in settings.items()]
    jump = f"Host {addresses[HOST]}\nProxyJump root@{lab.hosts['dir01'].address}\n"
    config.write_text("\n".join([*lines, jump]))
    handed = replace(_written(lab, estate, tmp_path), ssh=f"ssh -F {config}")
    code, said = handed.loop("remove", HOST)
    assert (code, _is_removed(lab, HOST)) == (0, True), said
    code, said = handed.loop("install", HOST)
    assert (code, _is_installed(lab, HOST)) == (0, True), said


def test_the_rule_is_for_a_login_of_a_directory(small_lab: Lab, tmp_path: Path) -> None:
    lab, name = small_lab, "admin@corp.example"
    handed = _written(lab, lab.estate, tmp_path, "--user", name)
    with _hidden(lab, HOST, "etc/sudoers.d/admins"):
        read = "printf %064d 0 | sudo -n /usr/local/sbin/readiness-read"
        assert "password is required" in login(lab, HOST, read, user=name).stderr
        assert handed.loop("install", HOST)[0] == 0
        assert (lab.root(HOST) / RULE_FILE[1:]).read_text() == f"{rule_for(name)}\n"
        assert "/usr/sbin/bacula-fd\n" in login(lab, HOST, read, user=name).stdout
        assert login(lab, HOST, "sudo -n /usr/bin/id", user=name).returncode != 0
