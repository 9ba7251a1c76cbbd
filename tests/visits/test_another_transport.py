"""A transport that is neither SSH nor WinRM: nothing is planned less for it, and what it cannot prove is UNKNOWN."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness import transports
from readiness.core.checks import Check, check_of
from readiness.core.facts import Login, Missing, Why
from readiness.planning.inputs import Inputs, inputs_of
from readiness.planning.plan import Narrowing, make_plan
from readiness.probes.system import OsRelease
from readiness.transports import Stop, Surroundings, TransportKind
from readiness.visits.collect import collect
from readiness.visits.connect import Connector
from tests.transports import local

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "inventories" / "example"


@pytest.fixture
def inputs(monkeypatch: pytest.MonkeyPatch) -> Inputs:
    registry: dict[str, TransportKind] = dict(transports.TRANSPORTS)
    monkeypatch.setitem(transports.TRANSPORTS, local.KIND.name, local.KIND)
    assert local.KIND.name not in registry
    return inputs_of(EXAMPLE, datetime(2026, 11, 25, tzinfo=UTC))


@pytest.fixture(scope="module")
def checks() -> Sequence[Check]:
    """Every check there is."""
    collected: list[Check] = []
    for path in sorted((ROOT / "checks").glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"another_{path.stem}", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        area = path.stem.removeprefix("test_")
        made = (check_of(value, area=area, location=f"{path.name}:1") for value in vars(module).values())
        collected += [check for check in made if check is not None]
    assert len(collected) > 70
    return collected


def over(inputs: Inputs, transport: str, *names: str) -> Inputs:
    """The inputs with these hosts reached by the transport."""
    hosts = {
        name: host.model_copy(update={"transport": transport}) if name in names else host
        for name, host in inputs.estate.hosts.items()
    }
    return replace(inputs, estate=inputs.estate.model_copy(update={"hosts": hosts}))


def test_no_pair_is_planned_less_and_no_script(inputs: Inputs, checks: Sequence[Check]) -> None:
    names = [host.name for host in inputs.estate.hosts.values() if host.os == "linux"]
    before = make_plan(inputs, checks, Narrowing())
    after = make_plan(over(inputs, local.KIND.name, *names), checks, Narrowing())
    assert after.expected == before.expected
    assert after.scripts == before.scripts
    assert after.idle == before.idle
    assert ("CON-002", names[0]) in after.expected


def test_it_is_read_by_it_and_what_it_cannot_prove_is_unknown_by_name(
    inputs: Inputs, checks: Sequence[Check], tmp_path: Path
) -> None:
    inputs = over(inputs, local.KIND.name, "web01")
    plan = make_plan(inputs, checks, Narrowing(("os", "connectivity"), "web01"))
    routes = Connector(inputs, Surroundings(EXAMPLE, tmp_path, {}), Stop())(list(plan.scripts))
    (host,) = collect(plan.scripts, routes, inputs.estate.limits, jobs=1, stop=Stop())
    assert isinstance(host.facts.values[Login.name], Login)
    assert isinstance(host.facts.values[OsRelease.name], OsRelease)
    assert host.facts.values["host_key"] == Missing(Why.NOT_ASKED, "The local shell has no host key")
    assert host.facts.values["reached"] == Missing(Why.NOT_ASKED, "The local shell has no TCP connection")
