"""What the scripts that root runs tell, of real files, keys, access lists and sshd; and that they only read."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)

from readiness.core.facts import Missing
from readiness.core.scripts import Output
from readiness.estate import SSHD_SETTINGS
from readiness.probes import PROBES
from readiness.probes.access_list import NO_GETFACL
from readiness.probes.certificates import CertificateFile, Certificates
from readiness.probes.rights import Ownership, Rights
from readiness.probes.sshd import Sshd
from readiness.rules import certificates as rules
from tests.lab.keys import Authority

from . import real
from .askings import asking, by_name
from .samples import parsed
from .test_configuration import awk_path
from .test_guard import CANARY, NOBODY, file, folder, link, listed

AS_ROOT = [probe.name for probe in PROBES if probe.as_root]
LOCKED = BestAvailableEncryption(b"secret")
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
KEYS: dict[str, tuple[rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, PrivateFormat]] = {
    "rsa8": (RSA, PrivateFormat.PKCS8),
    "rsa1": (RSA, PrivateFormat.TraditionalOpenSSL),
    "ec8": (EC, PrivateFormat.PKCS8),
    "ec1": (EC, PrivateFormat.TraditionalOpenSSL),
    "edwards": (ed25519.Ed25519PrivateKey.generate(), PrivateFormat.PKCS8),
}


@pytest.fixture(autouse=True)
def _root() -> None:
    real.need_root()


@pytest.fixture(params=[("dash", "mawk"), ("bash", "gawk"), ("busybox", "busybox")], ids=",".join)
def shell(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Each shell with an awk of its own."""
    name, awk = request.param
    real.need(name)
    monkeypatch.setattr(real, "PATH", awk_path(awk, tmp_path_factory.mktemp("awk")))
    return str(name)


def read(*folders: Path, shell: str = "dash") -> tuple[Certificates, Output]:
    output = real.run("certificates", [*map(str, folders)], shell=shell)
    fact = parsed(output)
    assert isinstance(fact, Certificates), output
    assert output.stderr == b""
    return fact, output


