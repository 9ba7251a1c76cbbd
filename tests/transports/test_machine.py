"""What this machine knows of host keys is never weakened by an estate: revoked keys, and other keys of a host."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from readiness.core.errors import InputError
from readiness.core.facts import HostKey, Login, Missing, Why
from readiness.core.scripts import Limits, Script, Visit
from readiness.transports import CannotReach, Stop, Surroundings
from readiness.transports.ssh.login import fingerprint
from readiness.transports.ssh.machine import Machine
from readiness.transports.ssh.revoked import Revoked
from readiness.transports.ssh.target import SshTarget, Targets
from readiness.transports.ssh.transport import SshTransport
from tests import small
from tests.transports.conftest import Keys
from tests.transports.openssh import USER, Sshd, public, require

QUICK = Limits(connect_s=5, login_s=5, host_s=15)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("home/.ssh", "etc", "estate"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def surroundings(tmp_path: Path, home: Path) -> Surroundings:
    return Surroundings(tmp_path / "estate", home, {"KEYS": str(home)}, tmp_path / "etc")


def target(surroundings: Surroundings, server: Sshd, keys: Keys, ssh: Any = None, **of_all: Any) -> SshTarget:
    """The target of an estate's only host: the server, with what the estate states of SSH."""
    own = {"port": server.port, "user": USER, "identity_file": str(keys.good), **(ssh or {})}
    host = {
        "fqdn": "bk01.example.com",
        "address": "127.0.0.1",
        "ssh": own,
        "groups": ["clients"],
        "products": {"bacula": ["client"]},
    }
    estate = small.inputs({"bk01": host}, ssh=of_all).estate
    return Targets(estate, surroundings).target(estate.hosts["bk01"])


def visit(one: SshTarget) -> Visit:
    return SshTransport(one, Stop()).visit((Script("one", "echo 1"),), QUICK, lambda _: None)


def refused(one: SshTarget, server: Sshd, *words: str) -> Missing:
    """The visit ends with the host's key, before any login, and the check of the host key fails."""
    before = server.logins_tried()
    made = visit(one)
    assert isinstance(made.login, Missing)
    assert made.login.why is Why.HOST_KEY_DIFFERS
    for word in words:
        assert word in str(made.login), str(made.login)
    key = made.fact(HostKey)
    assert isinstance(key, Missing) or key.offered not in key.pinned
    why_not = f"{one.distrust.detail}; {made.login.remedy}" if one.distrust else ""
    assert isinstance(key, Missing) or key.distrust == why_not
    assert server.logins_tried() == before
    return made.login


# Revoked keys.


def krl(folder: Path, text: str, *options: str) -> Path:
    (folder / "spec").write_text(text)
    made = folder / "krl"
    subprocess.run([require("ssh-keygen"), "-q", "-k", "-f", made, *options, folder / "spec"], check=True)
    return made


def in_known_hosts(home: Path, key: str) -> str:
    (home / ".ssh" / "known_hosts").write_text(f"# mine\n@revoked * {key}\n")
    return f"{home}/.ssh/known_hosts:2"


def hashed(home: Path, key: str) -> str:
    path = home / ".ssh" / "known_hosts2"
    path.write_text(f"bk01.example.com {key}\n")
    subprocess.run([require("ssh-keygen"), "-q", "-H", "-f", path], check=True, capture_output=True)
    path.write_text(f"@revoked {path.read_text()}")
    return f"{path}:1"


def of_another_name(home: Path, key: str) -> str:
    (home / ".ssh" / "known_hosts").write_text(f"bk01.example.com {key}\n@revoked [old.example.com]:2222,!bk01 {key}\n")
    return ".ssh/known_hosts:2"


def of_the_system(home: Path, key: str) -> str:
    (home.parent / "etc" / "ssh_known_hosts").write_text(f"@revoked bk0? {key}\n")
    return "etc/ssh_known_hosts:1"


def by_a_file_of_the_users_config(home: Path, key: str) -> str:
    (home / ".ssh" / "more.conf").write_text(
        'Match exec "touch ran"\n  UserKnownHostsFile /dev/null "~/my keys" none\n'
        "  ProxyCommand x\n  StrictHostKeyChecking no\n"
    )
    (home / ".ssh" / "config").write_text("Host elsewhere\n  Include *.conf\n")
    (home / "my keys").write_text(f"@revoked * {key}\n")
    return "my keys:1"


def by_a_file_for_each_host(home: Path, key: str) -> str:
    (home / ".ssh" / "kh.d").mkdir()
    (home / ".ssh" / "kh.d" / "bk01").write_text(f"@revoked * {key}\n")
    (home / ".ssh" / "config").write_text("UserKnownHostsFile %d/.ssh/kh.d/%k\n")
    return "kh.d/bk01:1"


