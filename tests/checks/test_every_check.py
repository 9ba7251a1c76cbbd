"""Of each check that is shipped: a good and a bad example, evidence, and that it stands in no way to judge blindly."""

from __future__ import annotations

import importlib
import typing
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from readiness.core.facts import Why
from readiness.core.outcomes import Outcome, Result, TargetOf
from readiness.demo import NOT_RECORDED
from readiness.planning.plan import Narrowing, make_plan
from readiness.probes import PROBES_OF
from readiness.run_folder.saved import SavedRun

from .changes import NOT_AGREED, with_baseline, with_estate
from .harness import Case, Clean, judged, shipped

# What they report is not having looked: UNKNOWN or PASS.
NEVER_FAIL = {"CON-001", "CON-003"}
# Only the hypervisor sees what it is about: UNKNOWN, or somebody's word that it does not apply.
NEVER_PASS = {"CLU-015"}
# They hold what the estate declares against itself, and look at no host.
WITHOUT_EVIDENCE = {"CLU-010"}
# What concerns one script alone, or what nobody asked: no other check is about it.
OF_ONE_FACT = {Why.TIMED_OUT, Why.OUTPUT_CUT, Why.TOOL_ABSENT, Why.UNREADABLE, Why.NOT_ASKED}
# The replay presents a certificate of its own, which the clean facts have mended.
PRESENTED_BY_THE_REPLAY = "CRT-009 fd01"
CLUSTER = "test_cluster"
CLUSTER_CHECKS = tuple(name for name in shipped() if name.startswith("CLU-"))
MODULES = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))


def cases(*names: str) -> Iterator[Case]:
    """Every case of these files beside this one, of all where none is named."""
    for name in names or MODULES:
        for table in list(vars(importlib.import_module(f"tests.checks.{name}")).values()):
            if isinstance(table, dict):
                yield from (case for case in table.values() if type(case) is Case)


@pytest.fixture(scope="module")
def outcomes(clean: Clean) -> dict[str, Outcome]:
    """All outcomes of the clean estate and of a clean cluster."""
    cluster = importlib.import_module(f"tests.checks.{CLUSTER}").clean_cluster()
    of_cluster = judged(cluster.inputs, cluster.store, *CLUSTER_CHECKS)
    return {**judged(clean.inputs, clean.store), **of_cluster}


def test_every_check_has_a_case_in_which_it_fails() -> None:
    failing = {pair.split()[0] for case in cases() for pair, said in case.expected.items() if said.startswith("FAIL")}
    assert failing >= shipped().keys() - NEVER_FAIL - NEVER_PASS
    assert not failing & NEVER_FAIL


def test_every_check_passes_somewhere(outcomes: dict[str, Outcome]) -> None:
    passing = {one.check for one in outcomes.values() if one.outcome is Result.PASS}
    passing |= {pair.split()[0] for case in cases() for pair, said in case.expected.items() if said == "PASS"}
    assert passing == shipped().keys() - NEVER_PASS


def test_every_pass_says_what_was_expected_and_what_was_found(outcomes: dict[str, Outcome]) -> None:
    passed = [one for one in outcomes.values() if one.outcome is Result.PASS]
    assert all(one.expected and one.found for one in passed)


def test_every_pass_and_fail_names_the_lines_it_rests_on(outcomes: dict[str, Outcome]) -> None:
    judged_ones = [one for one in outcomes.values() if one.outcome in {Result.PASS, Result.FAIL}]
    assert {one.check for one in judged_ones if not one.evidence} == WITHOUT_EVIDENCE


def test_a_whole_run_says_the_same_of_each_pair(whole_run: SavedRun, outcomes: dict[str, Outcome]) -> None:
    """The cases' harness is no other judge than `readiness run`: message, evidence and all."""
    ran = {f"{row['check']} {row['target']}": row for row in whole_run.results()}
    here = {pair: one for pair, one in outcomes.items() if not pair.startswith("CLU-") or pair in ran}
    assert ran.keys() == here.keys()
    for pair in ran.keys() - {PRESENTED_BY_THE_REPLAY}:
        said, row = here[pair], ran[pair]
        assert (row["outcome"], row["message"]) == (said.outcome, said.message)
        assert row["evidence"] == list(said.evidence), pair


@pytest.mark.parametrize(("pair", "fact"), [("CLK-001 client01", "clock"), ("CLK-003 controller", "clock")])
def test_what_a_fixture_read_of_every_host_is_evidence(
    clean: Clean, outcomes: dict[str, Outcome], pair: str, fact: str
) -> None:
    assert set(outcomes[pair].evidence) == {known.evidence[fact] for known in clean.store.values()}


