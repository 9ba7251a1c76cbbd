"""A new check is one function in one file, a new product is one YAML: both are planned and judged without more."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from readiness.configs import SYSTEMS
from readiness.core.checks import Check
from readiness.demo import embedded_estate
from readiness.estate import load_bytes as estate_from
from readiness.gate.collecting import collect_checks
from readiness.planning.inputs import Inputs, names_of
from readiness.planning.plan import Narrowing, Plan, make_plan
from readiness.probes import READER
from readiness.probes.probe import nothing
from readiness.products import load_bytes as catalogue_from
from tests.main_job.job import environment

CHECKS = Path(__file__).parents[1] / "checks"
FOLDER = "my_checks"

NEW_CHECK = '''\
"""Is a host what its name says."""

from readiness.checking import Facts, OsRelease, Target, check, each_host, expect


@check("NEW-001", severity="minor", targets=each_host, needs=(OsRelease,), remedy="Install another.", source="ours")
def test_host_runs_plan9(target: Target, facts: Facts) -> None:
    """The host runs Plan 9."""
    expect(facts.need(OsRelease).id, equals="plan9", what="operating system")
'''

NEW_PRODUCT = """\
product: vaultkeeper
title: An invented product
sources: {made_up: "this test"}
roles:
  keeper:
    title: Keeper
    packages: {debian: [{names: [vaultkeeper-server], source: made_up}]}
    services: {debian: {units: [vaultkeeperd.service], source: made_up}}
  agent:
    title: Agent
    packages: {debian: [{names: [vaultkeeper-agent], source: made_up}]}
    services: {debian: {units: [vaultkeeper-agent.service], source: made_up}}
version_rules:
  - {rule: ge, role: agent, other: keeper, parts: 2, severity: blocker, source: made_up, why: Because we say so.}
"""

ESTATE = """\
service: an invented one
change: CHG1
cutover: {start: "2026-12-01T20:00:00+01:00", end: "2026-12-02T04:00:00+01:00"}
ssh: {user: readiness, identity_file: ~/.ssh/id_ed25519}
hosts:
  keeper1: {fqdn: keeper1.example.com, owner: us, products: {vaultkeeper: [keeper]}}
  client1: {fqdn: client1.example.com, owner: us, products: {vaultkeeper: [agent]}}
  dir01: {fqdn: dir01.example.com, owner: us, products: {bacula: [director]}}
"""

BASELINE = """\
versions: {vaultkeeper: {keeper: "3.2", agent: "3.1"}}
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of `pytest FOLDER --estate ESTATE`, FOLDER being the checks and one file more."""
    place = tmp_path_factory.mktemp("extended")
    left_out = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    shutil.copytree(CHECKS, place / FOLDER, ignore=left_out)
    (place / FOLDER / "test_mine.py").write_text(NEW_CHECK)
    with embedded_estate() as estate:
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", FOLDER, "--estate", str(estate)],
            env=environment(place),
            cwd=place,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    folders = list(place.glob("reports/*/*"))
    assert len(folders) == 1, ended.stdout + ended.stderr
    return folders[0]


def _json(path: Path) -> Any:
    return json.loads(path.read_text())


def test_a_new_check_is_planned_for_every_host(judged: Path) -> None:
    plan = _json(judged / "plan.json")
    estate = _json(judged / "inputs" / "estate.yaml")
    assert [target for check, target in plan["pairs"] if check == "NEW-001"] == list(estate["hosts"])


def test_a_new_check_is_judged(judged: Path) -> None:
    results = [json.loads(line) for line in (judged / "results.jsonl").read_text().splitlines()]
    mine = [one for one in results if one["check"] == "NEW-001"]
    assert {(one["area"], one["title"]) for one in mine} == {("mine", "The host runs Plan 9")}
    looked_at = [one for one in mine if one["outcome"] == "FAIL"]
    assert looked_at
    assert all("debian" in one["found"] and "plan9" in one["expected"] for one in looked_at)
    assert all(one["outcome"] == "UNKNOWN" and one["blocked_by"] for one in mine if one not in looked_at)
    assert len({one["check"] for one in results}) > 10


def test_a_new_check_stands_in_the_junit_file(judged: Path) -> None:
    assert "NEW-001" in (judged / "junit.xml").read_text()


@pytest.fixture(scope="module")
def checks() -> tuple[Check, ...]:
    """The checks as they are."""
    collected = collect_checks(CHECKS)
    assert not collected.problems
    return collected.checks


@pytest.fixture
def plan(checks: tuple[Check, ...]) -> Plan:
    """The plan of an estate that uses the invented product beside a shipped one."""
    shipped = {one.name: one.read_bytes() for one in files("readiness.products").iterdir() if one.name[-5:] == ".yaml"}
    catalogue = catalogue_from({**shipped, "vaultkeeper.yaml": NEW_PRODUCT.encode()}, SYSTEMS)
    contents = {"estate.yaml": ESTATE.encode(), "baseline.yaml": BASELINE.encode()}
    now = datetime.now(UTC)
    loaded = estate_from(contents, names_of(catalogue), now)
    inputs = Inputs(loaded.estate, loaded.baseline, catalogue, now, loaded.files)
    return make_plan(inputs, checks, Narrowing())


@pytest.mark.parametrize(
    ("check", "target"),
    [
        ("VER-001", "keeper1/vaultkeeper.keeper"),
        ("VER-001", "client1/vaultkeeper.agent"),
        ("VER-002", "client1/vaultkeeper.agent"),
        ("VER-004", "client1/vaultkeeper.agent~keeper"),
        ("SVC-001", "keeper1/vaultkeeper.keeper"),
        ("SVC-002", "client1/vaultkeeper.agent"),
        ("VER-001", "dir01/bacula.director"),
    ],
)
def test_a_new_product_s_roles_and_rules_are_planned(plan: Plan, check: str, target: str) -> None:
    assert (check, target) in plan.expected


def test_a_new_product_s_rule_is_held_against_the_other_host(plan: Plan) -> None:
    (target,) = [target for check, target in plan.pairs if check.id == "VER-004" and target.host == "client1"]
    assert target.hosts == ("client1", "keeper1")


@pytest.mark.parametrize(
    ("host", "unit"), [("keeper1", "vaultkeeperd.service"), ("client1", "vaultkeeper-agent.service")]
)
def test_a_new_product_s_units_are_asked_for(plan: Plan, host: str, unit: str) -> None:
    (found,) = [one for one in plan.scripts[host] if one.name == "open_files"]
    assert found.arguments == (unit,)


def test_what_is_read_whole_is_the_same_on_every_host(plan: Plan) -> None:
    for name in ("packages", "services"):
        sent = {(one.text, one.arguments) for batch in plan.scripts.values() for one in batch if one.name == name}
        assert [arguments for _, arguments in sent] == [()], name
    parts = [part for part in READER.parts if part.name in {"processes", "listening"}]
    assert [part.arguments for part in parts] == [nothing, nothing]