def by_a_file_of_the_systems_config(home: Path, key: str) -> str:
    (home.parent / "etc" / "ssh_config").write_text(f"GlobalKnownHostsFile {home}/global\n")
    (home / "global").write_text(f"@revoked * {key}\n")
    return "global:1"


def by_a_list(home: Path, key: str) -> str:
    (home.parent / "etc" / "ssh_config").write_text("RevokedHostKeys ${KEYS}/list\n")
    (home / "list").write_text(f"# old ones\n\n{key} comment\n")
    return "list:3"


def by_a_krl(home: Path, key: str) -> str:
    (home / ".ssh" / "config").write_text(f"RevokedHostKeys {krl(home, key)}\n")
    return f"{home}/krl"


def by_a_krl_of_digests(home: Path, key: str) -> str:
    (home / "key.pub").write_text(f"{key}\n")
    (home / ".ssh" / "config").write_text(f"RevokedHostKeys {krl(home, f'sha256: {key}')}\n")
    return f"{home}/krl"


def by_a_krl_of_sha1(home: Path, key: str) -> str:
    (home / ".ssh" / "config").write_text(f"RevokedHostKeys {krl(home, f'sha1: {key}')}\n")
    return f"{home}/krl"


REVOKING: list[Callable[[Path, str], str]] = [
    *(in_known_hosts, hashed, of_another_name, of_the_system, by_a_file_of_the_users_config, by_a_file_for_each_host),
    *(by_a_file_of_the_systems_config, by_a_list, by_a_krl, by_a_krl_of_digests, by_a_krl_of_sha1),
]


@pytest.mark.parametrize("revoke", REVOKING)
def test_a_revoked_key_is_refused_whatever_the_estate_pins(
    surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys, revoke: Callable[[Path, str], str]
) -> None:
    place, key = revoke(home, public(keys.host)), public(keys.host)
    refused(target(surroundings, sshd, keys, {"host_key": key}), sshd, fingerprint(key), "is revoked by", place)
    (home / "pins").write_text(f"bk01 {key}\n[127.0.0.1]:{sshd.port} {key}\n")
    refused(target(surroundings, sshd, keys, known_hosts="~/pins"), sshd, fingerprint(key), place)
    assert not Path("ran").exists()


def test_another_key_of_the_host_still_counts(surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys) -> None:
    in_known_hosts(home, public(keys.host))
    both = "".join(f"[127.0.0.1]:{sshd.port} {public(key)}\n" for key in (keys.host, keys.host_rsa))
    (home / "pins").write_text(both)
    assert isinstance(visit(target(surroundings, sshd, keys, known_hosts="~/pins")).login, Login)


def test_a_revoked_key_is_not_offered_as_one_to_pin(
    surroundings: Surroundings, home: Path, start: Callable[..., Sshd], keys: Keys
) -> None:
    server = start()
    place = of_the_system(home, public(keys.host))
    missing = refused(target(surroundings, server, keys), server, place)
    assert "add to known_hosts" not in str(missing)


def test_what_the_estates_own_ssh_config_revokes_counts(
    surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys
) -> None:
    key = public(keys.host)
    (home / "list").write_text(f"{key}\n")
    (surroundings.folder / "ssh_config").write_text("Host nobody\n  RevokedHostKeys ~/list\n")
    refused(target(surroundings, sshd, keys, {"host_key": key}, config="ssh_config"), sshd, "list:1")


def test_what_the_estates_own_known_hosts_revoke_counts_for_host_key_too(
    surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys
) -> None:
    key = public(keys.host)
    (home / "pins").write_text(f"@revoked old.example.com {key}\n")
    refused(target(surroundings, sshd, keys, {"host_key": key}, known_hosts="~/pins"), sshd, f"{home}/pins:1")


def test_a_jump_may_not_show_a_revoked_key(surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys) -> None:
    key = public(keys.host)
    (home / "pins").write_text(f"[127.0.0.1]:{sshd.port} {key}\n")
    (surroundings.folder / "ssh_config").write_text(f"Host bk01\n  ProxyJump {USER}@127.0.0.1:{sshd.port}\n")
    place = in_known_hosts(home, key)
    one = target(
        surroundings,
        sshd,
        keys,
        {"host_key": public(keys.host_rsa)},
        known_hosts="~/pins",
        config="ssh_config",
    )
    refused(one, sshd, "through 127.0.0.1", place)


