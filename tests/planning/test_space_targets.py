"""Where space is demanded: for all, by group and by host; no demand gets lost."""

from __future__ import annotations

from datetime import UTC, datetime

from readiness.configs import SYSTEMS
from readiness.estate import BASELINE, load_bytes
from readiness.planning.inputs import Inputs, names_of
from readiness.planning.targets import each_space, each_space_with_inodes
from readiness.products import load
from tests.estate.samples import AS_OF, GOOD

CATALOGUE = load(SYSTEMS)
LEAST = "min_free_percent: 5, min_free_inodes_percent: 5"
ALL = f"space: [{{path: /, {LEAST}}}]\n"


def targets(baseline: str) -> list[str]:
    loaded = load_bytes({**GOOD, BASELINE: baseline.encode()}, names_of(CATALOGUE), AS_OF)
    inputs = Inputs(loaded.estate, loaded.baseline, CATALOGUE, datetime(2026, 11, 25, tzinfo=UTC), loaded.files)
    ids = [target.id for target in each_space(inputs)]
    assert [target.id for target in each_space_with_inodes(inputs)] == ids
    assert len(ids) == len(set(ids))
    return ids


def test_for_all() -> None:
    assert targets(ALL) == [f"{host}//" for host in ("dir01", "dir02", "sd01", "fd01", "jump")]
    assert targets("") == targets("not_agreed: {space: {reason: a test, by: a test, day: 2026-11-01}}") == ["estate"]


def test_a_group_s_list_stands_in_the_place_of_that_for_all() -> None:
    group = f"groups: {{clients: {{space: [{{path: /srv, {LEAST}}}]}}}}\n"
    assert targets(ALL + group) == ["dir01/srv", "dir02//", "sd01//", "fd01/srv", "jump//"]


def test_hosts_of_which_nothing_was_said_are_not_forgotten() -> None:
    group = f"groups: {{clients: {{space: [{{path: /srv, {LEAST}}}]}}}}\n"
    assert targets(group) == ["estate", "dir01/srv", "fd01/srv"]


def test_a_host_of_which_it_was_not_agreed_is_a_target_for_its_reason() -> None:
    assert targets(ALL + "hosts: {sd01: {not_agreed: {space: {reason: a test, by: a test, day: 2026-11-01}}}}\n") == [
        *("dir01//", "dir02//", "sd01", "fd01//", "jump//"),
    ]


def test_a_demand_that_concerns_nobody_it_stands_for_is_not_taken_for_met() -> None:
    storage = f"{{path: /var/lib/bacula, roles: [bacula.storage], {LEAST}}}"
    own = f"hosts: {{dir02: {{space: [{storage}]}}}}\n"
    assert targets(f"space: [{storage}]\n{own}") == ["sd01/var/lib/bacula", "estate//var/lib/bacula"]
    assert targets(f"not_agreed: {{space: {{reason: a test, by: a test, day: 2026-11-01}}}}\n{own}") == [
        "estate",
        "estate//var/lib/bacula",
    ]
