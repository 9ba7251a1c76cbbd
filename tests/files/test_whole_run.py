"""A run whose estate names what is no file: every mistake at its place, in one go, in time, before any connection."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cutover import IN_YAML

ESTATE = """\
service: backup
change: CHG1
cutover: CUTOVER
ssh:
  user: readiness
  known_hosts: {known_hosts}
  config: {config}
  identity_file: {key}
winrm: {{user: readiness, ca: {ca}}}
hosts:
  dir01: {{fqdn: dir01.example.com, products: {{bacula: [director]}}}}
  sd01:
    fqdn: sd01.example.com
    products: {{bacula: [storage]}}
    ssh: {{identity_file: [{key}2, {key}]}}
  win01: {{fqdn: win01.example.com, os: windows, products: {{bacula: [client]}}}}
  win02:
    fqdn: win02.example.com
    os: windows
    products: {{bacula: [client]}}
    winrm: {{auth: certificate, certificate: {certificate}, key: {winrm_key}}}
""".replace("CUTOVER", IN_YAML.join("{}"))
NAMES = ("known_hosts", "config", "key", "key2", "ca", "certificate", "winrm_key")
MAIN = "import sys; from readiness.cli import main; main(sys.argv[1:])"
Make = Callable[[Path], object]


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    return tmp_path / "home"


def estate(tmp_path: Path, home: Path, make: Make, *odd: str) -> Path:
    """An estate in which the `odd` files are made so, the others are absent or empty."""
    for name in NAMES:
        (make if name in odd else Path.touch)(home / name)
        (home / name).chmod(0o600) if name not in odd else None
    folder = tmp_path / "estate"
    folder.mkdir()
    (folder / "estate.yaml").write_text(ESTATE.format(**{name: f"~/{name}" for name in NAMES}))
    (folder / "baseline.yaml").write_text("clock: {max_offset_s: 1.0}\n")
    return folder


def start(folder: Path, home: Path, program: str = MAIN, *options: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "HOME": str(home), "READINESS_WINRM_PASSWORD": "x"}
    arguments = [
        sys.executable,
        "-c",
        program,
        "run",
        str(folder),
        "--out",
        str(home / f"out{time.time_ns()}"),
        *options,
    ]
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(process: subprocess.Popen[str], folder: Path, limit_s: float = 20) -> list[str]:
    """The mistakes of a run that ends with them, without the folder's path."""
    out, errors = process.communicate(timeout=limit_s)
    assert process.returncode == 4, out + errors
    assert "in the input" in out.splitlines()[-1]
    return [line.replace(f"{folder}/", "") for line in errors.splitlines() if not line.startswith("reading")]


@pytest.mark.parametrize(
    ("make", "words"),
    [(os.mkfifo, "a pipe"), (zeros, "a device"), (Path.mkdir, "a folder"), (huge, "larger than")],
)
def test_each_is_told_where_it_is_named(tmp_path: Path, home: Path, make: Make, words: str) -> None:
    folder = estate(tmp_path, home, make, "key", "key2", "ca", "certificate", "winrm_key")
    lines = told(start(folder, home), folder)
    assert all(words in line for line in lines), lines
    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in lines] == [
        f"estate.yaml:8:18 {home}/key",
        f"estate.yaml:9:30 {home}/ca",
        f"estate.yaml:15:27 {home}/key2",
        f"estate.yaml:15:35 {home}/key",
        f"estate.yaml:21:45 {home}/certificate",
        f"estate.yaml:21:65 {home}/winrm_key",
    ]


def test_a_link_out_of_the_estate_is_told_where_it_is_named(tmp_path: Path, home: Path) -> None:
    """Its author could else have any key or file of the caller's used under a name that says nothing of it."""
    folder = estate(tmp_path, home, Path.touch)
    (folder / "estate.yaml").write_text(ESTATE.format(**{name: name for name in NAMES}))
    for name in NAMES:
        (folder / name).symlink_to(home / name)
    (folder / "known_hosts").unlink()
    (folder / "known_hosts").touch()
    assert [line.partition(" (")[0] for line in told(start(folder, home), folder) if ":7:" in line] == [
        "estate.yaml:7:11: config: leads out of the estate's folder"
    ]
    (folder / "config").unlink()
    (folder / "config").touch()
    lines = told(start(folder, home), folder)
    assert all("leads out of the estate's folder" in line for line in lines), lines
    places = ("8:18", "9:30", "15:27", "15:33", "21:45", "21:63")
    assert [line.split(": ")[0] for line in lines] == [f"estate.yaml:{place}" for place in places], lines