def test_a_revoked_authority_is_no_key_and_its_own_key_no_host(
    surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys
) -> None:
    """Certificates of hosts are never accepted, so only the authority's own key is left to refuse."""
    (home / ".ssh" / "known_hosts").write_text(
        f"@cert-authority *.example.com {public(keys.bad)}\n@revoked *.example.com {public(keys.bad)}\n"
    )
    assert isinstance(visit(target(surroundings, sshd, keys, {"host_key": public(keys.host)})).login, Login)
    one = target(surroundings, sshd, keys, {"host_key": public(keys.bad)})
    assert one.distrust is not None
    assert "known_hosts:2" in one.distrust.detail


@pytest.mark.parametrize(
    "revoke",
    # The others are refused there by name, or in files that the client finds by its user's home.
    [in_known_hosts, by_a_file_of_the_systems_config, by_a_list, by_a_krl, by_a_krl_of_digests, by_a_krl_of_sha1],
)
def test_openssh_refuses_them_too(
    tmp_path: Path, home: Path, sshd: Sshd, keys: Keys, revoke: Callable[[Path, str], str]
) -> None:
    """The same files given to the real client; what it only refuses by name is left out."""
    if revoke in {of_another_name, hashed, by_a_file_of_the_users_config, by_a_file_for_each_host, of_the_system}:
        pytest.skip("the client matches names, or finds its home elsewhere")
    key = public(keys.host)
    revoke(home, key)
    (tmp_path / "pins").write_text(f"[127.0.0.1]:{sshd.port} {key}\n")
    config = (home / ".ssh" / "config", tmp_path / "etc" / "ssh_config")
    text = "".join(path.read_text() for path in config if path.exists()).replace("${KEYS}", str(home))
    (tmp_path / "own").write_text(text + f"UserKnownHostsFile {tmp_path}/pins {home}/.ssh/known_hosts\n")
    command = ["ssh", "-F", str(tmp_path / "own"), "-i", str(keys.good), "-o", "BatchMode=yes", "-p", str(sshd.port)]
    ran = subprocess.run([*command, "127.0.0.1", "true"], capture_output=True, text=True, timeout=20, check=False)
    assert ran.returncode == 255
    assert "revoked" in ran.stderr.lower()


# Other keys of the host.


@pytest.mark.parametrize("name", ["bk01", "bk01.example.com", "127.0.0.1", "*.example.com", "bk0?,!bk02"])
@pytest.mark.parametrize("other", ["bad", "host_rsa"])
def test_a_pin_that_this_machine_contradicts_is_refused(
    surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys, name: str, other: str
) -> None:
    key, known = public(keys.host), public(getattr(keys, other))
    names = ",".join(f"{'!' * part.startswith('!')}[{part.lstrip('!')}]:{sshd.port}" for part in name.split(","))
    (home / ".ssh" / "known_hosts").write_text(f"other {key}\n{names} {known}\n")
    one = target(surroundings, sshd, keys, {"host_key": key})
    words = (fingerprint(key), fingerprint(known), f"{home}/.ssh/known_hosts:2")
    missing = refused(one, sshd, *words)
    assert "ssh-keygen -f" in missing.remedy


def test_a_host_that_is_known_by_an_alias_is_known(
    surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys
) -> None:
    """As OpenSSH has it, an alias stands there without a port."""
    (home / ".ssh" / "known_hosts").write_text(f"the-backup {public(keys.bad)}\n")
    (home / "config").write_text("Host bk01\n  HostKeyAlias the-backup\n")
    one = target(surroundings, sshd, keys, {"host_key": public(keys.host)}, config="~/config")
    missing = refused(one, sshd, f"{home}/.ssh/known_hosts:1")
    assert missing.remedy.endswith("-R the-backup")


def test_the_way_out_is_the_one_that_is_told(surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys) -> None:
    path = home / ".ssh" / "known_hosts"
    path.write_text(f"[127.0.0.1]:{sshd.port} {public(keys.bad)}\n")
    subprocess.run([require("ssh-keygen"), "-q", "-H", "-f", path], check=True, capture_output=True)
    stated = {"host_key": public(keys.host)}
    missing = refused(target(surroundings, sshd, keys, stated), sshd, f"{path}:1")
    subprocess.run(shlex.split(missing.remedy.partition(": ")[2]), check=True, capture_output=True)
    assert isinstance(visit(target(surroundings, sshd, keys, stated)).login, Login)


def test_a_pin_that_this_machine_confirms_is_used(
    surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys
) -> None:
    (home / ".ssh" / "known_hosts").write_text(f"[bk01]:{sshd.port} {public(keys.bad)}\n")
    (home.parent / "etc" / "ssh_known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {public(keys.host)}\n")
    assert isinstance(visit(target(surroundings, sshd, keys, {"host_key": public(keys.host)})).login, Login)


