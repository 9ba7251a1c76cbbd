"""What is proposed: what all have in common, nothing that is weak, and text that loads whatever hosts have said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from readiness.configs.model import Directive
from readiness.core.errors import InputError, NothingToCheck
from readiness.core.facts import Fact, HostFacts, Missing, Why
from readiness.core.outcomes import Result
from readiness.core.text import clean as clean_text
from readiness.estate import Baseline, load_bytes
from readiness.planning.inputs import Inputs, names_of
from readiness.probes.clock import ClockSync
from readiness.probes.configuration import Configuration
from readiness.probes.host import Machine
from readiness.probes.listening import Holder, Listening, Socket
from readiness.probes.packages import Packages
from readiness.probes.rights import Rights
from readiness.probes.sshd import Sshd
from readiness.probes.system import OsRelease
from readiness.probes.units import OpenFiles
from readiness.probes.windows.network import FirewallProfiles
from readiness.probes.windows.tls import ProtocolKeys, SChannel
from readiness.proposing import propose
from readiness.proposing.writing import AGREED
from tests import small
from tests.checks.changes import HOSTS
from tests.checks.harness import Clean, Store, changed, judged

FILLED = 'agreed: {by: backup board, day: "2026-10-30"}'
HOSTILE = (
    "x\nagreed: {by: me, day: 2026-01-01}",
    "a: b # c",
    "&anchor *alias !!python/object:os.system",
    "\u2028sshd: {}\x85\r\n---\n",
    '"]}\n- "',
    "\x1b[2J\x00",
    "yes",
    "x" * 3000,
    " ",
    "{{ 7 * 7 }}",
)


def without_agreement(inputs: Inputs) -> Inputs:
    return replace(inputs, baseline=Baseline().of_estate(inputs.estate.hosts, inputs.as_of))


def loaded(inputs: Inputs, text: str) -> Inputs:
    """The inputs with a proposal for their baseline, filled in."""
    assert text.startswith(f"{AGREED}\n")
    return with_text(inputs, text.replace(AGREED, FILLED, 1))


def with_text(inputs: Inputs, text: str) -> Inputs:
    files = {name: data for name, data in inputs.files.items() if not name.startswith("products/")}
    read = load_bytes({**files, "baseline.yaml": text.encode()}, names_of(inputs.catalogue), inputs.as_of)
    return replace(inputs, baseline=read.baseline)


def of_all(store: Store, kind: type[Fact], change: Callable[[Any], Fact | Missing]) -> None:
    for host, known in dict(store).items():
        if kind.name in known.values and not isinstance(known.values[kind.name], Missing):
            changed(store, host, kind, change)


def comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#")]


def told(text: str, *words: str) -> bool:
    """Whether one comment has all these words."""
    return any(all(word in line for word in words) for line in comments(text))


def test_all_in_common_stands_and_the_checks_that_were_never_agreed_pass(clean: Clean) -> None:
    proposed = propose(without_agreement(clean.inputs), clean.store)
    assert proposed.complete
    inputs = loaded(clean.inputs, proposed.text)
    left = {"host.min_memory_bytes", "host.min_swap_bytes", "host.mandatory_access_control", "space"}
    never = set()
    before = judged(without_agreement(clean.inputs), clean.store)
    for pair, outcome in judged(inputs, clean.store).items():
        if "never agreed" in outcome.message:
            never.add(next(key for key in left if f" {key} " in outcome.message))
        elif pair in before and "never agreed" in before[pair].message and not pair.startswith("LSN-004 fd"):
            assert outcome.outcome in {Result.PASS, Result.NOT_APPLICABLE}, (pair, outcome.message)
    assert never == left


def test_it_does_not_load_until_it_says_who_agreed_on_it_and_when(clean: Clean) -> None:
    text = propose(without_agreement(clean.inputs), clean.store).text
    with pytest.raises(InputError) as caught:
        with_text(clean.inputs, text)
    assert [(one.line, one.column) for one in caught.value.problems] == [(1, 14), (1, 21)]


def test_every_value_that_is_a_comment_loads_without_its_mark(clean: Clean) -> None:
    text = propose(without_agreement(clean.inputs), clean.store).text
    lines = text.replace(AGREED, FILLED, 1).splitlines()
    values = [at for at, line in enumerate(lines) if re.match(r" *# [\"{A-Za-z]", line)]
    assert len(values) > 20
    for at in values:
        stated = with_text(clean.inputs, "\n".join([*lines[:at], lines[at].replace("# ", "", 1), *lines[at + 1 :]]))
        assert stated.baseline.agreed is not None


def test_what_is_stated_stays_and_only_the_rest_is_proposed(clean: Clean) -> None:
    again = propose(clean.inputs, clean.store)
    assert (again.stated, again.left) == (0, 0)
    assert loaded(clean.inputs, again.text).baseline.statements() == clean.inputs.baseline.statements()
    text = (
        "host: {time_zone: Europe/Berlin}\n"
        "not_agreed: {host.min_swap_bytes: {reason: no swap, by: me, day: 2026-10-30}, "
        "space: {reason: a test, by: me, day: 2026-10-30, until: 2099-01-01}}\n"
        "configuration: {bacula: {client: {FileDaemon.TLS Require: 'yes'}}}\n"
        "groups: {windows_clients: {clock: {max_offset_s: 7.0}, versions: {bacula: {client: '11.0.1'}}}}\n"
        "hosts: {client01: {sshd: {PermitRootLogin: 'yes'}}}\n"
    )
    before = with_text(clean.inputs, f"{FILLED}\n{text}")
    proposed = propose(before, clean.store)
    after = loaded(before, proposed.text).baseline
    for host in (None, *HOSTS):
        for key, value in before.baseline.statements().items():
            assert after.agreed_on(key, host) == before.baseline.agreed_on(key, host) or not isinstance(value, str)
    assert after.agreed_on("clock.max_offset_s", "fd01") == 7.0
    assert after.agreed_on("clock.max_offset_s", "client01") == 5.0
    assert after.agreed_on("versions.bacula.client", "client01") == "9.6.7"
    assert after.agreed_on("configuration.bacula.client", "client01") == {"FileDaemon.TLS Require": "yes"}
    assert after.agreed_on("configuration.bacula.storage", "sd01")["Storage.TLS Require"] == "yes"
    assert "## What was stated before was agreed on by backup board on 2026-10-30." in proposed.text


def tls(value: str | None) -> Callable[[Any], Configuration]:
    """TLS as it says, or not stated at all, in every resource."""

    def directives(entries: tuple[Directive, ...]) -> tuple[Directive, ...]:
        kept = tuple(entry for entry in entries if not entry.name.startswith("tls"))
        own = (Directive(name, value, None, "", "x:1") for name in ("tlsenable", "tlsrequire"))
        return kept if value is None else (*kept, *own)

    def change(fact: Configuration) -> Configuration:
        files = {
            path: replace(
                file,
                resources=tuple(replace(own, directives=directives(own.directives)) for own in file.resources),
            )
            for path, file in fact.files.items()
        }
        return replace(fact, files=files)

    return change


@pytest.mark.parametrize(("value", "words"), [("no", "TLS Require no"), (None, "TLS Require no by default")])
def test_tls_that_is_off_at_both_ends_of_all_hosts_is_not_proposed(clean: Clean, value: str | None, words: str) -> None:
    store = dict(clean.store)
    of_all(store, Configuration, tls(value))
    text = propose(without_agreement(clean.inputs), store).text
    inputs = loaded(clean.inputs, text)
    assert not [key for key in inputs.baseline.statements() if key.startswith("configuration")]
    assert told(text, "not proposed: FileDaemon: ", words, "talks in clear", "client01, client02")
    assert told(text, "not proposed: Director: ", words, "dir01") or told(
        text, "not proposed: Director: ", words, "sd01"
    )
    found = judged(inputs, store, "CFG-006")
    assert {one.outcome for one in found.values()} == {Result.UNKNOWN}
    assert all("never agreed" in one.message for one in found.values())


def test_tls_that_is_off_at_one_resource_of_one_host_is_not_proposed(clean: Clean) -> None:
    store = dict(clean.store)
    changed(store, "client03", Configuration, tls("no"))
    text = propose(without_agreement(clean.inputs), store).text
    stated = loaded(clean.inputs, text).baseline.statements()
    assert "configuration.bacula.client" not in stated
    assert {"configuration.bacula.director", "configuration.bacula.storage"} < stated.keys()
    assert told(text, "not proposed: FileDaemon: TLS Enable no", "(client03)")


def sshd(keyword: str, value: str) -> Callable[[Sshd], Sshd]:
    return lambda one: replace(one, settings={**one.settings, keyword: (value,)})


def spoken(protocol: str) -> Callable[[SChannel], SChannel]:
    on = {f"{protocol}/{side}": ProtocolKeys(1, 0) for side in ("Client", "Server")}
    return lambda one: replace(one, build="14393", protocols={**one.protocols, **on})


WEAK: Mapping[str, tuple[str, type[Fact], str, Callable[[Any], Fact], tuple[str, ...]]] = {
    "root by password": ("sshd", Sshd, "client02", sshd("permitrootlogin", "yes"), ('PermitRootLogin "yes"',)),
    "passwords": ("sshd", Sshd, "client02", sshd("passwordauthentication", "yes"), ('PasswordAuthentication "yes"',)),
    "empty passwords": ("sshd", Sshd, "sd01", sshd("permitemptypasswords", "yes"), ("PermitEmptyPasswords",)),
    "TLS 1.0": ("windows.tls_min", SChannel, "fd02", spoken("TLS 1.0"), ('"1.0"', "deprecated")),
    "SSL 3.0": ("windows.tls_min", SChannel, "fd02", spoken("SSL 3.0"), ("SSL 3.0 is on",)),
    "a firewall off": (
        "windows.firewall_profiles",
        FirewallProfiles,
        "fd01",
        lambda one: replace(
            one, profiles={name: replace(profile, enabled=name != "Public") for name, profile in one.profiles.items()}
        ),
        ("the firewall is off in Public",),
    ),
    "a clock that follows nobody": (
        "clock.max_offset_s",
        ClockSync,
        "client04",
        lambda one: replace(one, synchronised=False),
        ("not synchronised",),
    ),
    "a login shell": (
        "no_login_shell",
        Rights,
        "sd01",
        lambda one: replace(one, shells={**one.shells, "bacula": "/bin/bash"}),
        ("bacula has the login shell /bin/bash",),
    ),
    "few open files": (
        "host.min_open_files",
        OpenFiles,
        "client01",
        lambda _: OpenFiles({"bacula-fd.service": 256}),
        ("256", "less than the kernel gives"),
    ),
    "a listener of nobody": (
        "listening.also",
        Listening,
        "client01",
        lambda _: Listening((Socket("192.0.2.9", 4444, 1),), {1: ()}),
        ("port 4444 is of no process",),
    ),
}


@pytest.mark.parametrize("name", WEAK)
def test_what_is_weak_on_one_host_is_a_comment_with_that_host_and_why(clean: Clean, name: str) -> None:
    key, kind, host, change, words = WEAK[name]
    store = dict(clean.store)
    changed(store, host, kind, change)
    text = propose(without_agreement(clean.inputs), store).text
    assert key not in loaded(clean.inputs, text).baseline.statements()
    assert told(text, "not proposed: ", f"({host})", *words), text


def test_where_hosts_differ_the_first_eight_are_named_and_the_others_counted() -> None:
    hosts: dict[str, Any] = {f"web{number:02}": {"products": {"bacula": ["client"]}} for number in range(14)}
    hosts["web00"]["groups"] = ["clients"]
    inputs = without_agreement(small.inputs(hosts))
    store = {
        host: small.facts(host, os_release=OsRelease("debian", (), "11" if at < 11 else "12", "", "", "x86_64"))
        for at, host in enumerate(hosts)
    }
    text = propose(inputs, store).text
    first = ", ".join(f"web{number:02}" for number in range(8))
    assert f'{{id: debian, version: "11"}},  # {first} and 3 more' in text
    assert "operating_systems" not in loaded(inputs, text).baseline.statements()


def test_systems_of_linux_and_windows_stand_side_by_side_or_not_at_all(clean: Clean) -> None:
    store = dict(clean.store)
    changed(store, "client01", OsRelease, lambda one: replace(one, version_id="11"))
    text = propose(without_agreement(clean.inputs), store).text
    assert "operating_systems" not in loaded(clean.inputs, text).baseline.statements()
    assert told(text, '{id: debian, version: "11"}', "client01")


def test_what_was_not_read_is_a_comment_with_its_reason(clean: Clean) -> None:
    store = dict(clean.store)
    changed(store, "client01", Sshd, lambda _: Missing(Why.NOT_PERMITTED, "no\nsudo: {also: [x]}"))
    of_all(store, Machine, lambda _: Missing(Why.TIMED_OUT, "after 30 s"))
    proposed = propose(without_agreement(clean.inputs), store)
    assert not proposed.complete
    stated = loaded(clean.inputs, proposed.text).baseline.statements()
    assert "sshd" in stated
    assert "host.time_zone" not in stated
    assert told(proposed.text, "not read: not permitted: no sudo: {also: [x]}", "(client01)")
    assert told(proposed.text, "not read: command timed out: after 30 s", *HOSTS)
    assert told(proposed.text, "host.time_zone is not proposed; it is written like time_zone: Etc/UTC")


def test_hosts_that_were_not_reached_are_named_and_their_demands_judged_by_the_others(clean: Clean) -> None:
    store = {**clean.store, "client04": small.down("client04")}
    del store["client03"]
    proposed = propose(without_agreement(clean.inputs), store)
    assert not proposed.complete
    assert told(proposed.text, "Not reached", "client04", "connection refused: port 22")
    assert told(proposed.text, "Not reached", "client03", "not contacted")
    assert "sshd" in loaded(clean.inputs, proposed.text).baseline.statements()


def test_where_no_host_was_reached_nothing_is_proposed(clean: Clean) -> None:
    for store in ({}, {host: small.down(host) for host in HOSTS}):
        with pytest.raises(NothingToCheck, match="no host was reached"):
            propose(without_agreement(clean.inputs), store)


def hostile_facts(store: Store, text: str) -> None:
    """Every free text that a demand is read from, as no parser would let it through."""
    of_all(store, Sshd, lambda one: replace(one, settings=dict.fromkeys(one.settings, (text,))))
    of_all(store, Machine, lambda one: replace(one, time_zone=text, access_control=text))
    of_all(store, OsRelease, lambda one: replace(one, version_id=text))
    of_all(
        store,
        Listening,
        lambda _: Listening((Socket("192.0.2.9", 4444, 1),), {1: (Holder(7, f"/opt/{text}"),)}),
    )
    of_all(
        store,
        Packages,
        lambda one: replace(
            one,
            installed={
                name: tuple(replace(each, version=f"9.6.7~{text}"[:200]) for each in own)
                for name, own in one.installed.items()
            },
        ),
    )

    def configured(fact: Configuration) -> Configuration:
        files = {
            path: replace(
                file,
                resources=tuple(
                    replace(
                        own,
                        directives=tuple(
                            replace(entry, value=text) if entry.value is not None else entry for entry in own.directives
                        ),
                    )
                    for own in file.resources
                ),
            )
            for path, file in fact.files.items()
        }
        return replace(fact, files=files)

    of_all(store, Configuration, configured)


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_hosts_say_is_a_value_or_a_comment(clean: Clean, text: str) -> None:
    store = dict(clean.store)
    hostile_facts(store, text)
    written = propose(without_agreement(clean.inputs), store).text
    assert written == clean_text(written)
    baseline = loaded(clean.inputs, written).baseline
    assert baseline.agreed is not None
    assert baseline.agreed.by == "backup board"
    assert not baseline.not_agreed
    assert not baseline.groups
    assert not baseline.hosts
    for key, value in baseline.statements().items():
        if key == "sshd":
            assert set(value.values()) == {text}
    known = re.compile(r"(  )*(#|\]|\{|[A-Za-z_\"][A-Za-z0-9_ .\"]*:( |$))|$")
    assert not [line for line in written.splitlines() if not known.match(line)]


def test_a_secret_is_never_proposed(clean: Clean) -> None:
    store: dict[str, HostFacts] = dict(clean.store)
    text = propose(without_agreement(clean.inputs), store).text
    assert "assword:" not in text
    assert not re.search(r"[0-9a-f]{32}", text)
