"""Secrets stay where they are: none of the lab's stands in what its hosts sent, nor in anything that a run wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lab import faults
from tests.lab.bacula import TLS_FOLDER
from tests.lab.lab import Lab
from tests.main_job import job as main_job
from tests.main_job.job import run

# Every byte that a channel gives, decrypted, before the program sees it.
TEE = """
import os
import paramiko

def tee(name):
    original = getattr(paramiko.Channel, name)

    def receive(self, *arguments):
        data = original(self, *arguments)
        with open(os.environ["HOME"] + "/received", "ab") as file:
            file.write(data)
        return data

    setattr(paramiko.Channel, name, receive)

tee("recv")
tee("recv_stderr")
"""
PLANTED = """
# Password = "in a comment cAnArY1"
Director {
  Name = canary-dir; P a s s w o r d = cAnArY2
}
Console { Name = x; Password = "over
 cAnArY3 lines"; }
"""


def secrets_of(lab: Lab) -> set[str]:
    """Every password that the lab's configuration states, as it is written there, and a line of each private key."""
    texts = [file.read_text() for host in lab.hosts for file in (lab.root(host) / "etc/bacula").glob("*.conf")]
    found = {secret for text in texts for secret in re.findall(r'(?m)^ *Password = "([^"]+)"', text)}
    keys = [(lab.root(host) / TLS_FOLDER / "host.key").read_text().splitlines()[1] for host in lab.hosts]
    assert len(found) >= len(lab.hosts)
    return {*found, *keys}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run whose channels are listened to."""
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "sitecustomize.py").write_text(TEE)
    plain = main_job.environment

    def environment(where: Path) -> Mapping[str, str]:
        before = plain(where)
        return {**before, "PYTHONPATH": f"{tmp_path / 'hooks'}:{before['PYTHONPATH']}"}

    monkeypatch.setattr(main_job, "environment", environment)
    return tmp_path


def test_no_secret_leaves_its_host(lab: Lab, home: Path) -> None:
    with ExitStack() as stack:
        for host, first in {"client01": "FileDaemon {", "sd01": "Device {", "dir01": "Catalog {"}.items():
            stack.enter_context(faults.configured(lab, host, first, PLANTED + first))
        secrets = {*secrets_of(lab), "cAnArY"}
        job = run(lab.estate, home / "run")
    received = (home / "received").read_bytes()
    written = {path: path.read_bytes() for path in job.folder.rglob("*") if path.is_file()}
    assert b"/etc/bacula/bacula-dir.conf" in received
    assert b"filedaemon" in written[job.folder / "transcript.jsonl"]
    told = {"received": received, "terminal": (job.stdout + job.stderr).encode()}
    told |= {str(path): data for path, data in written.items()}
    assert not [(place, secret) for place, data in told.items() for secret in secrets if secret.encode() in data]
    crossed = set(re.findall(rb"secret\t\d+\tpassword\t\.\n([0-9a-f]{64})  -", received))
    assert crossed
    assert not [(path, digest) for path, data in written.items() for digest in crossed if digest in data]
    assert set(job.wrong().values()) == {"FAIL"}, job.stdout  # the planted resources are not as agreed; all was read


def _configuration_of(job: main_job.Job) -> str:
    lines = [json.loads(line) for line in (job.folder / "transcript.jsonl").read_text().splitlines()]
    return "".join(line["stdout"] for line in lines if line.get("fact") == "configuration")


def test_the_nonce_of_a_run_is_kept_nowhere(lab: Lab, tmp_path: Path) -> None:
    first, second = (run(lab.estate, tmp_path / name) for name in ("one", "two"))
    digests = [set(re.findall(r"[0-9a-f]{64}  -", _configuration_of(job))) for job in (first, second)]
    assert all(digests)
    assert not digests[0] & digests[1]
    assert not any(
        re.search(rb"NONCE=.?[0-9a-f]{64}", path.read_bytes()) for path in first.folder.rglob("*") if path.is_file()
    )
