"""The checks as they are, on the demo's facts: whatever is switched off by `not_agreed`, it is no quiet GO."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from readiness.core.outcomes import Result, Severity, Verdict
from readiness.estate import BASELINE
from readiness.estate.baseline import unstated
from readiness.gate.collecting import checks_folder
from readiness.gate.plugin import judge_plan
from readiness.gate.steps import conclude
from readiness.planning.inputs import Inputs, inputs_again
from readiness.renderers.report import Report
from tests.judging import planned

from .harness import Clean

ROLES = [f"bacula.{role}" for role in ("director", "storage", "client")]
KEYS = unstated({}, ROLES)
OF_THE_ESTATE = ("same_version_groups", "clock.max_offset_s")  # the latter of the controller's clock, too


def exempt(keys: Any = KEYS, **more: str) -> dict[str, Any]:
    written = {"reason": "a test", "by": "J. Doe", "day": "2026-01-01", **more}
    return {"not_agreed": dict.fromkeys(keys, written)}


def with_written(clean: Clean, baseline: Mapping[str, Any]) -> Inputs:
    files = {**clean.inputs.files, BASELINE: json.dumps(baseline).encode()}
    return inputs_again(files, clean.inputs.as_of)


def report_of(clean: Clean, inputs: Inputs) -> Report:
    return conclude(judge_plan(checks_folder(), inputs, planned(inputs), clean.store), run_id="test")


def by_host(clean: Clean, **more: str) -> dict[str, Any]:
    """All that can be exempted at a host's level, of each host for each role that it has."""
    hosts = clean.inputs.estate.hosts
    of = {
        name: [f"{product}.{role}" for product in host.products for role in host.products[product]]
        for name, host in hosts.items()
    }
    own = {name: [key for key in unstated({}, roles) if key not in OF_THE_ESTATE] for name, roles in of.items()}
    return {**exempt(OF_THE_ESTATE, **more), "hosts": {name: exempt(keys, **more) for name, keys in own.items()}}


def unknown(report: Report) -> set[str]:
    return {one.check for one in report.outcomes if one.outcome is Result.UNKNOWN}


def test_the_clean_estate_is_go_by_what_was_agreed(clean: Clean) -> None:
    judgement = report_of(clean, clean.inputs).judgement
    assert judgement.verdict is Verdict.GO, judgement.reasons


@pytest.mark.parametrize("level", ["all", "each host"])
def test_an_estate_in_which_nothing_was_agreed_is_incomplete(clean: Clean, level: str) -> None:
    report = report_of(clean, with_written(clean, exempt() if level == "all" else by_host(clean)))
    judgement = report.judgement
    assert unknown(report) <= unknown(report_of(clean, clean.inputs))
    assert (judgement.verdict, judgement.exit_code) == (Verdict.INCOMPLETE, 2)
    assert judgement.reasons[0].startswith("nothing was agreed")
    assert judgement.counts.not_agreed > 50
    assert sum(one.pairs for one in judgement.exemptions) == judgement.counts.not_agreed


def test_an_exemption_of_blockers_alone_is_a_condition_on_page_one(clean: Clean) -> None:
    whole = report_of(clean, clean.inputs)
    demands = {one.agreed for one in whole.outcomes if one.severity is Severity.BLOCKER}
    assert ("versions.bacula.client",) in demands
    stated = json.loads(clean.inputs.files[BASELINE])
    del stated["versions"]["bacula"]["client"]
    exempted = exempt(["versions.bacula.client"], until=clean.inputs.as_of.date().isoformat())["not_agreed"]
    written = {**stated, "not_agreed": {**stated.get("not_agreed", {}), **exempted}}
    report = report_of(clean, with_written(clean, written))
    judgement = report.judgement
    assert judgement.verdict is Verdict.GO_WITH_CONDITIONS, judgement.reasons
    (one,) = (one for one in judgement.exemptions if one.key == "versions.bacula.client")
    clients = sum("client" in host.products.get("bacula", ()) for host in clean.inputs.estate.hosts.values())
    assert (one.scope, one.pairs, one.blockers) == ("all", clients, clients)
    (said,) = {each.message for each in report.outcomes if each.not_agreed == one.key}
    assert said == f"not agreed: a test (J. Doe, 2026-01-01, until {clean.inputs.as_of.date()})"


@pytest.mark.parametrize("level", ["all", "each host"])
def test_past_its_day_an_exemption_takes_nothing_away(clean: Clean, level: str) -> None:
    over = (clean.inputs.as_of.date() - timedelta(days=1)).isoformat()
    written = exempt(until=over) if level == "all" else by_host(clean, until=over)
    report = report_of(clean, with_written(clean, written))
    assert report.judgement.verdict is Verdict.INCOMPLETE
    assert report.judgement.exemptions == ()
    assert report.judgement.counts.not_agreed == 0
    assert any("until" in one.message and "which is over" in one.message for one in report.outcomes)


def test_one_that_takes_nothing_away_is_named_without_effect(clean: Clean) -> None:
    inputs = clean.inputs
    linux = {name: host for name, host in inputs.estate.hosts.items() if host.os == "linux"}
    alone = replace(inputs, estate=inputs.estate.model_copy(update={"hosts": linux}))
    exemptions = {**inputs.baseline.not_agreed, **with_written(clean, exempt(["windows.tls_min"])).baseline.not_agreed}
    baseline = inputs.baseline.model_copy(update={"not_agreed": exemptions, "windows": None})
    judgement = report_of(clean, replace(alone, baseline=baseline)).judgement
    (one,) = (one for one in judgement.exemptions if one.key == "windows.tls_min")
    assert (one.pairs, one.blockers) == (0, 0)
    assert not any("windows.tls_min" in reason for reason in judgement.reasons)
