"""What was never agreed: the outcome says what was found, in the form in which it would be agreed on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness.core.facts import HostFacts, Missing, Why
from readiness.core.outcomes import Outcome, Result
from readiness.observing import NOT_OBSERVED, OBSERVERS
from readiness.planning.inputs import Inputs
from readiness.probes.configuration import Configuration
from readiness.probes.host import Machine

from .harness import Clean, changed, judged
from .test_cluster import clean_cluster

EXEMPT = "not_agreed: {{{key}: {{reason: ..., by: ..., day: ...}}}}"
# What each check says of a demand on the clean hosts of the demo; the roles' own are shortened.
FOUND = {
    "OS-001 client01": ("operating_systems", 'found [{id: debian, version: "12"}]'),
    "OS-001 fd01": ("operating_systems", 'found [{id: windows, version: "2022"}]'),
    "VER-002 client01/bacula.client": ("versions.bacula.client", 'found "9.6.7"'),
    "VER-007 estate": ("same_version_groups", "found [clients, windows_clients]"),
    "LSN-004 client01": ("listening.also", "found []"),
    "LSN-004 fd01": ("listening.also", "found [{port: 135, process: svchost.exe}, {port: 5985, process: system}]"),
    "HST-003 client01/bacula.client": ("host.min_open_files", "found 1024"),
    "HST-004 client01": ("host.time_zone", "found Etc/UTC"),
    "HST-004 fd01": ("host.time_zone", "found Etc/UTC"),
    "HST-007 client01": ("host.mandatory_access_control", "found none"),
    "RGT-002 dir01/bacula.director": ("no_login_shell", "found [bacula]"),
    "WIN-002 fd01": ("windows.tls_min", 'found "1.2"'),
    "WIN-003 fd01": ("windows.tls_min", 'found "1.2"'),
    "WIN-006 fd01": ("windows.excluded_folders", 'found ["D:\\\\Backup"]'),
    "WIN-008 fd01": ("windows.firewall_profiles", "found [Domain, Private, Public]"),
}


def nothing_agreed(inputs: Inputs) -> Inputs:
    return replace(inputs, baseline=type(inputs.baseline)().of_estate(inputs.estate.hosts, inputs.as_of))


@pytest.fixture(scope="module")
def outcomes(clean: Clean) -> dict[str, Outcome]:
    return judged(nothing_agreed(clean.inputs), clean.store)


def test_whatever_was_never_agreed_says_what_was_found(outcomes: dict[str, Outcome]) -> None:
    never = {pair: one.message for pair, one in outcomes.items() if "never agreed" in one.message}
    assert len({pair.split()[0] for pair in never}) >= 21
    found = {pair for pair, message in never.items() if message.startswith("never agreed, found ")}
    told = {pair for pair, message in never.items() if any(reason in message for reason in NOT_OBSERVED.values())}
    others = [never[pair] for pair in never.keys() - found - told]
    assert not [message for message in others if any(f"neither {key} " in message for key in OBSERVERS)]
    assert {pair.split()[0] for pair in told} == {"SPC-001", "SPC-002", "SPC-003"}


@pytest.mark.parametrize("pair", FOUND)
def test_it_stands_there_as_it_would_be_agreed_on(outcomes: dict[str, Outcome], pair: str) -> None:
    key, found = FOUND[pair]
    outcome = outcomes[pair]
    expected = f"never agreed, {found}: baseline.yaml states neither {key} nor {EXEMPT.format(key=key)}"
    assert (outcome.outcome, outcome.message.partition(" (rests on")[0]) == (Result.UNKNOWN, expected)
    assert outcome.evidence


def test_sizes_and_clocks_stand_there_as_they_were_found(clean: Clean, outcomes: dict[str, Outcome]) -> None:
    machine = clean.store["client01"].values[Machine.name]
    assert isinstance(machine, Machine)
    assert f"never agreed, found {machine.memory_bytes}: " in outcomes["HST-001 client01"].message
    assert f"never agreed, found {machine.swap_bytes}: " in outcomes["HST-002 client01"].message
    for pair in ("CLK-001 client01", "CLK-003 controller"):
        assert 0 < float(outcomes[pair].message.removeprefix("never agreed, found ").partition(":")[0]) < 5


def test_settings_and_directives_stand_there_by_name(outcomes: dict[str, Outcome]) -> None:
    assert 'PasswordAuthentication: "no"' in outcomes["SSH-001 client01"].message
    directives = outcomes["CFG-006 client01/bacula.client"].message
    assert 'never agreed, found {Director.TLS CA Certificate File: "/etc/bacula/tls/ca.pem"' in directives
    assert " more: baseline.yaml states neither configuration.bacula.client nor " in directives


def test_no_check_lacks_the_facts_for_it(outcomes: dict[str, Outcome]) -> None:
    assert not [pair for pair, one in outcomes.items() if "the check itself broke" in one.message]


def test_what_was_not_read_is_said_and_stays_never_agreed(clean: Clean) -> None:
    gone = Missing(Why.TIMED_OUT, "after 30 s")
    store = {
        host: HostFacts(host, dict.fromkeys(known.values, gone), known.evidence) for host, known in clean.store.items()
    }
    stated = judged(nothing_agreed(clean.inputs), clean.store)
    for pair, outcome in judged(nothing_agreed(clean.inputs), store).items():
        if stated[pair].message.startswith("never agreed, found "):
            assert outcome.outcome is Result.UNKNOWN
            assert outcome.message.startswith("never agreed, not read: "), (pair, outcome.message)
            assert "command timed out: after 30 s" in outcome.message or "no reference" in outcome.message


def test_what_is_hidden_stays_hidden(clean: Clean) -> None:
    """A value that did not leave its host is not found, and its place is not told as a value."""
    store = dict(clean.store)

    def hide(fact: Configuration) -> Configuration:
        files = {
            path: replace(
                file,
                resources=tuple(
                    replace(
                        resource,
                        directives=tuple(
                            replace(entry, value=None, hidden="has not its shape") for entry in resource.directives
                        ),
                    )
                    for resource in file.resources
                ),
            )
            for path, file in fact.files.items()
        }
        return replace(fact, files=files)

    changed(store, "client01", Configuration, hide)
    pair = "CFG-006 client01/bacula.client"
    assert "never agreed, found {}: " in judged(nothing_agreed(clean.inputs), store, "CFG-006")[pair].message


def test_the_owners_of_a_cluster_s_groups_are_found() -> None:
    cluster = clean_cluster()
    (found,) = cluster.inputs.estate.clusters.values()
    clusters = {found.name: found.model_copy(update={"preferred_owners": None})}
    inputs = replace(cluster.inputs, estate=cluster.inputs.estate.model_copy(update={"clusters": clusters}))
    message = judged(inputs, cluster.store, "CLU-004")["CLU-004 sqlclu"].message
    assert message.startswith("never agreed, found ")
    assert "SQL AG on clu01" in message