@pytest.mark.parametrize(("pair", "fact"), [("IDN-002 client01", "identity"), ("IDN-003 client01", "host_key")])
def test_no_other_host_means_that_each_other_one_was_looked_at(
    clean: Clean, outcomes: dict[str, Outcome], pair: str, fact: str
) -> None:
    assert set(outcomes[pair].evidence) == {known.evidence[fact] for known in clean.store.values()}


def test_no_check_asks_for_what_its_needs_do_not_name(clean: Clean) -> None:
    """In no case, good or bad: such a fact would be missing in a run of this check alone."""
    cluster = importlib.import_module(f"tests.checks.{CLUSTER}").clean_cluster()
    for name in MODULES:
        start, checks = (cluster, CLUSTER_CHECKS) if name == CLUSTER else (clean, ())
        for case in cases(name):
            store = dict(start.store)
            case.facts(store)
            for outcome in judged(case.inputs(start.inputs), store, *(checks or case.checks)).values():
                assert "the check itself broke" not in outcome.message, outcome.message


def test_a_run_of_one_check_alone_reads_what_it_rests_on(clean: Clean, outcomes: dict[str, Outcome]) -> None:
    """Whatever other checks happen to ask the hosts for."""
    given_by = {probe.name: probe.facts for each in PROBES_OF.values() for probe in each}
    probes = given_by.keys()
    facts = {line: (host, name) for host, known in clean.store.items() for name, line in known.evidence.items()}
    for one in shipped().values():
        if not list(one.check.targets(clean.inputs)):
            continue  # those of clusters
        scripts = make_plan(clean.inputs, [one.check], Narrowing()).scripts
        asked = {(host, name) for host, batch in scripts.items() for script in batch for name in given_by[script.name]}
        lines = {line for outcome in outcomes.values() if outcome.check == one.check.id for line in outcome.evidence}
        read = {facts[line] for line in lines if line in facts}
        assert {(host, name) for host, name in read if name in probes} <= asked, one.check.id


def test_what_is_looked_at_goes_by_the_system_and_not_by_the_way_in(clean: Clean) -> None:
    hosts = {name: host.model_copy(update={"transport": "another"}) for name, host in clean.inputs.estate.hosts.items()}
    other = with_estate(clean.inputs, hosts=hosts)
    for one in shipped().values():
        assert list(one.check.targets(other)) == list(one.check.targets(clean.inputs)), one.check.id


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_subject_is_what_the_selector_gives(name: str) -> None:
    """A check that takes a target says of what: the type that its selector promises."""
    one = shipped()[name]
    wanted = typing.get_type_hints(one.function).get("target")
    if typing.get_origin(wanted) is TargetOf:
        (given,) = typing.get_args(typing.get_type_hints(one.check.targets)["return"])
        assert wanted == given


def test_each_reason_is_explained_once() -> None:
    counted = Counter(why for one in shipped().values() for why in one.check.explains)
    assert counted == dict.fromkeys(set(Why) - OF_ONE_FACT, 1)


def test_a_host_that_nobody_read_is_unknown_throughout(clean: Clean) -> None:
    store = {name: known for name, known in clean.store.items() if name != "client02"}
    of_host = {one for one in judged(clean.inputs, store).values() if one.host == "client02" and one.check != "CFG-003"}
    assert {one.outcome for one in of_host if NOT_RECORDED not in one.message} == {Result.UNKNOWN}


@pytest.mark.parametrize("check", ["VER-004", "VER-005", "CFG-003", "CFG-004", "CRT-002"])
def test_a_role_that_the_estate_lacks_for_a_reason_is_held_against_nobody(clean: Clean, check: str) -> None:
    pair = f"{check} fd01/bacula.client~director"
    hosts = {"fd01": clean.inputs.estate.hosts["fd01"].model_copy(update={"uses": {}})}
    alone = with_estate(clean.inputs, hosts=hosts)
    agreed = with_baseline(not_agreed={"hosts.bacula.director": NOT_AGREED})(alone)
    silent, excused = judged(alone, clean.store, check)[pair], judged(agreed, clean.store, check)[pair]
    assert (silent.outcome, excused.outcome) == (Result.UNKNOWN, Result.NOT_APPLICABLE)
    assert "not_agreed: {hosts.bacula.director" in silent.message
    assert excused.message == "the estate has no bacula director, not agreed: a test (a test, 2026-11-01)"
