"""Nothing is written on a host by what is sent to it, nor by the reader that runs there as root: strace over a run."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.lab.lab import Lab
from tests.main_job.job import run
from tests.main_job.trace import traced


@pytest.mark.parametrize("user", ["readiness", "root"])
def test_a_whole_run_writes_nothing(lab: Lab, tmp_path: Path, user: str) -> None:
    estate = tmp_path / "estate"
    estate.mkdir()
    for file in lab.estate.iterdir():
        (estate / file.name).write_bytes(file.read_bytes())
    written = yaml.safe_load((estate / "estate.yaml").read_text())
    written["ssh"] |= {"user": user, "identity_file": str(lab.identity_file)}
    (estate / "estate.yaml").write_text(yaml.safe_dump(written))
    with traced(lab, "dir01") as trace:
        job = run(estate, tmp_path / "run")
    assert job.wrong() == {}, job.stdout
    assert trace.done == []
    assert {"sh", "awk", "find", "openssl", "sha256sum"} <= trace.programs
    assert ("readiness-read" in trace.programs) == (user == "readiness")