def test_a_mistake_in_a_file_that_an_estate_may_name_tells_its_line_and_not_what_stands_there(
    tmp_path: Path, home: Path
) -> None:
    folder = estate(tmp_path, home, Path.touch)
    lines = ["Port {}", "Match {}", "Match host", "IdentityFile ${{{}}}/x", "IdentityFile ${}", "{}", "ProxyCommand {}"]
    (home / "config").write_text("".join(f"{line.format('CANARY')}\n" for line in lines))
    pins = ["CANARY", "@CANARY x y", "host CANARY AAAA", "host ssh-ed25519 CANARY", "|1|CANARY|x ssh-rsa AAAA"]
    (home / "known_hosts").write_text("".join(f"{line}\n" for line in pins))
    found = told(start(folder, home), folder)
    assert len(found) == len(lines) + len(pins), found
    assert not [line for line in found if "CANARY" in line]


@pytest.mark.parametrize("beside", ["key-cert.pub", "key.pub"])
def test_what_is_read_beside_a_key_is_told_where_the_key_is_named(tmp_path: Path, home: Path, beside: str) -> None:
    folder = estate(tmp_path, home, os.mkfifo)
    os.mkfifo(home / beside)
    lines = told(start(folder, home), folder)
    assert lines[0].startswith(f"estate.yaml:8:18: {home}/{beside}: a pipe")


@pytest.mark.parametrize("make", [os.mkfifo, zeros])
def test_what_ssh_needs_for_all_hosts_is_told_together(tmp_path: Path, home: Path, make: Make) -> None:
    folder = estate(tmp_path, home, make, "known_hosts", "config", "ca")
    places = [line.split(": ")[0] for line in told(start(folder, home), folder)]
    assert places == ["estate.yaml:6:16", "estate.yaml:7:11", "estate.yaml:9:30"]


def test_what_an_ssh_config_includes_is_told_at_its_line(tmp_path: Path, home: Path) -> None:
    folder = estate(tmp_path, home, os.mkfifo)
    os.mkfifo(home / "pipe")
    os.mkfifo(home / ".ssh" / "config")
    (home / "config").write_text("Host *\n  Port 22\nInclude ~/pipe\n")
    lines = told(start(folder, home), folder)
    pipe = "a pipe, not a regular file"
    assert [line.split(" (")[0] for line in lines] == [
        f"{home}/.ssh/config: {pipe}",
        f"{home}/config:3:1: {home}/pipe: {pipe}",
    ]
    (home / "config").write_text("Host dir01\n  IdentityFile ~/pipe\n")
    text = (folder / "estate.yaml").read_text().replace("  identity_file: ~/key\n", "")
    (folder / "estate.yaml").write_text(text)
    (home / ".ssh" / "config").unlink()
    assert told(start(folder, home), folder)[0].startswith(f"{home}/config:2:1: {home}/pipe: a pipe")


DEAD = """
import os, sys, time
plain = os.open
def open_(path, *more, **named):
    if str(path).endswith(WHICH):
        time.sleep(300)
    return plain(path, *more, **named)
os.open = open_
from readiness.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("which", ["/key", "/known_hosts", "/ca", "/estate.yaml"])
def test_a_dead_mount_holds_up_neither_the_deadline_nor_the_signal(tmp_path: Path, home: Path, which: str) -> None:
    folder = estate(tmp_path, home, os.mkfifo)
    program = DEAD.replace("WHICH", repr(which))
    begun = time.monotonic()
    lines = told(start(folder, home, program, "--deadline", "1"), folder)
    assert time.monotonic() - begun < (9 if which == "/estate.yaml" else 5)
    assert any("does not answer within" in line for line in lines)
    with start(folder, home, program) as process:
        time.sleep(2)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=8)
        assert time.monotonic() - begun < 7
        assert process.returncode in {4, -signal.SIGTERM}
