"""The first hour of the README, walked in a lab as it stands there: from an empty folder to GO, in four runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from readiness.core.outcomes import EXIT_CODES, Verdict
from tests.lab.fixtures import require_lab
from tests.lab.lab import Lab
from tests.lab.login import options
from tests.main_job.job import environment
from tests.test_readme import FIRST_HOUR, MINE, yaml_blocks

HERE = {"192.0.2.11": "dir01", "192.0.2.12": "sd01", "192.0.2.21": "client01"}
NAMES = {"example.com": "lab.example", "web01": "client01"}
DEADLINE_S = 120


def in_lab(lab: Lab, text: str) -> str:
    """The text of the README with the addresses and names of the lab."""
    for address, host in HERE.items():
        text = text.replace(address, lab.hosts[host].address)
    for name, ours in NAMES.items():
        text = text.replace(name, ours)
    return text


def with_group(estate: str) -> str:
    """The estate with the group that something was agreed about in the lab."""
    client = "products: {bacula: [client]}"
    assert estate.count(client) == 1
    return estate.replace(client, f"{client}, groups: [clients]") + "groups: {clients: {title: File daemons}}\n"


def walked(place: Path, line: str, ssh: str) -> tuple[int, str, str]:
    """The exit code of a line of the README in a shell, its last line and its error output."""
    ended = subprocess.run(
        ["bash", "-c", f"{next(iter(FIRST_HOUR))}; {line}"],
        env={**environment(place), "SSH": ssh, "ADMIN": "root", "SUDO": ""},
        cwd=place,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return ended.returncode, (ended.stdout.splitlines() or [""])[-1], ended.stderr


def prepared(place: Path, lab: Lab) -> str:
    """Make the program, and a home with a key; give the words that log an administrator in who uses that home."""
    program = place / ".venv" / "bin" / "readiness"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m readiness "$@"\n')
    program.chmod(0o700)
    (place / ".ssh").mkdir()
    (place / ".ssh" / "id_ed25519").write_bytes(lab.identity_file.read_bytes())
    (place / ".ssh" / "id_ed25519").chmod(0o600)
    settings = {**options(lab), "UserKnownHostsFile": str(place / ".ssh" / "known_hosts")}
    return " ".join(["ssh", "-F", "none", *(f"-o {name}={value}" for name, value in settings.items())])


def test_it_leads_to_go(tmp_path: Path) -> None:
    require_lab()
    place = tmp_path / "home"
    ends = dict.fromkeys(FIRST_HOUR, 0)
    preflight, first = f"readiness run {MINE} --area connectivity", f"readiness run {MINE}"
    ends[preflight] = ends[first] = EXIT_CODES[Verdict.INCOMPLETE]
    with Lab.up(tmp_path / "state", clients=1) as lab:
        for host in lab.hosts:
            for path in ("etc/sudoers.d/readiness", "usr/local/sbin/readiness-read"):
                (lab.root(host) / path).unlink()
        ssh = prepared(place, lab)
        for line, code in ends.items():
            ended, last, err = walked(place, in_lab(lab, line), ssh)
            assert ended == code, (line, last, err)
            if line.startswith("echo"):
                (place / MINE / "estate.yaml").write_text(with_group(in_lab(lab, yaml_blocks()[0])))
            if line == preflight:
                assert last.startswith("INCOMPLETE  partial run"), last
            if line == first:  # what was agreed is written down now
                assert "pairs not judged  report:" in last
                (place / MINE / "baseline.yaml").write_bytes((lab.estate / "baseline.yaml").read_bytes())
                ended, last, err = walked(place, line, ssh)
                assert (ended, last[:4]) == (0, "GO  "), last + err
        assert re.match(r"GO  (all|\d+ of) \d+ pairs met", last), last
