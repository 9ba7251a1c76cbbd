"""known_hosts files as OpenSSH reads them, in linear time, with every malformed line told."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from readiness.core.errors import InputError
from readiness.transports.ssh.known_hosts import KnownHosts
from readiness.transports.ssh.login import fingerprint
from tests.transports.conftest import Keys
from tests.transports.openssh import public, require


@pytest.fixture
def key(keys: Keys) -> str:
    return public(keys.host)


@pytest.fixture
def other(keys: Keys) -> str:
    return public(keys.host_rsa)


def load(folder: Path, text: str) -> KnownHosts:
    (folder / "known_hosts").write_text(text)
    return KnownHosts.load([folder / "known_hosts", folder / "absent"])


def test_plain_names_and_ports(tmp_path: Path, key: str, other: str) -> None:
    text = f"# note\n\nBk01.example,10.0.0.1 {key} comment here\n[bk01.example]:2222 {other}\n\t::1 {key}\r\n"
    known = load(tmp_path, text)
    assert known.pins(["bk01.EXAMPLE"], 22) == (key,)
    assert known.pins(["bk01.example", "10.0.0.1"], 22) == (key,)
    assert known.pins(["bk01.example"], 2222) == (other,)
    assert known.pins(["::1"], 22) == (key,)
    assert known.pins(["10.0.0.1"], 2222) == known.pins(["bk02"], 22) == ()


def test_hashed_names_as_ssh_keygen_makes_them(tmp_path: Path, key: str) -> None:
    (tmp_path / "known_hosts").write_text(f"bk01 {key}\n[bk02]:2222 {key}\n")
    subprocess.run(
        [require("ssh-keygen"), "-q", "-H", "-f", str(tmp_path / "known_hosts")], check=True, capture_output=True
    )
    text = (tmp_path / "known_hosts").read_text()
    assert text.count("|1|") == 2
    known = load(tmp_path, text)
    assert known.pins(["bk01"], 22) == known.pins(["bk02"], 2222) == (key,)
    assert known.pins(["bk02"], 22) == ()


def test_patterns(tmp_path: Path, key: str) -> None:
    known = load(tmp_path, f"*.example,!bad.example,bk?? {key}\n[*.lab]:22?? {key}\n")
    assert known.pins(["any.example"], 22) == known.pins(["bk07"], 22) == known.pins(["x.lab"], 2201) == (key,)
    assert known.pins(["bad.example"], 22) == known.pins(["bk7"], 22) == known.pins(["x.lab"], 22) == ()


def test_a_revoked_key_is_no_pin_and_is_not_unknown(tmp_path: Path, key: str, other: str) -> None:
    known = load(tmp_path, f"bk01 {key}\n@revoked * {key}\nbk02 {other}\n")
    assert known.pins(["bk01"], 22) == (f"@revoked {key}",)
    assert set(known.pins(["bk02"], 22)) == {other, f"@revoked {key}"}
    assert fingerprint(f"@revoked {key}") == f"@revoked {fingerprint(key)}"


def test_authorities_are_not_used(tmp_path: Path, key: str) -> None:
    known = load(tmp_path, f"@cert-authority *.example {key}\n")
    assert known.pins(["bk01.example"], 22) == ()


def test_every_malformed_line_is_told(tmp_path: Path, key: str) -> None:
    kind, blob = key.split()
    lines = [f"bk01 {key}", "bk01 ssh-ed25519", f"bk01 ssh-rsa {blob}", f"bk01 {kind} {blob[:-9]}!", f"@foo bk01 {key}"]
    lines += [f"|1|x {key}", f"|2|AAAA|AAAA {key}", "bk01 ssh-ed25519 AAAA"]
    (tmp_path / "known_hosts").write_bytes("\n".join(lines).encode() + b"\n\xff\xfe x y\n")
    with pytest.raises(InputError) as raised:
        KnownHosts.load([tmp_path / "known_hosts"])
    assert [problem.line for problem in raised.value.problems] == [2, 3, 4, 5, 6, 7, 8, 9]
    with pytest.raises(InputError, match="a folder, not a regular file"):
        KnownHosts.load([tmp_path])


def test_many_lines_take_little_time(tmp_path: Path, key: str) -> None:
    text = "".join(f"host{n},10.{n >> 8}.{n & 255}.1 {key}\n" for n in range(20_000))
    begun = time.process_time()
    known = load(tmp_path, text)
    assert sum(len(known.pins([f"host{n}"], 22)) for n in range(20_000)) == 20_000
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("strictly", [True, False])
def test_a_comment_in_another_encoding_hides_no_key(tmp_path: Path, key: str, other: str, strictly: bool) -> None:
    """OpenSSH takes the line, so its key must not be passed over: it may differ from what an estate pins."""
    file = tmp_path / "known_hosts"
    lines = (f"one {key} M\xfcller", f"h\xf4te,two {key}", f"@revoked three {other} M\xfcller", f"four\t{key}\r")
    file.write_bytes("".join(f"{line}\n" for line in lines).encode("latin-1"))
    found = KnownHosts.load([file], strictly=strictly)
    for name in ("one", "two", "four"):
        told = subprocess.run(["ssh-keygen", "-F", name, "-f", file], capture_output=True, check=True).stdout
        assert key.encode() in told
        assert found.pins([name], 22) == (key,)
    assert found.pins(["three"], 22) == (f"@revoked {other}",)
