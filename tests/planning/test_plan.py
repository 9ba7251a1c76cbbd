"""The plan: every expected pair before any host is contacted, and what a narrowed run left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from readiness.core.errors import InputError
from readiness.core.facts import Login, Why
from readiness.core.outcomes import Target
from readiness.planning.plan import Narrowing, as_planned_then, make_plan
from readiness.planning.targets import each_host, each_role, each_windows_host, the_estate
from readiness.probes import PROBES_OF
from readiness.probes.clock import Clock
from readiness.probes.packages import Packages
from readiness.probes.system import OsRelease
from tests.small import a_check, inputs

HOSTS = ("dir01", "sd01", "web01", "win01")
INPUTS = inputs()
CLOCK = a_check("CLK-001", area="clock", needs=(Clock, OsRelease))
OS = a_check("OS-001", area="os", needs=(OsRelease,))
WHOLE = a_check("ALL-001", the_estate, area="estate")
REACHED = a_check("CON-001", area="connectivity", explains=(Why.REFUSED,))
CHECKS = (CLOCK, OS, WHOLE, REACHED)


def on_each(check_id: str) -> list[tuple[str, str]]:
    return [(check_id, host) for host in HOSTS]


def mistakes(*checks: object, narrowing: Narrowing | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        make_plan(INPUTS, checks or CHECKS, narrowing or Narrowing())  # type: ignore[arg-type]
    return [str(problem) for problem in caught.value.problems]


def test_it_has_a_pair_for_each_check_and_target_and_what_explains_others_comes_first() -> None:
    plan = make_plan(INPUTS, CHECKS, Narrowing())
    assert list(plan.expected) == [
        *on_each("CON-001"),
        *on_each("CLK-001"),
        *on_each("OS-001"),
        ("ALL-001", "estate"),
    ]
    assert [target.id for target in plan.targets_of["CLK-001"]] == list(HOSTS)
    assert (plan.partial, plan.idle) == (None, ())


NO_SERVICE = {"backup service": "none to look at, since no host has a role of a product"}


def test_an_estate_without_a_role_has_no_backup_service_to_go_live() -> None:
    none = inputs({name: {} for name in HOSTS}, groups={})
    plan = make_plan(none, CHECKS, Narrowing())
    assert len(plan.pairs) == 13
    assert plan.partial == NO_SERVICE
    assert make_plan(none, CHECKS, Narrowing(areas=("clock", "connectivity", "estate", "os"))).partial == NO_SERVICE
    assert as_planned_then(plan, plan.expected).partial == NO_SERVICE


def test_it_is_the_same_each_time() -> None:
    assert make_plan(INPUTS, CHECKS, Narrowing()) == make_plan(inputs(), CHECKS, Narrowing())


@pytest.mark.parametrize(
    ("narrowing", "partial"),
    [
        (
            Narrowing(areas=("clock", "os")),
            {"areas left out": ["connectivity", "estate"]},
        ),
        (
            Narrowing(hosts="web*,sd01"),
            {"hosts left out": ["dir01", "win01"], "targets left out": "those without a host"},
        ),
        (
            Narrowing(hosts="*"),
            {"hosts left out": [], "targets left out": "those without a host"},
        ),
        (Narrowing(areas=("clock", "connectivity", "estate", "os")), {"narrowed": "to all there is"}),
        (Narrowing(deselected=("test_x",)), {"deselected": ["test_x"]}),
        (Narrowing(by="somebody"), {"run": "somebody"}),
    ],
)
def test_a_narrowed_run_is_partial_also_when_it_left_nothing_out(
    narrowing: Narrowing, partial: dict[str, object]
) -> None:
    assert make_plan(INPUTS, CHECKS, narrowing).partial == partial


def test_an_area_has_its_own_checks_only() -> None:
    assert list(make_plan(INPUTS, CHECKS, Narrowing(("clock",))).expected) == on_each("CLK-001")


@pytest.mark.parametrize(
    ("expression", "hosts"),
    [
        ("dir01", {"dir01"}),
        ("*01", set(HOSTS)),
        ("clients", {"web01", "win01"}),
        (" web01 , dir* ,", {"web01", "dir01"}),
        ("clients,nobody", {"web01", "win01"}),
    ],
)
def test_hosts_are_chosen_by_name_pattern_and_group(expression: str, hosts: set[str]) -> None:
    plan = make_plan(INPUTS, CHECKS, Narrowing(hosts=expression))
    assert {target for _, target in plan.expected} == hosts
    assert set(plan.scripts) == hosts


def test_what_matches_nothing_is_a_mistake_and_all_are_told() -> None:
    assert mistakes(narrowing=Narrowing(("clocks", "sshd"), "nobody*")) == [
        "--area clocks: no such area (areas: clock, connectivity, estate, os)",
        "--area sshd: no such area (areas: clock, connectivity, estate, os)",
        "--hosts nobody*: matches no host (hosts and groups: dir01, sd01, web01, win01, clients)",
    ]


def test_two_checks_of_one_id_are_a_mistake() -> None:
    other = replace(CLOCK, location="test_other.py:7")
    assert mistakes(CLOCK, other) == [
        "test_other.py:7:1: CLK-001 is also at test_clock.py:1 (give each check an id of its own)"
    ]


def test_a_target_that_a_check_has_twice_is_a_mistake() -> None:
    assert mistakes(a_check("TST-001", lambda _: [Target("x"), Target("x")])) == [
        "test_test.py:1: TST-001 has the target x twice"
    ]


@pytest.mark.parametrize("selector", [each_role, lambda _: None, lambda inputs: [inputs.no_such_thing]])
def test_a_selector_that_breaks_is_a_mistake_of_its_check(selector: Any) -> None:
    (mistake,) = mistakes(a_check("TST-001", selector))
    assert mistake.startswith("test_test.py:1:1: the selector of TST-001 breaks: ")
    assert mistake.endswith("(some are made by a call: targets=each_role())")


def test_a_check_without_a_target_here_is_named() -> None:
    plan = make_plan(INPUTS, (CLOCK, a_check("TST-001", lambda _: [])), Narrowing())
    assert plan.idle == ("TST-001",)


def test_only_what_was_selected_is_planned_and_sent() -> None:
    plan = make_plan(INPUTS, CHECKS, Narrowing(by="-k"), frozenset({("CLK-001", "web01")}))
    assert plan.expected == (("CLK-001", "web01"),)
    assert set(plan.scripts) == {"web01"}


def test_a_host_is_sent_what_its_checks_need_cheapest_first_and_nothing_else() -> None:
    plan = make_plan(INPUTS, (CLOCK, a_check("VER-001", needs=(Packages, Login))), Narrowing())
    names = {host: [script.name for script in batch] for host, batch in plan.scripts.items()}
    assert {frozenset(batch) for batch in names.values()} == {frozenset({"clock", "os_release", "packages"})}
    costs = {probe.name: probe.cost for probes in PROBES_OF.values() for probe in probes}
    for batch in names.values():
        assert [costs[name] for name in batch] == sorted(costs[name] for name in batch)


def test_a_host_that_only_another_ones_check_looks_at_is_visited_too() -> None:
    pair = a_check("TST-001", lambda _: [Target("dir01", "dir01", peers=("sd01",))], needs=(Clock,))
    plan = make_plan(INPUTS, (pair,), Narrowing())
    assert {host: [script.name for script in batch] for host, batch in plan.scripts.items()} == {
        "dir01": ["clock"],
        "sd01": ["clock"],
    }


def test_a_host_is_visited_also_where_the_connection_alone_is_needed() -> None:
    assert make_plan(INPUTS, (REACHED,), Narrowing()).scripts == dict.fromkeys(HOSTS, ())


def test_each_system_is_sent_its_own_scripts() -> None:
    plan = make_plan(INPUTS, (CLOCK,), Narrowing())
    files = {host: {script.file.rpartition(".")[2] for script in batch} for host, batch in plan.scripts.items()}
    assert files == {"dir01": {"sh"}, "sd01": {"sh"}, "web01": {"sh"}, "win01": {"ps1"}}
    (windows,) = {target.id for target in each_windows_host(INPUTS)}
    assert windows == "win01"


def test_a_run_judged_again_has_the_pairs_it_had() -> None:
    plan = make_plan(INPUTS, CHECKS, Narrowing())
    assert as_planned_then(plan, plan.expected) == plan
    fewer = as_planned_then(plan, plan.expected[1:])
    assert fewer.expected == plan.expected[1:]
    assert fewer.partial == {"the run had not planned": "1 pairs that this version checks"}


def test_a_pair_that_is_checked_no_longer_makes_it_partial() -> None:
    plan = make_plan(INPUTS, CHECKS, Narrowing())
    again = as_planned_then(plan, [*plan.expected, ("OLD-001", "dir01")])
    assert again.expected == plan.expected
    assert again.partial == {"no longer checked": ["OLD-001 dir01"]}


def test_a_run_that_pytest_narrowed_says_so_once() -> None:
    plan = make_plan(INPUTS, CHECKS, Narrowing(by="pytest"))
    assert as_planned_then(plan, plan.expected[:2]).partial == {"run": "pytest"}


def test_an_estate_of_no_host_has_no_pair_on_a_host() -> None:
    plan = make_plan(inputs({}), (a_check("TST-001", each_host), WHOLE), Narrowing())
    assert (plan.expected, plan.scripts, plan.idle) == ((("ALL-001", "estate"),), {}, ("TST-001",))
