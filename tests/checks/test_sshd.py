"""The settings of sshd."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness.estate import SSHD_SETTINGS
from readiness.probes.sshd import Sshd

from .changes import (
    LINUX_HOSTS,
    NO_OWNERS,
    with_baseline,
)
from .harness import Case, Change, Clean, Store, fact, shipped


def told(keyword: str, *values: str) -> Change:
    """Hosts whose sshd tells these values."""

    def change(store: Store) -> None:
        for host in LINUX_HOSTS:
            fact(host, Sshd, lambda one: replace(one, settings={**one.settings, keyword.lower(): values}))(store)

    return change


def all_hosts(outcome: str) -> dict[str, str]:
    return {f"SSH-001 {host}": outcome for host in LINUX_HOSTS}


CASES = {
    "SSH-001": Case(
        {"SSH-001 client01": "FAIL"},
        fact("client01", Sshd, lambda one: replace(one, settings={**one.settings, "permitrootlogin": ("yes",)})),
    ),
    "SSH-001 a keyword that sshd does not have": Case(
        {f"SSH-001 {host}": "UNKNOWN" for host in LINUX_HOSTS}, inputs=with_baseline(sshd={"PermitRotLogin": "no"})
    ),
    "SSH-001 a value that did not leave the host": Case(
        {"SSH-001 client01": "UNKNOWN"},
        fact("client01", Sshd, lambda one: replace(one, settings={"port": ("22",)}, hidden=("permitrootlogin",))),
    ),
    "SSH-001 several values": Case(
        {"SSH-001 client01": "PASS"}, inputs=with_baseline(sshd={"AllowUsers": "readiness root"})
    ),
    **{
        f"SSH-001 {keyword} in another order": Case(all_hosts("PASS"), told(keyword, *values), agreed)
        for keyword, values, agreed in (
            ("AllowUsers", ("a", "b", "c@10.0.0.1"), with_baseline(sshd={"AllowUsers": "c@10.0.0.1 b  a"})),
            ("denygroups", ("y", "z"), with_baseline(sshd={"denygroups": "z y"})),
            ("AuthenticationMethods", ("a,b c",), with_baseline(sshd={"AuthenticationMethods": "c a,b"})),
            ("Ciphers", ("aes256-ctr,aes128-ctr",), with_baseline(sshd={"Ciphers": "aes128-ctr, aes256-ctr"})),
            ("KexAlgorithms", ("b,a",), with_baseline(sshd={"KexAlgorithms": "a,b"})),
            (
                "ListenAddress",
                ("10.0.0.1:22", "[::1]:22"),
                with_baseline(sshd={"ListenAddress": "[::1]:22 10.0.0.1:22"}),
            ),
        )
    },
    **{
        f"SSH-001 {keyword} otherwise": Case(all_hosts("FAIL"), told(keyword, *values), agreed)
        for keyword, values, agreed in (
            ("AllowUsers", ("a", "b", "c"), with_baseline(sshd={"AllowUsers": "a b"})),
            ("Ciphers", ("aes256-ctr",), with_baseline(sshd={"Ciphers": "aes256-ctr,aes128-ctr"})),
            ("AuthenticationMethods", ("a,b",), with_baseline(sshd={"AuthenticationMethods": "b,a"})),
            ("IPQoS", ("af21 cs1",), with_baseline(sshd={"IPQoS": "cs1 af21"})),
            ("AuthorizedKeysFile", ("b a",), with_baseline(sshd={"AuthorizedKeysFile": "a b"})),
        )
    },
    "SSH-001 not permitted": Case({"SSH-001 client01": "UNKNOWN"}, fact("client01", Sshd, lambda _: NO_OWNERS)),
    "SSH-001 never agreed": Case(
        {f"SSH-001 {host}": "UNKNOWN" for host in LINUX_HOSTS}, inputs=with_baseline(sshd=None)
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(clean: Clean, name: str) -> None:
    CASES[name].holds(clean)


def test_every_keyword_of_several_values_has_its_order_or_none() -> None:
    """Those whose values may be several words, and of which nobody has said whether their order counts."""
    between = vars(shipped()["SSH-001"].module)["_BETWEEN"]
    several = {keyword for keyword, shape in SSHD_SETTINGS.items() if shape in {"words", "numbers", "algorithms"}}
    assert several - between.keys() == {"ipqos", "maxstartups", "persourcenetblocksize", "rekeylimit"}
    assert between.keys() <= SSHD_SETTINGS.keys()