def test_a_pin_beside_the_true_one_is_not_used(
    surroundings: Surroundings, home: Path, start: Callable[..., Sshd], keys: Keys
) -> None:
    """The estate names the key that this machine knows, and one of its own: a host that shows that is another one."""
    server = start(host_keys=(keys.host_rsa,))
    pins = "".join(f"[127.0.0.1]:{server.port} {public(key)}\n" for key in (keys.host, keys.host_rsa))
    (home / "pins").write_text(pins)
    (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {public(keys.host)}\n")
    refused(
        target(surroundings, server, keys, known_hosts="~/pins"),
        server,
        fingerprint(public(keys.host)),
    )


@pytest.mark.parametrize("line", ["{name} {key}", "bk02 {key}", "[127.0.0.1]:1 {key}", "@cert-authority * {key}"])
def test_other_hosts_ports_and_authorities_contradict_nothing(
    surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys, line: str
) -> None:
    text = line.format(name="127.0.0.1", key=public(keys.bad))
    (home / ".ssh" / "known_hosts2").write_text(f"{text}\nnonsense\nbk01 1024 35 999\n@other x y z\n")
    assert isinstance(visit(target(surroundings, sshd, keys, {"host_key": public(keys.host)})).login, Login)


def test_the_users_own_known_hosts_contradict_nothing(
    surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys
) -> None:
    (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {public(keys.host)}\n")
    (home.parent / "etc" / "ssh_known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {public(keys.bad)}\n")
    assert isinstance(visit(target(surroundings, sshd, keys)).login, Login)


def test_an_estates_own_ssh_config_confirms_no_pin(
    surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys
) -> None:
    key = public(keys.host)
    (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {public(keys.bad)}\n")
    (surroundings.folder / "mine").write_text(f"[127.0.0.1]:{sshd.port} {key}\n")
    (surroundings.folder / "ssh_config").write_text(
        f"StrictHostKeyChecking no\nUserKnownHostsFile {surroundings.folder}/mine\nGlobalKnownHostsFile /dev/null\n"
    )
    refused(target(surroundings, sshd, keys, {"host_key": key}, config="ssh_config"), sshd, ".ssh/known_hosts:1")


# What cannot be read.


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("RevokedHostKeys ~/absent", "No such file"),
        ("RevokedHostKeys ~/nonsense", "neither a public key nor a KRL"),
        ("RevokedHostKeys ~/cut", "a KRL that is cut off"),
        ("RevokedHostKeys ~/version", "another version"),
        ("RevokedHostKeys ~/pipe", "a pipe"),
        ("UserKnownHostsFile ${NOT_SET}/x", "NOT_SET is not set"),
        ("UserKnownHostsFile ~other/x", "another user's home"),
    ],
)
def test_what_may_hide_a_revoked_key_is_told_at_its_line(
    surroundings: Surroundings, home: Path, keys: Keys, config: str, words: str
) -> None:
    whole = krl(home, public(keys.host)).read_bytes()
    (home / "nonsense").write_text("ssh-ed25519 !!!\n")
    (home / "cut").write_bytes(whole[:-7])
    (home / "version").write_bytes(whole[:8] + b"\0\0\0\2" + whole[12:])
    os.mkfifo(home / "pipe")
    (home / ".ssh" / "config").write_text(f"Host x\n  {config}\n")
    with pytest.raises(InputError) as caught:
        Machine(surroundings, None, 2.0)
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [(f"{home}/.ssh/config", 2)]
    assert words in str(caught.value)


def test_every_cut_of_a_krl_is_noticed(home: Path, keys: Keys) -> None:
    whole = krl(home, public(keys.host)).read_bytes()
    header = 44  # up to here it is a list without a section, as a whole one may be
    for length in (*range(8, header), *range(header + 1, len(whole))):
        with pytest.raises(ValueError, match=r"KRL"):
            Revoked().add(whole[:length], "krl")


def test_what_is_malformed_is_passed_over_unless_it_revokes(surroundings: Surroundings, home: Path, keys: Keys) -> None:
    kind, blob = public(keys.host).split()
    (home / ".ssh" / "known_hosts").write_text(f"bk01 {kind} !!!\n@revoked * {kind}\n@revoked * ssh-rsa {blob}\n")
    with pytest.raises(InputError) as caught:
        Machine(surroundings, None, 2.0)
    assert [problem.line for problem in caught.value.problems] == [2, 3]


def test_all_mistakes_are_told_in_one_go(surroundings: Surroundings, home: Path, sshd: Sshd, keys: Keys) -> None:
    (home / ".ssh" / "known_hosts").write_text("@revoked *\n")
    (home / "pins").write_text("nonsense\n")
    (surroundings.folder / "ssh_config").write_text("ProxyCommand x\n")
    with pytest.raises(CannotReach) as caught:
        target(surroundings, sshd, keys, known_hosts="~/pins", config="ssh_config")
    assert len(caught.value.others) == 2
