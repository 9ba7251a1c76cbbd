"""What a check looks at: each selector on one small estate, in the order the estate was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from readiness.core.outcomes import Target
from readiness.planning import targets
from readiness.planning.inputs import Inputs
from tests.small import HOSTS, inputs

CLUSTER = {"sqlclu": {"nodes": ["win01", "win02"]}}
ALL = {
    **HOSTS,
    "win02": {"os": "windows", "products": {"bacula": ["client"]}},
    "con01": {"products": {"bacula": ["console"]}},
}
SPACE = [
    {
        "path": "/var/lib/bacula",
        "roles": ["bacula.storage"],
        "mounted": True,
        "min_free_percent": 20.0,
        "min_free_inodes_percent": 5.0,
    },
    {"path": "/", "min_free_percent": 5.0, "min_free_inodes_percent": 5.0, "groups": ["clients"]},
    {"path": "D:\\Spool", "min_free_percent": 5.0, "min_free_inodes_percent": 5.0, "groups": ["clients"]},
]
AGREED = {"clock": {"max_offset_s": 1.0}, "same_version_groups": ["clients"], "space": SPACE}
ROLES = (
    *("dir01/bacula.director", "sd01/bacula.storage", "web01/bacula.client", "win01/bacula.client"),
    *("win02/bacula.client", "con01/bacula.console"),
)
DAEMONS = ROLES[:-1]


@pytest.fixture(scope="module")
def given() -> Inputs:
    return inputs(ALL, AGREED, clusters=CLUSTER)


@pytest.mark.parametrize(
    ("selector", "ids"),
    [
        (targets.the_estate, ("estate",)),
        (targets.each_host, tuple(ALL)),
        (targets.each_windows_host, ("win01", "win02")),
        (targets.each_cluster, ("sqlclu",)),
        (targets.each_cluster_node, ("win01", "win02")),
        (targets.each_role(), ROLES),
        (targets.each_role(targets.has_service), DAEMONS),
        (targets.each_role(targets.listens), DAEMONS),
        (targets.each_role(targets.has_account), ("dir01/bacula.director", "sd01/bacula.storage")),
        (targets.each_group_of_one_version, ("clients",)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_it_selects(given: Inputs, selector: Callable[[Inputs], Iterable[Target]], ids: tuple[str, ...]) -> None:
    assert tuple(target.id for target in selector(given)) == ids


def test_what_lies_on_a_host_has_that_host_and_its_owner(given: Inputs) -> None:
    by_id = {target.id: target for target in targets.each_role()(given)}
    web = by_id["web01/bacula.client"]
    assert (web.host, web.detail, web.owner, web.hosts) == ("web01", "bacula.client", "web-team", ("web01",))
    assert by_id["dir01/bacula.director"].owner == ""


def test_the_estate_and_a_group_have_their_hosts_as_peers(given: Inputs) -> None:
    (estate,) = targets.the_estate(given)
    (group,) = targets.each_group_of_one_version(given)
    (cluster,) = targets.each_cluster(given)
    assert (estate.host, estate.hosts) == (None, tuple(ALL))
    assert (group.host, group.hosts) == (None, ("web01", "win01"))
    assert cluster.hosts == ("win01", "win02")


def test_a_role_that_another_names_has_that_host_as_a_peer(given: Inputs) -> None:
    named = {target.id: target for target in targets.each_named_role(given)}
    assert named["sd01/bacula.storage~director"].hosts == ("sd01", "dir01")


def test_a_version_rule_is_for_the_role_it_is_about(given: Inputs) -> None:
    newer = {target.id: target.hosts for target in targets.each_version_rule("ge")(given)}
    assert newer["web01/bacula.client~director"] == ("web01", "dir01")
    assert not list(targets.each_version_rule("no such rule")(given))


def test_space_is_for_the_hosts_it_concerns(given: Inputs) -> None:
    paths = ["sd01/var/lib/bacula", "web01//"]
    assert [target.id for target in targets.each_space(given)] == [*paths, "win01/D:\\Spool"]
    assert [target.id for target in targets.each_space_with_inodes(given)] == paths


def test_what_was_never_agreed_is_a_target_and_not_nothing() -> None:
    given = inputs()
    assert [target.id for target in targets.each_space(given)] == ["estate"]
    assert [target.id for target in targets.each_group_of_one_version(given)] == ["estate"]


def test_a_demand_that_concerns_no_host_is_a_target() -> None:
    nobody = [{"path": "/srv", "roles": ["bacula.director"], "min_free_percent": 5.0, "min_free_inodes_percent": 5.0}]
    given = inputs({"web01": HOSTS["web01"]}, {"space": nobody})
    assert [(target.id, target.host) for target in targets.each_space(given)] == [("estate//srv", None)]
