"""A run needs what it takes to reach its own hosts, and is told all that is lacking for them before it connects."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cutover import IN_YAML
from tests.main_job.job import ROOT, run
from tests.transports.openssh import free_port

ESTATE = """\
service: test
change: CHG1
cutover: CUTOVER
groups: {clients: {}, windows: {}}
hosts:
  dir01: {fqdn: dir01.example, address: 127.0.0.1, products: {bacula: [director]}, ssh: {user: ops, port: PORT}}
  sd01: {fqdn: sd01.example, address: 127.0.0.1, products: {bacula: [storage]}}
  fd01:
    fqdn: fd01.example
    os: windows
    winrm: {user: ops}
    groups: [clients, windows]
    products: {bacula: [client]}
""".replace("CUTOVER", IN_YAML)


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    folder = tmp_path / "estate"
    folder.mkdir()
    (folder / "estate.yaml").write_text(ESTATE.replace("PORT", str(free_port())))
    (folder / "baseline.yaml").write_bytes((ROOT / "inventories" / "example" / "baseline.yaml").read_bytes())
    return folder


def test_a_host_that_is_not_visited_needs_no_password(estate: Path, tmp_path: Path) -> None:
    job = run(estate, tmp_path / "run", "--hosts", "dir01", "--area", "connectivity")
    assert job.code == 2, job.stdout + job.stderr
    assert "password" not in job.stdout + job.stderr
    assert "reading hosts: 1 of 1 done" in job.stderr
    assert "connection refused" in job.message("CON-001 dir01")


def test_what_is_lacking_for_the_others_is_told_at_their_entries_before_any_is_contacted(
    estate: Path, tmp_path: Path
) -> None:
    job = run(estate, tmp_path / "run")
    assert job.code == 4
    lines = job.stderr.splitlines()
    assert any(line.startswith(f"{estate}/estate.yaml:7:3: sd01 has no login name") for line in lines), lines
    assert any(line.startswith(f"{estate}/estate.yaml:8:3: fd01 has no password") for line in lines), lines
    assert not (tmp_path / "run" / "transcript.jsonl").read_text()