def digest(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return hashlib.sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def lines_of(pem: bytes) -> set[bytes]:
    return {line for line in pem.split(b"\n") if line and not line.startswith(b"--")}


def test_of_a_private_key_only_the_digest_of_its_public_half_leaves(shell: str, tmp_path: Path) -> None:
    secret: set[bytes] = set()
    for name, (key, form) in KEYS.items():
        for ending, text in {
            "pem": key.private_bytes(Encoding.PEM, form, NoEncryption()),
            "locked": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, LOCKED),
        }.items():
            (tmp_path / f"{name}.{ending}").write_bytes(text.replace(b"\n", b"\r\n") if "1" in name else text)
            secret |= lines_of(text)
        secret |= lines_of(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "old.locked").write_bytes(RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, LOCKED))
    (tmp_path / "dsa.pem").write_bytes(
        dsa.generate_private_key(2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (tmp_path / "broken.pem").write_text(f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n")
    (tmp_path / "x.p12").write_bytes(pkcs12.serialize_key_and_certificates(b"x", EC, None, None, NoEncryption()))
    (tmp_path / "key.der").write_bytes(EC.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "empty").touch()
    found, output = read(tmp_path, shell=shell)
    files = {Path(path).name: one for path, one in found.files.items()}
    told = {name: (one.public_key, one.locked) for name, one in files.items() if name != "dsa.pem"}
    passphrase = ("", "encrypted with a passphrase")
    assert told == {
        **{f"{name}.pem": (digest(key), "") for name, (key, _) in KEYS.items()},
        **{f"{name}.locked": passphrase for name in (*KEYS, "old")},
        "broken.pem": ("", "not understood by openssl"),
        "x.p12": ("", "in a file of PKCS#12"),
        "key.der": ("", ""),
        "empty": ("", ""),
    }
    assert not [line for line in secret if line in output.stdout]
    assert CANARY.encode() not in output.stdout


def test_only_whole_certificates_leave(shell: str, tmp_path: Path) -> None:
    authority = Authority()
    identity = authority.issue("bk01.example.com")
    pem = identity.certificate.strip()
    (tmp_path / "both.pem").write_text(
        f"Bag Attributes\n  friendlyName: {CANARY}\nsubject={CANARY}\n{pem}\n{CANARY}=\n"
        f"{identity.key}{authority.certificate}"
        f"-----BEGIN CERTIFICATE-----\n{CANARY}\n"
    )
    (tmp_path / "mixed.pem").write_text(pem.replace("\n", f"\n{CANARY} {CANARY}\n", 1))
    found, output = read(tmp_path, shell=shell)
    both = found.files[f"{tmp_path}/both.pem"]
    assert [text.strip() for text in both.certificates] == [pem, authority.certificate.strip()]
    assert rules.belongs(rules.load(both.certificates).own, both.public_key)
    assert not rules.belongs(rules.load(both.certificates[1:]).own, both.public_key)
    assert found.files[f"{tmp_path}/mixed.pem"].certificates == ()
    assert CANARY.encode() not in output.stdout


def test_a_folder_is_read_as_far_as_only_root_may_change_it(shell: str, tmp_path: Path) -> None:
    for name in ("in", "in/sub", "out", "in/.hidden"):
        folder(tmp_path / name)
    theirs = folder(tmp_path / "in/theirs", owner=NOBODY)
    for path in ("in/a", "in/sub/b c", "in/.d", "out/e", "in/theirs/f", "in/.hidden/g"):
        file(tmp_path / path)
    file(tmp_path / "in/bacula", owner=NOBODY)
    link(tmp_path / "in/link", "sub")
    link(tmp_path / "in/leads", "../out/e")
    link(tmp_path / "in/dangling", "none")
    link(tmp_path / "in/again", ".")
    os.mkfifo(tmp_path / "in/pipe")
    (tmp_path / "in/long").write_bytes(b"x" * 262145)
    (tmp_path / "in/new\nfolder\tx\t.").touch()
    found, _ = read(tmp_path / "in", tmp_path / "none", shell=shell)
    here = [path.removeprefix(f"{tmp_path}/") for path in found.files]
    assert {*here} == {*("in/a", "in/sub/b c", "in/.d", "in/bacula", "in/link/b c", "in/.hidden/g")}
    unread = {path.removeprefix(f"{tmp_path}/in/"): why for path, why in found.unread.items()}
    assert {name: why.partition(": ")[2] for name, why in unread.items()} == {
        "theirs": f"chown root {theirs}",
        "leads": f"reads: [{tmp_path}/out] at the host in estate.yaml",
        "again": "remove them",
        "pipe": "name a file",
        "long": "name a shorter file",
        "new?folder?x?.": "rename it",
    }
    assert found.folders == (f"{tmp_path}/in", f"{tmp_path}/none")
    assert found.why_unread(f"{theirs}/f")
    assert not found.why_unread(f"{tmp_path}/in/a")


def test_a_folder_that_others_may_change_is_told_and_not_read(shell: str, tmp_path: Path) -> None:
    theirs = folder(tmp_path / "tls", 0o775, group=NOBODY)
    file(theirs / "a")
    found, _ = read(theirs, shell=shell)
    assert found.files == {}
    why = f"{theirs} may be changed by the group nogroup: chmod go-w {theirs}"
    assert found.unread == {str(theirs): why}
    assert found.why_unread(f"{theirs}/a") == why


def test_a_folder_of_very_many_files_is_told(tmp_path: Path) -> None:
    """What was not come to is not taken for absent."""
    for number in range(2001):
        (tmp_path / f"{number:04}").touch()
    found, _ = read(tmp_path)
    assert len(found.files) == 2000
    assert found.at(f"{tmp_path}/2000") is None
    assert found.why_unread(f"{tmp_path}/2000")


def rights(*paths: Path, shell: str = "dash", path: str | None = None) -> dict[str, Ownership | None]:
    output = real.run("rights", [f"path={one}" for one in paths], shell=shell, path=path or real.PATH)
    fact = parsed(output)
    assert isinstance(fact, Rights), output
    assert output.stderr == b""
    return {one.rpartition("/")[2]: own for one, own in fact.paths.items()}


def test_an_access_list_is_told_as_it_counts(shell: str, tmp_path: Path) -> None:
    own, place = file(tmp_path / "x.conf"), folder(tmp_path / "conf.d")
    listed(own, "u:nobody:rw,g:nogroup:r,m::r")
    listed(place, "d:u:nobody:rwx")
    found = rights(own, place, tmp_path / "none", shell=shell)
    assert found["none"] is None
    assert (found["x.conf"].mode, found["x.conf"].bits, found["x.conf"].kind) == ("640", 0o640, "file")  # type: ignore[union-attr]
    given = {
        name: [(one.kind, one.name, one.bits, one.is_default) for one in ownership.access if one.name]  # type: ignore[union-attr]
        for name, ownership in found.items()
        if ownership
    }
    assert given == {
        "x.conf": [("user", "nobody", 4, False), ("group", "nogroup", 4, False)],
        "conf.d": [("user", "nobody", 7, True)],
    }
    entry = next(one for one in found["conf.d"].access if one.name)  # type: ignore[union-attr]
    subprocess.run(["sh", "-c", re.findall(r"\((setfacl .*)\)", entry.says(str(place), 6))[0]], check=True)
    assert not [one for one in rights(place)["conf.d"].access if one.name]  # type: ignore[union-attr]


def test_the_bits_of_a_group_are_its_own_and_not_the_mask(shell: str, tmp_path: Path) -> None:
    own = file(tmp_path / "x.conf", 0o600)
    listed(own, "u:nobody:rw")
    ownership = rights(own, shell=shell)["x.conf"]
    assert ownership
    assert (ownership.mode, ownership.bits) == ("660", 0o600)


def test_without_getfacl_a_list_is_not_taken_for_none(shell: str, tmp_path: Path) -> None:
    own, plain = file(tmp_path / "x.conf"), file(tmp_path / "y.conf")
    listed(own, "u:nobody:rw")
    tools = folder(tmp_path / "tools")
    for tool in ("dash", "bash", "busybox", "sh", "stat", "readlink", "ls", "tr", "getent", "sha256sum"):
        link(tools / tool, Path("/usr/bin") / tool)
    found = rights(own, plain, shell=shell, path=str(tools))
    assert found["x.conf"].access == NO_GETFACL  # type: ignore[union-attr]
    assert found["y.conf"].access == ()  # type: ignore[union-attr]


def test_a_link_that_others_may_change_is_told_as_a_link(shell: str, tmp_path: Path) -> None:
    theirs = folder(tmp_path / "theirs", owner=NOBODY)
    link(theirs / "x", "/etc/shadow")
    link(tmp_path / "y", "/etc/passwd")
    found = rights(theirs / "x", tmp_path / "y", shell=shell)
    assert (found["x"].kind, found["x"].mode) == ("link", "777")  # type: ignore[union-attr]
    assert (found["y"].kind, found["y"].mode) == ("file", "644")  # type: ignore[union-attr]


def test_a_key_s_access_list_is_told(shell: str, tmp_path: Path) -> None:
    own = tmp_path / "host.key"
    own.write_bytes(EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    own.chmod(0o600)
    listed(own, "u:nobody:r")
    (one,) = read(tmp_path, shell=shell)[0].files.values()
    assert isinstance(one, CertificateFile)
    assert [(entry.kind, entry.name) for entry in one.readers_by_list(())] == [("user", "nobody")]
    assert one.readers_by_list(("nobody",)) == ()
    assert not one.read_by_others


def with_sshd(tmp_path: Path, configuration: str, shell: str) -> Output:
    """What a host with this configuration, or with this program for its sshd, tells."""
    real.need("sshd", "openssh-server")
    is_program = configuration.startswith("#!")
    planted = tmp_path / "planted"
    planted.write_text(configuration)
    planted.chmod(0o755)
    key = tmp_path / "key"
    if not key.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    if not is_program:
        planted.write_text(f"HostKey {key}\n{configuration}")
    at = "/usr/sbin/sshd" if is_program else "/etc/ssh/sshd_config"
    within = ["unshare", "--mount", "sh", "-c", f'mkdir -p /run/sshd; mount --bind {planted} {at} && exec "$@"', "sh"]
    return real.run("sshd", by_name["sshd"].arguments(asking()), shell=shell, within=within)


SECRETS = f"""\
SetEnv TOKEN={CANARY}
ForceCommand /bin/x --token {CANARY}
AuthorizedKeysCommand /bin/x {CANARY}
AuthorizedKeysCommandUser nobody
AuthorizedPrincipalsCommand /bin/x {CANARY}
AuthorizedPrincipalsCommandUser nobody
VersionAddendum {CANARY}
HostKeyAgent /run/{CANARY}
Subsystem sftp internal-sftp -u {CANARY}
"""


def test_of_sshd_only_settings_of_the_list_leave(shell: str, tmp_path: Path) -> None:
    settings = (
        "PermitRootLogin no\nAllowUsers readiness root@192.0.2.*\nListenAddress [::1]:2222\nMaxStartups 10:30:60\n"
    )
    output = with_sshd(tmp_path, settings + SECRETS, shell)
    found = parsed(output)
    assert isinstance(found, Sshd), output
    assert CANARY.lower().encode() not in (output.stdout + output.stderr).lower()
    assert {"setenv", "forcecommand", "authorizedkeyscommand", "versionaddendum"} <= {*found.hidden}
    assert found.settings["permitrootlogin"] == ("no",)
    assert found.settings["allowusers"] == ("readiness", "root@192.0.2.*")
    assert found.settings["maxstartups"] == ("10:30:60",)
    assert found.settings["listenaddress"] == ("[::1]:2222",)
    assert {*found.settings} <= {*SSHD_SETTINGS}
    assert not {*found.hidden} & {*SSHD_SETTINGS}


def test_accounts_of_a_domain_and_what_hardening_roles_set_leave(shell: str, tmp_path: Path) -> None:
    """As they stand in others' files: the separator of winbind, a computer's account, an address in brackets."""
    settings = r"""
AllowUsers CORP\backup corp+admin host$ a@[2001:db8::1]
AllowGroups sshusers "domain admins"
PermitOpen localhost:80 [::1]:443
Banner /etc/issue.net
"""
    found = parsed(with_sshd(tmp_path, settings, shell))
    assert isinstance(found, Sshd)
    assert not {*found.hidden} & {*SSHD_SETTINGS}
    assert found.settings["allowusers"] == (r"CORP\backup", "a@[2001:db8::1]", "corp+admin", "host$")
    assert found.settings["allowgroups"] == ("domain admins", "sshusers")
    assert found.settings["permitopen"] == ("localhost:80 [::1]:443",)
    assert found.settings["banner"] == ("/etc/issue.net",)


def test_every_setting_of_this_sshd_has_its_shape(shell: str) -> None:
    """None of the list is hidden, whatever its default is."""
    found = parsed(real.run("sshd", by_name["sshd"].arguments(asking()), shell=shell))
    assert isinstance(found, Sshd)
    assert not {*found.hidden} & {*SSHD_SETTINGS}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (f"PermitRootLogin {CANARY}", "{0}:2, permitrootlogin"),
        (f"{CANARY} yes", "{0}:2"),
        (f"SetEnv {CANARY}", "{0}:2"),
        (f"Port 22 {CANARY}", "{0}:2"),
        (f"LogLevel {CANARY}", "{0}:2"),
        (f"Ciphers {CANARY}", "{0}:2"),
        (f'ForceCommand "{CANARY}', "{0}:2"),
        (f"Match {CANARY} x", "{0}:2"),
    ],
)
def test_of_what_sshd_refuses_only_its_place_leaves(wrong: str, told: str, shell: str, tmp_path: Path) -> None:
    output = with_sshd(tmp_path, wrong + "\n", shell)
    found = parsed(output)
    assert CANARY.lower().encode() not in (output.stdout + output.stderr).lower()
    assert isinstance(found, Missing), output
    assert (
        found.detail.partition(", ")[0]
        == "sshd -T finds fault: " + told.format("/etc/ssh/sshd_config").partition(", ")[0]
    )


@pytest.mark.parametrize("answer", [f"port {CANARY}", f"allowusers a\\'{CANARY}", f"{CANARY}", "port 22\\033[31m"])
def test_a_value_of_another_shape_is_hidden(answer: str, shell: str, tmp_path: Path) -> None:
    output = with_sshd(tmp_path, f"#!/bin/sh\nprintf '%b\\n' \"{answer}\" 'usepam yes'\n", shell)
    found = parsed(output)
    assert CANARY.encode() not in output.stdout + output.stderr
    assert found is None or (isinstance(found, Sshd) and {*found.settings} == {"usepam"}), output


WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_TMPFILE")
CHANGES = (
    "trace=openat,open,creat,mkdir,mkdirat,mknod,mknodat,unlink,unlinkat,rename,renameat,renameat2,link,linkat,"
    "symlink,symlinkat,chmod,fchmod,fchmodat,chown,fchown,fchownat,lchown,truncate,ftruncate,memfd_create,utimensat,"
    "setxattr,fsetxattr,removexattr,execve"
)


@pytest.mark.parametrize("name", AS_ROOT)
def test_nothing_is_written_and_no_secret_is_an_argument(name: str, shell: str, tmp_path: Path) -> None:
    real.need("strace")
    tls, own = folder(tmp_path / "tls"), tmp_path / "x.conf"
    key = EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tls / "host.pem").write_bytes(key + Authority().certificate.encode())
    own.write_text(f'@{tmp_path}/y.conf\nDirector {{ Name = d; Password = {CANARY}; Address = "::1" }}\n')
    file(tmp_path / "y.conf").write_text("Client { Name = c }\n")
    listed(own, "u:nobody:r")
    arguments = {
        "configuration": ["format=bacula", "secret=password", "address=address", f"folder={tmp_path}", f"file={own}"],
        "certificates": [str(tls)],
        "rights": [f"path={own}", f"path={tls}", "account=nobody"],
    }.get(name, by_name[name].arguments(asking()))
    log = tmp_path / "log"
    within = ["strace", "-f", "-qq", "-s", "65536", "-o", str(log), "-e", CHANGES]
    output = real.run(name, arguments, shell=shell, within=within)
    assert isinstance(parsed(output), by_name[name].kind), output
    calls = [line.partition(" ")[2].strip() for line in log.read_text().splitlines()]
    changing = [line for line in calls if not line.startswith(("openat(", "open(", "execve(", "+++", "---", "<..."))]
    assert changing == []
    assert [line for line in calls if line.startswith("openat(")]
    opened = [line for line in calls if line.startswith(("open", "<... open")) and WRITES.search(line)]
    assert not [line for line in opened if '"/dev/null"' not in line and '"/dev/tty"' not in line]
    started = "\n".join(line for line in calls if line.startswith("execve("))
    assert [secret for secret in (real.NONCE, CANARY, *map(bytes.decode, lines_of(key))) if secret in started] == []
    assert "sh" in started


@pytest.mark.parametrize("name", AS_ROOT)
def test_the_text_is_the_same_as_a_function_s_body(name: str, shell: str) -> None:
    """As which the reader on a host has it."""
    probe = by_name[name]
    text = probe.text_for(asking())
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "NONCE": real.NONCE}
    whole = f'f() (\n{text}\n)\nf "$@"\n'
    command = [*real.SHELLS[shell], "-c", whole, "reader", *probe.arguments(asking())]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=True, cwd="/")
    assert parsed(Output(name, 0, done.stdout, done.stderr, 0.0, 0.1, 0.1)) is not None
    assert "<<" not in re.sub(r"\$\(\(.*\)\)", "", text)
    assert not re.search(r"^return\b|\"\$0|\$\{0|\$SUDO", text, re.MULTILINE)
