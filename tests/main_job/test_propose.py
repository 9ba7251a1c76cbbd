"""A first baseline from what was read, of a run or of an estate: filled in by whoever agrees on it, and then judged."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from readiness.demo import PASSWORD_ENV, embedded_estate
from readiness.estate.login import NTLM_OVER_HTTP
from tests.main_job.job import Job, command, environment, run

AGREED, FILLED = "agreed: {by: , day: }", 'agreed: {by: backup board, day: "2026-10-30"}'


@pytest.fixture(scope="module")
def estate() -> Iterator[Path]:
    """The demo's estate without faults, whose baseline states nothing."""
    with embedded_estate(os.environ, planted=False) as folder:
        (folder / "baseline.yaml").write_text("{}")
        yield folder


def variables() -> Mapping[str, str]:
    return {PASSWORD_ENV: os.environ[PASSWORD_ENV], NTLM_OVER_HTTP: "1"}


def proposing(place: Path, *arguments: str | Path, into: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`readiness propose`, its output into a file where one is given."""
    with (into or Path(os.devnull)).open("w") as file:
        return subprocess.run(
            command("propose", *arguments),
            env={**environment(place), **variables()},
            cwd=place,
            stdout=file if into else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )


def never_agreed(job: Job) -> set[str]:
    return {row["message"].split("states neither ")[1].split()[0] for row in job.results if "neither" in row["message"]}


def test_an_emptied_baseline_is_proposed_filled_in_and_met(estate: Path, tmp_path: Path) -> None:
    before = run(estate, tmp_path / "before", variables=variables())
    assert before.code == 2
    assert len(never_agreed(before)) > 15
    ended = proposing(tmp_path, tmp_path / "before")
    assert (ended.returncode, ended.stdout[:22]) == (0, f"{AGREED}\n"), ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("PROPOSED  18 demands, 4 for a person to decide")
    (estate / "baseline.yaml").write_text(ended.stdout)
    refused = run(estate, tmp_path / "refused", variables=variables())
    assert refused.code == 4
    assert "baseline.yaml:1:14: no value" in refused.stderr
    (estate / "baseline.yaml").write_text(ended.stdout.replace(AGREED, FILLED))
    after = run(estate, tmp_path / "after", variables=variables())
    assert never_agreed(after) == {
        "host.min_memory_bytes",
        "host.min_swap_bytes",
        "host.mandatory_access_control",
        "space",
    }
    assert {pair for pair, outcome in after.wrong().items() if outcome == "FAIL"} == {"LSN-004 fd01", "LSN-004 fd02"}
    (estate / "baseline.yaml").write_text("{}")


def test_an_estate_is_read_and_nothing_judged(estate: Path, tmp_path: Path) -> None:
    written = tmp_path / "proposed.yaml"
    ended = proposing(tmp_path, estate, "--out", tmp_path / "read", into=written)
    assert ended.returncode == 0, ended.stderr
    assert written.read_text().startswith(AGREED)
    verdict = json.loads((tmp_path / "read" / "verdict.json").read_text())["judgement"]
    assert (verdict["verdict"], verdict["exit_code"]) == ("INCOMPLETE", 2)
    assert "only for a proposal" in json.dumps(verdict["partial"])
    assert {row["outcome"] for row in Job(0, "", "", tmp_path / "read").results} == {"UNKNOWN"}
    assert (tmp_path / "read" / "transcript.jsonl").stat().st_size > 10_000
    for name in ("judge", "verify"):
        again = subprocess.run(
            command(name, tmp_path / "read"),
            env=environment(tmp_path),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert again.returncode == 2, again.stdout + again.stderr
    assert proposing(tmp_path, tmp_path / "read").stdout == written.read_text()


def test_the_estate_s_own_baseline_is_not_written_over(estate: Path, tmp_path: Path) -> None:
    ended = proposing(tmp_path, estate, into=estate / "baseline.yaml")
    assert ended.returncode == 4
    assert "baseline.yaml: is where the output goes" in ended.stderr
    assert not (tmp_path / "reports").exists()


def test_nothing_is_proposed_into_the_estate_or_in_place_of_an_emptied_baseline(estate: Path, tmp_path: Path) -> None:
    into = estate / "proposed.yaml"
    ended = proposing(tmp_path, estate, into=into)
    into.unlink()
    assert ended.returncode == 4
    assert "proposed.yaml: is where the output goes (write the proposal to a file outside" in ended.stderr
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.yaml").symlink_to("gone")  # which hides nothing of what else is there
    (tmp_path / "own" / "baseline.yaml").touch()  # as `| tee baseline.yaml` leaves it
    ended = proposing(tmp_path, tmp_path / "own")
    assert ended.returncode == 4
    assert "baseline.yaml: is empty" in ended.stderr


def test_what_cannot_be_written_is_no_proposal(estate: Path, tmp_path: Path) -> None:
    ended = proposing(tmp_path, estate, "--out", tmp_path / "read", into=Path("/dev/full"))
    assert (ended.returncode, "could not be printed" in ended.stderr) == (3, True)


def test_a_host_that_is_down_is_named_and_the_exit_code_says_so(tmp_path: Path) -> None:
    with embedded_estate(None) as folder:
        (folder / "baseline.yaml").write_text("{}")
        ended = proposing(tmp_path, folder)
    assert ended.returncode == 2
    assert "## Not reached, and not in it: client04 (connection refused" in ended.stdout
    assert ended.stderr.splitlines()[-1].endswith("not everything could be read")


def test_where_no_host_answers_nothing_is_proposed(tmp_path: Path) -> None:
    with embedded_estate(None) as folder:
        pass
    folder.mkdir(parents=True)
    (folder / "estate.yaml").write_text(
        "service: x\nchange: C1\ncutover: {start: '2099-12-01T20:00:00+01:00', end: '2099-12-02T04:00:00+01:00'}\n"
        "ssh: {user: readiness, known_hosts: known_hosts}\n"
        "hosts: {a: {fqdn: a.example.com, address: 127.0.0.1, ssh: {port: 1}, products: {bacula: [client]}}}\n"
    )
    (folder / "known_hosts").write_text("")
    (folder / "baseline.yaml").write_text("{}")
    ended = proposing(tmp_path, folder)
    assert ended.returncode == 5, ended.stderr
    assert AGREED not in ended.stdout


@pytest.mark.parametrize("arguments", [["nowhere"], ["before", "--out", "x"], []])
def test_wrong_input_is_told(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "before").mkdir()
    ended = subprocess.run(
        command("propose", *arguments),
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 4
    assert AGREED not in ended.stdout
