"""A demand is declared once, and can be stated for all, by group and by host."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from readiness.estate import BASELINE, ESTATE, Baseline, NotAgreed, json_schema
from readiness.estate.baseline import Demands, demand_of, demands, unstated
from readiness.estate.demands import Section, demand, demands_in
from readiness.yaml_text.models import bare, stated
from readiness.yaml_text.reader import read_yaml
from tests.estate.samples import GOOD, loaded, problems

ROOT = Path(__file__).parents[2]
# fd01 is in both groups, dir01 in the first, sd01, which has every role, in none.
TWO_GROUPS = (
    GOOD[ESTATE]
    .decode()
    .replace("  clients: {title: File daemons}", "  clients: {title: File daemons}\n  late: {}")
    .replace("    groups: [clients]\n    products:\n", "    groups: [clients, late]\n    products:\n")
    .replace("products: {bacula: [storage]}", "products: {bacula: [storage, client, director]}")
)


def files(baseline: str) -> dict[str, bytes]:
    return {**GOOD, ESTATE: TWO_GROUPS.encode(), BASELINE: baseline.replace("EXEMPT", A_TEST).encode()}


def baseline(text: str) -> Baseline:
    assert problems(files(text)) == ()
    return loaded(files(text)).baseline


def example(key: str) -> str:
    """The example of a demand as written, within its sections."""
    section: type[Section] = Demands
    *sections, name = key.split(".")
    for part in sections:
        section = bare(section.model_fields[part].annotation)
    text, *_ = section.model_fields[name].examples or [""]
    return "".join(f"{part}: {{" for part in sections) + f"{name}: {text}" + "}" * len(sections)


def of_role(key: str) -> str:
    """The key to ask for: of the role that the example is about, where there is one for each."""
    if not demands()[key].by_role:
        return key
    ((product, roles),) = read_yaml("example", example(key).encode()).value[key].items()
    return f"{key}.{product}.{next(iter(roles))}"


A_TEST = "{reason: a test, by: J. Doe, day: 2026-11-01}"
EXEMPT = NotAgreed(reason="a test", by="J. Doe", day=date(2026, 11, 1))
BY_HOST = [key for key, kind in demands().items() if not kind.of_the_estate]


@pytest.mark.parametrize("key", demands())
def test_a_demand_can_be_stated_for_all(key: str) -> None:
    agreed = baseline(example(key))
    assert agreed.agreed_on(of_role(key), None) is not None
    assert agreed.agreed_on(of_role(key), "sd01") == agreed.agreed_on(of_role(key), None)


@pytest.mark.parametrize("key", BY_HOST)
def test_a_demand_can_be_stated_by_group_and_by_host(key: str) -> None:
    value = baseline(example(key)).agreed_on(of_role(key), None)
    of_group = baseline(f"groups: {{clients: {{{example(key)}}}}}")
    asked = {host: of_group.agreed_on(of_role(key), host) for host in (None, "dir01", "fd01", "sd01")}
    assert asked == {None: None, "dir01": value, "fd01": value, "sd01": None}
    of_host = baseline(f"hosts: {{sd01: {{{example(key)}}}}}")
    asked = {host: of_host.agreed_on(of_role(key), host) for host in (None, "dir01", "sd01")}
    assert asked == {None: None, "dir01": None, "sd01": value}


@pytest.mark.parametrize("key", BY_HOST)
def test_the_host_comes_before_its_group_and_that_before_all(key: str) -> None:
    without = f"not_agreed: {{{of_role(key)}: {A_TEST}}}"
    value = baseline(example(key)).agreed_on(of_role(key), None)
    agreed = baseline(f"{example(key)}\ngroups: {{clients: {{{without}}}}}\nhosts: {{dir01: {{{example(key)}}}}}\n")
    asked = {host: agreed.agreed_on(of_role(key), host) for host in (None, "fd01", "dir01", "sd01")}
    assert asked == {None: value, "fd01": EXEMPT, "dir01": value, "sd01": value}
    agreed = baseline(f"{without}\ngroups: {{clients: {{{example(key)}}}}}\nhosts: {{dir01: {{{without}}}}}\n")
    asked = {host: agreed.agreed_on(of_role(key), host) for host in (None, "fd01", "dir01")}
    assert asked == {None: EXEMPT, "fd01": value, "dir01": EXEMPT}


def test_mappings_are_put_together_entry_by_entry_in_any_spelling() -> None:
    agreed = baseline(
        'sshd: {PermitRootLogin: "no", X11Forwarding: "no"}\n'
        'groups: {clients: {sshd: {permitrootlogin: prohibit-password}}}\nhosts: {fd01: {sshd: {MaxSessions: "4"}}}\n'
        'configuration: {bacula: {client: {FileDaemon.TLS Require: "yes", Director.TLS Require: "yes"}}}\n'
    )
    assert agreed.agreed_on("sshd", "sd01") == {"PermitRootLogin": "no", "X11Forwarding": "no"}
    assert agreed.agreed_on("sshd", "fd01") == {
        "MaxSessions": "4",
        "permitrootlogin": "prohibit-password",
        "X11Forwarding": "no",
    }
    text = 'hosts: {fd01: {configuration: {bacula: {client: {filedaemon.tlsrequire: "no"}}}}}\n'
    other = baseline('configuration: {bacula: {client: {FileDaemon.TLS Require: "yes"}}}\n' + text)
    assert other.agreed_on("configuration.bacula.client", "fd01") == {"filedaemon.tlsrequire": "no"}


def test_what_is_not_agreed_for_a_group_ends_what_is_put_together() -> None:
    agreed = baseline(
        'sshd: {PermitRootLogin: "no"}\ngroups: {clients: {not_agreed: {sshd: EXEMPT}}}\n'
        'hosts: {fd01: {sshd: {MaxSessions: "4"}}}\n'
    )
    assert agreed.agreed_on("sshd", "fd01") == {"MaxSessions": "4"}
    assert agreed.agreed_on("sshd", "dir01") == EXEMPT


def test_a_reason_for_a_role_that_is_not_there_is_by_host_too() -> None:
    agreed = baseline(f"hosts: {{sd01: {{not_agreed: {{hosts.bareos.director: {A_TEST}}}}}}}\n")
    assert agreed.not_agreed_on("hosts.bareos.director", "sd01") == EXEMPT
    assert agreed.not_agreed_on("hosts.bareos.director", "fd01") is None


def test_a_reason_for_peers_is_for_every_name_that_fits() -> None:
    agreed = baseline(
        'hosts: {dir01: {not_agreed: {"peers.bacula.client.old-*.v2": EXEMPT}}}\n'.replace("EXEMPT", A_TEST)
    )
    assert agreed.not_agreed_on("peers.bacula.client.old-1.v2", "dir01") == EXEMPT
    assert agreed.written_not_agreed("peers.bacula.client.old-1.v2", "dir01") == (
        "peers.bacula.client.old-*.v2",
        EXEMPT,
    )
    for key, host in (
        ("peers.bacula.client.Old-1.v2", "dir01"),
        ("peers.bacula.client.old-1", "dir01"),
        ("peers.bacula.storage.old-1.v2", "dir01"),
        ("peers.bacula.client.old-1.v2", "dir02"),
    ):
        assert agreed.not_agreed_on(key, host) is None


def test_a_role_that_hosts_may_have_is_stated_for_all_by_group_and_by_host() -> None:
    agreed = baseline(
        f"not_agreed: {{roles.bacula.console: {A_TEST}}}\n"
        f"groups: {{clients: {{not_agreed: {{roles.bacula.storage: {A_TEST}}}}}}}\n"
    )
    assert agreed.not_agreed_on("roles.bacula.console", "sd01") == EXEMPT
    assert agreed.not_agreed_on("roles.bacula.storage", "fd01") == EXEMPT
    assert agreed.not_agreed_on("roles.bacula.storage", "dir02") is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("windows: {firewall_profiles: [Domain, Public]}", "windows: {firewall_profiles: [Public, Domain]}"),
        (
            "listening: {also: [{port: 1, process: a}, {port: 2, process: b}]}",
            "listening: {also: [{port: 2, process: b}, {port: 1, process: a}]}",
        ),
    ],
)
def test_the_order_of_a_list_is_no_difference_between_groups(first: str, second: str) -> None:
    baseline(f"groups: {{clients: {{{first}}}, late: {{{second}}}}}\n")


_ROOT = "{path: /, min_free_percent: %d, min_free_inodes_percent: 1}"
MISTAKES = (
    (
        "groups:\n  clients: {clock: {max_offset_s: 1}}\n  late: {clock: {max_offset_s: 2}}\n",
        "3:32: clock.max_offset_s of the group late is not that of clients at baseline.yaml:2:35, and fd01 is in both",
    ),
    (
        'groups:\n  clients: {sshd: {PermitRootLogin: "no"}}\n  late: {sshd: {permitrootlogin: "yes"}}\n',
        "3:34: sshd.permitrootlogin of the group late is not that of clients at baseline.yaml:2:37, and fd01",
    ),
    (
        "groups:\n  clients: {clock: {max_offset_s: 1}}\n  late: {not_agreed: {clock.max_offset_s: EXEMPT}}\n",
        "3:23: clock.max_offset_s of the group late is not that of clients at baseline.yaml:2:35",
    ),
    (
        "groups: {clients: {no_login_shell: [bacula, root]}, late: {no_login_shell: [bacula]}}\n",
        "1:60: no_login_shell of the group late is not that of clients",
    ),
    (
        f"groups:\n  clients: {{space: [{_ROOT % 1}, {_ROOT % 2}]}}\n  late: {{space: [{_ROOT % 2}, {_ROOT % 1}]}}\n",
        "3:10: space of the group late is not that of clients",
    ),
    ("groups: {clients: {same_version_groups: [late]}}\n", "1:20: same_version_groups is about the estate as a whole"),
    (
        "hosts: {fd01: {not_agreed: {same_version_groups: EXEMPT}}}\n",
        "1:29: same_version_groups is about the estate as a whole, not about one host",
    ),
    (
        "groups: {clients: {listening: {also: [{port: 1, process: a, groups: [late]}]}}}\n",
        "1:61: groups in what is stated for the group clients (remove it",
    ),
    (
        'hosts: {fd01: {versions: {bacula: {storage: "9.6.7"}}}}\n',
        "1:36: versions.bacula.storage is stated for the host fd01, which has no bacula storage (state it where the",
    ),
    (
        "groups: {late: {configuration: {bacula: {director: {Director.TLS Require: a}}}}}\n",
        "1:42: configuration.bacula.director is stated for the group late, which has no bacula director",
    ),
    (
        "groups: {late: {not_agreed: {versions.bacula.director: EXEMPT}}}\n",
        "1:30: versions.bacula.director is stated for the group late, which has no bacula director",
    ),
    ("groups: {client: {clock: {max_offset_s: 1}}}\n", "1:10: unknown group 'client' (did you mean clients)"),
    ("hosts: {dir1: {clock: {max_offset_s: 1}}}\n", "1:9: unknown host 'dir1' (did you mean dir0"),
    ("groups: {clients: {}}\n", "1:19: the mapping is empty and states nothing"),
    ("groups: {clients: {clok: {}}}\n", "1:20: unknown key 'clok' (did you mean clock)"),
    ("groups: {clients: {groups: {}}}\n", "1:20: unknown key 'groups'"),
    ('hosts: {fd01: {versions: {bacula: {clint: "1"}}}}\n', "1:36: unknown role 'clint' of bacula"),
    (
        "hosts:\n  fd01:\n    clock: {max_offset_s: 1}\n    not_agreed: {clock.max_offset_s: EXEMPT}\n",
        "4:18: clock.max_offset_s is stated at line 3 and not agreed here",
    ),
    (
        "hosts: {fd01: {not_agreed: {clock.max_ofset_s: EXEMPT}}}\n",
        "1:29: unknown demand 'clock.max_ofset_s' (did you mean",
    ),
    ('sshd: {PermitRootLogin: "no", permitrootlogin: "yes"}\n', "1:31: 'permitrootlogin' is another spelling of"),
    (
        (
            'groups:\n  clients: {sshd: {MaxSessions: "1"}}\n  late: {not_agreed: {sshd: EXEMPT}}\n'
            'hosts: {fd01: {sshd: {PermitRootLogin: "no"}}}\n'
        ),
        "3:23: sshd of the group late is not that of clients at baseline.yaml:2:13",
    ),
    ("host: {time_zone: Europe/Berln}\n", "1:19: there is no time zone 'Europe/Berln' (one of the IANA list"),
    (
        "windows: {tls_min: 1.2}\n",
        "1:20: 'tls_min' must be 1.0, 1.1, 1.2 or 1.3 as text, not the number 1.2 (quote it:",
    ),
    ("windows: {tls_min: 7}\n", "1:20: 'tls_min' must be 1.0, 1.1, 1.2 or 1.3 as text, not the number 7"),
    (
        "not_agreed: {clock: {max_offset_s: late}}\n",
        "1:14: unknown key 'max_offset_s' (a demand within a section is one key: SECTION.max_offset_s: {reason: ...,",
    ),
    (
        'not_agreed:\n  sshd: "phase 2: \\"later\\""\n',
        (
            "2:9: a reason alone does not say who agreed to it, and when "
            '(write {reason: "phase 2: \\"later\\"", by: WHO AGREED, day: YYYY-MM-DD})'
        ),
    ),
    ("not_agreed: {sshd: {reason: x, by: y, day: 2026-11-26}}\n", "1:44: day 2026-11-26 is yet to come (the day on"),
    ("hosts: {fd01: {not_agreed: {sshd: {reason: x, by: y, day: 2027-01-01}}}}\n", "1:59: day 2027-01-01 is yet to"),
    (
        "groups: {late: {not_agreed: {sshd: {reason: x, by: y, day: 2026-11-02, until: 2026-11-01}}}}\n",
        "1:79: until 2026-11-01 lies before the day 2026-11-02 on which it was agreed",
    ),
    ("not_agreed: {sshd: {reason: x, by: y, day: 2026-02-30}}\n", "1:44: '2026-02-30' is not a day (write it like"),
    ("not_agreed: {sshd: {reason: x, by: y}}\n", "1:14: day is missing (for example day: 2026-11-24)"),
    ("not_agreed: {sshd: {reason: x, by: '', day: 2026-11-01}}\n", "1:36: the text is empty"),
    ("not_agreed: {sshd: {reason: x, by: y, day: 2026-11-01, untill: 2027-01-01}}\n", "1:56: unknown key 'untill'"),
    ("not_agreed: {sshd: [x]}\n", "1:14: 'sshd' must be a mapping, not a list"),
    ("windows: {}\n", "1:10: the mapping is empty and states nothing"),
)


@pytest.mark.parametrize(("text", "beginning"), MISTAKES)
def test_a_mistake_is_reported_where_it_stands(text: str, beginning: str) -> None:
    (problem,) = problems(files(text))
    assert str(problem).startswith(f"baseline.yaml:{beginning}")


@pytest.mark.parametrize(
    "text",
    [
        "groups: {clients: {clock: {max_offset_s: 1}}, late: {clock: {max_offset_s: 1.0}}}\n",
        (
            "groups: {clients: {clock: {max_offset_s: 1}}, late: {clock: {max_offset_s: 2}}}\n"
            "hosts: {fd01: {clock: {max_offset_s: 3}}}\n"
        ),
        (
            'groups: {clients: {sshd: {MaxSessions: "1"}}, late: {sshd: {maxsessions: "2"}}}\n'
            'hosts: {fd01: {sshd: {MAXSESSIONS: "3"}}}\n'
        ),
        'groups: {clients: {sshd: {MaxSessions: "1"}}, late: {sshd: {PermitRootLogin: "no"}}}\n',
        (
            'groups: {clients: {sshd: {MaxSessions: "1"}}, late: {sshd: {MaxSessions: "2"}}}\n'
            "hosts: {fd01: {not_agreed: {sshd: EXEMPT}}}\n"
        ),
    ],
)
def test_groups_may_say_the_same_or_leave_the_last_word_to_the_host(text: str) -> None:
    assert problems(files(text)) == ()


def test_a_key_that_is_no_demand_is_an_error_that_names_the_near_one() -> None:
    agreed = baseline("clock: {max_offset_s: 1}")
    for key, near in (
        ("clock.max_ofset_s", "clock.max_offset_s"),
        ("versions.bacula", "versions.PRODUCT.ROLE"),
        ("clock", "clock.max_offset_s"),
    ):
        with pytest.raises(ValueError, match=f"{key} is no demand .*{near}"):
            agreed.agreed_on(key, None)


@pytest.mark.parametrize("name", ["Clock", "Machines", "Demands", "Windows", "Listening"])
def test_editors_are_told_that_an_empty_section_states_nothing(name: str) -> None:
    schema: Any = json_schema("baseline")
    assert schema["$defs"][name]["minProperties"] == 1
    assert "minProperties" not in schema


def test_what_a_baseline_states_nothing_of() -> None:
    written = {"clock": {"max_offset_s": 1}, "versions": {"bacula": {"client": "1"}}, "not_agreed": {"sshd": {}}}
    missing = unstated(written, ["bacula.client", "bacula.storage"])
    assert {"versions.bacula.storage", "configuration.bacula.client", "space", "host.time_zone"} <= {*missing}
    assert not {*missing} & {"clock.max_offset_s", "versions.bacula.client", "sshd", "clock", "versions"}


def test_one_line_is_a_demand() -> None:
    class More(Section):
        """A section of a test."""

        sources: tuple[str, ...] | None = demand("Where the time comes from.", example="[ntp1]")

    class All(Demands):
        """What a section is put into."""

        more: More | None = stated("More.", None)

    assert "more.sources" in dict(demands_in(All))
    value = All.model_validate({"more": {"sources": ("ntp1",)}})
    assert value.statement("more.sources") == ("ntp1",)
    schema: Any = All.model_json_schema()
    assert schema["$defs"]["More"]["properties"]["sources"]["description"] == "Where the time comes from."


def asked_for() -> Iterator[tuple[str, str]]:
    """Every key that a check asks for, what is put in at run time as a word: `versions.x.x`."""
    for path in sorted((ROOT / "checks").glob("*.py")):
        assigned: dict[str, ast.expr] = {}
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                assigned[node.targets[0].id] = node.value
        for node in ast.walk(ast.parse(path.read_text())):
            asks = isinstance(node, ast.Call) and ast.unparse(node.func) in {"agreed", "agreed_if_stated"}
            if isinstance(node, ast.Call) and asks:
                key = node.args[1]
                key = assigned[key.id] if isinstance(key, ast.Name) else key
                yield f"{path.name}:{node.lineno}", _text(key)


def _text(key: ast.expr) -> str:
    if isinstance(key, ast.JoinedStr):
        return "".join(_text(part) for part in key.values)
    return str(key.value) if isinstance(key, ast.Constant) else "x"


def test_every_key_that_a_check_asks_for_is_a_demand() -> None:
    asked = list(asked_for())
    assert len(asked) > 15
    for where, key in asked:
        assert demand_of(key) in demands().values(), where
    assert {key.split(".x")[0] for _, key in asked} == set(demands()), "a demand that no check asks for"


def test_what_was_agreed_is_read_through_the_door_that_knows_groups_and_hosts() -> None:
    sections = {name for name in Demands.model_fields if name != "not_agreed"}
    for path in [*(ROOT / "checks").glob("*.py"), *(ROOT / "readiness").rglob("*.py")]:
        if path.is_relative_to(ROOT / "readiness" / "estate"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value).split(".")[-1] == "baseline":
                assert node.attr not in sections, f"{path.name}:{node.lineno}"
