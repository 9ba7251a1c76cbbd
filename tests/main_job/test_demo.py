"""The demo: hosts with SSH and with WinRM in one report, from recordings that are those of the scripts of today."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from readiness import demo
from readiness.demo import NOT_RECORDED, PASSWORD_ENV, embedded_estate, recordings
from readiness.demo.reader import parts_of
from readiness.estate.login import NTLM_OVER_HTTP
from readiness.probes import READER
from tests.main_job.job import Job, environment, run

WINDOWS = {"fd01": "https", "fd02": "http"}
ROOT = Path(__file__).parents[2]
AGAIN = "record anew: python -m tests.lab.record"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """`make demo`, but for setting up."""
    place = tmp_path_factory.mktemp("demo")
    ended = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        env={**environment(place), "PYTHONPATH": str(ROOT)},
        cwd=place,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (folder,) = (place / "reports" / "demo").iterdir()
    return Job(ended.returncode, ended.stdout, ended.stderr, folder)


@pytest.fixture
def clean() -> Iterator[Path]:
    """The estate without faults; its password stands in this process' environment until the end."""
    with embedded_estate(os.environ, planted=False) as estate:
        yield estate


def run_clean(estate: Path, folder: Path) -> Job:
    return run(estate, folder, variables={PASSWORD_ENV: os.environ[PASSWORD_ENV], NTLM_OVER_HTTP: "1"})


def test_it_ends_well_when_it_found_what_was_planted_over_both_ways(shown: Job) -> None:
    assert shown.code == 0, shown.stdout + shown.stderr
    recorded = recordings()
    assert {"WIN-002 fd01", "SVC-001 fd02/bacula.client"} == {*recorded["windows"]["planted"]}
    failed = {pair for pair, outcome in shown.wrong().items() if outcome == "FAIL"}
    assert failed | {f"CON-001 {recorded['down']}"} == {*recorded["planted"], *recorded["windows"]["planted"]}


def test_one_report_has_hosts_with_ssh_and_with_winrm_and_says_where_their_answers_are_from(shown: Job) -> None:
    lines = [json.loads(line) for line in (shown.folder / "facts.jsonl").read_text().splitlines()]
    logins = {one["host"]: one["facts"]["login"].get("value", {}).get("method") for one in lines}
    assert logins == {
        **dict.fromkeys(recordings()["hosts"], "publickey"),
        **dict.fromkeys(WINDOWS, "ntlm"),
        "client04": None,
    }
    schemes = {one["host"]: one["facts"]["winrm_listener"]["value"] for one in lines if one["host"] in WINDOWS}
    assert {name: (one["scheme"], one["sealed"]) for name, one in schemes.items()} == {
        "fd01": ("https", False),
        "fd02": ("http", True),
    }
    summary = (shown.folder / "summary.md").read_text()
    assert "stand-in for PowerShell; no real Windows was at hand" in summary
    assert "no real Windows" in recordings()["windows"]["about"]


def test_without_faults_only_the_certificate_that_the_replay_presents_is_not_the_machine_s(
    clean: Path, tmp_path: Path
) -> None:
    job = run_clean(clean, tmp_path / "run")
    assert recordings()["windows"]["unjudged"] == ["CRT-009 fd01"]
    assert job.wrong() == {"CRT-009 fd01": "UNKNOWN"}
    assert job.code == 2
    assert "is the one that its WinRM listener presents" in job.message("CRT-009 fd01")


def test_a_demand_that_is_younger_than_the_recording_is_not_agreed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = recordings()
    del recorded["windows"]["baseline"]["clock"], recorded["windows"]["baseline"]["versions"]["bacula"]["client"]
    monkeypatch.setattr(demo, "recordings", lambda: recorded)
    with embedded_estate(os.environ) as estate:
        written = json.loads((estate / "baseline.yaml").read_text())
    younger = {"clock.max_offset_s", "versions.bacula.client"}
    assert {written["not_agreed"][key]["reason"] for key in younger} == {NOT_RECORDED}
    monkeypatch.undo()
    with embedded_estate(os.environ) as estate:
        assert not younger & json.loads((estate / "baseline.yaml").read_text()).get("not_agreed", {}).keys()


def test_a_script_that_was_not_recorded_is_no_fact(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    recorded = recordings()
    recorded["windows"]["hosts"]["fd01"]["answers"]["services"]["sha256"] = "0" * 64
    recorded["windows"]["hosts"]["fd02"]["answers"]["services"]["arguments"] = ["another"]
    monkeypatch.setattr(demo, "recordings", lambda: recorded)
    with embedded_estate(os.environ, planted=False) as estate:
        job = run_clean(estate, tmp_path / "run")
    for name in WINDOWS:
        pair = f"SVC-001 {name}/bacula.client"
        assert job.wrong()[pair] == "UNKNOWN"
        assert "no recording of this script" in job.message(pair)


def test_the_password_stands_in_no_file_and_is_gone_at_the_end() -> None:
    variables: dict[str, str] = {"NTLM_USER_FILE": "what it was"}
    with embedded_estate(variables) as estate:
        word = variables[PASSWORD_ENV]
        assert Path(variables["NTLM_USER_FILE"]).stat().st_mode & 0o77 == 0
        assert not any(word in path.read_text() for path in estate.iterdir())
    assert variables == {"NTLM_USER_FILE": "what it was"}


def asked(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Host, script and what the plan says of it."""
    plan = json.loads((folder / "plan.json").read_text())
    for host, batch in plan["hosts"].items():
        for one in batch:
            assert plan["scripts"][one["sha256"]]["script"] == one["script"]
            digests = {one["script"].rpartition(".")[0]: one["sha256"]}
            if one["script"] == "reader.sh":
                frame, parts = parts_of(plan["scripts"][one["sha256"]]["text"])
                digests = {"reader": frame, **parts}
                assert parts.keys() == {part.name for part in READER.parts}
            for name, digest in digests.items():
                yield host, name, {"sha256": digest, "arguments": one["arguments"]}


def test_the_recording_is_of_the_scripts_of_today(shown: Job) -> None:
    if os.environ.get("READINESS_REQUIRE") != "all":
        pytest.skip("a recording needs the lab and the stand-in for PowerShell, which CI has")
    recorded = recordings()
    hosts = {**recorded["hosts"], **recorded["windows"]["hosts"]}
    answers = {name: host["answers"] | recorded["windows"]["beside"].get(name, {}) for name, host in hosts.items()}
    of_today = list(asked(shown.folder))
    old = [
        f"{host}: {script}"
        for host, script, now in of_today
        if {key: answers[host].get(script, {}).get(key) for key in now} != now
    ]
    assert not old, AGAIN
    assert {host: {*one} for host, one in answers.items()} == {
        host: {script for name, script, _ in of_today if name == host} for host in answers
    }, AGAIN
