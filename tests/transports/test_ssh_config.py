"""ssh_config as far as it is read, and what is refused before anything runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from readiness.core.errors import InputError
from readiness.transports.ssh.config import HostSettings, SshConfig
from readiness.transports.ssh.config import load as load_config
from tests.transports.openssh import require


def load(home: Path, text: str) -> SshConfig:
    (home / ".ssh").mkdir(exist_ok=True)
    (home / ".ssh" / "config").write_text(text)
    return load_config(home / ".ssh" / "config")


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert load_config(tmp_path / "config").lookup("bk01") == HostSettings()


def test_the_first_value_counts_and_identity_files_add_up(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
# comment
Host bk01 bk1? !bk13
    HostName %h.example.net   # the real one
    port=2222
    User "backup admin"
    IdentityFile ~/.ssh/%r@%h:%p
    IdentitiesOnly yes
    IdentityAgent %d/agent.sock
    ProxyJump ops@jump1:2200,ssh://jump2
    UserKnownHostsFile ~/.ssh/known_%n "/etc/known hosts"
    HostKeyAlias bk-alias
    StrictHostKeyChecking no
    ProxyCommand none
Host *
    User other
    IdentityFile ~/.ssh/id
    ProxyJump none
""",
    )
    assert config.lookup("bk01") == HostSettings(
        host_name="bk01.example.net",
        port=2222,
        user="backup admin",
        identity_files=("~/.ssh/backup admin@bk01.example.net:2222", "~/.ssh/id"),
        proxy_jump=("ops@jump1:2200", "jump2"),
        identities_only=True,
        identity_agent="~/agent.sock",
        known_hosts_files=("~/.ssh/known_bk01", "/etc/known hosts"),
        host_key_alias="bk-alias",
    )
    assert config.lookup("bk13") == HostSettings(user="other", identity_files=("~/.ssh/id",))


def test_match(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        "Host bk01\n HostName bk01.net\nMatch host *.net\n User net\nMatch originalhost bk02,bk03 user net\n Port 1\n"
        "Match all\n User rest\nMatch user rest\n Port 3\n",
    )
    assert config.lookup("bk01") == HostSettings("bk01.net", None, "net")
    assert config.lookup("bk02") == HostSettings(None, 3, "rest")


def test_include(tmp_path: Path) -> None:
    (tmp_path / ".ssh" / "conf.d").mkdir(parents=True)
    (tmp_path / ".ssh" / "conf.d" / "a.conf").write_text("User a\nHost bk02\n User two\n")
    (tmp_path / "b").write_text("Port 7\n")
    config = load(tmp_path, "Host bk*\n Include conf.d/*.conf ~/b\n HostName x\nHost *\n User rest\n")
    assert config.lookup("bk02") == HostSettings("x", 7, "a")
    assert config.lookup("other") == HostSettings(user="rest")
    assert config.lookup("bk01").host_name == "x", "after the include the section goes on"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ProxyCommand touch {proof}", "ProxyCommand would run"),
        ("  proxycommand=touch {proof}", "ProxyCommand would run"),
        ('Match exec "touch {proof}"', "Match exec would run"),
        ('Match host * exec "touch {proof}"', "Match exec would run"),
        ('match !exec "touch {proof}"', "Match exec would run"),
        ("Match localuser root", "not supported"),
        ("Match host", "not supported"),
        ("Match final all", "not supported"),
        ("Port ssh", "no port"),
        ("Port 99999", "no port"),
        ("IdentityFile ${{HOME}}/id", "environment"),
        ("IdentityFile %i/id", "%i is not supported"),
        ("Nonsense", "no option with a value"),
    ],
)
def test_what_is_refused(tmp_path: Path, line: str, words: str) -> None:
    proof = tmp_path / "proof"
    (tmp_path / "included").write_text(f"# one\n{line.format(proof=proof)}\n")
    text = f"Host never\n{line.format(proof=proof)}\nInclude {tmp_path}/included\n"
    with pytest.raises(InputError) as raised:
        load(tmp_path, text)
    found = [(Path(problem.file).name, problem.line) for problem in raised.value.problems]
    assert found == [("config", 2), ("included", 2)]
    assert all(words in problem.message for problem in raised.value.problems)
    assert not proof.exists()


def test_an_include_of_itself(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="includes itself"):
        load(tmp_path, f"Include {tmp_path}/.ssh/config\n")


def test_openssh_reads_it_in_the_same_way(tmp_path: Path) -> None:
    text = (
        "Host a* !ab\n HostName %h.net\n Port 2\nMatch host *.net\n User m\n Port 3\n"
        f"Host ab\n Include {tmp_path}/i\n Port 4\nMatch originalhost ac\n Port 5\nHost *\n User rest\n Port 22\n"
    )
    (tmp_path / "i").write_text("Host a*\n User inc\nHost b\n User never\n")
    config = load(tmp_path, text)
    for alias in ("a", "ab", "ac", "b", "c"):
        command = [require("ssh"), "-G", "-F", str(tmp_path / ".ssh" / "config"), alias]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        theirs = dict(line.split(" ", 1) for line in told.splitlines() if " " in line)
        ours = config.lookup(alias)
        assert (ours.host_name or alias, str(ours.port), ours.user) == (
            theirs["hostname"],
            theirs["port"],
            theirs["user"],
        ), alias
